import type { Explanation } from './explanation.ts';

/** A piece of a line that can be explained. Columns are of the line as the user sees it, end exclusive. */
export interface Candidate {
  readonly start: number;
  readonly end: number;
  /** The text that is explained; longer than the range when it goes over several lines. */
  readonly text: string;
  /** Format, macro or event: what it is taken for. */
  readonly as: string;
  readonly explain: () => Explanation;
}

/** The innermost (shortest) candidate at a column. */
export function candidateAt(candidates: readonly Candidate[], column: number): Candidate | undefined {
  let best: Candidate | undefined;
  for (const c of candidates) {
    if (c.start <= column && column <= c.end && (!best || c.end - c.start < best.end - best.start)) best = c;
  }
  return best;
}
