import { check } from '../scenario/check.ts';
import { parse } from '../scenario/parse.ts';
import { Session } from '../session/session.ts';

/** A line of a sample scenario that passes through a kernel function. */
export interface Passage {
  readonly file: string;
  /** 1-based line of the first statement that does. */
  readonly line: number;
}

/** A sample that steps further is left where it is. */
const MOST_STEPS = 20_000;

/** Kernel function to the samples that pass through it, each with the first statement that does. */
export function passagesOf(
  samples: readonly { readonly file: string; readonly text: string }[],
): Map<string, Passage[]> {
  const out = new Map<string, Passage[]>();
  for (const { file, text } of samples) {
    const { program } = check(parse(text));
    if (!program) continue;
    const session = new Session(program);
    const seen = new Set<string>();
    for (let n = 0; n < MOST_STEPS && !session.finished; n++) {
      session.move('stepInto');
      const line = session.lineOf(session.position);
      for (const place of session.explain().path) {
        if (seen.has(place)) continue;
        seen.add(place);
        out.set(place, [...(out.get(place) ?? []), { file, line }]);
      }
    }
  }
  return out;
}
