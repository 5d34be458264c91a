import type { Program } from '../scenario/program.ts';
import { exploring } from '../session/explore.ts';
import type { Cancellation } from './client.ts';
import { type Decision, decisionOf, type Progress } from './messages.ts';
import { pace } from './pace.ts';

/** Milliseconds of exploring at a time where it shares the host with everything else. */
const SLICE = 20;

/**
 * Explores in this host, in slices between which it does its other work: the same result, later. Undefined when it was cancelled.
 * @param bytes most that states may take
 */
export async function exploreHere(
  program: Program,
  bytes: number,
  report: (progress: Progress) => void,
  cancellation: Pick<Cancellation, 'isCancellationRequested'>,
): Promise<Decision | undefined> {
  const work = exploring(program, { bytes });
  const paced = pace(Date.now, report);
  for (let slice = Date.now(); !cancellation.isCancellationRequested; ) {
    const { done, value } = work.next();
    if (done) {
      return decisionOf(value);
    }
    if (Date.now() - slice >= SLICE) {
      paced(value);
      await new Promise(resolve => setTimeout(resolve));
      slice = Date.now();
    }
  }
  return undefined;
}
