/** What a scenario adds to a machine: memory, agents and operations of its own. */
import { type Operation, operations } from './operation.ts';

export interface Addition {
  /** Names of agents that run what the scenario gives them, numbered from `Machine.addedAgent(0)` on. */
  readonly agents: readonly string[];
  /** Words of memory behind the machine's own, from `Machine.added` on. */
  readonly words: number;
  /** Operations by number: one that has the number of an engine's operation replaces it. */
  readonly operations: readonly Operation[];
  /** Plain stores of restated operations, and those of the kernel that other CPUs read, wait in the agent's store buffer, as on x86. */
  readonly storeBuffers: boolean;
  /** Name of the variable at an offset behind `Machine.added`; undefined for bookkeeping. */
  readonly nameOf: (offset: number) => string | undefined;
}

export const NOTHING_ADDED: Addition = {
  agents: [],
  words: 0,
  operations: [],
  storeBuffers: false,
  nameOf: () => undefined,
};

/** What an agent has to do beside the operation that it runs. Everything that it remembers stands in the machine's memory. */
export interface Agenda {
  /** Do its agents act now? Then plain stores wait in store buffers. */
  readonly racing: boolean;
  /** Can this idle agent begin something? */
  has(agent: number): boolean;
  /** Gives the agent its next operation. */
  begin(agent: number): void;
  /** Has agent number `index` of the race done all that it was given? */
  done(index: number): boolean;
  /** Must the agent wait because something runs on its CPU? */
  holds(agent: number): boolean;
}

/** The engine's operations, with those of a scenario in their places and behind them. */
export function withRestated(own: readonly Operation[]): readonly Operation[] {
  const all = operations.slice();
  for (const each of own) {
    all[each.id] = each;
  }
  return all;
}
