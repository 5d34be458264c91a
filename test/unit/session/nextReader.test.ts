import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { DEFAULT_RULES } from '../../../extension/session/session.ts';
import { FAILING, MACHINE, sessionOf, TO_RUNNING } from './scenarios.ts';

const SCENARIOS = path.resolve(import.meta.dirname, '../../../scenarios');

/** Those that stand alone: a file that includes another is the same to a session. */
const files = readdirSync(SCENARIOS, { recursive: true, encoding: 'utf8' }).filter(
  file => file.endsWith('.irq') && !/^include/m.test(readFileSync(path.join(SCENARIOS, file), 'utf8')),
);

/** A matcher looks at every word for half a second. */
const isSame = (a: Int32Array, b: Int32Array): boolean => a.every((word, i) => word === b[i]);

const reads = (session: ReturnType<typeof sessionOf>): readonly string[] =>
  session.explain().reads.map(({ field }) => field);

test('the next recorded step that reads a field, and the one after it', () => {
  const session = sessionOf(TO_RUNNING);
  session.move('continue');
  session.seek(0);
  expect(session.seekReader(['vcpu 1.pid.pir[0x41]'])).toMatchObject({ outcome: 'recorded', from: 0 });
  expect(reads(session)).toContain('vcpu 1.pid.pir[0x41]');
  expect(session.explain().place).toBe('vmx_deliver_posted_interrupt');
  session.seekReader(['vcpu 1.pid.pir[0x41]']);
  expect(session.explain().place).toBe('posted-interrupt processing');
  expect(reads(session)).toContain('vcpu 1.pid.pir[95:64]');
});

test('without recorded steps the run goes on to the reader, and says so', () => {
  const session = sessionOf(TO_RUNNING);
  const search = session.seekReader(['vcpu 1.mode']);
  expect(search).toMatchObject({ outcome: 'ahead', from: 0, recorded: 0, to: session.position });
  expect(session.length).toBe(session.position);
  expect(reads(session)).toContain('vcpu 1.mode');
});

test('nobody reads it: the run was looked through to its end, and one is where one was', () => {
  const session = sessionOf(TO_RUNNING);
  session.move('stepInto');
  expect(session.seekReader(['vcpu 2.tpr'])).toMatchObject({ outcome: 'none', from: 1, recorded: 1 });
  expect([session.position, session.complete]).toEqual([1, true]);
});

test('a long run is looked through piece by piece', () => {
  const session = sessionOf(`${MACHINE}\nrepeat 2000\n  vcpu 0:  ipi fixed 0x41 to 1\n  vcpu 1:  eoi\nend\n`);
  const first = session.seekReader(['vcpu 2.tpr']);
  expect(first).toMatchObject({ outcome: 'none', from: 0, to: 1 << 15 });
  expect([session.position, session.length]).toEqual([0, 1 << 15]);
  session.seek(10);
  expect(session.seekReader(['vcpu 2.tpr'])).toMatchObject({ outcome: 'none', recorded: 1 << 15, to: (1 << 15) + 10 });
});

test('what stops a run stops the search', () => {
  const session = sessionOf(FAILING);
  expect(session.seekReader(['vcpu 2.tpr'])).toMatchObject({ outcome: 'stopped' });
  expect(session.explain().marks).toContain('failure');
  const other = sessionOf(TO_RUNNING);
  other.rules = [...DEFAULT_RULES, { id: 1, kind: 'function', name: '__apic_accept_irq' }];
  expect(other.seekReader(['vcpu 1.mode']).outcome).toBe('stopped');
});

// Races included: there the order of steps depends on what each of them has changed.
test.each(files)('in %s every reader is found, and looking leaves no trace', file => {
  const text = readFileSync(path.join(SCENARIOS, file), 'utf8');
  const session = sessionOf(text);
  session.seek(300);
  const { words } = session.runner.machine;
  const { length } = session;
  const states = Array.from({ length: length + 1 }, (_, step) => {
    session.seek(step);
    return words.slice();
  });
  const readers = Array.from({ length }, (_, i) => {
    session.seek(i + 1);
    return reads(session).includes('vcpu 1.pid.on') ? i + 1 : 0;
  }).filter(step => step > 0);
  session.seek(0);
  for (const step of readers) {
    session.seekReader(['vcpu 1.pid.on']);
    expect(session.position).toBe(step);
    expect(isSame(words, states[step])).toBe(true);
  }
  session.seek(length);
  expect(isSame(words, states[length])).toBe(true);
});
