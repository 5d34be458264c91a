import { findInAssembly } from './assembly.ts';
import type { Candidate } from './candidate.ts';
import { explainFinding } from './cExplain.ts';
import { type Finding, findInC } from './cFind.ts';
import { findDumpLine } from './dumps.ts';
import { type Definitions, evaluateText, isValue, literal } from './evaluate.ts';
import type { Explanation } from './explanation.ts';
import { type KernelFunction, kernelFunction } from './functions.ts';
import { insideHunk, type Lines, MAX_LINE, statementAround, unwrap } from './lines.ts';
import { macro } from './macros.ts';
import { counterpart, otherSide, withChange } from './patch.ts';
import { findPrintkGroup } from './printkGroup.ts';
import { findInText } from './textFind.ts';
import { type Token, tokenize } from './tokens.ts';
import { findTraceEvent } from './trace.ts';

/** Languages by VS Code id; anything else is read as plain text. */
const C_LIKE = /^(?:c|cpp|cuda-cpp|objective-c|rust|go)$/;
const ASSEMBLY = /asm|^s$/;

const NONE: Definitions = { get: () => undefined };

/** Tokens of a directive's replacement list; other statements come back whole. */
function body(tokens: readonly Token[]): readonly Token[] {
  if (tokens[0]?.text !== '#') return tokens;
  if (tokens[1]?.text !== 'define' || !tokens[2]) return tokens.slice(2);
  const params = tokens[3]?.text === '(' && tokens[3].start === tokens[2].end;
  const close = params ? tokens.findIndex(t => t.text === ')') : 2;
  return close < 0 ? [] : tokens.slice(close + 1);
}

/** In the definition of a known macro its name is explained, and so is the bare number that it stands for. */
function defined(tokens: readonly Token[], definitions: Definitions): Finding[] {
  if (tokens[0]?.text !== '#' || tokens[1]?.text !== 'define' || !tokens[2]) return enumerators(tokens);
  const found = findInC([tokens[2]], definitions);
  const rest = body(tokens);
  const comment = rest.findIndex(t => t.text === ';');
  const number = (comment < 0 ? rest : rest.slice(0, comment)).filter(t => t.kind === 'number');
  return number.length === 1 ? found.flatMap(f => [f, { ...f, start: number[0].start, end: number[0].end }]) : found;
}

/** `NAME = number`, as in an enumeration: the number is the macro's own when it is its value. */
function enumerators(tokens: readonly Token[]): Finding[] {
  return tokens.flatMap((token, i): Finding[] => {
    if (token.kind !== 'number' || tokens[i - 1]?.text !== '=') return [];
    const known = macro(tokens[i - 2]?.text ?? '');
    const value = known && !known.params ? evaluateText(known.body) : undefined;
    if (!known || !value || !isValue(value) || value.value !== literal(token.text).value) return [];
    return [{ kind: 'macro', macro: known, args: value, start: token.start, end: token.end }];
  });
}

function asOf(finding: Finding): string {
  return finding.kind === 'macro' ? finding.macro.name : finding.format;
}

function inC(lines: Lines, n: number, inDiff: boolean, alone: boolean, definitions: Definitions): Candidate[] {
  const { text, column } = unwrap(lines.at(n), inDiff);
  const statement = alone ? { text, start: 0, end: text.length } : statementAround(lines, n, inDiff);
  if (!/[A-Z][A-Z\d_]{3}|0x/.test(statement.text)) return [];
  // Comment marks are taken off, not the comment: prose names registers and macros too.
  const tokens = tokenize(statement.text.replace(/\/\*|\*\/|\/\//g, '; '));
  return [...defined(tokens, definitions), ...findInC(body(tokens), definitions)]
    .filter(f => f.end > statement.start && f.start < statement.end)
    .map(f => ({
      start: column + Math.max(0, f.start - statement.start),
      end: column + Math.min(statement.end, f.end) - statement.start,
      text: statement.text.slice(f.start, f.end),
      as: asOf(f),
      explain: () => explainFinding(f),
    }));
}

function explainFunction({ name, file, does }: KernelFunction): Explanation {
  const source = `${file}, Linux 6.16`;
  return { title: name, value: '', meaning: does, rows: [], problems: [], notes: [], source };
}

/** Kernel functions of the delivery path, wherever their names stand: code, patches, stack traces, mails. */
function functionsIn(text: string, column: number): Candidate[] {
  return [...text.matchAll(/\b[a-z_]\w*_\w+/g)].flatMap(match => {
    const known = kernelFunction(match[0]);
    if (!known) return [];
    const start = column + match.index;
    return [
      { start, end: start + match[0].length, text: match[0], as: FUNCTION, explain: () => explainFunction(known) },
    ];
  });
}

function moved(candidates: readonly Candidate[], by: number): Candidate[] {
  return candidates.map(c => ({ ...c, start: c.start + by, end: c.end + by }));
}

/** What `as` of a candidate says for a kernel function. */
export const FUNCTION = 'function';

/** True for a line of a C comment or a string-only line: prose, where an address or a register may be named. */
const PROSE = /^\s*(?:\*|\/\*|\/\/)/;

/**
 * What on line n can be explained. Reads at most REACH lines around n, never the whole text, and never throws.
 * `definitions` are the `#define`s of the text, when the caller has them.
 */
export function findCandidates(
  lines: Lines,
  n: number,
  languageId: string,
  definitions: Definitions = NONE,
): Candidate[] {
  const own = onLine(lines, n, languageId, definitions);
  const { side } = unwrap(lines.at(n), insideHunk(lines, n, languageId));
  const partner = own.length > 0 ? otherSide(lines, n) : undefined;
  if (partner === undefined || (side !== '+' && side !== '-')) return own;
  const other = onLine(lines, partner, languageId, definitions);
  return own.map(candidate => {
    const changed = counterpart(own, other, candidate);
    if (!changed) return candidate;
    return { ...candidate, explain: () => withChange(candidate.explain(), changed.explain(), side) };
  });
}

function onLine(lines: Lines, n: number, languageId: string, definitions: Definitions): Candidate[] {
  const inDiff = insideHunk(lines, n, languageId);
  const { text, column, side } = unwrap(lines.at(n), inDiff);
  if (text.trim() === '') return [];
  const code = C_LIKE.test(languageId) || (inDiff && side !== undefined) || (side !== undefined && column > 1);
  const group = code ? [] : findPrintkGroup(lines, n, inDiff);
  const trace = moved(findTraceEvent(text), column);
  const dump = code ? [] : findDumpLine(lines, n, lines.at(n).slice(0, MAX_LINE));
  if (group.length + trace.length + dump.length > 0) return [...group, ...trace, ...dump];
  const functions = functionsIn(text, column);
  const c = ASSEMBLY.test(languageId) ? findInAssembly(lines, n, text) : inC(lines, n, inDiff, !code, definitions);
  const words = moved(findInText(text), column);
  if (ASSEMBLY.test(languageId)) return [...c, ...functions, ...words.filter(w => !covers(c, w))];
  if (code && !PROSE.test(text)) {
    // In code the C rules know what a number is; of the text rules only the 0xfee prefix speaks for itself.
    return [...c, ...functions, ...words.filter(w => /^(?:msi|apic-page)/.test(w.as) && !covers(c, w))];
  }
  return [...words, ...functions, ...c.filter(f => !covers(words, f))];
}

function covers(candidates: readonly Candidate[], other: Candidate): boolean {
  return candidates.some(c => c.start <= other.start && c.end >= other.end);
}
