import type { Outcome } from '../session/outcome.ts';

/** What `irqscope run` found in one file. */
export interface FileOutcome extends Outcome {
  /** Path as the user gave it, or below the folder that the user gave. */
  readonly file: string;
}
