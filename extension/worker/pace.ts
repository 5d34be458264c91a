import type { Progress } from './messages.ts';

/** Milliseconds between two reports of progress: ten a second at most. */
const BETWEEN_REPORTS = 100;

/** Says when a report is due, by a clock in milliseconds. */
export function pace(now: () => number, report: (progress: Progress) => void): (progress: Progress) => void {
  let last = now();
  return ({ states, left }) => {
    if (now() - last >= BETWEEN_REPORTS) {
      last = now();
      report({ states, left });
    }
  };
}
