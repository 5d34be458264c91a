import type { Code } from './diagnostics.ts';
import type { Range } from './program.ts';

/** Ends the reading of the operation or condition in which it was found. */
export class CodeProblem extends Error {
  constructor(
    readonly code: Code,
    readonly range: Range,
    message: string,
  ) {
    super(message);
  }
}
