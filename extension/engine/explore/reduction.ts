/**
 * Partial-order reduction: a step that touches only what no other agent ever touches need not be tried against the others' steps. It can be
 * moved in front of them in every order, so it is taken alone (a persistent set of one step).
 *
 * What agents touch is not known before. It is noted while the search runs; when an agent touches a word that a step taken alone had for its
 * own, that step was taken alone wrongly, and the search begins anew with what is known by then. It ends because words only become shared.
 * Loads of a restated operation are all seen; those of the engine's own operations are not, so their steps are never taken alone.
 */
import { AGENT, AGENT_WORDS, FRAME_WORDS } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { Observer } from '../memory.ts';
import { operations } from '../operation.ts';

/** Agents are bits of a word. */
export const MOST_AGENTS = 31;

export class Reduction implements Observer {
  /** A step taken alone was not its agent's own: the search must begin anew. */
  stale = false;

  /** By address: the agents that touch the word. */
  private readonly touchedBy: Int32Array;
  /** By address: the agents that touched it in a step that was taken alone. */
  private readonly aloneBy: Int32Array;
  private readonly step: number[] = [];
  private bit = 0;
  /** One of the engine's own operations has taken a step: it may have read any word of a vCPU or CPU. */
  private engineRuns = false;
  private aloneInEngine = false;

  constructor(
    private readonly m: Machine,
    /** Words that conditions look at after every step. */
    visible: ReadonlySet<number>,
  ) {
    this.touchedBy = new Int32Array(m.words.length);
    this.aloneBy = new Int32Array(m.words.length);
    for (const address of visible) {
      this.touchedBy[address] = -1;
    }
  }

  /** The search begins anew. What agents touch stays known. */
  forget(): void {
    this.stale = false;
    this.aloneInEngine = false;
    this.aloneBy.fill(0);
  }

  /** What `agent` does from now on counts as its own. */
  begin(agent: number): void {
    this.bit = 1 << agent;
    this.step.length = 0;
  }

  /** The agent can act: does one of the engine's own operations run then? */
  act(agent: number): void {
    const { m } = this;
    const buffer = agent >= m.ownAgents + m.addition.agents.length;
    if (!this.engineRuns && !buffer && (m.idle(agent) || !this.restated(agent))) {
      this.engineRuns = true;
      this.stale ||= this.aloneInEngine;
    }
  }

  read(address: number): void {
    this.touch(address);
  }

  write(address: number): void {
    this.touch(address);
  }

  private touch(address: number): void {
    if (this.isOwn(address)) {
      return;
    }
    this.touchedBy[address] |= this.bit;
    this.step.push(address);
    if ((this.aloneBy[address] & ~this.bit) !== 0) {
      this.stale = true;
    }
  }

  /** Could the step of `agent` that was just taken be taken alone? */
  alone(agent: number): boolean {
    const { m, step, touchedBy } = this;
    if (!m.idle(agent) && !this.restated(agent)) {
      return false;
    }
    let inEngine = false;
    for (const address of step) {
      if ((touchedBy[address] & ~this.bit) !== 0 || this.isBuffer(address)) {
        return false;
      }
      inEngine ||= address < m.added;
    }
    if (inEngine && this.engineRuns) {
      return false;
    }
    this.aloneInEngine ||= inEngine;
    for (const address of step) {
      this.aloneBy[address] |= this.bit;
    }
    return true;
  }

  /** Does the agent run nothing but what the scenario restates? */
  restated(agent: number): boolean {
    const { words, layout } = this.m;
    const base = layout.agents + agent * AGENT_WORDS;
    for (let depth = words[base + AGENT.depth]; depth > 0; depth--) {
      const id = words[base + AGENT.words + (depth - 1) * FRAME_WORDS] >>> 16;
      if (this.m.operations[id] === operations[id]) {
        return false;
      }
    }
    return true;
  }

  /** Words of the agent's own stack. */
  private isOwn(address: number): boolean {
    const { layout } = this.m;
    const at = address - layout.agents;
    return at >= 0 && at < this.m.agentCount * AGENT_WORDS && 1 << Math.floor(at / AGENT_WORDS) === this.bit;
  }

  private isBuffer(address: number): boolean {
    const { m } = this;
    return m.buffers !== undefined && address >= m.buffers.base && address < m.added;
  }
}
