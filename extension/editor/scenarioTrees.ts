import { type TextDocument, type Uri, workspace } from 'vscode';
import type { Checked } from '../scenario/check.ts';
import type { Files, FileText, Tree } from '../scenario/tree.ts';
import { check, collect, Memo, parse } from './lazy.ts';
import { includedUri, nameOf, readIncluded } from './scenarioText.ts';

interface Known {
  readonly version: number;
  readonly files: Files | undefined;
  readonly tree: Tree;
  readonly memo: Memo;
  checked?: Checked;
}

const documents = new WeakMap<TextDocument, Known>();
/** What each document includes, as it was read last. */
const included = new WeakMap<TextDocument, Files>();

function knownOf(document: TextDocument): Known {
  const before = documents.get(document);
  const files = included.get(document);
  if (before?.version === document.version && before.files === files) return before;
  const text = document.getText();
  const tree = parse(files ? { text, name: nameOf(document.uri), files } : text, before?.tree);
  const known = { version: document.version, files, tree, memo: before?.memo ?? new Memo() };
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

/** Names of the files that a document includes, directly or not, as far as they have been read. */
export function includedBy(document: TextDocument): readonly string[] {
  return [...(included.get(document)?.keys() ?? [])];
}

export function includes(document: TextDocument): boolean {
  return treeOf(document).nodes.some(({ kind }) => kind === 'include');
}

/** Files that no editor has open, by address: they are not read at every key press. */
const stored = new Map<string, FileText>();

/** What is stored under an address, or anywhere, may be something else now. */
export function forgetStored(uri?: Uri): void {
  if (uri) stored.delete(uri.toString());
  else stored.clear();
}

async function readOnce(scenario: Uri, name: string): Promise<FileText> {
  const key = includedUri(scenario, name).toString();
  const known = stored.get(key);
  if (known) return known;
  const open = () => workspace.textDocuments.some(({ uri }) => uri.toString() === key);
  const file = await readIncluded(scenario, name);
  if (!open()) stored.set(key, file);
  return file;
}

/** The same text is the same object: what was made of it stands. */
function kept(before: FileText | undefined, now: FileText): FileText {
  return before && JSON.stringify(before) === JSON.stringify(now) ? before : now;
}

/** Reads what a document includes; trees that are asked for afterwards have it. */
export async function loadIncluded(document: TextDocument): Promise<void> {
  if (!includes(document)) {
    included.delete(document);
    return;
  }
  const before = included.get(document);
  const found = await collect(treeOf(document), async name =>
    kept(before?.get(name), await readOnce(document.uri, name)),
  );
  const same = before?.size === found.size && [...found].every(([name, file]) => before.get(name) === file);
  if (!same) included.set(document, found);
}
