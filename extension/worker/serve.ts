/** The explorer's worker: explores what it is asked to, in one go. Whoever does not want to know any more terminates it. */
import { explorable } from '../session/explorable.ts';
import { exploring } from '../session/explore.ts';
import { type Decision, type ExploreRequest, type Progress, parseRequest, type Report } from './messages.ts';
import { decisionOf, pace } from './pace.ts';

/** The worker's end of its connection: `self` in a Web Worker, `parentPort` in a worker thread. */
export interface Scope {
  postMessage(report: Report): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
}

/** @param now milliseconds */
export function serve(scope: Scope, now: () => number = Date.now): void {
  scope.onmessage = ({ data }) => scope.postMessage(answer(data, now, each => scope.postMessage(each)));
  scope.postMessage({ type: 'ready' });
}

function answer(message: unknown, now: () => number, tell: (report: Report) => void): Report {
  const request = parseRequest(message);
  if (request === undefined) {
    return { type: 'failed', why: 'the explorer did not understand what it was asked' };
  }
  try {
    const decision = decide(
      request,
      pace(now, progress => tell({ type: 'progress', ...progress })),
    );
    return { type: 'decided', decision };
  } catch (error) {
    return { type: 'failed', why: (error as Error).message };
  }
}

function decide({ text, variant, bytes }: ExploreRequest, report: (progress: Progress) => void): Decision {
  const found = explorable(text);
  if (typeof found === 'string') {
    throw new Error(found);
  }
  const chosen = found.find(each => each.variant === variant);
  if (chosen === undefined) {
    throw new Error(`the scenario has no variant ${variant}`);
  }
  const work = exploring(chosen.program, { bytes });
  for (;;) {
    const { done, value } = work.next();
    if (done) {
      return decisionOf(value);
    }
    report(value);
  }
}
