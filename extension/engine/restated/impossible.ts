/** Steps of restated code that cannot be taken: what C leaves undefined, and what has no place here. Such a step breaks the race at its line. */
import { LIST_WORDS } from './code.ts';

const SENTENCES = {
  division: 'division by zero',
  element: 'an index outside of its array',
  vcpu: 'the number of a vCPU that does not exist',
  cpu: 'the number of a CPU that does not exist',
  vector: 'a vector that does not exist',
  bit: 'a bit that its place does not have',
  shift: 'a shift by more bits than a word has',
  list: `more than ${LIST_WORDS - 1} entries in a list`,
} as const;

export type Reason = keyof typeof SENTENCES;

const REASONS = Object.keys(SENTENCES) as readonly Reason[];
const LINES = 1 << 20;

/** Thrown while an expression is evaluated; the step that it belongs to knows its line. */
export class Impossible extends Error {
  constructor(readonly reason: Reason) {
    super(SENTENCES[reason]);
  }

  /** What is noted in the machine's memory, for `failureAt`; `line` is 0-based. */
  at(line: number): number {
    return (REASONS.indexOf(this.reason) + 1) * LINES + line + 1;
  }
}

/** What a word of the machine says about the step that failed: an assertion, or one that cannot be taken. */
export function failureAt(word: number): string {
  const reason = REASONS[Math.floor(word / LINES) - 1];
  const line = word % LINES;
  return reason === undefined ? `the assertion on line ${line}` : `${SENTENCES[reason]} in line ${line}`;
}

/** The value, or another one where there is none. */
export function orElse(otherwise: number, value: () => number): number {
  try {
    return value();
  } catch (problem) {
    if (problem instanceof Impossible) {
      return otherwise;
    }
    throw problem;
  }
}

/** Can evaluating a part of the code come to such a step? */
export function canFail(part: unknown): boolean {
  if (typeof part !== 'object' || part === null) {
    return false;
  }
  const { kind, operator, index, element, vector, bit, right, cpu, callee } = part as {
    readonly [key: string]: unknown;
  };
  if (kind === 'call' && typeof callee === 'object') {
    return canFail((part as { readonly values: unknown }).values);
  }
  const divides = kind === 'binary' && (operator === '/' || operator === '%');
  const shifts = kind === 'binary' && (operator === '<<' || operator === '>>') && varies(right);
  const adds = kind === 'list' && operator === 'add';
  const numbers = [index, element, vector, bit, cpu];
  return divides || shifts || adds || numbers.some(varies) || Object.values(part).some(canFail);
}

function varies(index: unknown): boolean {
  return typeof index === 'object' && index !== null && (index as { readonly kind?: unknown }).kind !== 'number';
}
