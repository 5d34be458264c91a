/**
 * Operations that a scenario writes down itself, as the checker hands them over: names are resolved, every access is legal where it stands.
 * Values are 32-bit words; comparisons are signed.
 */
import type { Actor, Operation } from '../operation.ts';

/** Something in memory that an expression reads and a statement writes. */
export type Place =
  /** A field of a vCPU or CPU that is part of one word. */
  | {
      readonly kind: 'field';
      readonly block: 'vcpu' | 'cpu';
      readonly index: Expression;
      readonly word: number;
      readonly bit: number;
      readonly width: number;
      /** No memory (a field of the VMCS, a flag of the processor): a store is there at once. */
      readonly register?: boolean;
    }
  /** One vector of a set: a single bit. */
  | {
      readonly kind: 'vector';
      readonly block: 'vcpu' | 'cpu';
      readonly index: Expression;
      readonly word: number;
      readonly vector: Expression;
    }
  /** 32 vectors of a set; `element` 0-7. */
  | {
      readonly kind: 'word';
      readonly block: 'vcpu' | 'cpu';
      readonly index: Expression;
      readonly word: number;
      readonly element: Expression;
    }
  /** A whole set; reads as the number of its vectors, cannot be written. */
  | { readonly kind: 'set'; readonly block: 'vcpu' | 'cpu'; readonly index: Expression; readonly word: number }
  /** A variable of the scenario, or one element of an array. */
  | { readonly kind: 'shared'; readonly offset: number; readonly length: number; readonly element?: Expression }
  /** One bit of another place. */
  | { readonly kind: 'bit'; readonly of: Place; readonly bit: Expression };

/** How many bits it has. */
export function bitsOf(place: Place): number {
  switch (place.kind) {
    case 'field':
      return place.width;
    case 'vector':
    case 'bit':
      return 1;
    default:
      return 32;
  }
}

export type UnaryOperator = '-' | '~' | '!';
export type BinaryOperator =
  | '||'
  | '&&'
  | '|'
  | '^'
  | '&'
  | '=='
  | '!='
  | '<'
  | '>'
  | '<='
  | '>='
  | '<<'
  | '>>'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%';

/** Locked read-modify-write; the value is what the kernel's function of that name returns. */
export type LockedOperator =
  | 'test_and_set_bit'
  | 'test_and_clear_bit'
  | 'set_bit'
  | 'clear_bit'
  | 'xchg'
  | 'cmpxchg'
  | 'fetch_add'
  | 'fetch_or'
  | 'fetch_and';

export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'local'; readonly index: number }
  | { readonly kind: 'load'; readonly place: Place }
  | {
      readonly kind: 'locked';
      readonly operator: LockedOperator;
      readonly place: Place;
      readonly values: readonly Expression[];
    }
  /** Highest vector of a set, -1 when it is empty. */
  | { readonly kind: 'highest'; readonly place: Place }
  | {
      readonly kind: 'list';
      readonly operator: 'has' | 'length' | 'entry' | 'pop';
      readonly list: number;
      readonly value?: Expression;
    }
  | { readonly kind: 'unary'; readonly operator: UnaryOperator; readonly of: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: BinaryOperator;
      readonly left: Expression;
      readonly right: Expression;
    }
  /** Only alone: on the right of an assignment, as a condition, behind `return`. */
  | { readonly kind: 'call'; readonly callee: Callee; readonly values: readonly Expression[] }
  /** Has the agent of the race done all that it was given? Only in conditions. */
  | { readonly kind: 'done'; readonly agent: number };

/** An operation of the engine, or the number of one of the scenario's own. */
export type Callee = Operation | number;

interface StatementBase {
  /** 0-based line in the scenario. */
  readonly line: number;
  /** The comment of the line, or else its code: the sentence of the step. */
  readonly text: string;
}

export type Statement = StatementBase &
  (
    | { readonly kind: 'set'; readonly local: number; readonly value: Expression }
    /** A plain store. */
    | { readonly kind: 'store'; readonly place: Place; readonly value: Expression }
    | { readonly kind: 'do'; readonly value: Expression }
    | { readonly kind: 'list'; readonly operator: 'add' | 'del'; readonly list: number; readonly value: Expression }
    /** Waits until every store of the agent is visible. */
    | { readonly kind: 'fence' }
    /** Interrupts of a CPU off or on; no effect on memory. */
    | { readonly kind: 'irq'; readonly cpu: Expression; readonly off: boolean }
    | { readonly kind: 'ipi'; readonly cpu: Expression; readonly vector: Expression }
    /** The agent does nothing more until the condition holds. */
    | { readonly kind: 'wait'; readonly condition: Expression }
    | {
        readonly kind: 'if';
        readonly condition: Expression;
        readonly then: readonly Statement[];
        readonly else: readonly Statement[];
      }
    | {
        readonly kind: 'while';
        readonly condition: Expression;
        readonly body: readonly Statement[];
        readonly tests: 'first' | 'last';
      }
    | { readonly kind: 'break' | 'continue' }
    | { readonly kind: 'return'; readonly value?: Expression }
    | { readonly kind: 'assert'; readonly condition: Expression }
    /** One step, whatever stands in it. */
    | { readonly kind: 'atomic'; readonly body: readonly Statement[] }
    /** `goto`, and where it leads. */
    | { readonly kind: 'goto' | 'label'; readonly name: string }
  );

export interface Restated {
  readonly name: string;
  readonly actor: Actor;
  /** The engine's operation in whose place it stands. */
  readonly replaces?: Operation;
  readonly parameters: number;
  /** Names of parameters, then of locals. */
  readonly locals: readonly string[];
  readonly body: readonly Statement[];
}

/** Words of a list: how many entries there are, and the entries. */
export const LIST_WORDS = 9;
/** Word 0 of what a scenario adds: which assertion failed, or which step could not be taken; see `failureAt`. */
export const FAILED_ASSERTION = 0;

/** Does evaluating it touch memory that others see? */
export function touches(expression: Expression): boolean {
  switch (expression.kind) {
    case 'number':
    case 'local':
      return false;
    case 'unary':
      return touches(expression.of);
    case 'binary':
      return touches(expression.left) || touches(expression.right);
    case 'call':
      return false;
    default:
      return true;
  }
}

/** Does a call stand anywhere in it? */
export function hasCall(expression: Expression): boolean {
  switch (expression.kind) {
    case 'call':
      return true;
    case 'unary':
      return hasCall(expression.of);
    case 'binary':
      return hasCall(expression.left) || hasCall(expression.right);
    case 'locked':
      return hasCallInPlace(expression.place) || expression.values.some(hasCall);
    case 'load':
    case 'highest':
      return hasCallInPlace(expression.place);
    case 'list':
      return expression.value !== undefined && hasCall(expression.value);
    default:
      return false;
  }
}

export function hasCallInPlace(place: Place): boolean {
  switch (place.kind) {
    case 'shared':
      return place.element !== undefined && hasCall(place.element);
    case 'bit':
      return hasCallInPlace(place.of) || hasCall(place.bit);
    case 'vector':
      return hasCall(place.index) || hasCall(place.vector);
    case 'word':
      return hasCall(place.index) || hasCall(place.element);
    default:
      return hasCall(place.index);
  }
}

/** How many accesses to shared memory stand in it. */
export function accesses(expression: Expression): number {
  switch (expression.kind) {
    case 'number':
    case 'local':
      return 0;
    case 'unary':
      return accesses(expression.of);
    case 'binary':
      return accesses(expression.left) + accesses(expression.right);
    case 'call':
      return sum(expression.values);
    case 'locked':
      return 1 + inPlace(expression.place) + sum(expression.values);
    case 'load':
    case 'highest':
      return 1 + inPlace(expression.place);
    case 'list':
      return 1 + (expression.value === undefined ? 0 : accesses(expression.value));
    case 'done':
      return 1;
  }
}

function sum(values: readonly Expression[]): number {
  return values.reduce((count, value) => count + accesses(value), 0);
}

/** Accesses that finding the place takes. */
export function inPlace(place: Place): number {
  switch (place.kind) {
    case 'shared':
      return place.element === undefined ? 0 : accesses(place.element);
    case 'bit':
      return inPlace(place.of) + accesses(place.bit);
    case 'vector':
      return accesses(place.index) + accesses(place.vector);
    case 'word':
      return accesses(place.index) + accesses(place.element);
    default:
      return accesses(place.index);
  }
}
