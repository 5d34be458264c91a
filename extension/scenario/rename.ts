/** Names that a scenario gives: of values, devices, restated operations and agents. */
import { codeTokens } from './codeTokens.ts';
import { constantsOf, meanings } from './constants.ts';
import { Listener } from './expected.ts';
import { parseLine } from './parse.ts';
import type { Range } from './program.ts';
import { shown } from './suggest.ts';
import type { RaceNode, Tree } from './tree.ts';

export interface Name {
  readonly kind: 'constant' | 'device' | 'operation' | 'agent';
  readonly text: string;
}

interface Place extends Name {
  readonly range: Range;
}

const IDENTIFIER = /^[A-Za-z_]\w*$/;
const SHAPES: Readonly<Record<Name['kind'], { readonly form: RegExp; readonly words: string }>> = {
  constant: { form: /^[A-Z][A-Z0-9_]*$/, words: 'capitals, digits and `_`, beginning with a letter' },
  device: { form: /^[A-Za-z_][\w.-]*$/, words: 'letters, digits, `_`, `.` and `-`, beginning with a letter' },
  operation: { form: IDENTIFIER, words: 'letters, digits and `_`, beginning with a letter' },
  agent: { form: IDENTIFIER, words: 'letters, digits and `_`, beginning with a letter' },
};

function raceNodeAt(tree: Tree, line: number): RaceNode | undefined {
  const node = tree.parsed[line]?.node;
  return node?.kind === 'race' ? node : undefined;
}

type Declared = ReadonlyMap<string, 'operation' | 'agent'>;

const known = new WeakMap<Tree, Declared>();

/** What `operation` lines and agents of the race declare. */
function declaredIn(tree: Tree): Declared {
  const before = known.get(tree);
  if (before) return before;
  const names = new Map<string, 'operation' | 'agent'>();
  for (const node of tree.nodes) {
    if (node.kind !== 'race') continue;
    const { code } = tree.lines[node.range.line];
    if (node.part === 'operation' && code[1]?.kind === 'word') names.set(code[1].text, 'operation');
    if (node.part === 'agent') names.set(code[0].text, 'agent');
  }
  known.set(tree, names);
  return names;
}

/** Places in a line of a race: a call, a label where one can stand, a value in code. */
function* inRace(tree: Tree, line: number, node: RaceNode, names: Declared): Generator<Place> {
  const constants = constantsOf(tree);
  const tokens = codeTokens(tree.lines[line], line);
  for (const [i, { kind, text, range }] of tokens.entries()) {
    if (kind !== 'name' || tokens[i - 1]?.text === '->') continue;
    const called = tokens[i + 1]?.text === '(';
    const label =
      (node.part === 'agent' && (i === 0 || tokens[i - 1].text === 'interrupts')) ||
      (node.part === 'condition' && tokens[i - 1]?.text === 'of') ||
      (tokens[i - 1]?.text === '(' && tokens[i - 2]?.text === 'done');
    if (called && names.get(text) === 'operation') yield { kind: 'operation', text, range };
    else if (label && names.get(text) === 'agent') yield { kind: 'agent', text, range };
    else if (!called && constants.has(text)) yield { kind: 'constant', text, range };
  }
}

/** Places in a line that stands by itself. */
function* inStatement(tree: Tree, line: number): Generator<Place> {
  const { code } = tree.lines[line];
  if (code.length === 0 || code[0].text === 'section') return;
  const constants = constantsOf(tree);
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
        yield { kind: 'constant', text: part, range: { line, start: from, end: from + part.length } };
      }
      from += part.length + 2;
    }
  }
}

function placesIn(tree: Tree, line: number, names: Declared): Place[] {
  const race = raceNodeAt(tree, line);
  if (!race) return tree.lines[line] ? [...inStatement(tree, line)] : [];
  const found = [...inRace(tree, line, race, names)];
  // What an agent does may name devices.
  const { code } = tree.lines[line];
  for (const [i, word] of code.entries()) {
    if (race.part === 'agent' && race.action && code[i - 1]?.text === 'device' && word.kind === 'word') {
      found.push({ kind: 'device', text: word.text, range: word.range });
    }
  }
  return found;
}

/** The name at a place, and where it stands. */
export function nameAt(tree: Tree, line: number, column: number): (Name & { readonly range: Range }) | undefined {
  return placesIn(tree, line, declaredIn(tree)).find(({ range }) => range.start <= column && column <= range.end);
}

/** The names that stand in a line, in text order. */
export function placesOn(tree: Tree, line: number): (Name & { readonly range: Range; readonly declares: boolean })[] {
  const node = tree.parsed[line]?.node;
  const second = tree.lines[line]?.code[1];
  return placesIn(tree, line, declaredIn(tree)).map(place => {
    const head = place.kind === 'agent' ? node?.range : second?.range;
    const heads = { constant: 'let', device: 'device', operation: 'operation', agent: node?.head.text }[place.kind];
    const declares = node?.head.text === heads && head?.start === place.range.start && node?.kind !== 'action';
    return { ...place, declares };
  });
}

/** Every place where the name stands, in text order. */
export function placesOf(tree: Tree, { kind, text }: Name): Range[] {
  const names = declaredIn(tree);
  return tree.lines.flatMap((_, line) =>
    placesIn(tree, line, names).flatMap(each => (each.kind === kind && each.text === text ? [each.range] : [])),
  );
}

/** Why the name cannot be changed to another one; undefined when it can. */
export function objection(tree: Tree, { kind, text }: Name, other: string): string | undefined {
  const { form, words } = SHAPES[kind];
  if (!form.test(other)) return `\`${shown(other)}\` cannot be the name: write ${words}.`;
  if (kind === 'constant' && meanings().has(other))
    return `\`${shown(other)}\` has a meaning already: write another name.`;
  if (other !== text && placesOf(tree, { kind, text: other }).length > 0) {
    return `There is \`${shown(other)}\` already: write another name.`;
  }
  return undefined;
}
