/**
 * Every order of the atomic steps of a machine's agents, breadth first: the first order found that breaks something is a shortest one.
 */
import type { Machine } from '../machine.ts';
import type { Reduction } from './reduction.ts';
import { grown, StateSet } from './stateSet.ts';

/** What is explored. All that it remembers stands in the machine's memory. */
export interface Explored {
  readonly machine: Machine;
  /** Agents that may act. */
  readonly agents: readonly number[];
  /** Called after each step, before the state is looked at. */
  stepped(agent: number): void;
  /** Number of a condition that the present state breaks, from 1; 0 for none. */
  broken(): number;
  /** The same when no agent can act any more. */
  brokenAtTheEnd(): number;
}

export interface SearchOptions {
  /** Leaves out orders that differ only in steps that do not touch what others touch. Without it, every order is tried. */
  readonly reduction?: Reduction;
  /** Most bytes that states may take. */
  readonly bytes: number;
}

export interface Finding {
  /** Number of the condition. */
  readonly condition: number;
  /** Which agent takes each step. */
  readonly order: readonly number[];
}

export interface SearchState {
  readonly states: number;
  readonly steps: number;
  /** States whose next steps have not been tried. */
  readonly left: number;
  /** Steps of the longest order so far. */
  readonly depth: number;
  /** States in which nobody can do anything more, or only go round where it is. */
  readonly ends: number;
}

export type SearchResult = SearchState & {
  /** Everything was tried, or a condition was broken. */
  readonly complete: boolean;
  readonly found: Finding | undefined;
};

/** Memory for states unless the caller says otherwise. */
export const DEFAULT_BYTES = 1 << 29;

export class Search {
  private set: StateSet;
  private parents = new Int32Array(1 << 12);
  private movers = new Int32Array(1 << 12);
  private depths = new Int32Array(1 << 12);
  private next = 0;
  private steps = 0;
  private ends = 0;
  private full = false;
  private found:
    | { readonly condition: number; readonly from: number; readonly agent: number; readonly depth: number }
    | undefined;

  /** The machine is in the first state, and stays the search's own. */
  constructor(
    private readonly explored: Explored,
    private readonly options: SearchOptions,
  ) {
    const { machine } = explored;
    machine.recording = true;
    machine.wiping = true;
    this.set = new StateSet(machine);
    this.set.add(-1);
    this.parents[0] = -1;
    machine.observer = options.reduction;
  }

  get state(): SearchState {
    const { size } = this.set;
    return {
      states: size,
      steps: this.steps,
      left: size - this.next,
      depth: this.depths[Math.max(size - 1, 0)],
      ends: this.ends,
    };
  }

  /** Tries the next steps of up to `count` states. True when there is nothing left to do. */
  run(count: number): boolean {
    for (let i = 0; i < count; i++) {
      if (this.full || this.next >= this.set.size) {
        return true;
      }
      // A shorter order can only end in a state that is as near as this one.
      if (this.found !== undefined && this.depths[this.next] >= this.found.depth) {
        return true;
      }
      this.expand(this.next++);
      if (this.options.reduction?.stale) {
        this.again();
      }
      this.full =
        this.set.bytes + 4 * (this.parents.length + this.movers.length + this.depths.length) > this.options.bytes;
    }
    return false;
  }

  get result(): SearchResult {
    const { found } = this;
    const complete = found !== undefined || !this.full;
    return {
      ...this.state,
      complete,
      found: found && { condition: found.condition, order: this.orderTo(found.from, found.agent) },
    };
  }

  private expand(state: number): void {
    const { agents } = this.explored;
    this.set.load(state);
    if (this.options.reduction !== undefined && agents.some(agent => this.takeAlone(state, agent))) {
      return;
    }
    // Who spins on a value and finds it unchanged does not get on.
    let moved = false;
    for (const agent of agents) {
      if (this.ready(agent)) {
        moved = this.take(state, agent) || moved;
      }
    }
    if (!moved) {
      this.ends++;
      const condition = this.explored.brokenAtTheEnd();
      if (condition > 0) {
        this.report(condition, state, -1, this.depths[state]);
      }
    }
  }

  private ready(agent: number): boolean {
    const { machine } = this.explored;
    this.options.reduction?.begin(agent);
    const ready = machine.ready(agent);
    if (ready) {
      this.options.reduction?.act(agent);
    }
    return ready;
  }

  /** Takes a step of the agent; its state counts only if no other agent can have a part in the step. A known state would end in a circle that leaves others out. */
  private takeAlone(state: number, agent: number): boolean {
    const { machine } = this.explored;
    const reduction = this.options.reduction as Reduction;
    if (machine.idle(agent) || !reduction.restated(agent) || !this.ready(agent)) {
      return false;
    }
    machine.step(agent);
    this.explored.stepped(agent);
    const before = this.set.size;
    let counts = false;
    if (reduction.alone(agent)) {
      counts = this.arrive(state, agent) < 0 || this.set.size > before;
    }
    machine.revert();
    return counts;
  }

  /** True when the step leads to another state. */
  private take(state: number, agent: number): boolean {
    const { machine } = this.explored;
    machine.step(agent);
    this.explored.stepped(agent);
    const reached = this.arrive(state, agent);
    machine.revert();
    return reached !== state;
  }

  /** The state after a step; -1 when a condition is broken there. */
  private arrive(state: number, agent: number): number {
    this.steps++;
    const depth = this.depths[state] + 1;
    const condition = this.broken();
    if (condition > 0) {
      this.report(condition, state, agent, depth);
      return -1;
    }
    const before = this.set.size;
    const reached = this.set.add(state);
    if (this.set.size > before) {
      this.remember(reached, state, agent, depth);
    }
    return reached;
  }

  /** What conditions look at is nothing that an agent touches. */
  private broken(): number {
    const { machine } = this.explored;
    const { observer } = machine;
    machine.observer = undefined;
    const condition = this.explored.broken();
    machine.observer = observer;
    return condition;
  }

  /** Begins anew, with a reduction that knows more. */
  private again(): void {
    const { machine } = this.explored;
    this.set.load(0);
    this.set = new StateSet(machine);
    this.set.add(-1);
    this.next = 0;
    this.ends = 0;
    this.found = undefined;
    this.options.reduction?.forget();
  }

  private remember(state: number, parent: number, mover: number, depth: number): void {
    if (state >= this.parents.length) {
      this.parents = grown(this.parents, state + 1);
      this.movers = grown(this.movers, state + 1);
      this.depths = grown(this.depths, state + 1);
    }
    this.parents[state] = parent;
    this.movers[state] = mover;
    this.depths[state] = depth;
  }

  private report(condition: number, from: number, agent: number, depth: number): void {
    if (this.found === undefined || depth < this.found.depth) {
      this.found = { condition, from, agent, depth };
    }
  }

  private orderTo(state: number, last: number): number[] {
    const order = last < 0 ? [] : [last];
    for (let at = state; this.parents[at] >= 0; at = this.parents[at]) {
      order.push(this.movers[at]);
    }
    return order.reverse();
  }
}
