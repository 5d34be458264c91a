import { CodeAction, CodeActionKind, type CodeActionProvider, WorkspaceEdit } from 'vscode';
import { remediesFor } from './lazy.ts';
import { toRange } from './scenarioRange.ts';
import { checkedOf, treeOf } from './scenarioTrees.ts';

export const FIX_KINDS = { providedCodeActionKinds: [CodeActionKind.QuickFix] };

/** The remedies of a problem, each as one edit. */
export const fixProvider: CodeActionProvider = {
  provideCodeActions(document, range, context) {
    const { diagnostics } = checkedOf(document);
    return diagnostics.flatMap(problem => {
      const { code, message, file } = problem;
      if (file !== undefined || toRange(problem.range).intersection(range) === undefined) return [];
      return remediesFor(treeOf(document), problem).map(({ title, edits }, order) => {
        const action = new CodeAction(title, CodeActionKind.QuickFix);
        action.edit = new WorkspaceEdit();
        for (const edit of edits) action.edit.replace(document.uri, toRange(edit.range), edit.text);
        action.diagnostics = context.diagnostics.filter(each => each.code === code && each.message === message);
        action.isPreferred = order === 0;
        return action;
      });
    });
  },
};
