import { type Constants, constantsOf, withValue } from './constants.ts';
import { type Expected, Listener } from './expected.ts';
import { fieldNamed } from './fieldNames.ts';
import { parseLine } from './parse.ts';
import type { Range } from './program.ts';
import type { SourceLine, Token } from './tokens.ts';
import type { Tree } from './tree.ts';
import { numberOf, VECTORS } from './values.ts';

/**
 * Something that a scenario mentions in several places, however it is spelled: `vcpu 1`, `cpu 2`, `vector 65`, `device nic`,
 * `constant TARGET`.
 */
export type Entity = `${'vcpu' | 'cpu' | 'vector'} ${number}` | `${'device' | 'constant'} ${string}`;

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

function symbolOf(expected: Expected, word: Token, constants: Constants): Entity | undefined {
  if (expected.kind === 'constant' || constants.has(word.text)) return `constant ${word.text}`;
  if (expected.kind === 'device') return `device ${word.text}`;
  const vector = isVector(expected);
  if (!vector && expected.kind !== 'vcpu' && expected.kind !== 'cpu') return undefined;
  const value = vector && Object.hasOwn(VECTORS, word.text) ? BigInt(VECTORS[word.text]) : numberOf(word);
  if (value === undefined || value > 0xffffffffn) return undefined;
  return `${vector ? 'vector' : (expected.kind as 'vcpu' | 'cpu')} ${Number(value)}`;
}

function mentionsOf({ code }: SourceLine, constants: Constants): Mention[] {
  if (code.length === 0) return [];
  const listener = new Listener();
  parseLine(code, listener);
  return [...listener.roles].flatMap(([word, expected]) => {
    const symbol = symbolOf(expected, word, constants);
    return symbol ? [{ symbol, range: word.range }] : [];
  });
}

/** What is mentioned at a place. */
export function symbolAt(tree: Tree, line: number, column: number): Entity | undefined {
  const source = tree.lines[line];
  const found = source ? mentionsOf(source, constantsOf(tree)) : [];
  return found.find(({ range }) => range.start <= column && column <= range.end)?.symbol;
}

/** Every place where something is mentioned, in text order. */
export function mentions(tree: Tree, symbol: Entity): Range[] {
  const constants = constantsOf(tree);
  return tree.lines.flatMap(line =>
    mentionsOf(line, constants).flatMap(each => (each.symbol === symbol ? [each.range] : [])),
  );
}

/** The line that defines a value or describes a device or a vCPU, or else the one that says how many there are. */
export function definitionOf(tree: Tree, symbol: Entity): Range | undefined {
  const [kind, number] = symbol.split(' ');
  if (kind === 'vector') return undefined;
  if (kind === 'constant') return tree.nodes.find(node => node.kind === 'let' && node.name?.text === number)?.range;
  if (kind === 'device') return tree.nodes.find(node => node.kind === 'device' && node.name?.text === number)?.range;
  const count = tree.nodes.find(node => node.kind === 'setting' && node.head.text === `${kind}s`);
  const own = tree.nodes.find(
    node => kind === 'vcpu' && node.kind === 'vcpu' && node.index && numberOf(node.index) === BigInt(number),
  );
  return (own ?? count)?.range;
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
