import { type Annotation, languageOf, likelyLines, lineReader } from './annotate.ts';
import { growingDefinitions } from './definitions.ts';
import type { Lines } from './lines.ts';

/** One line of the input and what is explained in it. */
export interface AnnotatedLine {
  readonly text: string;
  readonly found: readonly Annotation[];
}

/** Lines and characters that are read before the first of them is explained: definitions may stand below their use. */
const PART_LINES = 20_000;
const PART_CHARS = 4_000_000;
/** What a line's explanation may look at, up (the head of its hunk) and down (the other side of its change). */
const BEHIND = 512;
const AHEAD = 128;
/** Very long lines are no code: of them fewer are kept on either side. */
const NEAR_CHARS = 1_000_000;

/** The lines that are still needed; numbers count from the start of the input. */
class Part implements Lines {
  private lines: string[] = [];
  private first = 0;

  get count(): number {
    return this.first + this.lines.length;
  }

  at(n: number): string {
    return this.lines[n - this.first] ?? '';
  }

  push(line: string): void {
    this.lines.push(line);
  }

  /** The first of the lines before `end` that lie within `reach`. */
  near(end: number, reach: number): number {
    let n = end;
    for (let size = 0; n > Math.max(this.first, end - reach) && size < NEAR_CHARS; n--) {
      size += this.at(n - 1).length;
    }
    return n;
  }

  forget(before: number): void {
    const gone = before - this.first;
    this.lines = this.lines.slice(gone);
    this.first += gone;
  }

  text(from: number): string {
    return this.lines.slice(from - this.first).join('\n');
  }
}

/** As `annotate`, for an input of any length: memory is bounded by a part of it, whatever comes. */
export async function* annotateLines(input: AsyncIterable<string>): AsyncGenerator<AnnotatedLine> {
  const lines = new Part();
  const definitions = growingDefinitions();
  const read = lineReader(lines, definitions);
  let language = 'plaintext';
  let known = 0;
  let next = 0;
  let size = 0;

  function* explain(to: number): Generator<AnnotatedLine> {
    const text = lines.text(next);
    if (language === 'plaintext') language = languageOf(text);
    definitions.add(lines, known, lines.count);
    known = lines.count;
    const likely = new Set<number>();
    for (const n of likelyLines(text, false)) likely.add(next + n);
    for (; next < to; next++) {
      yield { text: lines.at(next), found: likely.has(next) ? read(next, language) : [] };
    }
    lines.forget(lines.near(next, BEHIND));
  }

  for await (const line of input) {
    lines.push(line);
    size += line.length + 1;
    if (lines.count - next >= PART_LINES || size >= PART_CHARS) {
      yield* explain(Math.max(next, lines.near(lines.count, AHEAD)));
      size = 0;
    }
  }
  yield* explain(lines.count);
}
