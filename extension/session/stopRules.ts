/** What makes a long motion stop: breakpoints of every kind. Each rule looks at the step that led to the present state. */
import { describeChange, type FieldRef } from '../engine/fieldAccess.ts';
import { MARK } from '../engine/machine.ts';
import { pathOf } from './explain.ts';
import type { Expression } from './expression.ts';
import type { Runner } from './runner.ts';

/** Troubles that can be stopped at, with the words that a debugger shows for them. */
export const TROUBLES = {
  expectation: 'Expectation failed',
  impossible: 'Statement that cannot be carried out',
  dropped: 'Message dropped: no local APIC accepts it',
  fault: 'Fault reported',
} as const;

export type TroubleName = keyof typeof TROUBLES;

type Place =
  /** 0-based line at whose statement to stop, before it begins. */
  | { readonly kind: 'line'; readonly line: number }
  /** Kernel function or hardware sequence, at its first step. */
  | { readonly kind: 'function'; readonly name: string }
  /** After the step that changed the field (and, with `condition`, made it what is wanted). */
  | { readonly kind: 'data'; readonly ref: FieldRef }
  | { readonly kind: 'trouble'; readonly name: TroubleName };

export type StopRule = Place & {
  readonly id: number;
  readonly condition?: Expression;
  /** Counts hits while going forwards; the rule only stops when this says so. */
  readonly hits?: (count: number) => boolean;
  /** Prints instead of stopping. */
  readonly log?: (runner: Runner) => string;
};

/** Does the rule apply at the present position? Conditions are included, hit counts are not. */
export function applies(rule: StopRule, runner: Runner): boolean {
  return isThere(rule, runner) && (rule.condition?.holds(runner.machine) ?? true);
}

function isThere(rule: StopRule, runner: Runner): boolean {
  const { machine } = runner;
  switch (rule.kind) {
    case 'line':
      return runner.betweenStatements && runner.program.statements[runner.statement]?.range.line === rule.line;
    case 'function':
      return entered(rule.name, runner);
    case 'data':
      return machine.position > 0 && changed(rule.ref, runner);
    case 'trouble':
      return machine.position > 0 && troublesOf(runner).includes(rule.name);
  }
}

/** The next step lies in the function, and the step that led here began it. */
function entered(name: string, runner: Runner): boolean {
  const { machine } = runner;
  if (!inside(name, runner)) {
    return false;
  }
  const { position } = machine;
  if (position === 0) {
    return true;
  }
  machine.seek(position - 1);
  const before = inside(name, runner);
  machine.seek(position);
  return !before;
}

function inside(name: string, runner: Runner): boolean {
  const agent = runner.betweenStatements ? -1 : runner.nextAgent();
  if (agent < 0) {
    return false;
  }
  const { machine } = runner;
  const frames = machine.idle(agent) ? [machine.nextFrame(agent)] : machine.stack(agent);
  return pathOf(frames.filter(frame => frame !== undefined)).includes(name);
}

function changed({ field, index }: FieldRef, runner: Runner): boolean {
  const { machine } = runner;
  const name = `${field.block} ${index}.${field.path}`;
  for (const [address, difference] of machine.changesOf(machine.position)) {
    const after = machine.words[address];
    const changes = describeChange(machine, address, after ^ difference, after);
    if (changes.some(change => change.name === name || change.name.startsWith(`${name}[`))) {
      return true;
    }
  }
  return false;
}

/** Names of the troubles of the step that led here. */
export function troublesOf(runner: Runner): TroubleName[] {
  const { machine } = runner;
  const marks = machine.marksOf(machine.position);
  const has = (bit: number) => (marks & (1 << bit)) !== 0;
  const troubles: TroubleName[] = [];
  if (has(MARK.failure)) {
    troubles.push(wasExpectation(runner) ? 'expectation' : 'impossible');
  }
  if (has(MARK.dropped)) {
    troubles.push('dropped');
  }
  if (has(MARK.fault)) {
    troubles.push('fault');
  }
  return troubles;
}

/** The step that led here judged an expectation: the statement before the present one. */
function wasExpectation(runner: Runner): boolean {
  return runner.program.statements[runner.statement - 1]?.action.kind === 'expect';
}
