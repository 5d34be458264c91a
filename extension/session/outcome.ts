/** Runs a scenario from beginning to end: what tests and the command line report. */
import type { KernelVersion } from '../engine/config.ts';
import { check } from '../scenario/check.ts';
import { parse } from '../scenario/parse.ts';
import { Session } from './session.ts';

/** 1-based line, and what is wrong there. */
export interface Finding {
  readonly line: number;
  readonly text: string;
}

export interface Failure extends Finding {
  /** Absent when a statement could not be carried out. */
  readonly expected?: string;
  readonly found?: string;
}

export interface Outcome {
  /** Errors of the text: nothing was run. */
  readonly problems: readonly Finding[];
  readonly profile: string;
  readonly steps: number;
  readonly expectations: number;
  readonly failures: readonly Failure[];
  /** 1-based lines of all statements, and of those that ran. */
  readonly statements: readonly number[];
  readonly executed: ReadonlySet<number>;
}

/** `kernel` overrides the profile that the text names. */
export function judgeScenario(text: string, kernel?: KernelVersion): Outcome {
  const { program, diagnostics } = check(parse(text), kernel === undefined ? {} : { kernel });
  if (program === undefined) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    const problems = errors.map(({ range, message }) => ({ line: range.line + 1, text: message }));
    return { problems, profile: '', steps: 0, expectations: 0, failures: [], statements: [], executed: new Set() };
  }
  const session = new Session(program);
  session.rules = [];
  const failures: Failure[] = [];
  const executed = new Set<number>();
  while (!session.finished) {
    const judgement = session.runner.judgement();
    const { statement } = session;
    if (judgement !== undefined) {
      const line = judgement.statement.range.line + 1;
      const failed = judgement.verdicts.filter(({ holds }) => !holds);
      if (judgement.obstacle !== undefined) {
        failures.push({ line, text: `cannot be done: ${judgement.obstacle}` });
      } else if (failed.length > 0) {
        const expected = failed.map(({ condition }) => condition.text).join('\n');
        const found = failed.map(verdict => verdict.found).join('\n');
        failures.push({ line, text: `expected ${expected}, but ${found}`.replaceAll('\n', '; '), expected, found });
      }
    }
    if (statement !== undefined) {
      executed.add(statement.range.line + 1);
    }
    const known = session.troubles.length;
    session.move('stepOver');
    if (statement?.action.kind === 'race') {
      failures.push(...session.troubles.slice(known).map(({ line, text }) => ({ line, text })));
    }
  }
  return {
    problems: [],
    profile: session.runner.machine.profile.name,
    steps: session.length,
    expectations: program.statements.filter(({ action }) => action.kind === 'expect').length,
    failures,
    statements: program.statements.map(({ range }) => range.line + 1),
    executed,
  };
}
