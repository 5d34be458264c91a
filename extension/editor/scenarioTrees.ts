import type { TextDocument } from 'vscode';
import { type Checked, check, Memo } from '../scenario/check.ts';
import { parse } from '../scenario/parse.ts';
import type { Tree } from '../scenario/tree.ts';

interface Known {
  readonly version: number;
  readonly tree: Tree;
  readonly memo: Memo;
  checked?: Checked;
}

const documents = new WeakMap<TextDocument, Known>();

function knownOf(document: TextDocument): Known {
  const before = documents.get(document);
  if (before?.version === document.version) return before;
  const tree = parse(document.getText(), before?.tree);
  const known = { version: document.version, tree, memo: before?.memo ?? new Memo() };
  documents.set(document, known);
  return known;
}

/** The tree of a document as it is now: parsed once for each version, whoever asks, and only where it has changed. */
export function treeOf(document: TextDocument): Tree {
  return knownOf(document).tree;
}

/** Its problems and program, found once for each version. */
export function checkedOf(document: TextDocument): Checked {
  const known = knownOf(document);
  known.checked ??= check(known.tree, { memo: known.memo });
  return known.checked;
}
