/**
 * Every order of the atomic steps of a machine's agents, breadth first: the first order found that breaks something is a shortest one.
 */
import type { Machine } from '../machine.ts';
import { wipeDead } from '../restated/liveness.ts';
import { type Broken, Orders } from './orders.ts';
import { StateSet } from './stateSet.ts';

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
  private readonly set: StateSet;
  private readonly orders = new Orders();
  private next = 0;
  private steps = 0;
  private ends = 0;
  private full = false;
  private found: Broken | undefined;

  /** The machine is in the first state, and stays the search's own. */
  constructor(
    private readonly explored: Explored,
    /** Most bytes that states may take. */
    private readonly bytes: number,
  ) {
    const { machine } = explored;
    machine.recording = true;
    machine.wiping = true;
    this.set = new StateSet(machine);
    this.set.add(-1);
  }

  get state(): SearchState {
    const { size } = this.set;
    const depth = this.orders.depthOf(Math.max(size - 1, 0));
    return { states: size, steps: this.steps, left: size - this.next, depth, ends: this.ends };
  }

  /** Tries the next steps of up to `count` states. True when there is nothing left to do. */
  run(count: number): boolean {
    for (let i = 0; i < count; i++) {
      if (this.full || this.next >= this.set.size) {
        return true;
      }
      // A shorter order can only end in a state that is as near as this one.
      if (this.found !== undefined && this.orders.depthOf(this.next) >= this.found.depth) {
        return true;
      }
      this.expand(this.next++);
      this.full = this.set.bytes + this.orders.bytes > this.bytes;
    }
    return false;
  }

  get result(): SearchResult {
    return resultOf(this.state, this.full, this.found, this.orders);
  }

  private expand(state: number): void {
    const { agents, machine } = this.explored;
    this.set.load(state);
    // Who spins on a value and finds it unchanged does not get on.
    let moved = false;
    for (const agent of agents) {
      if (machine.ready(agent)) {
        moved = this.take(state, agent) || moved;
      }
    }
    if (!moved) {
      this.ends++;
      const condition = this.explored.brokenAtTheEnd();
      if (condition > 0) {
        this.report(condition, state, -1, this.orders.depthOf(state));
      }
    }
  }

  /** True when the step leads to another state. */
  private take(state: number, agent: number): boolean {
    const { machine } = this.explored;
    machine.step(agent);
    this.explored.stepped(agent);
    wipeDead(machine, agent);
    const reached = this.arrive(state, agent);
    machine.revert();
    return reached !== state;
  }

  /** The state after a step; -1 when a condition is broken there. */
  private arrive(state: number, agent: number): number {
    this.steps++;
    const condition = this.explored.broken();
    if (condition > 0) {
      this.report(condition, state, agent, this.orders.depthOf(state) + 1);
      return -1;
    }
    const before = this.set.size;
    const reached = this.set.add(state);
    if (this.set.size > before) {
      this.orders.remember(reached, state, agent);
    }
    return reached;
  }

  private report(condition: number, from: number, agent: number, depth: number): void {
    if (this.found === undefined || depth < this.found.depth) {
      this.found = { condition, from, agent, depth };
    }
  }
}

/** What a search has come to; `full`: it ended because its memory was. */
export function resultOf(state: SearchState, full: boolean, found: Broken | undefined, orders: Orders): SearchResult {
  return {
    ...state,
    complete: found !== undefined || !full,
    found: found && { condition: found.condition, order: orders.orderTo(found) },
  };
}
