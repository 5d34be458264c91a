import { describe, expect, it } from 'vitest';
import { looksLikeStatement, typedStatement } from '../../../extension/session/dap/typed.ts';
import { MACHINE, sessionOf, TO_RUNNING } from './scenarios.ts';

const typed = (text: string, scenario: string) => typedStatement(text, scenario, sessionOf(scenario).runner.machine);

it('a typed line is read on the machine and with the names of the scenario, wherever the run is', () => {
  const scenario = `machine intel
  vcpus 3
let TARGET = 2
section one
repeat 2
  vcpu 0: exit
end
section two
vcpu 1: eoi`;
  expect(typed('vcpu TARGET: eoi', scenario)).toEqual({ kind: 'action', action: { kind: 'eoi', vcpu: 2 } });
  expect(() => typed('section three', scenario)).toThrow('can only stand in a scenario');
  expect(() => typed('vcpu 0..1: eoi', scenario)).toThrow('no single statement');
});

describe('send', () => {
  it.each([
    ['send fixed 0x41 to 1', 'msi'],
    ['send msi fixed 0x41 to 1', 'msi'],
    ['send ipi fixed 0x41 to 1', 'icr'],
    ['send vcpu 1: ipi fixed 0x41 to 2', 'icr'],
  ])('%s is an action of kind %s', (text, kind) => {
    expect(typed(text, TO_RUNNING)).toMatchObject({ kind: 'action', action: { kind } });
  });

  it('an IPI goes out from the first vCPU in guest mode', () => {
    const asleep = `${MACHINE}vcpu 0 exited on cpu 0\nvcpu 1: eoi\n`;
    expect(typed('send ipi fixed 0x41 to 2', asleep)).toMatchObject({ action: { kind: 'icr', vcpu: 1 } });
  });

  it('nonsense says what to write', () => {
    expect(() => typed('send flowers', TO_RUNNING)).toThrow('send fixed 0x41 to 1');
  });
});

it('a wrong statement has the words of the language', () => {
  expect(() => typed('vcpu 9: eoi', TO_RUNNING)).toThrow(/vcpu/i);
  expect(() => typed('vcpu 0: dance', TO_RUNNING)).toThrow('dance');
});

it.each([
  ['vcpu 1.pid.on', false],
  ['vcpu 1.irr has 0x41 && !vcpu 1.pid.on', false],
  ['vcpu 1: eoi', true],
  ['nic: interrupt', true],
  ['send fixed 0x41 to 1', true],
  ['expect vcpu 1 takes 0x41', true],
])('%s looks like a statement: %s', (text, expected) => {
  expect(looksLikeStatement(text)).toBe(expected);
});
