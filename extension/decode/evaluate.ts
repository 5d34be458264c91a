import { macro } from './macros.ts';
import { type Expression, integerTypes, parse } from './parser.ts';
import { tokenize } from './tokens.ts';

/** A C integer: `value` is already wrapped to its type. */
export interface CValue {
  readonly value: bigint;
  readonly bits: 32 | 64;
  readonly signed: boolean;
}

/** Why there is no value: names that are not known here, or a sentence about what is wrong. */
export interface NoValue {
  readonly unknown: readonly string[];
  readonly error?: string;
}

export type Result = CValue | NoValue;

/** `#define`s and enumerators of the text at hand: name, or `NAME(a,b)` under its name with parameters. */
export interface Definition {
  readonly params?: readonly string[];
  readonly body: string;
}
export interface Definitions {
  get(name: string): Definition | undefined;
}

interface Scope {
  readonly definitions: Definitions;
  readonly bound: ReadonlyMap<string, Result>;
  readonly depth: number;
  /** Shared by the whole evaluation: macros that expand to each other many times must not take for ever. */
  readonly budget: { left: number };
}

const MAX_EXPANSION = 12;
const MAX_NODES = 4000;

export function isValue(result: Result): result is CValue {
  return 'value' in result;
}

function make(value: bigint, bits: 32 | 64, signed: boolean): CValue {
  return { value: signed ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value), bits, signed };
}

const broken = (error: string): NoValue => ({ unknown: [], error });

/** Value and type of an integer constant: the first of int, unsigned, long, unsigned long that holds it. */
export function literal(text: string): CValue {
  const [, digits, suffix] = /^(.*?)([uUlL]*)$/.exec(text.replace(/[_']/g, ''))!;
  const octal = /^0[0-7]+$/.test(digits);
  const value = BigInt(octal ? `0o${digits.slice(1)}` : digits);
  const long = /l/i.test(suffix);
  const unsigned = /u/i.test(suffix);
  const free = octal || /^0x/i.test(digits);
  if (!long && !unsigned && value < 1n << 31n) return make(value, 32, true);
  if (!long && (unsigned || free) && value < 1n << 32n) return make(value, 32, false);
  return make(value, 64, !unsigned && value < 1n << 63n);
}

function shift(op: string, left: CValue, right: CValue): Result {
  if (right.value < 0n || right.value >= BigInt(left.bits)) {
    return broken(`shift by ${right.value} of a ${left.bits}-bit value is undefined in C`);
  }
  return make(op === '<<' ? left.value << right.value : left.value >> right.value, left.bits, left.signed);
}

function arithmetic(op: string, left: CValue, right: CValue): Result {
  if (op === '<<' || op === '>>') return shift(op, left, right);
  if (op === '&&') return make(left.value && right.value ? 1n : 0n, 32, true);
  if (op === '||') return make(left.value || right.value ? 1n : 0n, 32, true);
  const bits = left.bits === 64 || right.bits === 64 ? 64 : 32;
  const signed =
    left.bits === right.bits ? left.signed && right.signed : left.bits > right.bits ? left.signed : right.signed;
  const a = make(left.value, bits, signed).value;
  const b = make(right.value, bits, signed).value;
  const truth = (yes: boolean) => make(yes ? 1n : 0n, 32, true);
  switch (op) {
    case '|':
      return make(a | b, bits, signed);
    case '&':
      return make(a & b, bits, signed);
    case '^':
      return make(a ^ b, bits, signed);
    case '+':
      return make(a + b, bits, signed);
    case '-':
      return make(a - b, bits, signed);
    case '*':
      return make(a * b, bits, signed);
    case '/':
    case '%':
      if (b === 0n) return broken('division by zero');
      return make(op === '/' ? a / b : a % b, bits, signed);
    case '==':
      return truth(a === b);
    case '!=':
      return truth(a !== b);
    case '<':
      return truth(a < b);
    case '>':
      return truth(a > b);
    case '<=':
      return truth(a <= b);
    default:
      return truth(a >= b);
  }
}

function cast(type: string, operand: CValue): CValue {
  const [bits, signed] = integerTypes[type];
  const value = signed ? BigInt.asIntN(bits, operand.value) : BigInt.asUintN(bits, operand.value);
  return bits < 32 ? make(value, 32, true) : make(value, bits as 32 | 64, signed);
}

function unary(op: string, { value, bits, signed }: CValue): CValue {
  if (op === '!') return make(value ? 0n : 1n, 32, true);
  return make(op === '~' ? ~value : op === '-' ? -value : value, bits, signed);
}

function genmask(high: CValue, low: CValue): Result {
  if (low.value < 0n || high.value < low.value || high.value > 63n)
    return broken('GENMASK needs 63 >= high >= low >= 0');
  return make(((1n << (high.value - low.value + 1n)) - 1n) << low.value, 64, false);
}

function call(name: string, args: readonly Result[], scope: Scope): Result {
  const missing = args.find(arg => !isValue(arg));
  if (missing) return missing;
  const [first, second] = args as readonly CValue[];
  if (/^(BIT|_BITU?L{0,2}|BIT_ULL)$/.test(name) && args.length === 1) return shift('<<', make(1n, 64, false), first);
  if (/^GENMASK(_ULL)?$/.test(name) && args.length === 2) return genmask(first, second);
  const definition = define(name, scope.definitions);
  if (!definition?.params || definition.params.length !== args.length) return { unknown: [`${name}()`] };
  return expand(definition.body, scope, new Map(definition.params.map((param, i) => [param, args[i]])));
}

function define(name: string, definitions: Definitions): Definition | undefined {
  return macro(name) ?? definitions.get(name);
}

function expand(body: string, scope: Scope, bound: ReadonlyMap<string, Result>): Result {
  const tree = scope.depth < MAX_EXPANSION ? parse(tokenize(body)) : undefined;
  return tree ? walk(tree, { ...scope, bound, depth: scope.depth + 1 }) : broken('not a constant expression');
}

function walk(tree: Expression, scope: Scope): Result {
  if (scope.budget.left-- <= 0) return broken('the expression is too large');
  switch (tree.kind) {
    case 'number':
      return literal(tree.text);
    case 'name': {
      const bound = scope.bound.get(tree.name);
      if (bound) return bound;
      const definition = define(tree.name, scope.definitions);
      if (!definition || definition.params) return { unknown: [tree.name] };
      const result = expand(definition.body, scope, new Map());
      return isValue(result) ? result : { unknown: [tree.name] };
    }
    case 'call':
      return call(
        tree.name,
        tree.args.map(arg => walk(arg, scope)),
        scope,
      );
    case 'unary': {
      const operand = walk(tree.operand, scope);
      return isValue(operand) ? unary(tree.op, operand) : operand;
    }
    case 'cast': {
      const operand = walk(tree.operand, scope);
      return isValue(operand) ? cast(tree.type, operand) : operand;
    }
    case 'binary': {
      const left = walk(tree.left, scope);
      const right = walk(tree.right, scope);
      if (isValue(left) && isValue(right)) return arithmetic(tree.op, left, right);
      const parts = [left, right].filter((part): part is NoValue => !isValue(part));
      const error = parts.find(part => part.error)?.error;
      return { unknown: parts.flatMap(part => part.unknown), ...(error ? { error } : {}) };
    }
    case 'choice': {
      const test = walk(tree.test, scope);
      return isValue(test) ? walk(test.value ? tree.yes : tree.no, scope) : test;
    }
  }
}

/** Value of an expression with the kernel's macros and the given definitions, by the C rules of a 64-bit kernel. */
export function evaluate(tree: Expression, definitions: Definitions = new Map()): Result {
  return walk(tree, { definitions, bound: new Map(), depth: 0, budget: { left: MAX_NODES } });
}

/** Value of a text that is one whole expression; undefined when it does not parse as one. */
export function evaluateText(text: string, definitions?: Definitions): Result | undefined {
  const tree = parse(tokenize(text));
  return tree && evaluate(tree, definitions);
}
