/** What a scenario says about agents that act at the same time, as the checker hands it over. */
import type { InvariantName } from '../engine/invariants.ts';
import type { Expression, Restated } from '../engine/restated/code.ts';
import type { Shared } from './codeScope.ts';
import type { Condition, Range, Statement } from './program.ts';

/** What one agent does; the agents of a race start together. */
export interface RaceAgent {
  readonly label: string;
  readonly range: Range;
  /** `actions`: actions of a vCPU, a device or the VMM, begun one after the other as soon as each is possible · `code`: number of the operation that a thread of its own runs. */
  readonly does:
    | { readonly kind: 'actions'; readonly actions: readonly Statement[] }
    | { readonly kind: 'code'; readonly operation: number };
  /** Index of the agent that stands still while this one is at work: an interrupt handler on its CPU. */
  readonly interrupts?: number;
}

export interface RaceCondition {
  /** `always`: after every step · `finally`: when nobody can do anything more · `eventually`: at the latest after so many steps of one agent. */
  readonly when: 'always' | 'finally' | 'eventually';
  /** `never`: what must not hold, all of it at once, after any step. */
  readonly never?: true;
  readonly range: Range;
  readonly text: string;
  readonly holds:
    | { readonly kind: 'expression'; readonly expression: Expression }
    | { readonly kind: 'conditions'; readonly conditions: readonly Condition[] };
  /** `eventually`. */
  readonly within?: { readonly steps: number; readonly agent: number };
}

/** A condition that the steps of a plain scenario must keep. */
export interface Watch {
  readonly condition: RaceCondition;
  /** Title of the only section that it is about. */
  readonly section?: string;
}

export interface Race {
  readonly range: Range;
  readonly agents: readonly RaceAgent[];
  readonly conditions: readonly RaceCondition[];
  /** Invariants of the engine that are not asked: `invariants off`, `invariants without asleep-with-work`. */
  readonly invariantsOff: readonly InvariantName[];
}

/** One way to read the scenario: before a patch, after it. */
export interface Variant {
  readonly name: string;
  readonly range: Range;
  /** What the writer expects of the exploration. */
  readonly expected: 'broken' | 'holds';
}

/** What a scenario adds to the machine. */
export interface Additions {
  readonly shared: readonly Shared[];
  readonly words: number;
  readonly operations: readonly Restated[];
  /** `memory tso`, unless `memory sc` is written. */
  readonly storeBuffers: boolean;
}

export const NO_ADDITIONS: Additions = { shared: [], words: 0, operations: [], storeBuffers: false };
