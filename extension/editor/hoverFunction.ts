import * as vscode from 'vscode';
import type { Passage } from './samples.ts';

/** Opens a sample scenario at a line; the only command that the hover of a function may run. */
export const OPEN_SAMPLE = 'irqscope.openSample';
const FOLDER = 'scenarios';
const MOST_LINKS = 4;

let folder: vscode.Uri | undefined;
let passages: Map<string, Passage[]> | undefined;
let reading = false;

/** Runs the samples once, in the background: a hover does not wait for them. */
async function read(): Promise<void> {
  if (reading || !folder) return;
  reading = true;
  const { passagesOf } = await import('./lazy.ts');
  const entries = await vscode.workspace.fs.readDirectory(folder);
  const names = entries.map(([name]) => name).filter(name => name.endsWith('.irq'));
  const samples: { file: string; text: string }[] = [];
  for (const file of names.sort()) {
    const bytes = await vscode.workspace.fs.readFile(vscode.Uri.joinPath(folder, file));
    samples.push({ file, text: new TextDecoder().decode(bytes) });
  }
  passages = passagesOf(samples);
}

/** Links to the samples that pass through the function, as one line of Markdown; `` while they are not known. */
export function sampleLinks(name: string): string {
  if (!passages) {
    void read().catch(() => {
      // A host that cannot list its own files (some browsers) has no links; the rest of the hover stands.
    });
    return '';
  }
  const links = (passages.get(name) ?? []).slice(0, MOST_LINKS).map(({ file, line }) => {
    const argument = encodeURIComponent(JSON.stringify([file, line]));
    return `[${file}:${line}](command:${OPEN_SAMPLE}?${argument})`;
  });
  return links.length > 0 ? vscode.l10n.t('Step through it in {0}', links.join(', ')) : '';
}

async function openSample(file: unknown, line: unknown): Promise<void> {
  if (!folder || typeof file !== 'string' || !/^[\w.-]+\.irq$/.test(file)) return;
  const document = await vscode.workspace.openTextDocument(vscode.Uri.joinPath(folder, file));
  const at = new vscode.Position(Math.max(0, Number(line) - 1 || 0), 0);
  await vscode.window.showTextDocument(document, {
    selection: new vscode.Range(at, at),
    viewColumn: vscode.ViewColumn.Beside,
  });
}

export function registerSamples(context: vscode.ExtensionContext): void {
  folder = vscode.Uri.joinPath(context.extensionUri, FOLDER);
  context.subscriptions.push(vscode.commands.registerCommand(OPEN_SAMPLE, openSample));
}
