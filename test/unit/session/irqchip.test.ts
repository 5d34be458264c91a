import { expect, test } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Program } from '../../../extension/scenario/program.ts';
import { explain } from '../../../extension/session/explain.ts';
import { judgeScenario } from '../../../extension/session/outcome.ts';
import { Session } from '../../../extension/session/session.ts';

const MACHINE = `machine intel
  vcpus 2 xapic
  with apicv
pin 4 fixed 0x31 to 1 level
pin 5 0x0100000000000041
pin 9 fixed 0x51 to 0 masked
`;

/** What does not hold, or cannot be done. */
function failures(text: string): readonly string[] {
  const { problems, failures: found } = judgeScenario(MACHINE + text);
  return [...problems, ...found].map(({ line, text: what }) => `${line - 6}: ${what}`);
}

test('a level-triggered pin sends again after the EOI while its line is up', () => {
  const text = `gsi 4 up
expect vcpu 1 takes 0x31, vcpu 1: tmr has 0x31
vcpu 1: eoi
expect vcpu 1 takes 0x31
gsi 4 down
vcpu 1: eoi
expect vcpu 1 takes nothing`;
  expect(failures(text)).toEqual([]);
  expect(failures(text.replace('gsi 4 down', 'vcpu 0: eoi'))).toHaveLength(1);
});

test('an entry as raw bits, a masked one, and one that nobody described', () => {
  expect(failures('gsi 5 up\nexpect vcpu 1 takes 0x41')).toEqual([]);
  expect(failures('gsi 9 up\ngsi 12 up\nexpect vcpu 0 takes nothing, vcpu 1 takes nothing')).toEqual([]);
});

test('reads of the APIC exit where the processor does not virtualize them', () => {
  const reads = 'vcpu 1: read APIC_TASKPRI\nexpect no exit on vcpu 1\nvcpu 1: read APIC_CMCI\nexpect exit on vcpu 1';
  expect(failures(reads.replace('APIC_CMCI', 'APIC_TMCCT'))).toEqual([]);
  const { failures: found } = judgeScenario(
    'machine intel\n  vcpus 1 x2apic\nvcpu 0: rdmsr APIC_ID\nexpect exit on vcpu 0, vcpu 0: exit_reason 31',
  );
  expect(found).toEqual([]);
});

test('what a step sets and clears again it has not changed', () => {
  const session = new Session(check(parse(`${MACHINE}gsi 4 up`)).program as Program);
  session.move('continue');
  const writes = Array.from({ length: session.position }, (_, i) => explain(session.runner, i + 1).writes).flat();
  expect(writes.map(({ field }) => field)).toContain('pic.irq_states[4]');
  expect(writes.filter(({ before, after }) => before === after)).toEqual([]);
});
