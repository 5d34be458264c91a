/** What a race adds to its machine: memory, threads and operations. */
import type { Addition } from '../engine/addition.ts';
import type { Machine } from '../engine/machine.ts';
import { compileOperations } from '../engine/restated/compile.ts';
import type { Program } from '../scenario/program.ts';
import type { Race, RaceAgent } from '../scenario/race.ts';
import { INIT } from '../scenario/restate.ts';

/**
 * Words of a race, behind those that the scenario declares: the phase, how many steps were taken, the first condition that broke, and
 * the agents (bits) whose steps have changed nothing since the last change.
 */
export const PHASE = 0;
export const TAKEN = 1;
export const BROKEN = 2;
export const SPUN = 3;
export const COUNTERS = 4;

/** What the scenario adds to the machine: a thread for each agent that calls operations, and one for `init`. */
export function additionOf(program: Program): Addition | undefined {
  const { additions, race } = program;
  if (additions === undefined) {
    return undefined;
  }
  const { operations, storeBuffers, words } = additions;
  return {
    agents: race === undefined ? [] : [...threadsOf(race).map(each => each.label), INIT],
    words: words + (race === undefined ? 0 : COUNTERS + race.agents.length + 2 * race.conditions.length),
    operations: compileOperations(operations, storeBuffers),
    storeBuffers,
    nameOf: offset => {
      const found = additions.shared.find(each => offset >= each.offset && offset < each.offset + each.length);
      return found === undefined || found.length === 1 ? found?.name : `${found.name}[${offset - found.offset}]`;
    },
  };
}

/** Sets the variables that the scenario declares. */
export function setShared(m: Machine, program: Program): void {
  for (const { offset, length, initial } of program.additions?.shared ?? []) {
    for (let i = 0; i < length; i++) {
      m.words[m.added + offset + i] = initial;
    }
  }
}

/** Agents of a race that call operations: each is a thread of its own. */
export function threadsOf(race: Race): RaceAgent[] {
  return race.agents.filter(agent => agent.does.kind === 'code');
}
