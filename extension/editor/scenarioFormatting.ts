import { type DocumentFormattingEditProvider, TextEdit } from 'vscode';
import { print } from './lazy.ts';
import { treeOf } from './scenarioTrees.ts';

/** Replaces the lines that change, and no other: breakpoints and cursors of the rest stay where they are. */
export const formattingProvider: DocumentFormattingEditProvider = {
  provideDocumentFormattingEdits(document) {
    const tree = treeOf(document);
    if (tree.refused) return [];
    return print(tree)
      .split('\n')
      .flatMap((text, i) => {
        const line = document.lineAt(i);
        return line.text === text ? [] : [TextEdit.replace(line.range, text)];
      });
  },
};
