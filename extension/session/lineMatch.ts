/** Which line of an edited text is which line of the text before: by text, and by position where the text itself was edited. */

/** Pairs of differing lines that are compared at most, in one changed block: beyond it only equal lines are matched there. */
const MAX_PAIRS = 10_000;

/** Share of common words from which on two statements count as one that was edited. */
const ALIKE = 0.5;

/** Worth of a pair that only its position speaks for: any likeness is worth more. */
const BY_POSITION = 0.01;

/** A statement without its comment and its indentation: neither makes it another one. */
const normal = (line: string): string => line.replace(/#.*/, '').trim().replace(/\s+/g, ' ');

/** Half-open blocks of lines that are to be matched with each other. */
interface Block {
  readonly before: number;
  readonly beforeEnd: number;
  readonly after: number;
  readonly afterEnd: number;
}

class Matching {
  /** For each line before the edit its line after it, or -1. */
  readonly to: Int32Array;
  private readonly a: readonly string[];
  private readonly b: readonly string[];

  constructor(before: string, after: string) {
    this.a = before.split('\n').map(normal);
    this.b = after.split('\n').map(normal);
    this.to = new Int32Array(this.a.length).fill(-1);
    this.block(this.trimmed({ before: 0, beforeEnd: this.a.length, after: 0, afterEnd: this.b.length }));
    this.moved();
  }

  /** Matches what is equal at both ends; returns the rest. */
  private trimmed({ before, beforeEnd, after, afterEnd }: Block): Block {
    while (before < beforeEnd && after < afterEnd && this.a[before] === this.b[after]) {
      this.to[before++] = after++;
    }
    while (before < beforeEnd && after < afterEnd && this.a[beforeEnd - 1] === this.b[afterEnd - 1]) {
      this.to[--beforeEnd] = --afterEnd;
    }
    return { before, beforeEnd, after, afterEnd };
  }

  /** Lines that stand only once in either text divide the block; what lies between them is aligned. */
  private block(block: Block): void {
    let { before, after } = block;
    for (const [line, partner] of this.landmarks(block)) {
      this.align(this.trimmed({ before, beforeEnd: line, after, afterEnd: partner }));
      this.to[line] = partner;
      before = line + 1;
      after = partner + 1;
    }
    this.align(this.trimmed({ ...block, before, after }));
  }

  /** Equal lines that stand once in each, as many as keep their order. */
  private landmarks({ before, beforeEnd, after, afterEnd }: Block): readonly (readonly [number, number])[] {
    const inBefore = onlyOnce(this.a, before, beforeEnd);
    const inAfter = onlyOnce(this.b, after, afterEnd);
    const pairs = [...inBefore].flatMap(([text, line]) => {
      const partner = inAfter.get(text);
      return partner === undefined ? [] : [[line, partner] as const];
    });
    return longestRise(pairs);
  }

  /** The pairing of greatest worth that keeps the order. */
  private align({ before, beforeEnd, after, afterEnd }: Block): void {
    const rows = beforeEnd - before;
    const columns = afterEnd - after;
    if (rows === 0 || columns === 0 || rows * columns > MAX_PAIRS) return;
    const least = rows === columns ? BY_POSITION : 0;
    const best = Array.from({ length: rows + 1 }, () => new Float64Array(columns + 1));
    const worth = Array.from({ length: rows }, (_, i) =>
      Array.from({ length: columns }, (_, j) => worthOf(this.a[before + i], this.b[after + j], least)),
    );
    for (let i = rows - 1; i >= 0; i--) {
      for (let j = columns - 1; j >= 0; j--) {
        best[i][j] = Math.max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + worth[i][j]);
      }
    }
    for (let i = 0, j = 0; i < rows && j < columns; ) {
      if (worth[i][j] > 0 && best[i][j] === best[i + 1][j + 1] + worth[i][j]) this.to[before + i++] = after + j++;
      else if (best[i][j] === best[i + 1][j]) i++;
      else j++;
    }
  }

  /** What was cut in one place and pasted in another: it stands once among the lines without a partner. */
  private moved(): void {
    const taken = new Set(this.to);
    const left = onlyOnce(this.a, 0, this.a.length, line => this.to[line] < 0);
    const found = onlyOnce(this.b, 0, this.b.length, line => !taken.has(line));
    for (const [text, line] of left) {
      this.to[line] = found.get(text) ?? -1;
    }
  }
}

/** Lines with text that stands once in the range, and where. */
function onlyOnce(
  lines: readonly string[],
  from: number,
  to: number,
  counts: (line: number) => boolean = () => true,
): Map<string, number> {
  const seen = new Map<string, number>();
  const twice = new Set<string>();
  for (let line = from; line < to; line++) {
    if (!counts(line) || lines[line] === '') continue;
    if (seen.has(lines[line])) twice.add(lines[line]);
    seen.set(lines[line], line);
  }
  for (const text of twice) seen.delete(text);
  return seen;
}

/** The longest run of pairs, ascending in the first member as given, that ascends in the second too. */
function longestRise(pairs: readonly (readonly [number, number])[]): readonly (readonly [number, number])[] {
  const ends: number[] = [];
  const previous = new Int32Array(pairs.length).fill(-1);
  for (const [i, [, partner]] of pairs.entries()) {
    let low = 0;
    for (let high = ends.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (pairs[ends[middle]][1] < partner) low = middle + 1;
      else high = middle;
    }
    previous[i] = low > 0 ? ends[low - 1] : -1;
    ends[low] = i;
  }
  const rise: (readonly [number, number])[] = [];
  for (let i = ends.at(-1) ?? -1; i >= 0; i = previous[i]) rise.push(pairs[i]);
  return rise.reverse();
}

/** 1 for equal statements, less for alike ones, `least` for others; next to nothing for equal emptiness. */
function worthOf(a: string, b: string, least: number): number {
  if (a === b) return a === '' ? BY_POSITION : 1;
  if (a === '' || b === '') return 0;
  const common = likeness(a, b);
  return common >= ALIKE ? common * 0.9 : least;
}

/** Common words of two statements, as a share of all: 0 to 1. */
function likeness(a: string, b: string): number {
  const words = a.split(/[\s,:]+/);
  const others = b.split(/[\s,:]+/);
  const left = [...others];
  let common = 0;
  for (const word of words) {
    const at = left.indexOf(word);
    if (at >= 0) {
      left.splice(at, 1);
      common++;
    }
  }
  return (2 * common) / (words.length + others.length);
}

/**
 * For each line of `before` (0-based) the line of `after` that is the same statement, or -1 when it was deleted. Comments and
 * white space do not count. Pure; linear in the lines but for the blocks that were changed.
 */
export function matchLines(before: string, after: string): Int32Array {
  return new Matching(before, after).to;
}
