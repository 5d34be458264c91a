/** Locals of restated code that nobody will read again, and results that were used: two states that differ only in them are the same. */
import { AGENT, AGENT_WORDS, FRAME_WORDS } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { Operation } from '../operation.ts';

/** Where a step may lead: to the number in it, once the code is laid out. */
export interface Target {
  at: number;
}

/** What a step does with locals, as bits by index. `next`: undefined for the step that follows. */
export interface Flows {
  readonly uses: number;
  readonly defines: number;
  readonly next: readonly (Target | undefined)[];
}

/** By operation of a scenario, and by step: the locals that are read from there on. */
const LIVE = new WeakMap<Operation, readonly number[]>();

/** Bits of the locals that stand anywhere in a part of the code; those that an atomic section sets count as well. */
export function localsIn(part: unknown): number {
  if (typeof part !== 'object' || part === null) {
    return 0;
  }
  const { kind, index, local } = part as { readonly [key: string]: unknown };
  let locals = 0;
  if (kind === 'local' && typeof index === 'number') {
    locals = 1 << index;
  } else if (kind === 'set' && typeof local === 'number') {
    locals = 1 << local;
  } else if (kind === 'call') {
    // What the callee does with its own locals is its own business.
    return localsIn((part as { readonly values: unknown }).values);
  }
  return Object.values(part).reduce<number>((all, each) => all | localsIn(each), locals);
}

/** Goes backwards through the code until nothing changes. */
export function noteLiveness(operation: Operation, flows: readonly Flows[]): void {
  const live = new Array<number>(flows.length + 1).fill(0);
  for (let changed = true; changed; ) {
    changed = false;
    for (let at = flows.length - 1; at >= 0; at--) {
      const { uses, defines, next } = flows[at];
      const after = next.reduce((all, target) => all | (live[target === undefined ? at + 1 : target.at] ?? 0), 0);
      const before = uses | (after & ~defines);
      changed ||= before !== live[at];
      live[at] = before;
    }
  }
  LIVE.set(operation, live);
}

/** Sets to 0 what the agent will not read again. Only while races are explored. */
export function wipeDead(m: Machine, agent: number): void {
  const { words } = m;
  const base = m.layout.agents + agent * AGENT_WORDS;
  const depth = words[base + AGENT.depth];
  let inScenario = true;
  for (let i = 0; i < depth; i++) {
    const frame = base + AGENT.words + i * FRAME_WORDS;
    const operation = m.operations[words[frame] >>> 16];
    const live = LIVE.get(operation);
    inScenario = live !== undefined;
    if (live !== undefined) {
      const alive = live[words[frame] & 0xffff] ?? 0;
      for (let local = 0; local < operation.locals.length; local++) {
        if ((alive & (1 << local)) === 0) {
          m.put(frame + 1 + local, 0);
        }
      }
    }
  }
  // The engine's own code may look at a result some steps later.
  if (inScenario) {
    m.put(base + AGENT.result, 0);
  }
}
