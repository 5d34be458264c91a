/** `irqscope compare`: one scenario under two profiles. */
import { parseArgs } from 'node:util';
import type { KernelVersion } from '../engine/config.ts';
import type { findField } from '../engine/fields.ts';
import { KERNEL_VERSIONS } from '../engine/profile.ts';
import { check } from '../scenario/check.ts';
import { CHOICE_VALUES } from '../scenario/deviceWords.ts';
import { parse } from '../scenario/parse.ts';
import type { Program } from '../scenario/program.ts';
import { nearest } from '../scenario/suggest.ts';
import type { ScenarioText } from '../scenario/tree.ts';
import { type Comparison, changed, compare, type ProfileChange, type StatementPair } from '../session/compare.ts';
import { nearestKernel } from '../session/kernelNames.ts';
import { inMode, withApicv } from '../session/profiles.ts';
import { fitted } from './columns.ts';
import { readScenario } from './includes.ts';
import { EXIT, type Io } from './io.ts';
import { problemText } from './problems.ts';

export const COMPARE_USAGE = 'irqscope compare FILE --profiles A,B [--steps] [--json]';

/** Thrown with a sentence for the person at the command line. */
class Unusable extends Error {}

const WHAT = `a kernel (${KERNEL_VERSIONS.join(', ')}), intel, amd, apicv, no-apicv, x2apic, xapic, or a choice such as blocked-irte=remapped, joined by +`;
const WORDS = ['intel', 'amd', 'apicv', 'no-apicv', 'x2apic', 'xapic'] as const;

/** What a side has different from the text. */
interface Change extends ProfileChange {
  readonly apicv?: boolean;
  readonly apic?: 'x2apic' | 'xapic';
}

function parseProfile(text: string): Change {
  let change: Change = {};
  const add = (part: string, what: keyof Change, more: Change) => {
    if (change[what] !== undefined) {
      throw new Unusable(`${text}: ${part} takes the place of what stands before it; write one of them`);
    }
    change = { ...change, ...more };
  };
  for (const part of text.split('+')) {
    const [name, value] = part.split('=');
    if ((KERNEL_VERSIONS as readonly string[]).includes(part)) {
      add(part, 'kernel', { kernel: part as KernelVersion });
    } else if (part === 'intel' || part === 'amd') {
      add(part, 'vendor', { vendor: part });
    } else if (part === 'apicv' || part === 'no-apicv') {
      add(part, 'apicv', { apicv: part === 'apicv' });
    } else if (part === 'x2apic' || part === 'xapic') {
      add(part, 'apic', { apic: part });
    } else if (name === 'blocked-irte' || name === 'redirection-hint') {
      const known: readonly string[] = CHOICE_VALUES[name];
      if (!known.includes(value ?? '')) {
        throw new Unusable(`${part}: write ${name}= and one of ${known.join(', ')}`);
      }
      const key = name === 'blocked-irte' ? 'blockedIrte' : 'redirectionHint';
      change = { ...change, choices: { ...change.choices, [key]: value } };
    } else {
      const near = nearestKernel(part) ?? nearest(part, WORDS);
      const meant = near === undefined ? '' : `the nearest is ${near}; `;
      throw new Unusable(`${part}: no such profile; ${meant}write ${WHAT}`);
    }
  }
  return change;
}

function programOf(file: string, text: ScenarioText, name: string): Program {
  const change = parseProfile(name);
  const { program, diagnostics } = check(
    parse(change.apic === undefined ? text : inMode(text, change.apic)),
    change.kernel === undefined ? {} : { kernel: change.kernel },
  );
  if (program === undefined) {
    const errors = diagnostics.filter(({ severity }) => severity === 'error');
    throw new Unusable(errors.map(error => problemText(file, error)).join('\n'));
  }
  if (program.race !== undefined) {
    throw new Unusable(`${file}: a race has many outcomes; explore it under each profile instead`);
  }
  const machine = changed(program.machine, change);
  if (typeof machine === 'string') {
    throw new Unusable(`${name}: ${machine}`);
  }
  return { ...program, machine: change.apicv === undefined ? machine : withApicv(machine, change.apicv) };
}

/** Conditions about fields that one of the vendors does not have: whether they hold says nothing. */
function incomparable(programs: readonly Program[]): ReadonlySet<string> {
  const vendors = new Set(programs.map(({ machine }) => machine.vendor));
  const texts = new Set<string>();
  for (const { action } of vendors.size > 1 ? programs[0].statements : []) {
    for (const condition of action.kind === 'expect' ? action.conditions : []) {
      if (condition.kind === 'field' && isVendorField(condition.subject.block, condition.field)) {
        texts.add(condition.text);
      }
    }
  }
  return texts;
}

function isVendorField(block: Parameters<typeof findField>[0], path: string): boolean {
  const shared = [
    'state',
    'mode',
    'cpu',
    'irr',
    'isr',
    'tmr',
    'tpr',
    'ppr',
    'if',
    'event',
    'posted_to',
    'bypass',
    'vfio',
  ];
  return (
    block !== 'cpu' &&
    block !== 'guest' &&
    !shared.includes(path) &&
    !/^(icr2?|apicbase|apic_id|ldr|dfr|svr)$/.test(path)
  );
}

function nameOf(program: Program, profile: string): string {
  const { vendor, kernel } = program.machine;
  const choices = profile.split('+').filter(part => part.includes('=') || /apic/.test(part));
  return [`Linux ${kernel} · ${vendor === 'intel' ? 'Intel' : 'AMD'}`, ...choices].join(' · ');
}

function count(pair: StatementPair, side: 'left' | 'right'): number {
  return pair.steps.filter(step => step[side] !== undefined).length;
}

function printSteps(pair: StatementPair, io: Io): void {
  for (const { left, right } of pair.steps) {
    const step = left ?? right;
    const sign = left === undefined ? '>' : right === undefined ? '<' : '=';
    if (step !== undefined) {
      const line = `      ${sign} ${step.agent.padEnd(8)} ${step.place}${step.assumed ? ' (assumed)' : ''}: ${step.sentence}`;
      io.out(fitted(line, io.columns));
    }
  }
}

function print(file: string, comparison: Comparison, steps: boolean, io: Io): void {
  const [left, right] = comparison.names;
  io.out(`${file}: ${left} | ${right}`);
  for (const pair of comparison.statements) {
    const both = pair.steps.filter(step => step.left !== undefined && step.right !== undefined).length;
    const verdict = pair.differences.length === 0 ? 'same     ' : 'different';
    const width =
      pair.steps.length === 0 ? '' : `  (${count(pair, 'left')} | ${count(pair, 'right')} steps, ${both} alike)`;
    io.out(fitted(`${String(pair.line).padStart(4)}  ${verdict}  ${pair.text}${width}`, io.columns));
    for (const difference of pair.differences) {
      io.out(fitted(`                 ${difference}`, io.columns));
    }
    if (steps) {
      printSteps(pair, io);
    }
  }
  const first = comparison.statements.find(({ differences }) => differences.length > 0);
  const parting = comparison.statements
    .flatMap(pair => pair.steps.map(step => ({ pair, ...step })))
    .find(step => step.left === undefined || step.right === undefined);
  const verdict = first ? `first difference: line ${first.line}: ${first.differences[0]}` : 'same outcome';
  io.out(fitted(verdict, io.columns));
  if (parting) {
    const { pair, left: here, right: there } = parting;
    const sentence = (here ?? there)?.sentence;
    io.out(fitted(`the steps part in line ${pair.line}: ${sentence} (only ${here ? left : right})`, io.columns));
  }
}

export async function compareCommand(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      profiles: { type: 'string' },
      steps: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const profiles = (values.profiles ?? '').split(',');
  if (positionals.length !== 1 || profiles.length !== 2 || profiles.includes('')) {
    io.err(`name one scenario and two profiles: ${COMPARE_USAGE}; a profile is ${WHAT}`);
    return EXIT.unusable;
  }
  const [file] = positionals;
  try {
    const text = await readScenario(file);
    const [left, right] = profiles.map(profile => programOf(file, text, profile));
    const names = [nameOf(left, profiles[0]), nameOf(right, profiles[1])] as const;
    const comparison = compare(left, right, names, incomparable([left, right]));
    if (values.json) {
      io.out(JSON.stringify(comparison, null, 2));
    } else {
      print(file, comparison, values.steps, io);
    }
    return comparison.statements.every(({ differences }) => differences.length === 0) ? EXIT.ok : EXIT.failed;
  } catch (error) {
    io.err((error as Error).message);
    return EXIT.unusable;
  }
}
