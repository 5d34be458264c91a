/** What makes a long motion stop: breakpoints of every kind. Each rule looks at the step that led to the present state. */
import { describeChange, type FieldRef } from '../engine/fieldAccess.ts';
import { brokenInvariants, INVARIANTS, type InvariantName } from '../engine/invariants.ts';
import { IRQ, MODE } from '../engine/lapic/message.ts';
import { MARK, SCENARIO } from '../engine/machine.ts';
import { callPath } from '../engine/stack.ts';
import type { Expression } from './expression.ts';
import type { Runner } from './runner.ts';

interface TroubleKind {
  /** The words that a debugger shows for it. */
  readonly label: string;
  /** Stops a run unless the user says otherwise. */
  readonly stops: boolean;
}

/** Troubles that can be stopped at. */
export const TROUBLES = {
  expectation: { label: 'Expectation failed', stops: true },
  impossible: { label: 'Statement cannot be carried out', stops: true },
  invariant: { label: 'Invariant broken: interrupt lost, late or stuck', stops: false },
  dropped: { label: 'Message dropped', stops: false },
  fault: { label: 'Fault: reserved or illegal encoding', stops: false },
  'illegal-vector': { label: 'Illegal vector accepted', stops: false },
} as const satisfies Readonly<Record<string, TroubleKind>>;

export type TroubleName = keyof typeof TROUBLES;

type Place =
  /** 0-based line at whose statement to stop, before it begins. */
  | { readonly kind: 'line'; readonly line: number }
  /** Kernel function or hardware sequence, at its first step. */
  | { readonly kind: 'function'; readonly name: string }
  /** After the step that changed the field (and, with `condition`, made it what is wanted). */
  | { readonly kind: 'data'; readonly ref: FieldRef }
  | {
      readonly kind: 'trouble';
      readonly name: TroubleName;
      /** For `invariant`: only these; absent = every one that is no mere notice. */
      readonly invariants?: readonly InvariantName[];
    };

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
      return machine.position > 0 && isTrouble(rule.name, runner, rule.invariants ?? SERIOUS);
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
  return callPath(
    machine,
    frames.filter(frame => frame !== undefined),
  ).includes(name);
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

const SERIOUS = (Object.keys(INVARIANTS) as InvariantName[]).filter(name => INVARIANTS[name].kind === 'trouble');

/** Did the step that led here do this wrong, or break one of the invariants? */
function isTrouble(name: TroubleName, runner: Runner, invariants: readonly InvariantName[]): boolean {
  const { machine } = runner;
  const has = (bit: number) => (machine.marksOf(machine.position) & (1 << bit)) !== 0;
  switch (name) {
    case 'expectation':
      return has(MARK.failure) && (wasExpectation(runner) || brokeWatch(runner));
    case 'impossible':
      return has(MARK.failure) && !wasExpectation(runner) && !brokeWatch(runner);
    case 'dropped':
      return has(MARK.dropped);
    case 'fault':
      return has(MARK.fault);
    case 'illegal-vector':
      return acceptsIllegalVector(runner);
    case 'invariant':
      return brokenBy(runner, invariants).length > 0;
  }
}

/** Those of the invariants that do not hold for somebody for whom they held before the step that led here. */
export function brokenBy({ machine }: Runner, invariants: readonly InvariantName[] = SERIOUS): InvariantName[] {
  const { position } = machine;
  const broken = () => brokenInvariants(machine).filter(({ name }) => invariants.includes(name));
  const now = broken();
  if (now.length === 0) {
    return [];
  }
  machine.seek(position - 1);
  const before = new Set(broken().map(({ name, index }) => `${name} ${index}`));
  machine.seek(position);
  return now.filter(({ name, index }) => !before.has(`${name} ${index}`)).map(({ name }) => name);
}

/** A local APIC is about to accept Fixed or LowPrio with a vector below 16. LAPIC delivery §6: KVM does not check. */
function acceptsIllegalVector(runner: Runner): boolean {
  const { machine } = runner;
  const agent = machine.agentOf(machine.position);
  const frame = agent < machine.agentCount ? machine.stack(agent)[0] : undefined;
  if (frame?.operation.name !== '__apic_accept_irq' || !entered('__apic_accept_irq', runner)) {
    return false;
  }
  const irq = frame.locals[frame.operation.locals.indexOf('irq')];
  const mode = irq & IRQ.mode;
  return (mode === MODE.FIXED || mode === MODE.LOWEST) && (irq & IRQ.vector) < 16;
}

/** The step that led here judged an expectation: the statement before the present one. */
function wasExpectation(runner: Runner): boolean {
  return runner.program.statements[runner.statement - 1]?.action.kind === 'expect';
}

/** The step that led here broke what `always` or `never` asks for: an agent's own step fails by nothing else, nor does the beginning of a section. */
function brokeWatch({ program, statement, machine, watches }: Runner): boolean {
  const began = program.statements[statement - 1]?.action.kind === 'section';
  return watches.any && (machine.agentOf(machine.position) !== SCENARIO || began);
}
