/**
 * What becomes of the *after* of a museum race when one line of it is taken away: a barrier, a test, a step. The mutants are made from
 * the text, so that each race that is added gets its own.
 */
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { explore } from '../../../extension/session/explore.ts';

export interface LineMutant {
  /** 1-based line of the scenario. */
  readonly line: number;
  /** The line as it stands, without its comment. */
  readonly was: string;
  readonly text: string;
}

const HEAD = /^(\s*)((?:\} )?(?:else )?(?:if|while) )\((.*)\)( \{)?$/;
const LOCAL = /^(\s*)int (\w+) = .+$/;
const BARE_STATEMENT = /^\s+[^{}]+$/;
/** Words that choose the variant are not code, and a loop for ever has no test that could go. */
const NO_TEST = /\b(?:before|after)\b|^1$/;
/** Without these a line stands for no step of its own. */
const NOT_A_STEP = /^\s+(?:int \w+$|assert|break|continue|return\b|else$)/;

/** Every line inside an operation that can go, and the text without it. Lines that only the *before* runs are left alone. */
export function lineMutants(text: string): LineMutant[] {
  const lines = text.split('\n');
  const runs = runInAfter(lines);
  return lines.flatMap((whole, index) => {
    const code = codeOf(whole);
    const without = runs[index] ? withoutLine(code) : undefined;
    return without === undefined
      ? []
      : [{ line: index + 1, was: code.trim(), text: lines.with(index, without).join('\n') }];
  });
}

const codeOf = (line: string) => line.replace(/\s*#.*$/, '');

/** Which lines belong to an operation and not to a branch of the *before*. The formatter's indentation says where a branch ends. */
function runInAfter(lines: readonly string[]): boolean[] {
  let inside = false;
  let skippedFrom = Number.POSITIVE_INFINITY;
  const conditions = new Map<number, string>();
  return lines.map(whole => {
    const code = codeOf(whole);
    if (/^operation /.test(code)) inside = true;
    else if (code === '}') inside = false;
    if (!inside || code.trim() === '') return false;
    const depth = code.search(/\S/);
    if (depth > skippedFrom) return false;
    skippedFrom = Number.POSITIVE_INFINITY;
    const condition = HEAD.exec(code)?.[3];
    const otherwise = /^\s*(?:\} )?else\b/.test(code);
    if (condition === 'before' || (otherwise && conditions.get(depth) === 'after')) skippedFrom = depth;
    if (condition !== undefined) conditions.set(depth, condition);
    return skippedFrom !== depth;
  });
}

/** A test that always succeeds, a local value that is 0, a statement that does nothing; undefined where nothing can go. */
function withoutLine(code: string): string | undefined {
  const head = HEAD.exec(code);
  if (head)
    return NO_TEST.test(head[3]) || head[2] === 'while ' ? undefined : `${head[1]}${head[2]}(1)${head[4] ?? ''}`;
  const local = LOCAL.exec(code);
  if (local) return /= \d+$/.test(code) ? undefined : `${local[1]}int ${local[2]} = 0`;
  if (!BARE_STATEMENT.test(code) || NOT_A_STEP.test(code)) return undefined;
  return code.replace(/\S.*/, 'assert (1)');
}

/** One word for what became of it, or why that cannot be told. */
export function verdictOf(mutant: LineMutant): string {
  const [sc, tso] = (['sc', 'tso'] as const).map(memory => explored(mutant.text, memory));
  if (sc === 'broken' && tso === 'broken') return 'loss';
  if (sc === 'holds' && tso === 'broken') return 'buffers';
  if (sc === 'holds' && tso === 'holds') return 'equivalent';
  if (sc === 'unknown' && tso === 'unknown') return 'open';
  return sc === tso ? sc : `${sc}, with store buffers ${tso}`;
}

function explored(text: string, memory: 'sc' | 'tso'): string {
  const ordered = text.replace(/^memory .*\n/m, '').replace(/^(?=shared |operation )/m, `memory ${memory}\n`);
  const { program, diagnostics } = check(parse(ordered), { variant: 'after' });
  return program ? explore(program, { bytes: 64e6 }).verdict : `refused: ${diagnostics[0].message}`;
}
