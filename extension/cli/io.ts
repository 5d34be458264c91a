/** What a command of the command line may use; tests pass their own. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readStdin(): Promise<string>;
}

/** Exit codes: 0 everything holds, 1 something failed, 2 the command could not do its work (usage, unreadable or broken input). */
export const EXIT = { ok: 0, failed: 1, unusable: 2 } as const;
