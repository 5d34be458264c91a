/** Says what a step did and why: the one record from which call stack, inspector, trace and hover print. */
import { describeChange, describeRead } from '../engine/fieldAccess.ts';
import { MARK, type Machine, SCENARIO, USER } from '../engine/machine.ts';
import { kernelName } from '../engine/names.ts';
import type { Operation } from '../engine/operation.ts';
import { callPath } from '../engine/stack.ts';
import type { FieldTouch, StepView } from './protocol.ts';
import type { Judgement, Runner } from './runner.ts';

const MARK_NAMES: readonly (readonly [bit: number, name: string])[] = [
  [MARK.exit, 'vm exit'],
  [MARK.entry, 'vm entry'],
  [MARK.notification, 'notification'],
  [MARK.wakeup, 'wake-up'],
  [MARK.delivery, 'delivery'],
  [MARK.dropped, 'dropped'],
  [MARK.fault, 'fault'],
  [MARK.failure, 'failure'],
];

export function markNames(marks: number): string[] {
  return MARK_NAMES.filter(([bit]) => (marks & (1 << bit)) !== 0).map(([, name]) => name);
}

const INITIAL: StepView = {
  number: 0,
  agent: 'scenario',
  actor: 'scenario',
  place: 'initial state',
  source: '',
  path: ['initial state'],
  sentence: 'The machine as the scenario describes it. Nothing has happened yet.',
  reads: [],
  writes: [],
  assumed: false,
  marks: [],
};

/**
 * Explains `step` by taking it again from the state before it, watched. The runner is left after that step.
 * Throws RangeError outside 0..length.
 */
export function explain(runner: Runner, step: number): StepView {
  const m = runner.machine;
  if (step === 0) {
    m.seek(0);
    return INITIAL;
  }
  m.seek(step - 1);
  const agent = m.agentOf(step);
  const code = m.codeOf(step);
  const judgement = agent === SCENARIO ? runner.judgement() : undefined;
  const before = code === undefined ? undefined : aboutToRun(runner, agent);
  const reads = agent === USER || agent === SCENARIO ? [] : watchReads(runner);
  m.seek(step);
  const writes = writesOf(runner, step);
  const common = { number: step, reads, writes, marks: markNames(m.marksOf(step)) };
  if (code === undefined || before === undefined) {
    return { ...common, ...ofScenario(agent, judgement) };
  }
  const { operation, step: taken } = code;
  return {
    ...common,
    agent: m.agentName(agent),
    actor: operation.actor,
    place: placeOf(m, operation, before.path),
    source: sourceOf(runner, operation),
    path: before.path,
    sentence: before.sentence,
    assumed: taken.assumed,
  };
}

/** The operation, or the function that has its code where it is none. */
function placeOf(m: Machine, operation: Operation, path: readonly string[]): string {
  return kernelName(m.config, operation.name) || (path.at(-1) ?? operation.name);
}

/** `vmx/vmx.c, Linux 6.16`, or the section of the manual. */
export function sourceOf(runner: Runner, operation: Operation): string {
  const { profile } = runner.machine;
  const source = operation.source(profile);
  return operation.actor === 'kvm' || operation.actor === 'host' ? `${source}, ${profile.name}` : source;
}

function aboutToRun(runner: Runner, agent: number): { path: string[]; sentence: string } {
  // The first step of a statement, or of what arises of itself, has no frame yet: it is pushed as part of the step.
  const m = runner.machine;
  const recording = m.recording;
  m.recording = false;
  const saved = m.words.slice();
  runner.prepare(agent);
  const frames = m.stack(agent);
  const { step, locals } = frames[0];
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = locals;
  const sentence = typeof step.say === 'string' ? step.say : step.say(m, a, b, c, d, e, f, g, h);
  m.words.set(saved);
  m.recording = recording;
  return { path: callPath(m, frames), sentence };
}

function watchReads(runner: Runner): FieldTouch[] {
  const m = runner.machine;
  const seen = new Map<string, string>();
  const { position, recording } = m;
  m.recording = false;
  const saved = m.words.slice();
  m.observer = {
    read: (address, mask) => {
      for (const { name, before } of describeRead(m, address, mask, m.words[address])) {
        if (!seen.has(name)) {
          seen.set(name, before);
        }
      }
    },
    write: () => {},
  };
  runner.step();
  m.observer = undefined;
  m.words.set(saved);
  m.recording = recording;
  m.position = position;
  return [...seen].map(([field, before]) => ({ field, before }));
}

function writesOf(runner: Runner, step: number): FieldTouch[] {
  const m = runner.machine;
  const differences = new Map<number, number>();
  for (const [address, difference] of m.changesOf(step)) {
    differences.set(address, (differences.get(address) ?? 0) ^ difference);
  }
  const writes: FieldTouch[] = [];
  for (const [address, difference] of differences) {
    if (difference === 0) continue; // set and cleared again within the step
    const after = m.words[address];
    for (const change of describeChange(m, address, after ^ difference, after)) {
      writes.push({ field: change.name, before: change.before, after: change.after });
    }
  }
  return writes;
}

function ofScenario(
  agent: number,
  judgement: Judgement | undefined,
): Omit<StepView, 'number' | 'reads' | 'writes' | 'marks'> {
  const common = { path: ['scenario'], source: '', assumed: false };
  if (agent === USER) {
    return { ...common, agent: 'user', actor: 'user', place: 'set by hand', sentence: 'A field was changed by hand.' };
  }
  if (judgement?.obstacle !== undefined) {
    return {
      ...common,
      agent: 'scenario',
      actor: 'scenario',
      place: judgement.statement.action.kind,
      sentence: `cannot be done: ${judgement.obstacle}`,
    };
  }
  if (judgement?.race !== undefined) {
    const broken = judgement.race.find(verdict => !verdict.holds);
    const sentence =
      broken === undefined
        ? `the race is over: ${judgement.race.map(verdict => verdict.text).join(', ')}`
        : `does not hold: ${broken.text}: ${broken.found}`;
    return { ...common, agent: 'scenario', actor: 'scenario', place: 'race', sentence };
  }
  if (judgement?.statement.action.kind === 'section') {
    const sentence = 'A section begins: the machine is as at the start.';
    return { ...common, agent: 'scenario', actor: 'scenario', place: 'section', sentence };
  }
  const verdicts = judgement?.verdicts ?? [];
  const failed = verdicts.filter(verdict => !verdict.holds);
  const sentence =
    failed.length === 0
      ? `holds: ${verdicts.map(verdict => verdict.condition.text).join(', ')}`
      : failed.map(verdict => `expected ${verdict.condition.text}, but ${verdict.found}`).join('; ');
  return { ...common, agent: 'scenario', actor: 'scenario', place: 'expect', sentence };
}
