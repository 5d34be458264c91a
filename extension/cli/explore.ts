/** `irqscope explore`: every order of a race, and the shortest one that loses. */
import { parseArgs } from 'node:util';
import type { KernelVersion } from '../engine/config.ts';
import type { SearchState } from '../engine/explore/search.ts';
import { KERNEL_VERSIONS, profileOf } from '../engine/profile.ts';
import { check } from '../scenario/check.ts';
import { builtIns } from '../scenario/codeScope.ts';
import { parse } from '../scenario/parse.ts';
import type { Program } from '../scenario/program.ts';
import type { ScenarioText } from '../scenario/tree.ts';
import { type Exploration, exploring } from '../session/explore.ts';
import { orderDiagram } from '../session/exploreDiagram.ts';
import { scenariosOf } from './files.ts';
import { readScenario } from './includes.ts';
import { Interrupt } from './interrupt.ts';
import { EXIT, type Io } from './io.ts';
import { printErrors } from './problems.ts';

export const EXPLORE_USAGE =
  'irqscope explore FILE|FOLDER… [--profile VARIANT|KERNEL] [--no-reduction] [--json] | --operations';

/** Milliseconds of work between two looks for Ctrl-C. */
const SLICE = 50;

interface Result {
  readonly file: string;
  readonly variant: string | undefined;
  readonly profile: string;
  readonly verdict: Exploration['verdict'];
  readonly expected: 'broken' | 'holds';
  readonly states: number;
  readonly steps: number;
  readonly left: number;
  readonly broken: string | undefined;
  readonly neverAsked: boolean;
  readonly order: readonly string[];
  readonly diagram: string;
}

/** Without `--profile`, every variant of a file is explored, and must show what the file says. */
export async function exploreCommand(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      profile: { type: 'string' },
      'no-reduction': { type: 'boolean' },
      json: { type: 'boolean' },
      operations: { type: 'boolean' },
    },
  });
  if (values.operations === true) {
    listOperations(io);
    return EXIT.ok;
  }
  if (positionals.length === 0) {
    io.err(`name at least one scenario file: ${EXPLORE_USAGE}`);
    return EXIT.unusable;
  }
  const results: Result[] = [];
  let unusable = 0;
  let left = 0;
  const files = (await Promise.all(positionals.map(scenariosOf))).flat();
  const interrupt = new Interrupt();
  for (const [number, file] of files.entries()) {
    const programs = await load(file, values.profile, io);
    unusable += programs === undefined ? 1 : 0;
    for (const program of programs ?? []) {
      const exploration = await explored(program, values['no-reduction'] !== true, interrupt);
      if (!('verdict' in exploration)) {
        left = files.length - number;
        io.err(`${file}: interrupted: ${exploration.states} states, ${exploration.left} orders left`);
        break;
      }
      const asked = values.profile !== undefined && !isKernel(values.profile);
      const result = resultOf(file, program, asked, exploration);
      results.push(result);
      if (values.json !== true) {
        print(result, files.length === 1, io);
      }
    }
    if (left > 0) {
      break;
    }
  }
  interrupt.dispose();
  const failed = results.filter(({ verdict, expected }) => verdict !== expected).length;
  if (values.json === true) {
    io.out(JSON.stringify(results, null, 2));
  } else {
    const rest = unusable === 0 ? '' : `, ${unusable} file${unusable === 1 ? '' : 's'} not usable`;
    io.out(`${results.length - failed} as expected, ${failed} not${rest}`);
  }
  if (left > 0) {
    io.err(`interrupted: ${left} of ${files.length} file${files.length === 1 ? '' : 's'} not explored to the end`);
    return EXIT.interrupted;
  }
  if (unusable > 0 || results.some(({ verdict }) => verdict === 'unknown')) {
    return EXIT.unusable;
  }
  return failed > 0 ? EXIT.failed : EXIT.ok;
}

/** What a scenario can restate and call; behind the arguments may stand locals of the engine's own. */
function listOperations(io: Io): void {
  const { program } = check(parse('machine intel\nvcpus 1'));
  if (program === undefined) {
    throw new Error('the smallest machine has errors');
  }
  const { machine } = program;
  const names = [...builtIns()].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [name, { locals, source }] of names) {
    io.out(`${name}(${locals.join(', ')})  # ${source(profileOf(machine))}`);
  }
}

function isKernel(name: string | undefined): name is KernelVersion {
  return name !== undefined && (KERNEL_VERSIONS as readonly string[]).includes(name);
}

/** The program in each of its variants, or in the one that is asked for; undefined, and a complaint, when there is none. */
async function load(file: string, profile: string | undefined, io: Io): Promise<Program[] | undefined> {
  let text: ScenarioText;
  try {
    text = await readScenario(file);
  } catch (error) {
    io.err((error as Error).message);
    return undefined;
  }
  const tree = parse(text);
  const kernel = isKernel(profile) ? { kernel: profile } : {};
  const { program, diagnostics } = check(tree, kernel);
  printErrors(file, diagnostics, io);
  if (program === undefined) {
    return undefined;
  }
  if (program.race === undefined) {
    io.err(`${file}: there is no race in this scenario`);
    return undefined;
  }
  const variants = (program.variants ?? []).map(each => each.name);
  if (profile !== undefined && !isKernel(profile) && !variants.includes(profile)) {
    const known = [...variants, ...KERNEL_VERSIONS].join(', ');
    io.err(`${file}: no variant and no kernel is called ${profile}; write one of ${known}`);
    return undefined;
  }
  const wanted = profile !== undefined && !isKernel(profile) ? [profile] : variants;
  const programs = wanted.map(variant => check(tree, { ...kernel, variant }).program);
  return programs.length === 0 ? [program] : programs.filter(each => each !== undefined);
}

/** How far it came when somebody pressed Ctrl-C. */
async function explored(
  program: Program,
  reduce: boolean,
  interrupt: Interrupt,
): Promise<Exploration | Pick<SearchState, 'states' | 'left'>> {
  const work = exploring(program, { reduce });
  let far: Pick<SearchState, 'states' | 'left'> = { states: 0, left: 0 };
  while (!(await interrupt.seen())) {
    for (const slice = Date.now(); Date.now() - slice < SLICE; ) {
      const { done, value } = work.next();
      if (done) {
        return value;
      }
      far = value;
    }
  }
  return far;
}

function resultOf(file: string, program: Program, asked: boolean, exploration: Exploration): Result {
  const { verdict, states, steps, left, broken, order, neverAsked } = exploration;
  const declared = program.variants?.find(each => each.name === program.variant)?.expected ?? 'holds';
  const { names, text } = orderDiagram(program, order);
  return {
    file,
    variant: program.variant,
    profile: program.machine.kernel,
    verdict,
    // Who asks for one variant wants to know whether it holds.
    expected: asked ? 'holds' : declared,
    states,
    steps,
    left,
    broken,
    neverAsked,
    order: names,
    diagram: verdict === 'broken' ? text : '',
  };
}

/** `whole`: with the order that loses, also where it was expected to. */
function print(result: Result, whole: boolean, io: Io): void {
  const { file, variant, verdict, expected, states, left, broken, order, diagram, neverAsked } = result;
  const name = variant === undefined ? file : `${file} (${variant})`;
  const as = verdict === expected ? 'ok  ' : 'FAIL';
  switch (verdict) {
    case 'holds':
      io.out(`${as} ${name}: holds in every order; ${states} states`);
      return;
    case 'unknown':
      io.out(
        neverAsked
          ? `${as} ${name}: no order comes to an end, so \`finally\` was never asked; ${states} states. Wait with \`wait_until\`.`
          : `${as} ${name}: not complete: ${states} states, ${left} orders left`,
      );
      return;
    case 'broken':
      io.out(`${as} ${name}: broken after ${order.length} steps; ${states} states`);
      io.out(`     ${broken}`);
      if (whole || verdict !== expected) {
        io.out(diagram);
      }
  }
}
