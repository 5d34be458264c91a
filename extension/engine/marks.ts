/** What happened in a step, beside its writes; kept with the step. Bit numbers. */
export const MARK = {
  exit: 0,
  notification: 1,
  wakeup: 2,
  delivery: 3,
  failure: 4,
  user: 5,
  entry: 6,
  dropped: 7,
  fault: 8,
} as const;
