import { expect, test } from 'vitest';
import { partners } from '../../../extension/session/align.ts';
import { Besides, profilesBeside } from '../../../extension/session/beside.ts';
import type { Beside } from '../../../extension/session/protocol.ts';
import { MACHINE, sessionOf, TO_RUNNING } from './scenarios.ts';

const TITLE = { title: 'a.irq', uri: 'file:///a.irq' };

const TO_EXITED = `${MACHINE}
vcpu 1 exited on cpu 1

vcpu 0:  ipi fixed 0x41 to 1
vcpu 1:  enter
expect   vcpu 1 takes 0x41
`;

function opened(text: string): { session: ReturnType<typeof sessionOf>; besides: Besides } {
  const session = sessionOf(text);
  session.source = { text, options: {} };
  return { session, besides: new Besides(session, TITLE) };
}

const momentOf = ({ moment, reason }: Beside): NonNullable<Beside['moment']> => {
  if (moment === undefined) throw new Error(reason);
  return moment;
};

test('the picture of another step leaves the run exactly as it was', () => {
  const { session, besides } = opened(TO_RUNNING);
  session.seek(20);
  const { machine } = session.runner;
  const heard: number[] = [];
  session.onDidMove(() => heard.push(session.position));
  const before = [machine.words.slice(), machine.journalBytes, session.position, session.length, session.explain()];
  const moment = momentOf(besides.beside(7));
  expect([moment.position, moment.vcpus[1].pid?.on, moment.vcpus[1].changed]).toEqual([7, true, ['pid.on']]);
  expect([machine.words, machine.journalBytes, session.position, session.length, session.explain()]).toEqual(before);
  expect(heard).toEqual([]);
  expect(besides.beside(21).reason).toContain('not come there');
});

test('a run under another profile is seen at the moment that corresponds', () => {
  const { session, besides } = opened(TO_EXITED);
  session.seek(0);
  expect(momentOf(besides.beside('Linux 2013')).position).toBe(0);
  while (session.explain().place !== 'vmx_deliver_posted_interrupt') session.move('stepInto');
  const { words } = session.runner.machine;
  const before = words.slice();
  const { moment, parting, at } = besides.beside('Linux 2013');
  expect(at).toBe(session.position);
  expect(moment?.profile).toContain('2013');
  expect(moment?.step.place).toBe('vmx_deliver_posted_interrupt');
  expect(moment?.step.writes).toEqual(session.explain().writes);
  expect(words).toEqual(before);
  expect(parting?.line).toBeGreaterThan(0);
});

test('where the lines end both are at their end, and the first difference is named', () => {
  const { session, besides } = opened(TO_EXITED);
  session.move('stepOver');
  const { moment, parting } = besides.beside('Linux 2013');
  expect(moment?.line).toBe(session.statement === undefined ? 0 : session.statement.range.line + 1);
  expect(parting?.line).toBe(TO_EXITED.split('\n').findIndex(line => line.includes('ipi fixed')) + 1);
  const here = parting?.here?.number ?? 0;
  const there = parting?.there?.number ?? 0;
  session.seek(here - 1);
  expect(momentOf(besides.beside('Linux 2013')).position).toBe(there - 1);
  session.seek(here);
  expect(session.explain()).toMatchObject(parting?.here ?? {});
});

test('of many vCPUs only those that differ are told, and none when nothing does', () => {
  const { session, besides } = opened(TO_RUNNING);
  session.move('stepOver');
  const differing = momentOf(besides.beside('without APIC virtualization')).vcpus.map(({ index }) => index);
  expect(differing).toContain(1);
  const same = besides.beside('Linux 6.12');
  expect(momentOf(same).vcpus.map(({ index }) => index)).toEqual([]);
  expect(same.parting).toBeUndefined();
});

test('says why there is nothing to compare with', () => {
  const { besides, session } = opened(TO_RUNNING);
  expect(besides.beside('Linux 1.0').reason).toContain('Linux 1.0');
  expect(profilesBeside(session)).toEqual(expect.arrayContaining(['Linux 7.1', 'AMD']));
  session.source = undefined;
  expect(profilesBeside(session)).toEqual([]);
});

test.each([
  ['abcd', 'abcd', [0, 1, 2, 3]],
  ['abcd', 'acd', [0, -1, 1, 2]],
  ['axd', 'abcd', [0, -1, 3]],
  ['', 'a', []],
  ['abab', 'ba', [-1, 0, 1, -1]],
])('%s beside %s', (left, right, expected) => {
  expect([...partners([...left], [...right])]).toEqual(expected);
});
