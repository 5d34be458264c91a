import * as vscode from 'vscode';
import { loadDecoder, valuesOnLine } from './documentValues.ts';

async function copy(print: 'toText' | 'toMarkdown'): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return;
  const decode = await loadDecoder();
  const { line, character } = editor.selection.active;
  const found = decode.candidateAt(valuesOnLine(decode, editor.document, line), character);
  if (!found) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There is no interrupt value at the cursor.'));
    return;
  }
  const explanation = found.explain();
  await vscode.env.clipboard.writeText(decode[print](explanation));
  void vscode.window.setStatusBarMessage(vscode.l10n.t('Copied: {0}', explanation.meaning), 5000);
}

/** Copies the explanation at the cursor: as text of at most 72 columns for a mail, or as Markdown. */
export function registerCopyCommands(context: vscode.ExtensionContext): void {
  context.subscriptions.push(
    vscode.commands.registerCommand('irqscope.copyExplanation', () => copy('toText')),
    vscode.commands.registerCommand('irqscope.copyExplanationAsMarkdown', () => copy('toMarkdown')),
  );
}
