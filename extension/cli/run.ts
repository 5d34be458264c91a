/** `irqscope run`: scenarios as tests. */
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { KernelVersion } from '../engine/config.ts';
import { KERNEL_VERSIONS } from '../engine/profile.ts';
import { check } from '../scenario/check.ts';
import { parse } from '../scenario/parse.ts';
import type { StepView } from '../session/protocol.ts';
import { Session } from '../session/session.ts';
import { EXIT, type Io } from './io.ts';

export const RUN_USAGE = 'irqscope run FILE… [--profile KERNEL] [--steps] [--json]';

interface FileResult {
  readonly file: string;
  readonly profile: string;
  readonly steps: number;
  readonly expectations: number;
  readonly failures: readonly { readonly line: number; readonly text: string }[];
}

export async function runCommand(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { profile: { type: 'string' }, steps: { type: 'boolean' }, json: { type: 'boolean' } },
  });
  const { profile } = values;
  if (positionals.length === 0) {
    io.err(`name at least one scenario file: ${RUN_USAGE}`);
    return EXIT.unusable;
  }
  if (profile !== undefined && !isKernel(profile)) {
    io.err(`--profile ${profile}: no such kernel; write one of ${KERNEL_VERSIONS.join(', ')}`);
    return EXIT.unusable;
  }
  let unusable = false;
  const results: FileResult[] = [];
  for (const file of positionals) {
    const session = await load(file, profile, io);
    if (session === undefined) {
      unusable = true;
      continue;
    }
    const result = runFile(file, session, values.steps === true && values.json !== true ? io : undefined);
    results.push(result);
    if (values.json !== true) {
      printResult(result, io);
    }
  }
  const failed = results.filter(result => result.failures.length > 0).length;
  if (values.json === true) {
    io.out(JSON.stringify(results, null, 2));
  } else {
    io.out(`${results.length - failed} passed, ${failed} failed`);
  }
  if (unusable) {
    return EXIT.unusable;
  }
  return failed > 0 ? EXIT.failed : EXIT.ok;
}

function isKernel(name: string): name is KernelVersion {
  return (KERNEL_VERSIONS as readonly string[]).includes(name);
}

async function load(file: string, kernel: KernelVersion | undefined, io: Io): Promise<Session | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    io.err(`${file}: ${(error as Error).message}`);
    return undefined;
  }
  const { program, diagnostics } = check(parse(text), kernel === undefined ? {} : { kernel });
  for (const { severity, range, code, message } of diagnostics) {
    if (severity === 'error') {
      io.err(`${file}:${range.line + 1}:${range.start + 1}: ${severity} ${code}: ${message}`);
    }
  }
  return program === undefined ? undefined : new Session(program);
}

function runFile(file: string, session: Session, steps: Io | undefined): FileResult {
  const failures: { line: number; text: string }[] = [];
  let line = -1;
  while (!session.finished) {
    const { statement } = session;
    const stop = session.move('stepInto');
    if (steps !== undefined && statement !== undefined) {
      if (statement.range.line !== line) {
        line = statement.range.line;
        steps.out(`\n${String(line + 1).padStart(4)}  ${statement.text.trim()}`);
      }
      printStep(session.explain(), steps);
    }
    if (stop.reason === 'failure' && statement !== undefined) {
      failures.push({ line: statement.range.line + 1, text: stop.text ?? '' });
    }
  }
  return {
    file,
    profile: session.runner.machine.profile.name,
    steps: session.length,
    expectations: session.program.statements.filter(({ action }) => action.kind === 'expect').length,
    failures,
  };
}

function printStep(step: StepView, io: Io): void {
  const place = step.actor === 'scenario' ? step.place : step.path.slice(-2).join(' > ');
  io.out(
    `      ${String(step.number).padStart(4)}  ${step.agent.padEnd(8)}  ${place}${step.assumed ? ' (assumed)' : ''}`,
  );
  io.out(`                      ${step.sentence}`);
  for (const { field, before, after } of step.writes) {
    io.out(`                      ${field}: ${before} -> ${after}`);
  }
}

function printResult(result: FileResult, io: Io): void {
  const verdict = result.failures.length === 0 ? 'ok  ' : 'FAIL';
  io.out(`${verdict} ${result.file} (${result.profile}; ${result.steps} steps, ${result.expectations} expectations)`);
  for (const { line, text } of result.failures) {
    io.out(`     ${result.file}:${line}: ${text}`);
  }
}
