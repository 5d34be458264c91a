/** The worker: does what it is asked to, in one go. Whoever does not want to know any more terminates it. */
import { diagramOfText } from '../session/diagram.ts';
import { explorable } from '../session/explorable.ts';
import { exploring } from '../session/explore.ts';
import { comparisonOf } from '../session/profiles.ts';
import {
  type Answers,
  type Decision,
  decisionOf,
  type ExploreRequest,
  type Progress,
  parseRequest,
  type Report,
  type Request,
} from './messages.ts';
import { pace } from './pace.ts';

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
    return { type: 'failed', why: 'the worker did not understand what it was asked' };
  }
  try {
    return {
      type: 'answer',
      answer: work(
        request,
        pace(now, progress => tell({ type: 'progress', ...progress })),
      ),
    };
  } catch (error) {
    return { type: 'failed', why: (error as Error).message };
  }
}

function work(request: Request, report: (progress: Progress) => void): Answers[Request['type']] {
  switch (request.type) {
    case 'explore':
      return decide(request, report);
    case 'compare':
      return comparisonOf(request.text, request.alternative);
    case 'diagram':
      return diagramOfText(request.text);
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
