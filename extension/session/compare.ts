/** The same scenario under two profiles: statement by statement what came of it, and where the steps part. */
import type { MachineConfig } from '../engine/config.ts';
import { printField } from '../engine/fieldAccess.ts';
import { findField } from '../engine/fields.ts';
import { EVENT, G, V } from '../engine/layout.ts';
import type { Machine } from '../engine/machine.ts';
import { vectorSet, vectorsAt } from '../engine/text.ts';
import type { Program } from '../scenario/program.ts';
import { partners } from './align.ts';
import type { StepView } from './protocol.ts';
import { Session } from './session.ts';

/** One side of a step pair; undefined where the other side has a step of its own. */
export interface StepPair {
  readonly left: StepView | undefined;
  readonly right: StepView | undefined;
}

export interface StatementPair {
  /** 1-based. */
  readonly line: number;
  readonly text: string;
  /** What differs, as `vcpu 1: takes {0x41} | takes {}`; empty when both sides came to the same. */
  readonly differences: readonly string[];
  readonly steps: readonly StepPair[];
}

export interface Comparison {
  readonly names: readonly [left: string, right: string];
  readonly statements: readonly StatementPair[];
}

interface Part {
  readonly facts: ReadonlyMap<string, string>;
  readonly steps: readonly StepView[];
}

/** Fields that mean the same on both vendors. Where the vector waits in between (PIR, RVI) is the way, not the outcome. */
const LASTING = ['state', 'isr', 'ppr'] as const;

/** Marks of steps that are part of the outcome, with the name of their number. */
const COUNTED = {
  'vm exit': 'exits',
  'wake-up': 'wake-ups',
  delivery: 'deliveries',
  dropped: 'dropped',
  fault: 'faults',
};

/** Bits of events and taken vectors before the statement, which it may forget when it begins. */
function eventWords(m: Machine): number[] {
  return m.config.vcpus.flatMap((_, vcpu) => {
    const base = m.vcpu(vcpu);
    return [m.words[base + V.events], ...m.words.subarray(base + V.taken, base + V.taken + 8)];
  });
}

/** What happened in the statement, and how every vCPU stands after it. */
function factsOf(
  m: Machine,
  before: readonly number[],
  steps: readonly StepView[],
  notifications: boolean,
): Map<string, string> {
  const facts = new Map<string, string>();
  for (const [mark, name] of Object.entries(COUNTED)) {
    facts.set(name, String(steps.filter(({ marks }) => marks.includes(mark)).length));
  }
  const after = eventWords(m);
  for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
    const own = after.slice(9 * vcpu, 9 * vcpu + 9).map((word, i) => word & ~before[9 * vcpu + i]);
    const names = (Object.keys(EVENT) as (keyof typeof EVENT)[]).filter(
      name => (own[0] & (1 << EVENT[name])) !== 0 && (notifications || name !== 'notification'),
    );
    facts.set(`vcpu ${vcpu}: events`, names.join(', ') || 'none');
    facts.set(`vcpu ${vcpu}: takes`, vectorSet(vectorsAt(Int32Array.from(own.slice(1)), 0)));
    for (const path of LASTING) {
      const field = findField('vcpu', path);
      if (field !== undefined) {
        facts.set(`vcpu ${vcpu}: ${path}`, printField(m, { field, index: vcpu }));
      }
    }
  }
  return facts;
}

/** Runs one statement to its end. */
function runStatement(session: Session, notifications: boolean): Part {
  const m = session.runner.machine;
  const judgement = session.runner.judgement();
  const at = session.runner.statement;
  const forgets = session.statement?.action.kind !== 'expect' && m.words[G.expected] !== 0;
  const before = eventWords(m).map(word => (forgets ? 0 : word));
  const steps: StepView[] = [];
  while (!session.finished && session.runner.statement === at) {
    session.move('stepInto');
    steps.push(session.explain());
  }
  const facts = judgement === undefined ? factsOf(m, before, steps, notifications) : new Map<string, string>();
  for (const { condition, holds, found } of judgement?.verdicts ?? []) {
    facts.set(condition.text, holds ? 'holds' : found);
  }
  if (judgement?.obstacle !== undefined) {
    facts.set('statement', `cannot be done: ${judgement.obstacle}`);
  }
  return { facts, steps: judgement === undefined ? steps : [] };
}

const placeOf = (step: StepView): string => `${step.agent} ${step.place} ${step.path.at(-1) ?? ''}`;

/** By agent and place: what both did stands side by side. */
function aligned(left: readonly StepView[], right: readonly StepView[]): StepPair[] {
  const partner = partners(left.map(placeOf), right.map(placeOf));
  const pairs: StepPair[] = [];
  let j = 0;
  left.forEach((step, i) => {
    while (j < partner[i]) {
      pairs.push({ left: undefined, right: right[j++] });
    }
    pairs.push({ left: step, right: partner[i] < 0 ? undefined : right[j++] });
  });
  return [...pairs, ...right.slice(j).map(step => ({ left: undefined, right: step }))];
}

/** `ignored`: texts of conditions that mean nothing on one of the sides. */
function differencesOf(left: Part, right: Part, ignored: ReadonlySet<string>): string[] {
  const names = [...new Set([...left.facts.keys(), ...right.facts.keys()])];
  return names
    .filter(name => !ignored.has(name) && left.facts.get(name) !== right.facts.get(name))
    .map(name => `${name}: ${left.facts.get(name) ?? '-'} | ${right.facts.get(name) ?? '-'}`);
}

export function compare(
  left: Program,
  right: Program,
  names: readonly [string, string],
  ignored: ReadonlySet<string>,
): Comparison {
  const sessions = [new Session(left), new Session(right)] as const;
  // A notification, a doorbell and a GA log entry are three ways to the same end.
  const notifications = left.machine.vendor === right.machine.vendor;
  const statements: StatementPair[] = [];
  for (const { range, text } of left.statements) {
    const [one, other] = sessions.map(session => runStatement(session, notifications));
    statements.push({
      line: range.line + 1,
      text: text.trim(),
      differences: differencesOf(one, other, ignored),
      steps: aligned(one.steps, other.steps),
    });
  }
  return { names, statements };
}

/** What a profile on the command line changes of the machine. */
export interface ProfileChange {
  readonly kernel?: MachineConfig['kernel'];
  readonly vendor?: MachineConfig['vendor'];
  readonly choices?: MachineConfig['choices'];
}

/** The machine under another profile, or why there is none. AVIC and APICv stand for each other; IPI virtualization of Intel has no switch on AMD. */
export function changed(machine: MachineConfig, { kernel, vendor, choices }: ProfileChange): MachineConfig | string {
  const next: MachineConfig = { ...machine, ...(kernel && { kernel }), choices: { ...machine.choices, ...choices } };
  if (vendor === undefined || vendor === machine.vendor) {
    return next;
  }
  if (machine.vcpus.some(({ l2 }) => l2 !== undefined)) {
    return 'nested posted interrupts exist on Intel only';
  }
  if (vendor === 'intel') {
    const assigned = (machine.devices ?? []).some(device => device.assigned);
    return { ...next, vendor, x2avic: false, erratum1235: false, vtdPosting: next.apicv && assigned };
  }
  return next.kernel === '2013' && next.apicv
    ? 'the rules of 2013 know no AVIC'
    : { ...next, vendor, ipiv: false, vtdPosting: false, x2avic: next.apicv };
}
