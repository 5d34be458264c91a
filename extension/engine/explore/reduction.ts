/**
 * Partial-order reduction: a step that touches only what no other agent ever touches need not be tried against the others, because
 * every order leads to the same states with that step taken first.
 *
 * What agents touch is not known before. The search is therefore begun anew whenever an agent touches a word that a step
 * tried alone had taken for its own, until nothing new turns up (`stale`).
 */
import type { Explored } from './search.ts';

export class Reduction {
  constructor(private readonly explored: Explored) {}

  /** An agent whose next step can be taken alone, or -1. */
  privateStep(_agents: readonly number[]): number {
    return this.explored.agents.length === 1 ? this.explored.agents[0] : -1;
  }
}
