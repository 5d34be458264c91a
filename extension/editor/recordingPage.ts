import type { Recording } from '../session/protocol.ts';
import { jsonInHtml } from './inspectorHtml.ts';

export interface PageParts {
  readonly recording: Recording;
  /** The inspector's bundle and style sheet. */
  readonly script: string;
  readonly style: string;
}

/** Colours in place of a theme's, for the part of the variables that the inspector reads. */
const COLOURS = `
:root { color-scheme: light dark; --vscode-font-family: system-ui, sans-serif; --vscode-editor-font-family: ui-monospace, monospace; }
@media (prefers-color-scheme: light) { :root {
  --vscode-foreground: #3b3b3b; --vscode-editor-background: #ffffff; --vscode-editorWidget-background: #f8f8f8;
  --vscode-panel-border: #d0d0d0; --vscode-textLink-foreground: #005fb8; --vscode-focusBorder: #005fb8;
  --vscode-editorGutter-modifiedBackground: #005fb8; --vscode-errorForeground: #b5200d; --vscode-editorWarning-foreground: #895503;
} }
@media (prefers-color-scheme: dark) { :root {
  --vscode-foreground: #cccccc; --vscode-editor-background: #1f1f1f; --vscode-editorWidget-background: #202020;
  --vscode-panel-border: #3c3c3c; --vscode-textLink-foreground: #4daafc; --vscode-focusBorder: #0078d4;
  --vscode-editorGutter-modifiedBackground: #0078d4; --vscode-errorForeground: #f85149; --vscode-editorWarning-foreground: #cca700;
} }
`;

const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, each => `&#${each.charCodeAt(0)};`);

/** SHA-256 of an inline element, for the policy: the page is a file, so no server can give it a nonce. */
async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
}

/** A page that steps through a recorded run in any browser: one file, no network, nothing but what it carries may run. */
export async function recordingPage({ recording, script, style }: PageParts): Promise<string> {
  const code = script.replaceAll('</script', '<\\/script');
  const css = `${COLOURS}${style}`;
  const policy = `default-src 'none'; script-src ${await hash(code)}; style-src ${await hash(css)}`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(recording.first.title)} - IRQScope</title>
<style>${css}</style>
</head>
<body class="vscode-dark">
<script type="application/json" id="recording">${jsonInHtml(recording)}</script>
<script>${code}</script>
</body>
</html>
`;
}
