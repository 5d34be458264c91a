/** Runs a program and keeps every picture of it. */
import { check } from '../scenario/check.ts';
import { parse } from '../scenario/parse.ts';
import type { Program } from '../scenario/program.ts';
import type { ScenarioText } from '../scenario/tree.ts';
import { Told } from './delta.ts';
import { UserError } from './expression.ts';
import type { Delta, Recording } from './protocol.ts';
import { Session } from './session.ts';
import { snapshotOf, timelineOf } from './snapshot.ts';

/** Steps that a page holds at most: some megabytes of text. */
export const MAX_RECORDED = 5_000;

/**
 * The run of a scenario's text, up to `MAX_RECORDED` steps. Throws UserError when the text has errors.
 * @param title what the page calls it
 */
export function recordingOf(text: ScenarioText, title: string): Recording {
  const { program, diagnostics } = check(parse(text));
  if (program === undefined) {
    const error = diagnostics.find(({ severity }) => severity === 'error');
    throw new UserError(`line ${(error?.range.line ?? 0) + 1}: ${error?.message}`);
  }
  return recordingOfRun(program, [], title);
}

/** The run of a program, up to `MAX_RECORDED` steps. `order`: which agent takes each step of its race. */
export function recordingOfRun(program: Program, order: readonly number[], title: string): Recording {
  const session = new Session(program, order);
  session.seek(MAX_RECORDED);
  const { length } = session;
  const told = new Told();
  const pictureAt = (step: number) => {
    session.seek(step);
    const snapshot = snapshotOf(session, { title, uri: '' }, step, 'all');
    return { snapshot, news: told.news({ type: 'snapshot', snapshot }) };
  };
  const first = pictureAt(0).snapshot;
  const deltas = Array.from({ length }, (_, i) => pictureAt(i + 1).news as Delta);
  return { first, deltas, timeline: { type: 'timeline', from: 1, ...timelineOf(session, 1, length) } };
}
