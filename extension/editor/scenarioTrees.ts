import type { TextDocument } from 'vscode';
import { parse } from '../scenario/parse.ts';
import type { Tree } from '../scenario/tree.ts';

const trees = new WeakMap<TextDocument, { readonly version: number; readonly tree: Tree }>();

/** The tree of a document as it is now: parsed once for each version, whoever asks. */
export function treeOf(document: TextDocument): Tree {
  const known = trees.get(document);
  if (known?.version === document.version) return known.tree;
  const tree = parse(document.getText());
  trees.set(document, { version: document.version, tree });
  return tree;
}
