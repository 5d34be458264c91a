import type { Candidate } from './candidate.ts';
import type { Explanation } from './explanation.ts';
import { type Lines, unwrap } from './lines.ts';

/** Runs of changed lines longer than this are not paired. */
const MAX_RUN = 40;

type Side = '+' | '-';

function sideOf(lines: Lines, n: number): string | undefined {
  return n >= 0 && n < lines.count ? unwrap(lines.at(n), true).side : undefined;
}

function runFrom(lines: Lines, n: number, side: Side, step: 1 | -1): number {
  let k = n;
  while (Math.abs(k - n) < MAX_RUN && sideOf(lines, k + step) === side) k += step;
  return k;
}

/**
 * The line on the other side of a change: removed and added lines of a hunk are paired in their order when there are
 * as many of one as of the other.
 */
export function otherSide(lines: Lines, n: number): number | undefined {
  const side = sideOf(lines, n);
  if (side !== '+' && side !== '-') return undefined;
  const first = runFrom(lines, n, side, -1);
  const last = runFrom(lines, n, side, 1);
  const size = last - first + 1;
  const near = side === '-' ? last + 1 : first - 1;
  const other = side === '-' ? '+' : '-';
  if (sideOf(lines, near) !== other) return undefined;
  const far = runFrom(lines, near, other, side === '-' ? 1 : -1);
  const start = Math.min(near, far);
  return Math.abs(far - near) + 1 === size ? start + (n - first) : undefined;
}

/** What `after` says that `before` does not, from the last colon at which they still agree. */
function tail(before: string, after: string): string {
  let at = 0;
  for (let colon = after.indexOf(': '); colon !== -1; colon = after.indexOf(': ', colon + 1)) {
    if (before.startsWith(after.slice(0, colon + 2))) at = colon + 2;
  }
  return after.slice(at);
}

/** `vector 0xf2 → 0xf1`: what differs between two readings of one format, old first; or the meanings themselves. */
export function difference(before: Explanation, after: Explanation): string {
  const values = new Map(before.rows.map(row => [row.field, row]));
  const named = (row: { readonly value: string; readonly meaning: string }) =>
    /^[(0]|^[a-z]/.test(row.meaning) && row.meaning.length > 24
      ? row.value
      : row.meaning.replace(/^\((.*)\)$/, `${row.value} ($1)`);
  const changed = after.rows.flatMap(row => {
    const old = values.get(row.field);
    return old && old.value !== row.value ? [`${row.field} ${named(old)} → ${named(row)}`] : [];
  });
  if (before.title === after.title && changed.length > 0) return changed.join('; ');
  return `${before.title} (${before.meaning}) → ${after.title} (${tail(before.meaning, after.meaning)})`;
}

/** The counterpart of a candidate on the other side: the one at the same place in the order, if it says something else. */
export function counterpart(
  own: readonly Candidate[],
  other: readonly Candidate[],
  candidate: Candidate,
): Candidate | undefined {
  const found = own.length === other.length ? other[own.indexOf(candidate)] : undefined;
  return found && found.text !== candidate.text ? found : undefined;
}

/** Two macros of one kind, or two words with fields in common: anything else did not become the other. */
function comparable(a: Explanation, b: Explanation): boolean {
  if (a.rows.length === 0 || b.rows.length === 0) {
    return a.rows.length === b.rows.length && a.meaning.split(' ')[0] === b.meaning.split(' ')[0];
  }
  const names = new Set(a.rows.map(row => row.field));
  return b.rows.some(row => names.has(row.field));
}

/** The explanation with a first note that says what the patch changes. */
export function withChange(explanation: Explanation, other: Explanation, side: Side): Explanation {
  if (!comparable(explanation, other)) return explanation;
  if (explanation.meaning === other.meaning && explanation.value === other.value) return explanation;
  const [before, after] = side === '-' ? [explanation, other] : [other, explanation];
  return { ...explanation, notes: [`this patch: ${difference(before, after)}`, ...explanation.notes] };
}
