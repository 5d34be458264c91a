import { expect, test } from 'vitest';
import { snapshotOf } from '../../../extension/session/snapshot.ts';
import { MACHINE, sessionOf, TO_RUNNING } from './scenarios.ts';

const finished = (session: ReturnType<typeof sessionOf>): boolean =>
  snapshotOf(session, { title: '', uri: '' }, 1).finished;

test('whether more can happen after the recorded steps does not depend on where one looks', () => {
  const session = sessionOf(TO_RUNNING);
  expect(finished(session)).toBe(false);
  session.move('stepOver');
  session.seek(1);
  expect(finished(session)).toBe(false);
  session.move('continue');
  expect(finished(session)).toBe(true);
  session.seek(1);
  expect([finished(session), session.finished]).toEqual([true, false]);
});

test('another way from an earlier step has its own end', () => {
  const session = sessionOf(TO_RUNNING);
  session.move('continue');
  const end = session.length;
  session.seek(2);
  session.change(() => session.runner.machine.store(session.runner.machine.vcpu(2), 1));
  while (!session.finished && session.length < end) {
    expect(finished(session)).toBe(false);
    session.move('stepInto');
  }
  expect(finished(session)).toBe(session.finished);
  session.move('continue');
  expect(finished(session)).toBe(true);
});

test('what is changed by hand after the end leaves it the end', () => {
  const session = sessionOf(TO_RUNNING);
  session.move('continue');
  session.change(() => session.runner.machine.store(session.runner.machine.vcpu(2), 1));
  expect(finished(session)).toBe(true);
});

test('a scenario without statements is at its end from the start', () => {
  expect(finished(sessionOf(MACHINE))).toBe(true);
});
