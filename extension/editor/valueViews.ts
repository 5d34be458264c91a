import * as vscode from 'vscode';
import type { Candidate } from '../decode/candidate.ts';
import { loadDecoder, VALUE_LANGUAGES, valuesOnLine } from './documentValues.ts';

const SETTING = 'irqscope.decode.inlayHints';
const MOST_HINT = 60;
/** VS Code asks for little more than what is visible; a request for a whole long file gets this much. */
const MOST_HINT_LINES = 500;

/** Single macros say by their name what they are; only values and expressions get a hint. */
function saysMore(candidate: Candidate): boolean {
  return !/^[A-Z]/.test(candidate.as);
}

function shortened(text: string): string {
  return text.length > MOST_HINT ? `${text.slice(0, MOST_HINT - 1)}…` : text;
}

async function provideInlayHints(
  document: vscode.TextDocument,
  range: vscode.Range,
  token: vscode.CancellationToken,
): Promise<vscode.InlayHint[]> {
  if (!vscode.workspace.getConfiguration().get(SETTING, false)) return [];
  const decode = await loadDecoder();
  const out: vscode.InlayHint[] = [];
  const last = Math.min(range.end.line, range.start.line + MOST_HINT_LINES);
  for (let line = range.start.line; line <= last && !token.isCancellationRequested; line++) {
    for (const candidate of valuesOnLine(decode, document, line).filter(saysMore)) {
      const hint = new vscode.InlayHint(
        new vscode.Position(line, candidate.end),
        shortened(candidate.explain().meaning),
        vscode.InlayHintKind.Type,
      );
      hint.paddingLeft = true;
      out.push(hint);
    }
  }
  return out;
}

interface Place extends vscode.QuickPickItem {
  readonly range: vscode.Range;
}

async function listValues(): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (!editor) return;
  const { annotate } = await loadDecoder();
  const places = annotate(editor.document.getText(), editor.document.languageId).map(
    ({ line, column, text, explanation }): Place => ({
      label: text.replace(/\s+/g, ' ').slice(0, 80),
      description: vscode.l10n.t('line {0}', line),
      detail: explanation.meaning,
      range: new vscode.Range(line - 1, column - 1, line - 1, column - 1),
    }),
  );
  if (places.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('No interrupt value was found in this file.'));
    return;
  }
  const picked = await vscode.window.showQuickPick(places, {
    title: vscode.l10n.t('Interrupt values in this file'),
    matchOnDetail: true,
  });
  if (!picked) return;
  editor.selection = new vscode.Selection(picked.range.start, picked.range.start);
  editor.revealRange(picked.range, vscode.TextEditorRevealType.InCenter);
  await vscode.window.showTextDocument(editor.document, editor.viewColumn);
}

/** Inlay hints (off unless the setting says otherwise) and the command `irqscope.listValues`. */
export function registerValueViews(context: vscode.ExtensionContext): void {
  const changed = new vscode.EventEmitter<void>();
  context.subscriptions.push(
    changed,
    vscode.workspace.onDidChangeConfiguration(event => {
      if (event.affectsConfiguration(SETTING)) changed.fire();
    }),
    vscode.languages.registerInlayHintsProvider([...VALUE_LANGUAGES], {
      onDidChangeInlayHints: changed.event,
      provideInlayHints,
    }),
    vscode.commands.registerCommand('irqscope.listValues', listValues),
  );
}
