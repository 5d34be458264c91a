import { Hover, type HoverProvider, MarkdownString } from 'vscode';
import { explainAt } from './lazy.ts';
import { toRange } from './scenarioRange.ts';
import { treeOf } from './scenarioTrees.ts';

export const hoverProvider: HoverProvider = {
  provideHover(document, position) {
    const found = explainAt(treeOf(document), position.line, position.character);
    return found && new Hover(new MarkdownString(found.text), toRange(found.range));
  },
};
