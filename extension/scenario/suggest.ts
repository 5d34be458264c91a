import { type Code, type Diagnostic, diagnostic } from './diagnostics.ts';
import type { Token } from './tokens.ts';

/** Slips (letter missing, added, wrong, or two exchanged) between two words, at most `limit + 1`. */
function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const exchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const changed = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(
        Math.min(row[j] + 1, next[j - 1] + 1, changed, exchanged ? before[j - 2] + 1 : Number.POSITIVE_INFINITY),
      );
    }
    [before, row] = [row, next];
  }
  return row[b.length];
}

/** The candidate that was meant: the only one that begins with `word`, or the one with fewest slips, at most one in three letters. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  const begun = lower.length > 1 ? candidates.filter(each => each.toLowerCase().startsWith(lower)) : [];
  if (begun.length === 1) return begun[0];
  let best: string | undefined;
  let least = Math.max(1, Math.floor(lower.length / 3)) + 1;
  for (const candidate of candidates) {
    const d = distance(lower, candidate.toLowerCase(), least - 1);
    if (d < least) [best, least] = [candidate, d];
  }
  return best;
}

/** `a`, `a or b`, `a, b or c`, each as code. */
export function alternatives(words: readonly string[]): string {
  const quoted = words.map(word => `\`${word}\``);
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted[quoted.length - 1]}`;
}

/** How much of a foreign word a message repeats. */
export function shown(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

/** `word` is none of `candidates`: says so, names them or the nearest, and offers the nearest as a fix. */
export function notOneOf(code: Code, word: Token, what: string, candidates: readonly string[]): Diagnostic {
  const near = nearest(word.text, candidates);
  const rest = near === undefined ? `Write ${alternatives(candidates)}.` : `Did you mean \`${near}\`?`;
  const fix = near === undefined ? undefined : { title: `Change to '${near}'`, range: word.range, text: near };
  return diagnostic(code, word.range, `\`${shown(word.text)}\` is not ${what}. ${rest}`, fix);
}
