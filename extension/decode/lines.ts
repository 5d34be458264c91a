/** Read access to a text by lines. Reading one line must not cost more for a long text than for a short one. */
export interface Lines {
  readonly count: number;
  /** Text of line n (0-based, without its end); `` outside the text. */
  at(n: number): string;
}

/** Longer lines are read up to here, so that one line cannot hold up the editor. */
export const MAX_LINE = 10_000;
/** How far neighbouring lines are looked at, up and down. */
export const REACH = 8;

export function linesOf(text: string): Lines {
  const all = text.split(/\r?\n/);
  return { count: all.length, at: n => all[n] ?? '' };
}

const QUOTE = /^(?:[ \t]{0,3}>)+ ?/;

/** One line split into what is only its wrapping (mail quotes, the diff column) and its content. */
export interface Unwrapped {
  readonly text: string;
  /** Column at which the content starts. */
  readonly column: number;
  /** The diff column, or undefined outside a hunk. */
  readonly side?: '+' | '-' | ' ';
}

/** Takes mail quoting off, and in a diff the first column. File headers of a diff are no content. */
export function unwrap(line: string, inDiff: boolean): Unwrapped {
  const whole = line.length > MAX_LINE ? line.slice(0, MAX_LINE) : line;
  const quote = QUOTE.exec(whole)?.[0].length ?? 0;
  const rest = whole.slice(quote);
  const sided = /^[-+ ]/.test(rest) && !/^(?:\+\+\+ |--- )/.test(rest) && (inDiff || (quote > 0 && /^[-+]/.test(rest)));
  if (!sided) return { text: rest, column: quote };
  return { text: rest.slice(1), column: quote + 1, side: rest[0] as '+' | '-' | ' ' };
}

const HUNK_LANGUAGES = /^(?:diff|plaintext|git-commit|markdown|email)$/;
/** A hunk longer than this is taken for one without looking for its head. */
const HUNK = 400;

/**
 * Is line n part of a diff's hunk? Hunks stand in patches, and quoted or not in mails. A commit message, indented or with bullets,
 * is no hunk: above it there is no `@@` but other text.
 */
export function insideHunk(lines: Lines, n: number, languageId: string): boolean {
  if (!HUNK_LANGUAGES.test(languageId)) return false;
  const isDiff = languageId === 'diff';
  for (let k = n; k >= Math.max(0, n - HUNK); k--) {
    const line = lines.at(k);
    const first = line[0] === '>' || line[1] === '>' ? line.slice(QUOTE.exec(line)?.[0].length ?? 0) : line;
    if (first.startsWith('@@ -')) return k < n;
    const header = first.startsWith('--- a/') || first.startsWith('+++ b/');
    if (header || (first !== '' && !'+- \\'.includes(first[0]))) return false;
    if (k === n && !isDiff && !/^[-+ ]/.test(first)) return false;
  }
  return isDiff;
}

const SYSLOG =
  /^(?:<\d+>)?(?:[A-Z][a-z]{2}\s+\d+\s[\d:]+\s\S+\s(?:kernel|\S+\[\d+\]):\s*)?(?:\[\s*\d+\.\d+\](?:\[[^\]]*\])?\s*)?/;

/** Length of a syslog or dmesg prefix (date, host, `kernel:`, `[seconds]`). */
export function logPrefix(text: string): number {
  return SYSLOG.exec(text)?.[0].length ?? 0;
}

/** A statement over several lines, and where the asked line lies in it. */
export interface Statement {
  readonly text: string;
  /** Place in `text` of the asked line's content. */
  readonly start: number;
  readonly end: number;
}

const ENDS = /[;{}:]\s*(?:\/\*.*\*\/\s*|\/\/.*)?$/;
const COMMENT = /^\s*(?:\*|\/\*|\/\/)/;

function closed(text: string): boolean {
  return text.trim() === '' || ENDS.test(text) || COMMENT.test(text) || /^\s*#/.test(text) || /^@@/.test(text);
}

function visible(line: Unwrapped, side: Unwrapped['side']): boolean {
  return (
    side === undefined || line.side === undefined || line.side === ' ' || line.side === (side === ' ' ? '+' : side)
  );
}

/**
 * The C statement or directive around line n, at most REACH lines each way. In a diff only the lines of the
 * asked line's side belong to it (context lines to both; a context line reads with the new side).
 */
export function statementAround(lines: Lines, n: number, inDiff: boolean): Statement {
  const read = (k: number) => unwrap(lines.at(k), inDiff);
  const here = read(n);
  if (COMMENT.test(here.text)) return { text: here.text, start: 0, end: here.text.length };
  const before: string[] = [];
  const after: string[] = [];
  for (let k = n - 1; k >= Math.max(0, n - REACH); k--) {
    const line = read(k);
    if (!visible(line, here.side)) continue;
    const continued = /\\\s*$/.test(line.text);
    if (!continued && (closed(line.text) || /^\s*#/.test(here.text))) break;
    before.unshift(line.text.replace(/\\\s*$/, ''));
    if (continued && /^\s*#/.test(line.text)) break;
  }
  let last = here.text;
  for (let k = n + 1; k < Math.min(lines.count, n + REACH + 1); k++) {
    const continued = /\\\s*$/.test(last);
    if (!continued && closed(last)) break;
    const line = read(k);
    if (!visible(line, here.side)) continue;
    if (!continued && (COMMENT.test(line.text) || line.text.trim() === '' || /^@@|^\s*#/.test(line.text))) break;
    after.push(line.text);
    last = line.text;
  }
  const head = before.map(text => `${text}\n`).join('');
  const tail = after.map(text => `\n${text.replace(/\\\s*$/, '')}`).join('');
  const own = here.text.replace(/\\(\s*)$/, ' $1');
  return { text: head + own + tail, start: head.length, end: head.length + own.length };
}
