import { type Diagnostic, diagnostic } from './diagnostics.ts';
import type { Range } from './program.ts';

/**
 * `word`: keyword, name or number, with the dots and dashes inside it (`pid.on`, `vtd-posting`, `6.16`) · `mark`: colon, comma or equals sign ·
 * `string`: behind `include`, from one quotation mark to the next, with both · `comment`: from `#` to the end of the line · `bad`:
 * characters that mean nothing in a scenario.
 */
export interface Token {
  readonly kind: 'word' | 'mark' | 'string' | 'comment' | 'bad';
  readonly text: string;
  readonly range: Range;
}

export interface SourceLine {
  readonly text: string;
  /** Without the comment. */
  readonly code: readonly Token[];
  readonly comment?: Token;
}

export interface Scan {
  readonly lines: readonly SourceLine[];
  readonly diagnostics: readonly Diagnostic[];
  /** The text was not looked at line by line: too large, or not text. */
  readonly refused: boolean;
  /** For each line, which line of the earlier text it was; -1 for a new one. */
  readonly origins: readonly number[];
}

/** UTF-16 units; a scenario of 100,000 ordinary lines stays below. */
export const MAX_LENGTH = 5_000_000;
export const MAX_LINES = 100_000;
/** A longer line is no action that anybody reads aloud. */
export const MAX_LINE_LENGTH = 2_000;

function refused(problem: Diagnostic): Scan {
  return { lines: [], diagnostics: [problem], refused: true, origins: [] };
}

const isDigit = (c: number) => c >= 48 && c <= 57;
const isLetter = (c: number) => (c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === 95;
/** Dot and dash may stand inside a word, not begin it. */
const isWord = (c: number) => isLetter(c) || isDigit(c) || c === 45 || c === 46;
const isBlank = (c: number) => c === 32 || (c >= 9 && c <= 13);
const isMark = (c: number) => c === 58 || c === 44 || c === 61;
const isHash = (c: number) => c === 35;
const isBad = (c: number) => !(isLetter(c) || isDigit(c) || isBlank(c) || isMark(c) || isHash(c));

function kindOf(c: number): Token['kind'] {
  if (isLetter(c) || isDigit(c)) return 'word';
  return isMark(c) ? 'mark' : isHash(c) ? 'comment' : 'bad';
}

function endOf(kind: Token['kind'], text: string, at: number): number {
  if (kind === 'mark') return at + 1;
  if (kind === 'comment') return text.length;
  const belongs = kind === 'word' ? isWord : isBad;
  let end = at + 1;
  while (end < text.length && belongs(text.charCodeAt(end))) end++;
  return end;
}

/** Only a path is quoted; elsewhere a quotation mark means nothing. */
function isString(text: string, start: number, code: readonly Token[]): boolean {
  return text[start] === '"' && code.length === 1 && code[0].text === 'include';
}

/** Up to the closing mark; without one, to the end of the line or the comment. */
function endOfString(text: string, start: number): number {
  const close = text.indexOf('"', start + 1);
  return close < 0 ? start + text.slice(start).replace(/#.*$/, '').trimEnd().length : close + 1;
}

/** The tokens of one line. */
export function scanLine(text: string, line: number): SourceLine {
  const code: Token[] = [];
  for (let start = 0; start < text.length; ) {
    const first = text.charCodeAt(start);
    if (isBlank(first)) {
      start++;
      continue;
    }
    const string = first === 34 && isString(text, start, code);
    const kind = string ? 'string' : kindOf(first);
    const end = string ? endOfString(text, start) : endOf(kind, text, start);
    const token: Token = { kind, text: text.slice(start, end), range: { line, start, end } };
    if (kind === 'comment') return { text, code, comment: { ...token, text: token.text.trimEnd() } };
    code.push(token);
    start = end;
  }
  return { text, code };
}

/** Lines end with LF, CRLF or CR, as in an editor. Gives undefined as soon as there are more than `most`. */
function splitLines(text: string, most: number): string[] | undefined {
  const lines: string[] = [];
  const end = /\r\n|\n|\r/g;
  let from = 0;
  for (let match = end.exec(text); match; match = end.exec(text)) {
    lines.push(text.slice(from, match.index));
    from = end.lastIndex;
    if (lines.length >= most) return undefined;
  }
  lines.push(text.slice(from));
  return lines;
}

/** Lines at the beginning and at the end that both texts have; what lies between has changed. */
function originsOf(texts: readonly string[], before: readonly SourceLine[]): number[] {
  const origins: number[] = new Array(texts.length).fill(-1);
  const shorter = Math.min(texts.length, before.length);
  let first = 0;
  while (first < shorter && texts[first] === before[first].text) {
    origins[first] = first;
    first++;
  }
  const shift = texts.length - before.length;
  for (let i = texts.length - 1; i - Math.max(shift, 0) >= first && texts[i] === before[i - shift].text; i--) {
    origins[i] = i - shift;
  }
  return origins;
}

/** Everything in a line that knows its number goes with it. */
export function moveRange(range: Range, line: number): void {
  (range as { line: number }).line = line;
}

function moved(source: SourceLine, line: number): SourceLine {
  for (const { range } of source.code) moveRange(range, line);
  if (source.comment) moveRange(source.comment.range, line);
  return source;
}

/**
 * Text to tokens, line by line. Linear in the length of the text, and bounded: see `MAX_LENGTH`, `MAX_LINES`, `MAX_LINE_LENGTH`.
 * Lines of an earlier text that have not changed are taken from there, and moved to where they are now: the earlier lines are used up.
 * `base`: number of the first line.
 */
export function scan(source: string, before: readonly SourceLine[] = [], base = 0): Scan {
  const origin: Range = { line: base, start: 0, end: 0 };
  if (source.length > MAX_LENGTH) {
    const size = `${(source.length / 1e6).toFixed(1)} million characters`;
    return refused(
      diagnostic(
        'irq101',
        origin,
        `This text has ${size}; a scenario has at most 5 million. Split it into several files.`,
      ),
    );
  }
  const text = source.startsWith('\ufeff') ? ` ${source.slice(1)}` : source;
  if (text.includes('\0')) {
    return refused(
      diagnostic('irq104', origin, 'This file holds NUL characters: it is not text. Write the scenario as UTF-8 text.'),
    );
  }
  const texts = splitLines(text, MAX_LINES);
  if (!texts) {
    const most = MAX_LINES.toLocaleString('en');
    return refused(
      diagnostic(
        'irq102',
        origin,
        `This text has more than ${most} lines; a scenario has at most ${most}. Split it into several files.`,
      ),
    );
  }
  const diagnostics: Diagnostic[] = [];
  const origins = originsOf(texts, before);
  const lines = texts.map((each, i): SourceLine => {
    const line = base + i;
    if (each.length > MAX_LINE_LENGTH) {
      const range = { line, start: 0, end: each.length };
      const message = `This line has ${each.length} characters; at most ${MAX_LINE_LENGTH} are read. Write one action per line.`;
      diagnostics.push(diagnostic('irq103', range, message));
      return { text: each, code: [] };
    }
    const earlier = origins[i];
    if (earlier < 0) return scanLine(each, line);
    return earlier === line ? before[line] : moved(before[earlier], line);
  });
  return { lines, diagnostics, refused: false, origins };
}
