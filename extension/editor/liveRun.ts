import { check } from '../scenario/check.ts';
import { parse } from '../scenario/parse.ts';
import { ownText, type ScenarioText } from '../scenario/tree.ts';
import { type Anchor, find } from '../session/place.ts';
import { Session } from '../session/session.ts';

/** Steps that are run for a picture that follows the text; the rest is run when the user steps there. */
const MAX_STEPS = 1_000_000;

/** Steps between two looks at the clock, and milliseconds after which others get their turn. */
const BATCH = 2_048;
const TURN = 12;

export type LiveResult =
  | { readonly kind: 'run'; readonly session: Session; readonly anchor: Anchor }
  /** The text cannot be run; `line` is 1-based, and one of `file` when that, which it includes, is meant. */
  | { readonly kind: 'refused'; readonly line: number; readonly file?: string; readonly message: string };

/**
 * Runs a text to its end and goes to the place of `anchor`. Others act in between, and `outdated` is asked then.
 * @returns undefined when the run was outdated before it was done
 */
export async function runLive(
  text: ScenarioText,
  anchor: Anchor,
  outdated: () => boolean,
): Promise<LiveResult | undefined> {
  const { program, diagnostics } = check(parse(text));
  if (program === undefined) {
    const error = diagnostics.find(({ severity }) => severity === 'error');
    const [line, message] = [(error?.range.line ?? 0) + 1, error?.message ?? ''];
    return { kind: 'refused', line, message, ...(error?.file !== undefined && { file: error.file }) };
  }
  const session = new Session(program);
  session.source = { text, options: {} };
  let turnEnds = performance.now() + TURN;
  while (!session.finished && session.length < MAX_STEPS) {
    session.seek(session.length + BATCH);
    if (performance.now() < turnEnds) continue;
    await new Promise(resolve => setTimeout(resolve));
    if (outdated()) return undefined;
    turnEnds = performance.now() + TURN;
  }
  const found = find(session, anchor, ownText(text));
  session.seek(found.position);
  return { kind: 'run', session, anchor: found.anchor };
}
