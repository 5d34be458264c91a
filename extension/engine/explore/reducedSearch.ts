/** Every order of the steps of a machine's agents but for those that partial-order reduction leaves out: decides, but not by a shortest order. */
import { type Broken, Orders } from './orders.ts';
import type { Chosen, Looks, Move } from './reduction.ts';
import { Reduction } from './reduction.ts';
import { type Explored, resultOf, type SearchResult, type SearchState } from './search.ts';
import { grown, StateSet } from './stateSet.ts';

/** Steps of each run that only shows what agents touch. */
const WARM_UP_STEPS = 2000;
/** States from which on it is known what the reduction is worth, and one in how many has to have some agent left out. */
const TRIAL = 4096;
const WORTH = 32;
/** A state in which every agent's step was tried. */
const ALL = -1;

export class ReducedSearch {
  private readonly set: StateSet;
  private readonly orders = new Orders();
  private readonly reduction: Reduction;
  /** By state: number of the set of agents that was tried, in `sets`, and what was known then. */
  private chosen = new Int32Array(1 << 12).fill(ALL);
  private revisions = new Int32Array(1 << 12);
  private readonly sets: Chosen[] = [];
  private readonly numbers = new Map<string, number>();
  private next = 0;
  /** The next state that is looked at again; only when no new one is left. */
  private again = 0;
  /** Something was found to be missing since `again` was 0. */
  private incomplete = false;
  /** States in which some agent was left out. */
  private smaller = 0;
  private steps = 0;
  private ends = 0;
  private deepest = 0;
  private full = false;
  private found: Broken | undefined;

  /** The machine is in the first state, and stays the search's own. */
  constructor(
    private readonly explored: Explored,
    looks: Looks,
    /** Most bytes that states may take. */
    private readonly bytes: number,
  ) {
    const { machine } = explored;
    machine.recording = true;
    machine.wiping = true;
    this.reduction = new Reduction(machine, explored.agents, looks, {
      stepped: agent => explored.stepped(agent),
      broken: () => explored.broken(),
    });
    this.reduction.warmUp(WARM_UP_STEPS);
    this.set = new StateSet(machine);
    this.set.add(-1);
  }

  get state(): SearchState {
    const { size } = this.set;
    return { states: size, steps: this.steps, left: size - this.next, depth: this.deepest, ends: this.ends };
  }

  /** Hardly ever is an agent left out: the plain search finds as many states, in less time. */
  get useless(): boolean {
    return this.next >= TRIAL && WORTH * this.smaller < this.next;
  }

  /** Tries the next steps of up to `count` states. True when there is nothing left to do. */
  run(count: number): boolean {
    for (let i = 0; i < count; i++) {
      if (this.full || this.found !== undefined) {
        return true;
      }
      if (this.next < this.set.size) {
        this.expand(this.next++);
      } else if (this.again < this.set.size) {
        this.lookAgain(this.again++);
      } else if (this.incomplete) {
        this.incomplete = false;
        this.again = 0;
      } else {
        return true;
      }
      this.full = this.set.bytes + this.orders.bytes + 16 * this.chosen.length > this.bytes;
    }
    return false;
  }

  get result(): SearchResult {
    return resultOf(this.state, this.full, this.found, this.orders);
  }

  private expand(state: number): void {
    const { reduction } = this;
    this.set.load(state);
    reduction.look();
    if (this.anyBroken(state)) {
      return;
    }
    this.takeAll(state, reduction.choose());
  }

  /** Sets that were chosen before more became known. */
  private lookAgain(state: number): void {
    const { reduction } = this;
    if (this.chosen[state] === ALL || this.revisions[state] === reduction.futures.revision) {
      return;
    }
    this.set.load(state);
    reduction.look();
    const before = this.sets[this.chosen[state]];
    const now = reduction.still(before);
    if (now === undefined || now.length > before.length) {
      this.incomplete = true;
      this.takeAll(state, now);
    } else {
      this.revisions[state] = reduction.futures.revision;
    }
  }

  /**
   * Steps of the agents in `chosen`; of all, if each of those leads to a state that was known before this one: going round in a circle would
   * leave the others out for ever.
   */
  private takeAll(state: number, chosen: Chosen | undefined): void {
    const { moves, futures } = this.reduction;
    let onwards = false;
    for (const each of chosen ?? []) {
      const move = moves[each];
      onwards = (move !== undefined && this.arrive(state, move) > state) || onwards;
    }
    const all = !onwards;
    this.note(state, all ? ALL : this.numberOf(chosen as Chosen), futures.revision);
    if (!all) {
      this.smaller++;
      return;
    }
    // Who spins on a value and finds it unchanged does not get on.
    let moved = false;
    for (const move of moves) {
      moved = (move !== undefined && this.arrive(state, move) !== state) || moved;
    }
    if (!moved) {
      this.ends++;
      const condition = this.explored.brokenAtTheEnd();
      if (condition > 0) {
        this.found = { condition, from: state, agent: -1, depth: this.orders.depthOf(state) };
      }
    }
  }

  private anyBroken(state: number): boolean {
    const broken = this.reduction.moves.find(move => move !== undefined && move.broken > 0);
    if (broken === undefined) {
      return false;
    }
    this.found = {
      condition: broken.broken,
      from: state,
      agent: broken.agent,
      depth: this.orders.depthOf(state) + broken.steps,
    };
    return true;
  }

  /** The state behind a step, which is remembered. */
  private arrive(state: number, { agent, steps, changes }: Move): number {
    const { machine } = this.explored;
    this.steps++;
    for (let at = 0; at < changes.length; at += 2) {
      machine.put(changes[at], machine.words[changes[at]] ^ changes[at + 1]);
    }
    const before = this.set.size;
    const reached = this.set.add(state);
    machine.revert();
    if (this.set.size > before) {
      this.orders.remember(reached, state, agent, steps);
      this.deepest = Math.max(this.deepest, this.orders.depthOf(reached));
    }
    return reached;
  }

  private note(state: number, chosen: number, revision: number): void {
    if (state >= this.chosen.length) {
      this.chosen = grown(this.chosen, state + 1);
      this.revisions = grown(this.revisions, state + 1);
    }
    this.chosen[state] = chosen;
    this.revisions[state] = revision;
  }

  private numberOf(chosen: Chosen): number {
    const key = chosen.join();
    let number = this.numbers.get(key);
    if (number === undefined) {
      number = this.sets.push(chosen) - 1;
      this.numbers.set(key, number);
    }
    return number;
  }
}
