import type { Range } from './program.ts';
import type { SourceLine } from './tokens.ts';

/** A word of restated code. Operators as in C; `bad`: a character that C does not have either. */
export interface CodeToken {
  readonly kind: 'name' | 'number' | 'operator' | 'bad';
  readonly text: string;
  readonly range: Range;
}

const PATTERN =
  /(?<name>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?<number>0[xX][0-9a-fA-F_]+|\d[\d_]*)|(?<operator>->|==|!=|<=|>=|&&|\|\||<<|>>|\+\+|--|[-+|&]=|[-+*/%&|^~!<>=(){}[\],;:])|(?<blank>\s+)|(?<bad>.)/gy;

/** The line without its comment: `#` as everywhere, or C's own; what is left keeps its columns. */
export function codeOfLine({ text, comment }: SourceLine): string {
  const code = text.slice(0, comment?.range.start).replaceAll(/\/\*.*?\*\//g, found => ' '.repeat(found.length));
  const end = code.indexOf('//');
  return end < 0 ? code : code.slice(0, end);
}

/** What the comment says; empty without one. */
export function commentOfLine({ text, comment }: SourceLine): string {
  const found = comment?.text ?? /\/\*.*?\*\/|\/\/.*/.exec(text)?.[0] ?? '';
  return found
    .replace(/^(?:#+|\/\/|\/\*)\s*/, '')
    .replace(/\s*\*\/$/, '')
    .trim();
}

/** Tokens of one line from column `from` on, without its comment. */
export function codeTokens(line: SourceLine, number: number, from = 0): CodeToken[] {
  const tokens: CodeToken[] = [];
  const text = codeOfLine(line);
  PATTERN.lastIndex = from;
  for (let match = PATTERN.exec(text); match !== null; match = PATTERN.exec(text)) {
    const { groups = {} } = match;
    const kind = (['name', 'number', 'operator', 'bad'] as const).find(each => groups[each] !== undefined);
    if (kind !== undefined) {
      const range = { line: number, start: match.index, end: match.index + match[0].length };
      tokens.push({ kind, text: match[0], range });
    }
  }
  return tokens;
}

/** By how much the line changes the depth of braces. */
export function braces(tokens: readonly CodeToken[]): number {
  return tokens.reduce((depth, { text }) => depth + (text === '{' ? 1 : text === '}' ? -1 : 0), 0);
}
