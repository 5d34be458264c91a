/** Names that a scenario gives: of values, devices, restated operations, agents, shared variables and variants. */
import { codeTokens } from './codeTokens.ts';
import { asStatement } from './completeRace.ts';
import { type Constants, constantsOf } from './constants.ts';
import { Listener } from './expected.ts';
import { link } from './link.ts';
import { parseLine } from './parse.ts';
import type { Range } from './program.ts';
import type { SourceLine } from './tokens.ts';
import { lineOf, type Node, type RaceNode, type Tree } from './tree.ts';

export interface Name {
  readonly kind: 'constant' | 'device' | 'operation' | 'agent' | 'variable' | 'variant';
  readonly text: string;
}

export interface NamePlace extends Name {
  readonly range: Range;
}

/** What `let` aside gives names, in a scenario and in what it includes. */
type Declared = Readonly<Record<'operation' | 'agent' | 'variable' | 'variant', ReadonlySet<string>>>;

const known = new WeakMap<Tree, Declared>();

/** Where the names stand that a line declares. */
function declaredBy(node: Node, line: SourceLine): NamePlace[] {
  const [first, second] = line.code;
  if (node.kind === 'let') return node.name ? [{ kind: 'constant', text: node.name.text, range: node.name.range }] : [];
  if (node.kind === 'device')
    return node.name ? [{ kind: 'device', text: node.name.text, range: node.name.range }] : [];
  if (node.kind !== 'race') return [];
  const place = (kind: Name['kind'], token: { readonly text: string; readonly range: Range } | undefined) =>
    token ? [{ kind, text: token.text, range: token.range }] : [];
  switch (node.part) {
    case 'operation':
      return place('operation', codeTokens(line, node.range.line)[1]);
    case 'agent':
      return place('agent', first);
    case 'variant':
      return place('variant', second);
    case 'shared':
    case 'list': {
      const tokens = codeTokens(line, node.range.line).slice(1);
      return tokens.flatMap((token, i) =>
        token.kind === 'name' && (i === 0 || tokens[i - 1].text === ',') ? place('variable', token) : [],
      );
    }
    default:
      return [];
  }
}

function declaredIn(written: Tree): Declared {
  const before = known.get(written);
  if (before) return before;
  const names = {
    operation: new Set<string>(),
    agent: new Set<string>(),
    variable: new Set<string>(),
    variant: new Set<string>(),
  };
  const tree = link(written);
  for (const node of tree.nodes) {
    if (node.kind !== 'race') continue;
    for (const { kind, text } of declaredBy(node, lineOf(tree, node.range.line)))
      if (kind !== 'constant' && kind !== 'device') names[kind].add(text);
  }
  known.set(written, names);
  return names;
}

/** Where a name is declared, in the scenario or in a file that it includes; of several places, which is an error, the first. */
export function declarationOf(written: Tree, { kind, text }: Name): Range | undefined {
  const tree = link(written);
  for (const node of tree.nodes) {
    const found = declaredBy(node, lineOf(tree, node.range.line)).find(
      each => each.kind === kind && each.text === text,
    );
    if (found) return found.range;
  }
  return undefined;
}

const TYPES: readonly string[] = ['int', 'bool', 'u8', 'u16', 'u32', 'u64', 'long', 'unsigned'];
const locals = new WeakMap<Tree, ReadonlyMap<number, ReadonlySet<string>>>();

/** By line: parameters and locals of the operation in which it lies; they hide shared variables of the same name. */
function localsIn(tree: Tree): ReadonlyMap<number, ReadonlySet<string>> {
  const before = locals.get(tree);
  if (before) return before;
  const found = new Map<number, ReadonlySet<string>>();
  let names = new Set<string>();
  for (const [line, each] of tree.parsed.entries()) {
    const node = each?.node;
    if (node?.kind !== 'race' || (node.part !== 'operation' && node.part !== 'code')) continue;
    const tokens = codeTokens(tree.lines[line], line);
    if (node.part === 'operation')
      names = new Set(tokens.slice(2).flatMap(({ kind, text }) => (kind === 'name' ? text : [])));
    for (const [i, { kind, text }] of tokens.entries()) {
      if (kind === 'name' && TYPES.includes(tokens[i - 1]?.text)) names.add(text);
    }
    found.set(line, names);
  }
  locals.set(tree, found);
  return found;
}

/** Places in a line of a race: a call, a label where one can stand, a variable, a value in code. */
function* inRace(
  tree: Tree,
  line: number,
  node: RaceNode,
  names: Declared,
  constants: Constants,
): Generator<NamePlace> {
  if (node.part === 'variant' || node.part === 'shared' || node.part === 'list') {
    yield* declaredBy(node, tree.lines[line]);
    return;
  }
  const hidden = localsIn(tree).get(line);
  const tokens = codeTokens(tree.lines[line], line);
  for (const [i, { kind, text, range }] of tokens.entries()) {
    if (kind !== 'name' || tokens[i - 1]?.text === '->') continue;
    const called = tokens[i + 1]?.text === '(';
    const label =
      (node.part === 'agent' && (i === 0 || tokens[i - 1].text === 'interrupts')) ||
      (node.part === 'condition' && tokens[i - 1]?.text === 'of') ||
      (tokens[i - 1]?.text === '(' && tokens[i - 2]?.text === 'done');
    if (called && names.operation.has(text)) yield { kind: 'operation', text, range };
    else if (label && names.agent.has(text)) yield { kind: 'agent', text, range };
    else if (called) continue;
    else if (hidden?.has(text) || node.action || node.conditions) {
      // A parameter, a local, or a word of a statement.
      if (constants.has(text) && !hidden?.has(text)) yield { kind: 'constant', text, range };
    } else if (names.variable.has(text)) yield { kind: 'variable', text, range };
    else if (names.variant.has(text)) yield { kind: 'variant', text, range };
    else if (constants.has(text)) yield { kind: 'constant', text, range };
  }
}

/** Places in a line that stands by itself. */
function* inStatement(tree: Tree, line: number, constants: Constants): Generator<NamePlace> {
  const code = asStatement(tree.lines[line].code, tree.parsed[line]?.node.kind === 'race');
  if (code.length === 0 || code[0].text === 'section') return;
  const listener = new Listener();
  parseLine(code, listener);
  for (const word of code) {
    const role = listener.roles.get(word);
    const { text, range } = word;
    if (role?.kind === 'device') yield { kind: 'device', text, range };
    if (role === undefined || role.kind === 'word') continue;
    let from = range.start;
    for (const part of text.split('..')) {
      if (constants.has(part)) {
        yield { kind: 'constant', text: part, range: { line: range.line, start: from, end: from + part.length } };
      }
      from += part.length + 2;
    }
  }
}

/** The names that stand in a line (its index in the tree), in text order. */
export function placesIn(tree: Tree, line: number): NamePlace[] {
  if (!tree.lines[line]) return [];
  const constants = constantsOf(tree);
  const node = tree.parsed[line]?.node;
  if (node?.kind !== 'race') return [...inStatement(tree, line, constants)];
  const found = [...inRace(tree, line, node, declaredIn(tree), constants)];
  const words = node.action || node.conditions ? [...inStatement(tree, line, constants)] : [];
  const fresh = words.filter(({ range }) => !found.some(each => each.range.start === range.start));
  return [...found, ...fresh].sort((a, b) => a.range.start - b.range.start);
}

/** The names that a file by itself declares, in text order. */
export function declarations(tree: Tree): NamePlace[] {
  return tree.parsed.flatMap((each, line) => (each ? declaredBy(each.node, tree.lines[line]) : []));
}

/** Where the names stand that a line declares. */
export function declaredOn(tree: Tree, line: number): NamePlace[] {
  const node = tree.parsed[line]?.node;
  return node ? declaredBy(node, tree.lines[line]) : [];
}
