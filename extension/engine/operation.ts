/**
 * Operations: what an agent does, written as the kernel's function or the manual's list has it, one atomic step after the other.
 *
 * A running operation is a frame in the machine's memory: which step is next, and up to eight local words. Therefore undoing, comparing
 * and exploring a machine needs nothing but its memory.
 */
import type { Machine } from './machine.ts';
import type { Profile } from './profile.ts';

export type Actor = 'guest' | 'kvm' | 'host' | 'cpu' | 'iommu' | 'device' | 'vmm';

/** Go on with the following step; after the last one, return. */
export const NEXT = -1;
/** Leave the operation. The result, if any, was given by `Machine.result`. */
export const RETURN = -2;
/** Enter the operation that `Machine.call` named; go on with the following step afterwards. */
export const CALL = -3;
/** What a step decides: one of the above, or the name or number of the step to go to. */
export type Flow = number | string;

/** A step's code. The locals come as arguments; the first ones are the operation's own arguments. */
export type Run = (
  m: Machine,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
  g: number,
  h: number,
) => Flow;

/** A sentence about what the step is about to do; the machine is still in the state before it. Must not change anything. */
export type Say = (
  m: Machine,
  a: number,
  b: number,
  c: number,
  d: number,
  e: number,
  f: number,
  g: number,
  h: number,
) => string;

export interface Step {
  readonly say: string | Say;
  readonly run: Run;
  /** No step of its own: it decides and calculates with locals, constants and the result of a call, and touches nothing that others see. */
  readonly silent: boolean;
  /** Wrappers between the operation and this step, outermost first, as the call path shows them. */
  readonly via: readonly string[];
  /** The rule could not be read in a manual or in a kernel tree. */
  readonly assumed: boolean;
  /** The agent cannot take the step until this holds (a queue has room, a lock is free). Must not change anything. */
  readonly until?: Until;
  /** 0-based line of the scenario in which a restated step stands. */
  readonly line?: number;
}

/** A condition on the machine; the first three locals come as arguments. */
export type Until = (m: Machine, a: number, b: number, c: number) => boolean;

type StepOptions = { readonly via?: readonly string[]; readonly assumed?: boolean; readonly until?: Until };

/** One atomic action: one locked instruction, one store whose order matters, or one test of what others write. */
export function step(say: string | Say, run: Run, options: StepOptions = {}): Step {
  const { via = [], assumed = false, until } = options;
  return { say, run, silent: false, via, assumed, ...(until === undefined ? {} : { until }) };
}

/** Control flow between atomic actions. `via`: of the step after a call, what stands between the operation and the callee. */
export function silent(run: Run, via: readonly string[] = []): Step {
  return { say: '', run, silent: true, via, assumed: false };
}

/** All of an operation at once, with the same effect and result as its steps; `Machine.finish` uses it when nobody looks at single steps. */
export type AtOnce = (m: Machine, a: number, b: number, c: number, d: number) => number;

export interface Operation {
  readonly id: number;
  /** Kernel function, or the manual's name of what the processor does. */
  readonly name: string;
  readonly actor: Actor;
  /** File of the kernel function or section of the manual; may differ between kernel versions. */
  readonly source: (profile: Profile) => string;
  /** Callers that only pass on, outermost first: they stand in the call path above the operation. */
  readonly via: readonly string[];
  /** The loop of `vcpu_run` comes to it anew: frames of KVM further out in the machine's stack are not its callers. */
  readonly inLoop: boolean;
  /** No other agent acts while this runs (the processor's interrupt hardware between two instructions). */
  readonly uninterruptible: boolean;
  readonly atOnce?: AtOnce | undefined;
  readonly locals: readonly string[];
  readonly labels: ReadonlyMap<string, number>;
  readonly steps: readonly Step[];
}

/** One frame of a call stack, innermost first in `Machine.stack`. */
export interface Frame {
  readonly operation: Operation;
  readonly step: Step;
  readonly locals: readonly number[];
}

export interface OperationSource {
  readonly name: string;
  readonly actor: Actor;
  readonly source: string | ((profile: Profile) => string);
  readonly via?: readonly string[];
  readonly inLoop?: boolean;
  readonly uninterruptible?: boolean;
  readonly atOnce?: AtOnce;
  /** Names of the arguments and then of further locals: at most eight words. */
  readonly locals?: readonly string[];
  readonly steps: Readonly<Record<string, Step>>;
}

export const MAX_LOCALS = 8;
/** Words of a frame for locals: operations that a scenario restates may have more. */
export const FRAME_LOCALS = 12;

const registry: Operation[] = [];

/** Every operation there is; a frame names its operation by the index in this list. */
export const operations: readonly Operation[] = registry;

export function operation(definition: OperationSource): Operation {
  const locals = definition.locals ?? [];
  if (locals.length > MAX_LOCALS) {
    throw new Error(`${definition.name}: more than ${MAX_LOCALS} locals`);
  }
  const { source } = definition;
  const labels = Object.keys(definition.steps);
  const defined: Operation = {
    id: registry.length,
    name: definition.name,
    actor: definition.actor,
    source: typeof source === 'string' ? () => source : source,
    via: definition.via ?? [],
    inLoop: definition.inLoop ?? false,
    uninterruptible: definition.uninterruptible ?? false,
    atOnce: definition.atOnce,
    locals,
    labels: new Map(labels.map((label, index) => [label, index])),
    steps: Object.values(definition.steps),
  };
  registry.push(defined);
  return defined;
}
