import {
  CompletionItem,
  CompletionItemKind,
  DocumentLink,
  type DocumentLinkProvider,
  FileType,
  Location,
  type Position,
  Range,
  type TextDocument,
  Uri,
  workspace,
} from 'vscode';
import { pathOf, pathProblem } from '../scenario/path.ts';
import type { Range as ScenarioRange } from '../scenario/program.ts';
import type { Entity } from '../scenario/symbols.ts';
import { placeOf, type Tree } from '../scenario/tree.ts';
import { collect, definitionOf, link, mayInclude, namesIn, parse } from './lazy.ts';
import { LANGUAGE } from './scenarioLanguage.ts';
import { toRange } from './scenarioRange.ts';
import { includedUri, nameOf, readIncluded, readScenario } from './scenarioText.ts';
import { includedBy, treeOf } from './scenarioTrees.ts';

/** A workspace with more scenarios than these is not searched for those that include a file. */
const MOST_SEARCHED = 1000;

/** Between the quotation marks. */
function insideOf({ line, start, end }: ScenarioRange): Range {
  return new Range(line, start + 1, line, Math.max(start + 1, end - 1));
}

/** Paths lead to their files. */
export const linkProvider: DocumentLinkProvider = {
  provideDocumentLinks(document) {
    return treeOf(document).nodes.flatMap(node => {
      if (node.kind !== 'include' || !node.path || pathProblem(node.path)) return [];
      return [new DocumentLink(insideOf(node.path.range), includedUri(document.uri, pathOf(node.path)))];
    });
  },
};

/** The file whose path stands at a place. */
export function includedAt(document: TextDocument, { line, character }: Position): Location | undefined {
  const node = treeOf(document).parsed[line]?.node;
  if (node?.kind !== 'include' || !node.path || pathProblem(node.path)) return undefined;
  const { start, end } = node.path.range;
  if (character < start || character > end) return undefined;
  return new Location(includedUri(document.uri, pathOf(node.path)), new Range(0, 0, 0, 0));
}

/** Where a range of a tree with included files stands. */
export function locationOf(uri: Uri, tree: Tree, range: ScenarioRange): Location {
  const { file, line } = placeOf(namesIn(link(tree)), range.line);
  return new Location(file === undefined ? uri : includedUri(uri, file), toRange({ ...range, line }));
}

/** Folders and scenarios that can be named at a place of a path; undefined outside of paths. */
export async function pathCompletions(
  document: TextDocument,
  position: Position,
): Promise<CompletionItem[] | undefined> {
  const before = document.lineAt(position).text.slice(0, position.character);
  const typed = /^\s*include\s+("?)([^"#]*)$/.exec(before);
  if (!typed) return undefined;
  const [, quote, path] = typed;
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const from = new Range(
    position.line,
    position.character - path.length + folder.length,
    position.line,
    position.character,
  );
  let entries: [string, FileType][];
  try {
    entries = await workspace.fs.readDirectory(Uri.joinPath(document.uri, '..', folder));
  } catch {
    // No such folder, or one that cannot be listed (untitled scenarios have none): nothing to offer.
    return [];
  }
  const names = entries.flatMap(([name, type]) => {
    if ((type & FileType.Directory) !== 0) return name.startsWith('.') ? [] : [`${name}/`];
    return name.endsWith('.irq') && folder + name !== nameOf(document.uri) ? [name] : [];
  });
  return [...names, ...(/^(?:\.\.\/)*$/.test(folder) ? ['../'] : [])].map(name => {
    const isFolder = name.endsWith('/');
    const item = new CompletionItem(name, isFolder ? CompletionItemKind.Folder : CompletionItemKind.File);
    item.range = from;
    item.insertText = quote === '' ? `"${name}${isFolder ? '' : '"'}` : name;
    item.filterText = item.insertText;
    if (isFolder) item.command = { command: 'editor.action.triggerSuggest', title: '' };
    return item;
  });
}

/** The tree of any scenario, as the editor has it. */
async function treeAt(uri: Uri): Promise<Tree> {
  const open = workspace.textDocuments.find(
    each => each.languageId === LANGUAGE && each.uri.toString() === uri.toString(),
  );
  return open ? treeOf(open) : parse(await readScenario(uri));
}

/**
 * The scenarios in which something may be mentioned: where it is declared, and whatever includes that file; for vCPUs, CPUs and vectors, which
 * every scenario has of its own, the scenario and what it includes.
 */
export async function scopeOf(document: TextDocument, symbol: Entity): Promise<{ uri: Uri; tree: Tree }[]> {
  const tree = treeOf(document);
  const own = { uri: document.uri, tree };
  const [kind] = symbol.split(' ');
  let others: Uri[];
  if (['vcpu', 'cpu', 'vector', 'agent'].includes(kind)) {
    others = kind === 'agent' ? [] : includedBy(document).map(name => includedUri(document.uri, name));
  } else {
    const declared = definitionOf(tree, symbol);
    const home = declared ? locationOf(document.uri, tree, declared).uri : document.uri;
    others = [home, ...(await includersOf(home))];
  }
  const found = [own];
  for (const uri of others) {
    if (found.some(each => each.uri.toString() === uri.toString())) continue;
    try {
      found.push({ uri, tree: await treeAt(uri) });
    } catch {
      // A file that cannot be read is told where it is included; nothing can be found in it.
    }
  }
  return found;
}

/** Those of the workspace; none where it cannot be searched: then open ones count alone. */
async function storedScenarios(): Promise<Uri[]> {
  try {
    return await workspace.findFiles('**/*.irq', '**/node_modules/**', MOST_SEARCHED);
  } catch {
    return [];
  }
}

/** Scenarios of the workspace, and open ones, that include a file, directly or not. */
async function includersOf(file: Uri): Promise<Uri[]> {
  const key = file.toString();
  const open = workspace.textDocuments.filter(({ languageId }) => languageId === LANGUAGE).map(({ uri }) => uri);
  const stored = await storedScenarios();
  const all = new Map([...open, ...stored].map(uri => [uri.toString(), uri]));
  const found: Uri[] = [];
  for (const uri of all.values()) {
    const source = await readScenario(uri).catch(() => '');
    const text = typeof source === 'string' ? source : source.text;
    if (!mayInclude(text)) continue;
    const files =
      typeof source === 'string' ? await collect(parse(text), name => readIncluded(uri, name)) : source.files;
    if ([...files.keys()].some(name => includedUri(uri, name).toString() === key)) found.push(uri);
  }
  return found;
}
