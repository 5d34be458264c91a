/**
 * Partial-order reduction: in each state only the next steps of some agents are tried, a persistent set. Nothing that the other agents can do
 * before one of these steps depends on it, so that orders that begin otherwise lead to the same states.
 *
 * - An agent is in the set when what it may still touch (`Futures`) depends on the next step of one that is in it already. This goes for steps
 *   that wait, too: what they wait for is what they read.
 * - If any of the steps changes what a condition looks at, all agents are in the set.
 * - A plain store that goes into a store buffer touches nothing; it touches its word when it comes out, which is a step of the agent that
 *   stands for the buffer. An agent and its own buffer need not be told apart: loads see the same either way, and a locked operation that
 *   lets a store out does the same as the store coming out before it.
 *
 * Futures are learnt on the way. A set that was chosen before something became known is looked at again (`still`), until nothing is left.
 */

import { holds } from '../holding.ts';
import type { Machine } from '../machine.ts';
import { wipeDead } from '../restated/liveness.ts';
import { activityOf, Footprint } from './footprint.ts';
import { depends, Futures, noTouches, type Place, type Touches } from './future.ts';
import { KnownSteps } from './known.ts';
import type { Visibility } from './visibility.ts';

/** What the conditions and agents of a race look at, beside the words that steps read. */
export interface Looks {
  /** Operations of the engine take part. */
  readonly engine: boolean;
  /** Addresses that conditions look at after every step; `activityOf` included. */
  readonly visible: ReadonlySet<number>;
  /** Agents whose steps a condition counts. */
  readonly counted: ReadonlySet<number>;
  /** Agents that make this one stand still while they are at work. */
  heldBy(agent: number): readonly number[];
  /** How much of what the agent was given is done. */
  progress(agent: number): number;
  /** What others may know of what an agent is in the middle of. */
  status(agent: number): number;
  /** What the engine's invariants see of steps. */
  readonly invariants: Visibility;
}

/** The next step of an agent, and where it leads. */
export interface Move {
  readonly agent: number;
  /** How many steps it is: more than one in an operation that cannot be interrupted. */
  readonly steps: number;
  /** Addresses and differences, as `Memory.forEachUncommitted` tells them. */
  readonly changes: readonly number[];
  readonly visible: boolean;
  /** Number of a condition that is broken behind it. */
  readonly broken: number;
}

/** A longer operation that cannot be interrupted goes on as a step of its own. */
const MOST_AT_ONCE = 1000;

/** Agents whose steps are tried, as numbers in `agents`. */
export type Chosen = readonly number[];

export class Reduction {
  readonly futures: Futures;
  private readonly footprint: Footprint;
  private readonly known: KnownSteps | undefined;
  private readonly places: Place[] = [];
  private readonly touches: Touches[];
  private readonly shown: Touches[];
  /** Index in `agents` of the agent whose buffer an agent stands for; -1 for none. */
  private readonly owners: readonly number[];
  readonly moves: (Move | undefined)[] = [];

  constructor(
    private readonly m: Machine,
    readonly agents: readonly number[],
    private readonly looks: Looks,
    private readonly take: { stepped(agent: number): void; broken(): number },
  ) {
    this.futures = new Futures(m);
    this.footprint = new Footprint(m, looks.engine);
    this.known = looks.engine ? new KnownSteps(m, this.footprint) : undefined;
    const threads = m.buffers?.threads ?? m.agentCount;
    this.owners = agents.map(agent => (agent >= threads ? agents.indexOf(agent - threads) : -1));
    this.touches = agents.map(noTouches);
    this.shown = agents.map(noTouches);
  }

  /** Tries the next step of every agent in the present state. Nothing may be uncommitted; nothing is afterwards. */
  look(): void {
    const { futures, agents } = this;
    for (let known = -1; known !== futures.revision; ) {
      known = futures.revision;
      agents.forEach((_, i) => {
        this.tryStep(i);
      });
    }
    this.owners.forEach((owner, i) => {
      if (owner >= 0) {
        futures.shown(this.shown[i], agents[owner], this.places[owner]);
      }
    });
  }

  /** The smallest persistent set that can make do without some agent that could act; undefined when all have to be tried. */
  choose(): Chosen | undefined {
    const { moves } = this;
    const ready = moves.filter(move => move !== undefined).length;
    let best: Chosen | undefined;
    let fewest = ready;
    for (let i = 0; i < moves.length; i++) {
      if (moves[i] === undefined || best?.includes(i)) {
        continue;
      }
      const chosen = this.closure([i]);
      const count = chosen.filter(each => moves[each] !== undefined).length;
      if (count < fewest && !chosen.some(each => moves[each]?.visible)) {
        fewest = count;
        best = chosen;
      }
    }
    return best;
  }

  /** The set with what has to be in it by what is known now; undefined when all agents have to. */
  still(chosen: Chosen): Chosen | undefined {
    const closed = this.closure(chosen);
    const all = this.moves.every((move, i) => move === undefined || closed.includes(i));
    return all || closed.some(each => this.moves[each]?.visible) ? undefined : closed;
  }

  private closure(first: Chosen): number[] {
    const { agents, m } = this;
    const chosen = [...first];
    for (let next = 0; next < chosen.length; next++) {
      const at = chosen[next];
      const owner = this.owners[at];
      // An empty buffer waits for its agent to store something.
      if (owner >= 0 && this.moves[at] === undefined && !chosen.includes(owner)) {
        chosen.push(owner);
      }
      for (let other = 0; other < agents.length; other++) {
        if (chosen.includes(other)) {
          continue;
        }
        const pair = this.owners[other] === at ? at : this.owners[at] === other ? other : -1;
        const dependent =
          pair >= 0
            ? m.buffers?.full(agents[pair]) === true
            : depends(this.touches[at], this.owners[other] >= 0 ? this.shown[other] : this.places[other].future);
        if (dependent) {
          chosen.push(other);
        }
      }
    }
    return chosen;
  }

  /** Takes the next step of an agent if it can act, notes what it touched, and puts everything back. */
  private tryStep(i: number): void {
    const { m, footprint, futures, looks, take } = this;
    const agent = this.agents[i];
    footprint.begin(agent);
    const place = futures.placeOf(agent, looks.progress(agent));
    this.places[i] = place;
    for (const holder of looks.heldBy(agent)) {
      footprint.reads.push(activityOf(m, holder));
    }
    this.moves[i] = undefined;
    const before = looks.status(agent);
    looks.invariants.begin(agent, footprint.reads);
    if (this.takeStep(agent, place)) {
      let visible = looks.counted.has(agent);
      let broken = 0;
      let steps = 0;
      // Nobody else acts while the operation cannot be interrupted: the whole of it is one step.
      do {
        footprint.watch(() => take.stepped(agent), false);
        steps++;
        broken = take.broken();
      } while (
        broken === 0 &&
        holds(m, agent) &&
        steps < MOST_AT_ONCE &&
        this.takeStep(agent, futures.placeOf(agent, looks.progress(agent)))
      );
      if (looks.status(agent) !== before) {
        footprint.writes.push(activityOf(m, agent));
      }
      visible ||= footprint.writes.some(address => looks.visible.has(address));
      visible ||= looks.invariants.sees(agent, footprint.writes);
      futures.leads(place, futures.placeOf(agent, looks.progress(agent)));
      wipeDead(m, agent);
      const changes: number[] = [];
      m.forEachUncommitted((address, difference) => {
        changes.push(address, difference);
      });
      this.moves[i] = { agent, steps, changes, visible, broken };
      m.revert();
    }
    futures.note(place, footprint, this.touches[i]);
  }

  /** False when the agent cannot act. */
  private takeStep(agent: number, place: Place): boolean {
    const { m, footprint, known } = this;
    if (known !== undefined) {
      return known.take(agent, place);
    }
    const ready = footprint.watch(() => m.ready(agent));
    if (ready) {
      footprint.watch(() => m.step(agent));
    }
    return ready;
  }

  /**
   * Runs to an end some times, each time with another agent in front, so that most of what agents touch is known before anything is chosen.
   * At most `steps` steps each.
   */
  warmUp(steps: number): void {
    const { m, agents } = this;
    for (let first = 0; first < agents.length; first++) {
      const order = [first, ...agents.keys()];
      const idle = new Set<number>();
      const applied: number[] = [];
      for (let taken = 0; taken < steps; taken++) {
        const next = order.find(i => !idle.has(i) && this.canMove(i));
        if (next === undefined) {
          break;
        }
        const { changes } = this.moves[next] as Move;
        if (changes.length === 0) {
          idle.add(next);
          continue;
        }
        idle.clear();
        for (let at = 0; at < changes.length; at += 2) {
          m.words[changes[at]] ^= changes[at + 1];
        }
        applied.push(...changes);
      }
      for (let at = applied.length - 2; at >= 0; at -= 2) {
        m.words[applied[at]] ^= applied[at + 1];
      }
    }
  }

  private canMove(i: number): boolean {
    this.tryStep(i);
    return this.moves[i] !== undefined;
  }
}
