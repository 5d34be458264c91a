/** `irqscope run`: scenarios as tests. */
import { parseArgs } from 'node:util';
import type { KernelVersion } from '../engine/config.ts';
import { KERNEL_VERSIONS } from '../engine/profile.ts';
import { check } from '../scenario/check.ts';
import { parse } from '../scenario/parse.ts';
import type { ScenarioText } from '../scenario/tree.ts';
import { otherKernel } from '../session/kernelNames.ts';
import { type Finding, judgeScenario, notRun } from '../session/outcome.ts';
import { passedPages, type RuleTally } from '../session/rules.ts';
import { stepLines } from '../session/stepText.ts';
import { fitted } from './columns.ts';
import { printCoverage } from './coverage.ts';
import type { FileOutcome } from './fileOutcome.ts';
import { scenariosOf, writeReport } from './files.ts';
import { pathTo, readScenario } from './includes.ts';
import { EXIT, type Io } from './io.ts';
import { junit } from './junit.ts';

export const RUN_USAGE =
  'irqscope run FILE|FOLDER… [--profile KERNEL] [--section TITLE] [--steps] [--coverage] [--json] [--junit FILE]';

export async function runCommand(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      profile: { type: 'string' },
      section: { type: 'string' },
      steps: { type: 'boolean', default: false },
      coverage: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      junit: { type: 'string' },
    },
  });
  const { profile, section, steps, json } = values;
  const tally: RuleTally | undefined = values.coverage ? new Map() : undefined;
  if (positionals.length === 0) {
    io.err(`name at least one scenario file: ${RUN_USAGE}`);
    return EXIT.unusable;
  }
  if (profile !== undefined && !isKernel(profile)) {
    io.err(`--profile ${profile}: no such kernel; ${otherKernel(profile)}`);
    return EXIT.unusable;
  }
  const outcomes: FileOutcome[] = [];
  const files = (await Promise.all(positionals.map(scenariosOf))).flat();
  for (const file of files) {
    const found = await read(file);
    const outcome = {
      file,
      ...('source' in found ? judgeScenario(found.source, profile, section, tally) : notRun([found])),
    };
    outcomes.push(outcome);
    for (const problem of outcome.problems) {
      io.err(printedProblem(file, problem));
    }
    if (!json && outcome.problems.length === 0) {
      if (steps && 'source' in found) {
        const { program } = check(parse(found.source), {
          ...(profile !== undefined && { kernel: profile }),
          ...(section !== undefined && { section }),
        });
        const lines = program === undefined ? [] : stepLines(program, true);
        io.out(`${lines.map(line => fitted(line, io.columns)).join('\n')}\n`);
      }
      printOutcome(outcome, io);
    }
  }
  const failed = outcomes.filter(({ failures }) => failures.length > 0).length;
  const unusable = outcomes.filter(({ problems }) => problems.length > 0).length;
  const pages = tally && passedPages(tally);
  if (json) {
    const all = outcomes.map(printable);
    io.out(JSON.stringify(pages === undefined ? all : { files: all, rules: pages }, null, 2));
  } else {
    if (pages !== undefined) {
      printCoverage(outcomes, pages, io);
    }
    io.out(`${files.length - failed - unusable} passed, ${failed + unusable} failed`);
  }
  if (values.junit !== undefined) {
    await writeReport('--junit', values.junit, junit(outcomes));
  }
  return unusable > 0 ? EXIT.unusable : failed > 0 ? EXIT.failed : EXIT.ok;
}

function isKernel(name: string): name is KernelVersion {
  return (KERNEL_VERSIONS as readonly string[]).includes(name);
}

async function read(file: string): Promise<{ readonly source: ScenarioText } | Finding> {
  try {
    return { source: await readScenario(file) };
  } catch (error) {
    const { message } = error as Error;
    return { line: 0, text: message.replace(`${file}: `, '') };
  }
}

/** `FILE:LINE:COLUMN: error CODE: …`, as compilers have it. */
function printedProblem(file: string, { file: included, line, column, code, text }: Finding): string {
  const place = [pathTo(file, included), ...(line > 0 ? [line] : []), ...(column === undefined ? [] : [column])].join(
    ':',
  );
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
      io.out(fitted(`     ${file}:${line}: ${text}`, io.columns));
    }
  }
}
