import { describe, expect, it } from 'vitest';
import { scenarioFor } from '../../../extension/decode/send.ts';
import { machineOf, recipientsOf } from '../../../extension/editor/recipients.ts';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { read } from './at.ts';

const message = (values: string, as?: string) => read(values, as).message;

describe('sending a decoded message', () => {
  it.each([
    ['0x00000003000000fb', 'x2apic-icr', 'vcpu 0:  icr 0x00000003000000fb'],
    ['0x000c4500', 'icr-low', 'vcpu 0:  icr 0x00000000000c4500'],
    ['0xfee0300c 0x0145', undefined, 'msi      0xfee0300c 0x0145'],
    ['0x0700000000000445', 'icr', 'vcpu 0:  icr 0x0700000000000445'],
  ])('%s becomes a scenario without problems', (values, as, action) => {
    const sent = message(values, as)!;
    expect(sent.action).toBe(action);
    expect(check(parse(scenarioFor(sent))).diagnostics).toEqual([]);
  });

  it.each([
    ['0x5531', 'guest-intr-status'],
    ['0xfec00000 0x41', 'msi'],
    ['0xfee0300c', 'msi-address'],
  ])('%s as %s is no complete message', (values, as) => {
    expect(message(values, as)).toBeUndefined();
  });
});

describe('recipients', () => {
  const machine = 'machine intel\n  kernel 6.16\n  vcpus 4 x2apic\n  with apicv\n';

  it('are those of the engine', () => {
    const found = recipientsOf(machine, message('0x00000003000000fb', 'x2apic-icr')!.action);
    expect(found?.sentences.filter(s => s.includes('accepts'))).toEqual([expect.stringContaining('vcpu 3 accepts')]);
  });

  it('are unknown on a machine with an error', () => {
    expect(recipientsOf('machine toaster', 'msi 0xfee00000 0x41')).toBeUndefined();
  });

  it('takes the machine of a scenario without its actions', () => {
    const text = `${machine}vcpu 1  blocked on cpu 1\n\nnic:  interrupt\nvcpu 0:  icr 0x41\nexpect vcpu 1: irr has 0x41`;
    expect(machineOf(text)).toBe(`${machine}vcpu 1  blocked on cpu 1\n`);
    expect(machineOf(machine)).toBe(machine);
    const operation = `${machine}operation f(v) {\n  set_bit(v->irr[0x41])\n}\n`;
    for (const deed of ['always vcpu 1: pid.on 0', 'vcpu 0..1:  eoi', 'section one', 'gsi 4 up', 'repeat 2']) {
      expect(machineOf(`${operation}\n${deed}\n`)).toBe(operation);
    }
  });

  it('are those of a machine that is included', () => {
    const { action } = message('0x00000003000000fb', 'x2apic-icr')!;
    const source = { text: 'include "m.irq"\n', name: 'a.irq', files: new Map([['m.irq', { text: machine }]]) };
    expect(recipientsOf(source, action)).toEqual(recipientsOf(machine, action));
    expect(recipientsOf('include "m.irq"\n', action)).toBeUndefined();
  });
});
