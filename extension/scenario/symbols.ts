import { asStatement } from './completeRace.ts';
import { type Constants, constantsOf, withValue } from './constants.ts';
import { type Expected, Listener } from './expected.ts';
import { fieldNamed } from './fieldNames.ts';
import { link } from './link.ts';
import { declarationOf, type Name, placesIn } from './names.ts';
import { parseLine } from './parse.ts';
import type { Range } from './program.ts';
import type { Token } from './tokens.ts';
import type { Tree } from './tree.ts';
import { numberOf, VECTORS } from './values.ts';

/**
 * Something that a scenario mentions in several places, however it is spelled: `vcpu 1`, `cpu 2`, `vector 65`, `device nic`,
 * `constant TARGET`, `operation post`.
 */
export type Entity = `${'vcpu' | 'cpu' | 'vector'} ${number}` | `${Name['kind']} ${string}`;

export interface Mention {
  readonly symbol: Entity;
  readonly range: Range;
}

/** A field that a line asks about: what a debugger can show beside it. */
export interface FieldMention {
  readonly range: Range;
  /** `vcpu 2.pid.on`, as the debugger evaluates it. */
  readonly expression: string;
}

function isVector(expected: Expected): boolean {
  if (expected.kind === 'vector') return true;
  if (expected.kind !== 'value' && expected.kind !== 'test') return false;
  return fieldNamed(expected.block, expected.field)?.kind === 'vectors';
}

function numbered(expected: Expected, word: Token, constants: Constants): Entity | undefined {
  const vector = isVector(expected);
  if (constants.has(word.text) || (!vector && expected.kind !== 'vcpu' && expected.kind !== 'cpu')) return undefined;
  const value = vector && Object.hasOwn(VECTORS, word.text) ? BigInt(VECTORS[word.text]) : numberOf(word);
  if (value === undefined || value > 0xffffffffn) return undefined;
  return `${vector ? 'vector' : (expected.kind as 'vcpu' | 'cpu')} ${Number(value)}`;
}

/** `line`: its index in the tree. */
function mentionsOf(tree: Tree, line: number, constants: Constants): Mention[] {
  const node = tree.parsed[line]?.node;
  if (!node) return [];
  const names = placesIn(tree, line).map(({ kind, text, range }): Mention => ({ symbol: `${kind} ${text}`, range }));
  if (node.kind === 'race' && !node.action && !node.conditions) return names;
  const code = asStatement(tree.lines[line].code, node.kind === 'race');
  if (code.length === 0) return names;
  const listener = new Listener();
  parseLine(code, listener);
  const numbers = [...listener.roles].flatMap(([word, expected]) => {
    const symbol = numbered(expected, word, constants);
    return symbol ? [{ symbol, range: word.range }] : [];
  });
  return [...names, ...numbers].sort((a, b) => a.range.start - b.range.start);
}

/** What is mentioned at a place. */
export function symbolAt(tree: Tree, line: number, column: number): Entity | undefined {
  const found = mentionsOf(tree, line, constantsOf(tree));
  return found.find(({ range }) => range.start <= column && column <= range.end)?.symbol;
}

/** Every place of the scenario itself where something is mentioned, in text order. */
export function mentions(tree: Tree, symbol: Entity): Range[] {
  const constants = constantsOf(tree);
  return tree.lines.flatMap((_, line) =>
    mentionsOf(tree, line, constants).flatMap(each => (each.symbol === symbol ? [each.range] : [])),
  );
}

/**
 * The line that defines a value or describes a device or a vCPU, or else the one that says how many there are; the name where an operation,
 * an agent, a variable or a variant is declared. In the scenario, or in a file that it includes (see `placeOf`).
 */
export function definitionOf(written: Tree, symbol: Entity): Range | undefined {
  const tree = link(written);
  const at = symbol.indexOf(' ');
  const kind = symbol.slice(0, at) as Name['kind'] | 'vcpu' | 'cpu' | 'vector';
  const text = symbol.slice(at + 1);
  if (kind === 'vector') return undefined;
  if (kind === 'vcpu' || kind === 'cpu') {
    const count = tree.nodes.find(node => node.kind === 'setting' && node.head.text === `${kind}s`);
    const own = tree.nodes.find(
      node => kind === 'vcpu' && node.kind === 'vcpu' && node.index && numberOf(node.index) === BigInt(text),
    );
    return (own ?? count)?.range;
  }
  const name = declarationOf(tree, { kind, text });
  const line = tree.nodes.find(
    node => (node.kind === 'let' || node.kind === 'device') && node.range.line === name?.line,
  );
  return line?.range ?? name;
}

/**
 * The fields that the run is about to be asked for, when it stands at a line: those of the expectations there and below, up to
 * the next action. Expectations further up were about another moment.
 */
export function fieldsAhead(tree: Tree, line: number): FieldMention[] {
  const found: FieldMention[] = [];
  const constants = constantsOf(tree);
  for (const node of tree.nodes) {
    if (node.range.line < line) continue;
    if (node.kind === 'action' && node.range.line > line) break;
    for (const condition of node.kind === 'expect' ? node.conditions : []) {
      if (condition.kind !== 'field') continue;
      const { block, index, field } = condition;
      const known = fieldNamed(block.text, field.text);
      const number = numberOf(withValue(index, constants));
      if (known && number !== undefined)
        found.push({ range: field.range, expression: `${block.text} ${number}.${field.text}` });
    }
  }
  return found;
}
