/** Explores the race of a program: every order of its agents' steps, from the state that the statements before it lead to. */
import { DEFAULT_BYTES, Search, type SearchResult, type SearchState } from '../engine/explore/search.ts';
import type { Program } from '../scenario/program.ts';
import { Runner } from './runner.ts';

export interface ExploreOptions {
  readonly reduce?: boolean;
  readonly bytes?: number;
  /** Called now and then; false ends the exploration. */
  readonly progress?: (state: SearchState) => boolean;
}

export interface Exploration extends SearchResult {
  /** `holds`: complete, and nothing broke · `broken`: `found` is a shortest order · `unknown`: not complete. */
  readonly verdict: 'holds' | 'broken' | 'unknown';
  /** What broke, as it stands in the text. */
  readonly broken: string | undefined;
  /** Who takes each step of the order that broke it, for `Runner`. */
  readonly order: readonly number[];
}

/** States between two looks at `progress`. */
const STATES_BETWEEN_LOOKS = 2048;

export function explore(program: Program, options: ExploreOptions = {}): Exploration {
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
  const agents = Array.from({ length: machine.agentCount }, (_, i) => i);
  const search = new Search(
    {
      machine,
      agents,
      stepped: agent => race.stepped(agent),
      broken: () => race.broken(),
      brokenAtTheEnd: () => race.brokenAtTheEnd(),
    },
    { reduce: options.reduce ?? true, bytes: options.bytes ?? DEFAULT_BYTES },
  );
  let cancelled = false;
  while (!cancelled && !search.run(STATES_BETWEEN_LOOKS)) {
    cancelled = options.progress?.(search.state) === false;
  }
  const result = search.result;
  const complete = result.complete && !cancelled;
  const { found } = result;
  return {
    ...result,
    complete,
    verdict: found !== undefined ? 'broken' : complete ? 'holds' : 'unknown',
    broken: found === undefined ? undefined : race.textOf(found.condition),
    order: found?.order ?? [],
  };
}
