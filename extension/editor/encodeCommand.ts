import * as vscode from 'vscode';
import { loadDecoder } from './documentValues.ts';

async function encodeValue(): Promise<void> {
  const { encodeFields, explainWords, formats, hex } = await loadDecoder();
  const chosen = await vscode.window.showQuickPick(
    formats.map(({ id, title, width }) => ({ label: title, description: vscode.l10n.t('{0} bits', width), id })),
    { title: vscode.l10n.t('Build a value: which register or message?') },
  );
  if (!chosen) return;
  const format = formats.find(each => each.id === chosen.id)!;
  const names = format.fields.filter(each => !each.reserved).map(each => each.name);
  const settings = (text: string) => text.split(/[\s,]+/).filter(Boolean);
  const typed = await vscode.window.showInputBox({
    title: format.title,
    prompt: vscode.l10n.t('Fields as name=value; the others are 0. Fields: {0}', names.join(', ')),
    placeHolder: names.includes('vector') ? 'vector=0x41' : `${names[0]}=1`,
    validateInput: text => {
      const result = encodeFields(format.id, settings(text));
      return typeof result === 'string' ? result : undefined;
    },
  });
  if (typed === undefined) return;
  const result = encodeFields(format.id, settings(typed));
  if (typeof result === 'string') return;
  const value = format.width === 96 ? explainWords(format, result.words).value : hex(result.words, format.width);
  const editor = vscode.window.activeTextEditor;
  if (editor) await editor.edit(edit => edit.replace(editor.selection, value));
  else await vscode.env.clipboard.writeText(value);
}

/** The command `irqscope.encode`: a value from fields, written at the cursor, or to the clipboard when no editor is open. */
export function registerEncodeCommand(context: vscode.ExtensionContext): void {
  context.subscriptions.push(vscode.commands.registerCommand('irqscope.encode', encodeValue));
}
