/** `let NAME = value`: what a name in capitals stands for. */
import { FIELDS } from '../engine/fields.ts';
import { REGISTER_OFFSETS } from './checkAction.ts';
import { checkMachine, KERNELS } from './checkMachine.ts';
import { apicvInhibits } from './inhibits.ts';
import { link } from './link.ts';
import { Report } from './report.ts';
import { nearest, shown } from './suggest.ts';
import type { Token } from './tokens.ts';
import { type LetNode, lineOf, type Node, type Tree } from './tree.ts';
import { VECTORS } from './values.ts';

/** Values by name. */
export type Constants = ReadonlyMap<string, string>;

const NAME = /^[A-Z][A-Z0-9_]*$/;

function letNodes(tree: Tree): readonly LetNode[] {
  return tree.nodes.filter((node): node is LetNode => node.kind === 'let' && !node.broken);
}

const known = new WeakMap<readonly Node[], Constants>();

/** What the names of a text, and of what it includes, stand for; of two lines that define the same name the first counts. */
export function constantsOf(tree: Tree): Constants {
  let constants = known.get(tree.nodes);
  if (!constants) {
    const found = new Map<string, string>();
    for (const { name, value } of letNodes(link(tree))) {
      if (name && value && NAME.test(name.text) && !found.has(name.text)) {
        found.set(name.text, replaced(value.text, found));
      }
    }
    known.set(tree.nodes, (constants = found));
  }
  return constants;
}

/** The text of a word with names replaced: of the word itself, or of both ends of a range. */
function replaced(text: string, constants: Constants): string {
  const value = constants.get(text);
  if (value !== undefined) return value;
  const dots = text.indexOf('..');
  if (dots <= 0) return text;
  const from = text.slice(0, dots);
  const to = text.slice(dots + 2);
  return `${constants.get(from) ?? from}..${constants.get(to) ?? to}`;
}

/** A word as its value, in the place of its name. */
export function withValue(word: Token, constants: Constants): Token {
  const text = constants.size === 0 || word.kind !== 'word' ? word.text : replaced(word.text, constants);
  return text === word.text ? word : { ...word, text };
}

/** The words of a line with values in the place of names; the same array if there is none. */
export function valuesOf(code: readonly Token[], constants: Constants): readonly Token[] {
  if (constants.size === 0 || code[0]?.text === 'let') return code;
  if (!code.some(({ text }) => constants.has(text) || text.includes('..'))) return code;
  const values = code.map(word => withValue(word, constants));
  return values.some((word, i) => word !== code[i]) ? values : code;
}

function isToken(value: object): value is Token {
  return 'kind' in value && value.kind === 'word' && 'text' in value && 'range' in value;
}

/** The node with values in the place of names, wherever they stand in it. */
function nodeWith<T>(value: T, constants: Constants): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(each => nodeWith(each, constants)) as T;
  // Places are shared: when the line moves, both nodes move.
  if ('line' in value && 'start' in value) return value;
  if (isToken(value)) return withValue(value, constants) as T;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, nodeWith(each, constants)])) as T;
}

/** Nodes that were looked at before. */
export class ValueMemo {
  private values = '';
  private names = '';
  /** With values in the place of names, as long as the values are the same. */
  private nodes = new WeakMap<Node, Node>();
  /** Without a name, as long as the names are the same. */
  private plain = new WeakSet<Node>();

  of(constants: Constants): { readonly nodes: WeakMap<Node, Node>; readonly plain: WeakSet<Node> } {
    const values = [...constants].join('\n');
    const names = [...constants.keys()].join('\n');
    if (values !== this.values) this.nodes = new WeakMap();
    if (names !== this.names) this.plain = new WeakSet();
    this.values = values;
    this.names = names;
    const { nodes, plain } = this;
    return { nodes, plain };
  }
}

/** The tree with values in the place of names. Places stay: what is found wrong is found where the name stands. */
export function withValues(tree: Tree, memo: ValueMemo): Tree {
  const constants = constantsOf(tree);
  const { nodes, plain } = memo.of(constants);
  if (constants.size === 0) return tree;
  const changed = tree.nodes.map(node => {
    if (plain.has(node)) return node;
    let other = nodes.get(node);
    if (!other) {
      const { code } = lineOf(tree, node.range.line);
      other = node.kind === 'let' || valuesOf(code, constants) === code ? node : nodeWith(node, constants);
      if (other === node) plain.add(node);
      else nodes.set(node, other);
    }
    return other;
  });
  return { ...tree, nodes: changed };
}

/** The description of the machine, with values in the place of names. */
export function machineWithValues(written: Tree): Tree {
  const tree = link(written);
  const nodes = tree.nodes.filter(({ kind }) => kind !== 'action' && kind !== 'expect');
  return withValues({ ...tree, nodes }, new ValueMemo());
}

const NOTHING: Tree = { lines: [], parsed: [], nodes: [], diagnostics: [], refused: false };

/** Names that mean something without `let`, under any kernel. */
export function meanings(): ReadonlySet<string> {
  const { machine } = checkMachine(NOTHING, new Report());
  const reasons = KERNELS.flatMap(kernel => apicvInhibits({ ...machine, kernel }).inhibitReasons);
  const values = FIELDS.flatMap(field => Object.keys(field.values ?? {}));
  return new Set([...Object.keys(VECTORS), ...Object.keys(REGISTER_OFFSETS), ...values, ...reasons]);
}

/** Reports names that are spelled otherwise, taken, or defined twice. */
export function checkConstants(tree: Tree, report: Report): void {
  const nodes = letNodes(tree);
  if (nodes.length === 0) return;
  const taken = meanings();
  const lines = new Map<string, number>();
  for (const { name, value, range } of nodes) {
    if (!name || !value) continue;
    const text = shown(name.text);
    const first = lines.get(name.text);
    if (!NAME.test(name.text)) {
      const upper = name.text.toUpperCase().replaceAll(/[.-]/g, '_');
      const fix = NAME.test(upper) && { title: `Change to '${upper}'`, range: name.range, text: upper };
      const remedy = fix ? `Write \`${shown(upper)}\`.` : 'Begin with a letter.';
      const message = `Names of values are written in capitals, as those of vectors are. ${remedy}`;
      report.add('irq701', name.range, message, fix || undefined);
    } else if (taken.has(name.text)) {
      report.add('irq701', name.range, `\`${text}\` has a meaning already. Write another name.`);
    } else if (first !== undefined) {
      report.add('irq302', range, `${report.line(first)} defines \`${text}\` already. Write another name.`);
    } else if (/^[A-Z]/.test(value.text) && !lines.has(value.text) && !taken.has(value.text)) {
      const near = nearest(value.text, [...lines.keys()]);
      const remedy = near ? `Did you mean \`${near}\`?` : 'Write a number, or a name that is defined above.';
      const fix = near && { title: `Change to '${near}'`, range: value.range, text: near };
      report.add('irq205', value.range, `\`${shown(value.text)}\` is not a value. ${remedy}`, fix || undefined);
    }
    if (!lines.has(name.text)) lines.set(name.text, range.line);
  }
}
