import * as vscode from 'vscode';
import type { Reading } from '../decode/values.ts';
import { loadDecoder } from './documentValues.ts';

interface Choice extends vscode.QuickPickItem {
  readonly reading: Reading;
}

function asked(): string | undefined {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return undefined;
  const selection = editor.selection.isEmpty
    ? editor.document.getWordRangeAtPosition(editor.selection.active, /[\w]+/)
    : editor.selection;
  return selection && editor.document.getText(selection);
}

async function decodeValue(): Promise<void> {
  const { explainValues, toText } = await loadDecoder();
  const selected = asked();
  const text = await vscode.window.showInputBox({
    title: vscode.l10n.t('Decode an interrupt value'),
    prompt: vscode.l10n.t('A number, a C expression, or an MSI as address / data'),
    value: selected && /\d|[A-Z_]{4}/.test(selected) ? selected.slice(0, 200) : '',
    validateInput: value => {
      const result = value.trim() === '' ? undefined : explainValues([value]);
      return result && 'error' in result ? result.error : undefined;
    },
  });
  const result = text ? explainValues([text]) : undefined;
  if (!result || 'error' in result) return;
  const items = result.readings.map(
    (reading): Choice => ({
      label: reading.explanation.title,
      description: reading.explanation.meaning,
      detail: reading.reason,
      reading,
    }),
  );
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('{0} read as…', text ?? ''),
    placeHolder: vscode.l10n.t('Pick a reading to copy it as text'),
    matchOnDescription: true,
  });
  if (!picked) return;
  await vscode.env.clipboard.writeText(toText(picked.reading.explanation));
  void vscode.window.setStatusBarMessage(vscode.l10n.t('Copied: {0}', picked.reading.explanation.meaning), 5000);
}

/** The command `irqscope.decode`: decodes the selection or what is typed, in every likely format. */
export function registerDecodeCommand(context: vscode.ExtensionContext): void {
  context.subscriptions.push(vscode.commands.registerCommand('irqscope.decode', decodeValue));
}
