export interface InspectorPage {
  /** Addresses that the webview may load from. */
  readonly script: string;
  readonly style: string;
  /** `webview.cspSource`. */
  readonly source: string;
  /** The script runs only with the nonce of this very page. */
  readonly nonce: string;
  /** `env.language`, and `l10n.bundle`: absent in English. */
  readonly language: string;
  readonly words: Readonly<Record<string, string>> | undefined;
}

/** As script text in HTML: only `<` could end the element, and in JSON it stands in strings alone. */
export const jsonInHtml = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c');

/** The page of the inspector: nothing inline, nothing from elsewhere, no connection to anywhere. */
export function inspectorHtml({ script, style, source, nonce, language, words }: InspectorPage): string {
  const policy = `default-src 'none'; style-src ${source}; font-src ${source}; script-src 'nonce-${nonce}'`;
  return `<!DOCTYPE html>
<html lang="${words ? language : 'en'}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>IRQScope inspector</title>
<link rel="stylesheet" href="${style}">
</head>
<body>
<script type="application/json" id="l10n">${jsonInHtml(words ?? {})}</script>
<script nonce="${nonce}" src="${script}"></script>
</body>
</html>
`;
}
