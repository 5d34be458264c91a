/** `irqscope run`: scenarios as tests. */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { KernelVersion } from '../engine/config.ts';
import { KERNEL_VERSIONS } from '../engine/profile.ts';
import { check } from '../scenario/check.ts';
import { parse } from '../scenario/parse.ts';
import { type Finding, judgeScenario, notRun, type Outcome } from '../session/outcome.ts';
import { stepLines } from '../session/stepText.ts';
import { EXIT, type Io } from './io.ts';
import { junit } from './junit.ts';

export const RUN_USAGE = 'irqscope run FILE… [--profile KERNEL] [--section TITLE] [--steps] [--json | --junit FILE]';

export interface FileOutcome extends Outcome {
  readonly file: string;
}

export async function runCommand(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      profile: { type: 'string' },
      section: { type: 'string' },
      steps: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      junit: { type: 'string' },
    },
  });
  const { profile, section, steps, json } = values;
  if (positionals.length === 0) {
    io.err(`name at least one scenario file: ${RUN_USAGE}`);
    return EXIT.unusable;
  }
  if (profile !== undefined && !isKernel(profile)) {
    io.err(`--profile ${profile}: no such kernel; write one of ${KERNEL_VERSIONS.join(', ')}`);
    return EXIT.unusable;
  }
  const outcomes: FileOutcome[] = [];
  for (const file of positionals) {
    const text = await read(file);
    const outcome = { file, ...(typeof text === 'string' ? judgeScenario(text, profile, section) : notRun([text])) };
    outcomes.push(outcome);
    for (const problem of outcome.problems) {
      io.err(printedProblem(file, problem));
    }
    if (!json && outcome.problems.length === 0) {
      if (steps && typeof text === 'string') {
        const { program } = check(parse(text), {
          ...(profile !== undefined && { kernel: profile }),
          ...(section !== undefined && { section }),
        });
        io.out(program === undefined ? '' : `${stepLines(program, true).join('\n')}\n`);
      }
      printOutcome(outcome, io);
    }
  }
  const failed = outcomes.filter(({ failures }) => failures.length > 0).length;
  const unusable = outcomes.filter(({ problems }) => problems.length > 0).length;
  if (values.junit !== undefined) {
    await writeFile(values.junit, junit(outcomes));
  }
  if (json) {
    io.out(JSON.stringify(outcomes.map(printable), null, 2));
  } else {
    io.out(`${positionals.length - failed - unusable} passed, ${failed + unusable} failed`);
  }
  return unusable > 0 ? EXIT.unusable : failed > 0 ? EXIT.failed : EXIT.ok;
}

function isKernel(name: string): name is KernelVersion {
  return (KERNEL_VERSIONS as readonly string[]).includes(name);
}

async function read(file: string): Promise<string | Finding> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    return { line: 0, text: (error as Error).message };
  }
}

/** `FILE:LINE:COLUMN: error CODE: …`, as compilers have it. */
function printedProblem(file: string, { line, column, code, text }: Finding): string {
  const place = [file, ...(line > 0 ? [line] : []), ...(column === undefined ? [] : [column])].join(':');
  return `${place}: error${code === undefined ? '' : ` ${code}`}: ${text}`;
}

/** A set is no JSON. */
function printable({ executed, ...rest }: FileOutcome): object {
  return { ...rest, executed: [...executed] };
}

function printOutcome({ file, failures, sections, profile, steps, expectations }: FileOutcome, io: Io): void {
  const verdict = failures.length === 0 ? 'ok  ' : 'FAIL';
  io.out(`${verdict} ${file} (${profile}; ${steps} steps, ${expectations} expectations)`);
  const parts = sections.length > 0 ? sections : [{ title: undefined, failures }];
  for (const part of parts) {
    if (part.title !== undefined) {
      io.out(`  ${part.failures.length === 0 ? 'ok  ' : 'FAIL'} ${part.title}`);
    }
    for (const { line, text } of part.failures) {
      io.out(`     ${file}:${line}: ${text}`);
    }
  }
}
