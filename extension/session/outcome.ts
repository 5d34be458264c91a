/** Runs a scenario from beginning to end: what tests and the command line report. */
import type { KernelVersion } from '../engine/config.ts';
import { check } from '../scenario/check.ts';
import { parse } from '../scenario/parse.ts';
import type { Program } from '../scenario/program.ts';
import type { ScenarioText } from '../scenario/tree.ts';
import { countRules, type RuleTally } from './rules.ts';
import { Session } from './session.ts';

/** 1-based line, and what is wrong there. */
export interface Finding {
  /** 0: the file as a whole. */
  readonly line: number;
  readonly text: string;
  /** 1-based. */
  readonly column?: number;
  /** The included file that it is about, by path from the folder of the scenario; absent for the scenario itself. */
  readonly file?: string;
  /** As `docs/scenario-language.md` lists them. */
  readonly code?: string;
}

export interface Failure extends Finding {
  /** Absent when a statement could not be carried out. */
  readonly expected?: string;
  readonly found?: string;
}

/** What one section came to. */
export interface SectionOutcome {
  readonly title: string;
  /** 1-based. */
  readonly line: number;
  readonly steps: number;
  readonly expectations: number;
  readonly failures: readonly Failure[];
}

export interface Outcome {
  /** Errors of the text: nothing was run. */
  readonly problems: readonly Finding[];
  readonly profile: string;
  readonly steps: number;
  readonly expectations: number;
  readonly failures: readonly Failure[];
  /** Those of the text, or the one that was asked for; empty for a text without sections. */
  readonly sections: readonly SectionOutcome[];
  /** 1-based lines of all statements, and of those that ran. */
  readonly statements: readonly number[];
  readonly executed: ReadonlySet<number>;
}

/** What is wrong with the statement that comes next; undefined when nothing is, or when it is not the scenario's own. */
function failureOf({ runner }: Session): Failure | undefined {
  const judgement = runner.judgement();
  if (judgement === undefined) {
    return undefined;
  }
  const line = judgement.statement.range.line + 1;
  if (judgement.obstacle !== undefined) {
    return { line, text: `cannot be done: ${judgement.obstacle}` };
  }
  const failed = judgement.verdicts.filter(({ holds }) => !holds);
  if (failed.length === 0) {
    return undefined;
  }
  const expected = failed.map(({ condition }) => condition.text).join('\n');
  const found = failed.map(verdict => verdict.found).join('\n');
  return { line, text: `expected ${expected}, but ${found}`.replaceAll('\n', '; '), expected, found };
}

/** Conditions of `always` and `never` that the steps after the first `known` troubles have broken. */
function brokenSince(session: Session, known: number): readonly Failure[] {
  return session.troubles.slice(known).map(({ line, step, text }) => {
    const broken = session.brokenBy(step);
    const expected = broken.map(each => each.text).join('\n');
    const found = broken.map(each => each.found || `broken by step ${step}`).join('\n');
    return { line, text: `step ${step}: ${text}`, expected, found };
  });
}

function countExpectations({ statements, watches = [] }: Program, from: number, end: number, title?: string): number {
  const expects = statements.slice(from, end).filter(({ action }) => action.kind === 'expect');
  const asked = watches.filter(({ section }) => title === undefined || section === undefined || section === title);
  return expects.length + asked.length;
}

/** Texts of the size of a scenario take far fewer; more is a run that does not end. */
export const MOST_STEPS = 5_000_000;

/** The outcome of a text that cannot be run. */
export function notRun(problems: readonly Finding[]): Outcome {
  const nothing = { profile: '', steps: 0, expectations: 0, failures: [], sections: [], statements: [] };
  return { ...nothing, problems, executed: new Set() };
}

/**
 * `kernel` overrides the profile that the text names; `section` is the title of the only one to run; `tally` counts the engine's rules
 * that the run passes. Never throws: what the engine cannot do is a problem of the line at which it gave up.
 */
export function judgeScenario(
  text: ScenarioText,
  kernel?: KernelVersion,
  section?: string,
  tally?: RuleTally,
): Outcome {
  let session: Session | undefined;
  try {
    const outcome = judged(text, kernel, section, started => {
      session = started;
    });
    if (tally !== undefined && session !== undefined) {
      countRules(tally, session);
    }
    return outcome;
  } catch (error) {
    const line = (session?.statement?.range.line ?? 0) + 1;
    return notRun([{ line, text: (error as Error).message }]);
  }
}

function judged(
  text: ScenarioText,
  kernel: KernelVersion | undefined,
  section: string | undefined,
  onStart: (session: Session) => void,
): Outcome {
  const { program, diagnostics } = check(parse(text), {
    ...(kernel !== undefined && { kernel }),
    ...(section !== undefined && { section }),
  });
  if (program === undefined) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    return notRun(
      errors.map(({ range, message, code, file }) => ({
        line: range.line + 1,
        column: range.start + 1,
        code,
        ...(file !== undefined && { file }),
        text: message,
      })),
    );
  }
  const session = new Session(program);
  session.rules = [];
  onStart(session);
  // A variant that the text calls broken may lose in the one order that runs here; whether it does in any is for the explorer to say.
  const mayLose = program.variants?.find(({ name }) => name === program.variant)?.expected === 'broken';
  const failures: (Failure & { readonly statement: number })[] = [];
  const executed = new Set<number>();
  /** Steps before each statement. */
  const reached: number[] = [];
  while (!session.finished) {
    const { statement } = session;
    const index = session.runner.statement;
    const failure = failureOf(session);
    reached[index] ??= session.length;
    if (failure !== undefined) {
      failures.push({ ...failure, statement: index });
    }
    if (statement !== undefined) {
      executed.add(statement.range.line + 1);
    }
    const known = session.troubles.length;
    session.move('stepOver');
    if (session.length > MOST_STEPS) {
      throw new Error(`stopped after ${MOST_STEPS} steps: split the scenario into several`);
    }
    if (failure === undefined && program.watches !== undefined) {
      failures.push(...brokenSince(session, known).map(each => ({ ...each, statement: index })));
    }
    if (statement?.action.kind === 'race' && !mayLose) {
      failures.push(...session.troubles.slice(known).map(({ line, text }) => ({ line, text, statement: index })));
    }
  }
  const plain = (from: number, end: number) =>
    failures.flatMap(({ statement, ...failure }) => (statement >= from && statement < end ? [failure] : []));
  const sections = (program.sections ?? []).map(
    ({ title, range, first, end }): SectionOutcome => ({
      title,
      line: range.line + 1,
      steps: (reached[end] ?? session.length) - reached[first],
      expectations: countExpectations(program, first, end, title),
      failures: plain(first, end),
    }),
  );
  return {
    problems: [],
    profile: session.runner.machine.profile.name,
    steps: session.length,
    expectations: countExpectations(program, 0, program.statements.length),
    failures: plain(0, program.statements.length),
    sections,
    statements: [...new Set(program.statements.map(({ range }) => range.line + 1))],
    executed,
  };
}
