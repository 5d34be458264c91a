import { CodeAction, CodeActionKind, type CodeActionProvider, WorkspaceEdit } from 'vscode';
import { toRange } from './scenarioRange.ts';
import { checkedOf } from './scenarioTrees.ts';

export const FIX_KINDS = { providedCodeActionKinds: [CodeActionKind.QuickFix] };

/** The remedy that a diagnostic carries, as one edit. */
export const fixProvider: CodeActionProvider = {
  provideCodeActions(document, range, context) {
    const { diagnostics } = checkedOf(document);
    return diagnostics.flatMap(({ code, fix, range: where, message, file }) => {
      if (!fix || file !== undefined || toRange(where).intersection(range) === undefined) return [];
      const action = new CodeAction(fix.title, CodeActionKind.QuickFix);
      action.edit = new WorkspaceEdit();
      action.edit.replace(document.uri, toRange(fix.range), fix.text);
      action.diagnostics = context.diagnostics.filter(each => each.code === code && each.message === message);
      action.isPreferred = true;
      return [action];
    });
  },
};
