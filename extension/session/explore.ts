/** Explores the race of a program: every order of its agents' steps, from the state that the statements before it lead to. */
import { ReducedSearch } from '../engine/explore/reducedSearch.ts';
import { DEFAULT_BYTES, Search, type SearchResult, type SearchState } from '../engine/explore/search.ts';
import type { Program } from '../scenario/program.ts';
import { looksOf } from './raceWords.ts';
import { Runner } from './runner.ts';

export interface ExploreOptions {
  /** Leave out orders that cannot make a difference; true unless said otherwise. */
  readonly reduce?: boolean;
  /** Memory for states; `DEFAULT_BYTES` unless said otherwise. */
  readonly bytes?: number;
}

export interface Exploration extends SearchResult {
  /** `holds`: complete, and nothing broke · `broken`: `found` is an order that breaks something · `unknown`: not complete. */
  readonly verdict: 'holds' | 'broken' | 'unknown';
  /** No order comes to an end, so that what must hold `finally` was never looked at: the verdict is `unknown`. */
  readonly neverAsked: boolean;
  /** What broke, as it stands in the text. */
  readonly broken: string | undefined;
  /** Who takes each step of the order that broke it, for `Runner`. */
  readonly order: readonly number[];
  /** No shorter order breaks anything; false only when there was no room to find out. */
  readonly shortest: boolean;
}

/** States in one piece: a few milliseconds. */
const STATES_BETWEEN_LOOKS = 1024;

/** What `exploring` comes to in the end. */
export function explore(program: Program, options: ExploreOptions = {}): Exploration {
  const work = exploring(program, options);
  for (;;) {
    const { done, value } = work.next();
    if (done) {
      return value;
    }
  }
}

/**
 * Explores piece by piece, and says in between how far it is; whoever does not ask for the next piece has cancelled it.
 * Throws when the program has no race, when the run does not come to it, and when a step is impossible (a list that overflows, a vCPU that
 * does not exist).
 */
export function* exploring(program: Program, options: ExploreOptions = {}): Generator<SearchState, Exploration> {
  const reduced = (options.reduce ?? true) ? yield* searchOf(program, options, true) : undefined;
  if (reduced !== undefined && reduced.verdict !== 'broken') {
    return reduced;
  }
  const all = (yield* searchOf(program, options, false)) as Exploration;
  if (reduced === undefined) {
    return all;
  }
  // The reduction keeps verdicts, not lengths: a shorter order was looked for among all. Either search alone finds that the race is broken.
  const { states, steps } = all.verdict === 'broken' && all.states < reduced.states ? all : reduced;
  return all.verdict === 'broken' ? { ...all, states, steps } : { ...reduced, shortest: false };
}

/** Undefined when the reduction hardly leaves anything out. */
function* searchOf(
  program: Program,
  options: ExploreOptions,
  reduce: boolean,
): Generator<SearchState, Exploration | undefined> {
  const runner = new Runner(program);
  const { race, machine } = runner;
  if (race === undefined) {
    throw new Error('the program has no race');
  }
  while (!runner.atRace) {
    if (runner.finished) {
      throw new Error('the run ends before the race begins');
    }
    runner.step();
  }
  race.prepare();
  const explored = {
    machine,
    stepped: (agent: number) => race.stepped(agent),
    broken: () => race.broken(),
    brokenAtTheEnd: () => race.brokenAtTheEnd(),
  };
  const bytes = options.bytes ?? DEFAULT_BYTES;
  const all = Array.from({ length: machine.agentCount }, (_, i) => i);
  const looks = looksOf(machine, program, race);
  // Where nothing of the engine acts, its agents need not be asked in every state.
  const agents = looks.engine ? all : all.filter(agent => race.owns(agent));
  const search = reduce
    ? new ReducedSearch({ ...explored, agents }, looks, bytes)
    : new Search({ ...explored, agents }, bytes);
  let room = true;
  try {
    while (!search.run(STATES_BETWEEN_LOOKS)) {
      if (search instanceof ReducedSearch && search.useless) {
        return undefined;
      }
      yield search.state;
    }
  } catch (error) {
    if (!isOutOfMemory(error)) {
      throw error;
    }
    room = false;
  }
  const result = search.result;
  const { found } = result;
  const complete = result.complete && (room || found !== undefined);
  const neverAsked = complete && result.ends === 0 && race.race.conditions.some(({ when }) => when === 'finally');
  return {
    ...result,
    complete,
    verdict: found !== undefined ? 'broken' : complete && !neverAsked ? 'holds' : 'unknown',
    neverAsked,
    broken: found === undefined ? undefined : race.textOf(found.condition),
    order: found?.order ?? [],
    shortest: true,
  };
}

/** The engine that runs this refuses an array: there is less memory than the bound allows. */
function isOutOfMemory(error: unknown): boolean {
  return error instanceof RangeError && /alloc|length/i.test(error.message);
}
