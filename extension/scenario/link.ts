/** What a scenario includes: descriptions of other files in the place of `include` lines. Reading files is the host's business. */
import { type Code, type Diagnostic, diagnostic, type Fix } from './diagnostics.ts';
import { parse } from './parse.ts';
import { pathOf, pathProblem, resolved } from './path.ts';
import { nearest, shown } from './suggest.ts';
import { MAX_LENGTH } from './tokens.ts';
import {
  baseOf,
  type FileText,
  type IncludedFile,
  type IncludeNode,
  lineOf,
  type Node,
  placeOf,
  type Tree,
} from './tree.ts';

/** Files inside each other; more are a mistake. */
const MAX_DEPTH = 8;
/** Files in all. */
const MAX_FILES = 32;

/** A tree with the nodes of the files that it includes; what is wrong with including them stands among its diagnostics. */
export interface LinkedTree extends Tree {
  readonly included: readonly IncludedFile[];
  /** For each included file, the `include` line of the scenario itself that leads to it. */
  readonly through: readonly IncludeNode[];
}

const DESCRIBING: readonly Node['kind'][] = [
  'machine',
  'setting',
  'with',
  'vcpu',
  'device',
  'pin',
  'irqfd',
  'guest',
  'choose',
  'let',
];
const DECLARING: readonly string[] = ['operation', 'code', 'shared', 'list', 'variant', 'memory'];

/** May the line stand in a file that is included? */
function describes(node: Node): boolean {
  if (node.kind === 'race') return DECLARING.includes(node.part);
  return DESCRIBING.includes(node.kind) || node.kind === 'unknown';
}

/** A file that is read once is the same tree for every scenario that includes it at the same place. */
const trees = new WeakMap<FileText, Map<number, Tree>>();

function treeOfFile(file: FileText & { readonly text: string }, base: number): Tree {
  const known = trees.get(file) ?? new Map<number, Tree>();
  trees.set(file, known);
  const tree = known.get(base) ?? parse(file.text, undefined, base);
  known.set(base, tree);
  return tree;
}

class Linker {
  readonly included: IncludedFile[] = [];
  readonly through: IncludeNode[] = [];
  readonly diagnostics: Diagnostic[];
  readonly nodes: Node[] = [];
  private length = 0;

  constructor(private readonly tree: Tree) {
    this.diagnostics = [...tree.diagnostics];
  }

  /** The nodes of the scenario itself, with those of the files in the place of the lines that include them. */
  run(): LinkedTree {
    const written = new Map<string, number>();
    for (const node of this.tree.nodes) {
      this.nodes.push(node);
      if (node.kind !== 'include' || !node.path) continue;
      const name = resolved('', pathOf(node.path));
      const first = written.get(name);
      if (first !== undefined) {
        const fix: Fix = { title: 'Remove the line', range: node.range, text: '' };
        const message = `Line ${first + 1} includes this file already. Keep one of the two.`;
        this.diagnostics.push(diagnostic('irq302', node.range, message, fix));
        continue;
      }
      written.set(name, node.range.line);
      this.include(node, node, '', [this.tree.name ?? '']);
    }
    const { tree, nodes, diagnostics, included, through } = this;
    return { ...tree, nodes, diagnostics, included, through };
  }

  /** `from`: the file in which the line stands, and `above` those that lead to it. */
  private include(node: IncludeNode, root: IncludeNode, from: string, above: readonly string[]): void {
    if (!node.path) return;
    const { range } = node.path;
    const problem = pathProblem(node.path);
    if (problem) {
      this.diagnostics.push(problem);
      return;
    }
    const path = pathOf(node.path);
    const name = resolved(from, path);
    if (above.includes(name)) {
      const message = `\`${shown(name)}\` includes itself through this line. Remove the line, or move what both need to a third file.`;
      this.diagnostics.push(diagnostic('irq804', range, message));
      return;
    }
    // Once is enough: a second file may need it too.
    if (this.included.some(each => each.name === name)) return;
    const file = this.tree.files?.get(name);
    if (!file || 'unreadable' in file) {
      const why = file?.unreadable ?? 'files are not read here';
      const message = `\`${shown(path)}\` cannot be read: ${why}. Write a file that can, or describe the machine here.`;
      this.diagnostics.push(diagnostic('irq803', range, message));
    } else if ('missing' in file) {
      this.missing(node, path, name, file.missing);
    } else if (above.length > MAX_DEPTH || this.included.length >= MAX_FILES || !this.room(file.text)) {
      const message = `Too much is included: at most ${MAX_FILES} files, ${MAX_DEPTH} inside each other, and 5 million characters. Put what belongs together into one file.`;
      this.diagnostics.push(diagnostic('irq805', range, message));
    } else {
      this.take(file, name, node, root, above);
    }
  }

  private room(text: string): boolean {
    this.length += text.length;
    return this.length <= MAX_LENGTH;
  }

  private missing({ path: word }: IncludeNode, path: string, name: string, others: readonly string[]): void {
    if (!word) return;
    const folder = path.slice(0, path.lastIndexOf('/') + 1);
    const near = nearest(path.slice(folder.length), others);
    const fix: Fix | undefined =
      near === undefined ? undefined : { title: `Change to '${near}'`, range: word.range, text: `"${folder}${near}"` };
    const remedy =
      near === undefined
        ? 'Write its path from the folder of the file that includes it.'
        : `Did you mean \`${shown(near)}\`?`;
    this.diagnostics.push(diagnostic('irq802', word.range, `There is no file \`${shown(name)}\`. ${remedy}`, fix));
  }

  private take(
    file: FileText & { readonly text: string },
    name: string,
    from: IncludeNode,
    root: IncludeNode,
    above: readonly string[],
  ): void {
    const tree = treeOfFile(file, baseOf(this.included.length));
    this.included.push({ name, tree });
    this.through.push(root);
    for (const each of tree.diagnostics) this.diagnostics.push(each);
    let told = false;
    for (const node of tree.nodes) {
      if (node.kind === 'include') this.include(node, root, name, [...above, name]);
      else if (describes(node)) this.nodes.push(node);
      else if (!told) {
        told = true;
        this.diagnostics.push(this.deed(node, from));
      }
    }
  }

  /** Something that happens in a file from which only descriptions are taken; told once for each file. */
  private deed(node: Node, from: IncludeNode): Diagnostic {
    const place = placeOf(
      this.included.map(({ name }) => name),
      from.range.line,
    );
    const who = place.file === undefined ? 'the scenario' : `\`${shown(place.file)}\``;
    const message = `\`${shown(node.head.text)}\` belongs to a test, but ${who} includes this file in line ${place.line + 1} for what it describes. Move the line to the scenario, or the descriptions to a file of their own.`;
    return diagnostic('irq806', node.range, message);
  }
}

const linked = new WeakMap<Tree, Tree>();

/** The tree with what it includes; the same tree when it includes nothing. */
export function link(tree: Tree): Tree {
  if (tree.included) return tree;
  let found = linked.get(tree);
  if (!found) {
    const includes = tree.nodes.some(({ kind }) => kind === 'include');
    linked.set(tree, (found = includes ? new Linker(tree).run() : tree));
  }
  return found;
}

function isLinked(tree: Tree): tree is LinkedTree {
  return 'through' in tree;
}

/** Names of the files that a tree includes, in the order of their lines' numbers. */
export function namesIn(tree: Tree): readonly string[] | undefined {
  return tree.included?.map(({ name }) => name);
}

/** What would be in the file that could not be included: whoever misses it has not made a second mistake. */
const FOLLOWING: readonly Code[] = ['irq204', 'irq205', 'irq301', 'irq312', 'irq602', 'irq604'];
const REFUSED: readonly Code[] = ['irq801', 'irq802', 'irq803', 'irq804', 'irq805'];

function follows(tree: Tree, { code, range }: Diagnostic): boolean {
  if (!FOLLOWING.includes(code)) return false;
  const name = code !== 'irq204' && code !== 'irq205';
  return name || /^[A-Z]/.test(lineOf(tree, range.line).text.slice(range.start, range.end));
}

/**
 * Diagnostics of a tree with included files: those of the scenario, with one at each line whose file has errors, and those of the files
 * at their own places.
 */
export function divided(tree: Tree, all: readonly Diagnostic[]): { own: Diagnostic[]; elsewhere: Diagnostic[] } {
  if (!isLinked(tree)) return { own: [...all], elsewhere: [] };
  const names = namesIn(tree);
  const own: Diagnostic[] = [];
  const elsewhere: Diagnostic[] = [];
  const incomplete =
    tree.included.some(each => each.tree.refused) ||
    all.some(({ code }) => REFUSED.includes(code)) ||
    tree.nodes.some(({ kind, broken }) => kind === 'include' && broken);
  for (const each of all) {
    if (incomplete && follows(tree, each)) continue;
    const { file, line } = placeOf(names, each.range.line);
    if (file === undefined) own.push(each);
    else {
      const fix = each.fix && { ...each.fix, range: { ...each.fix.range, line } };
      elsewhere.push({ ...each, range: { ...each.range, line }, file, ...(fix && { fix }) });
    }
  }
  elsewhere.sort((a, b) => order(names, a, b));
  for (const node of new Set(tree.through)) {
    const files = tree.included.flatMap(({ name }, i) => (tree.through[i] === node ? [name] : []));
    const errors = elsewhere.filter(
      ({ file, severity }) => severity === 'error' && file !== undefined && files.includes(file),
    );
    const [first] = errors;
    if (!first) continue;
    const count = errors.length === 1 ? 'an error' : `${errors.length} errors, the first`;
    const message = `\`${shown(first.file ?? '')}\` has ${count} in line ${first.range.line + 1}: ${first.message}`;
    own.push(diagnostic('irq807', node.path?.range ?? node.range, message));
  }
  return { own, elsewhere };
}

function order(names: readonly string[] | undefined, a: Diagnostic, b: Diagnostic): number {
  const file = (each: Diagnostic) => names?.indexOf(each.file ?? '') ?? 0;
  return file(a) - file(b) || a.range.line - b.range.line || a.range.start - b.range.start;
}
