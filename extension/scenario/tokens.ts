import { type Diagnostic, diagnostic } from './diagnostics.ts';
import type { Range } from './program.ts';

/**
 * `word`: keyword, name or number, with the dots and dashes inside it (`pid.on`, `vtd-posting`, `6.16`) · `mark`: colon or comma ·
 * `comment`: from `#` to the end of the line · `bad`: characters that mean nothing in a scenario.
 */
export interface Token {
  readonly kind: 'word' | 'mark' | 'comment' | 'bad';
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
}

/** UTF-16 units; a scenario of 100,000 ordinary lines stays below. */
export const MAX_LENGTH = 5_000_000;
export const MAX_LINES = 100_000;
/** A longer line is no action that anybody reads aloud. */
export const MAX_LINE_LENGTH = 2_000;

const ORIGIN: Range = { line: 0, start: 0, end: 0 };

function refused(problem: Diagnostic): Scan {
  return { lines: [], diagnostics: [problem], refused: true };
}

const WORD = /[A-Za-z0-9_][A-Za-z0-9_.-]*/y;
const BLANK = /[ \t\f\v]+/y;
/** Whatever no other rule takes. */
const BAD = /[^A-Za-z0-9_:,# \t\f\v]+/y;

/** The tokens of one line. */
export function scanLine(text: string, line: number): SourceLine {
  const code: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  while (at < text.length) {
    const blank = take(BLANK);
    if (blank !== undefined) {
      at += blank.length;
      continue;
    }
    if (text[at] === '#') {
      const comment: Token = {
        kind: 'comment',
        text: text.slice(at).trimEnd(),
        range: { line, start: at, end: text.length },
      };
      return { text, code, comment };
    }
    const word = take(WORD);
    const bad = word === undefined ? take(BAD) : undefined;
    const found = word ?? bad ?? text[at];
    const kind = word !== undefined ? 'word' : bad !== undefined ? 'bad' : 'mark';
    code.push({ kind, text: found, range: { line, start: at, end: at + found.length } });
    at += found.length;
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

/** Text to tokens, line by line. Linear in the length of the text, and bounded: see `MAX_LENGTH`, `MAX_LINES`, `MAX_LINE_LENGTH`. */
export function scan(source: string): Scan {
  if (source.length > MAX_LENGTH) {
    const size = `${(source.length / 1e6).toFixed(1)} million characters`;
    return refused(
      diagnostic(
        'irq101',
        ORIGIN,
        `This text has ${size}; a scenario has at most 5 million. Split it into several files.`,
      ),
    );
  }
  const text = source.startsWith('\ufeff') ? ` ${source.slice(1)}` : source;
  if (text.includes('\0')) {
    return refused(
      diagnostic('irq104', ORIGIN, 'This file holds NUL characters: it is not text. Write the scenario as UTF-8 text.'),
    );
  }
  const texts = splitLines(text, MAX_LINES);
  if (!texts) {
    const most = MAX_LINES.toLocaleString('en');
    return refused(
      diagnostic(
        'irq102',
        ORIGIN,
        `This text has more than ${most} lines; a scenario has at most ${most}. Split it into several files.`,
      ),
    );
  }
  const diagnostics: Diagnostic[] = [];
  const lines = texts.map((each, line): SourceLine => {
    if (each.length > MAX_LINE_LENGTH) {
      const range = { line, start: 0, end: each.length };
      const message = `This line has ${each.length} characters; at most ${MAX_LINE_LENGTH} are read. Write one action per line.`;
      diagnostics.push(diagnostic('irq103', range, message));
      return { text: each, code: [] };
    }
    return scanLine(each, line);
  });
  return { lines, diagnostics, refused: false };
}
