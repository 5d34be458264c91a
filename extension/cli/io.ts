/** What a command of the command line may use; tests pass their own. */
export interface Io {
  out(text: string): void;
  err(text: string): void;
  readStdin(): Promise<string>;
  /** Width of the terminal that shows the output; absent when it goes to a file or to another program. */
  readonly columns?: number | undefined;
}

/**
 * Exit codes: 0 everything holds, 1 something failed, 2 the command could not do its work (usage, unreadable or broken input), 130 Ctrl-C
 * (128 + SIGINT, as shells have it).
 */
export const EXIT = { ok: 0, failed: 1, unusable: 2, interrupted: 130 } as const;

// Control characters but tab and line feed, and those that turn the direction of text: a terminal obeys them.
const OBEYED = /(?![\t\n])[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Text of others (values, file names, messages about them) as a terminal can show it: `\x1b` for an escape. What JSON
 * leaves as it is becomes `\u009b`, so that JSON stays JSON.
 */
export function visible(text: string): string {
  return text.replace(OBEYED, character => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
