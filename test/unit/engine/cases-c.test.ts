/** Worked cases C: lowest priority and the redirection hint. */
import { describe, expect, test } from 'vitest';
import { V } from '../../../extension/engine/layout.ts';
import type { Machine } from '../../../extension/engine/machine.ts';
import { deliver, field, msi, received, vm, x2apicVm } from './irqchip.ts';

const LOWEST_LOGICAL = 0x100 | 0x800 | 0x4000;

function lowest(m: Machine, vector: number, dest: number): number[] {
  deliver(m, LOWEST_LOGICAL | vector, dest);
  return received(m, vector);
}

test('C1: hashing', () => {
  expect(lowest(vm(), 0x45, 0x0f)).toEqual([1]);
});

test('C2: the map counts bits that nobody owns, and drops what they get', () => {
  const m = vm({ vcpus: [{}, { apic: 'disabled' }, {}, {}] });
  expect(deliver(m, LOWEST_LOGICAL | 0x46, 0x07)).toBe(0);
  expect(received(m, 0x46)).toEqual([]);
});

test('C3, C4: the slow path counts candidates', () => {
  const slow = () => vm({ vcpus: [{}, { apic: 'disabled' }, {}, { ldr: 0x18 << 24 }] });
  expect(lowest(slow(), 0x46, 0x07)).toEqual([0]);
  expect(lowest(slow(), 0x47, 0x07)).toEqual([2]);
});

test('C5, C6: without hashing the smallest apic_arb_prio, the first of equals', () => {
  const m = vm({ vectorHashing: false });
  [3, 1, 1, 2].forEach((priority, vcpu) => {
    m.store(m.vcpu(vcpu) + V.arb_prio, priority);
  });
  expect(lowest(m, 0x45, 0x0f)).toEqual([1]);
  expect(field(m, 1, V.arb_prio)).toBe(2);
  expect(lowest(m, 0x46, 0x0f)).toEqual([2]);
  expect([0, 1, 2, 3].map(vcpu => field(m, vcpu, V.arb_prio))).toEqual([3, 2, 2, 2]);
});

test('C7: RH picks one and does not count', () => {
  const m = vm();
  expect(msi(m, 0xfee0f00c, 0x50)).toBe(1);
  expect(received(m, 0x50)).toEqual([0]);
  expect(field(m, 0, V.arb_prio)).toBe(0);
});

test('C8: DM is honoured without RH', () => {
  expect(msi(vm(), 0xfee0f004, 0x50)).toBe(4);
});

test('C9: RH with a physical destination', () => {
  const m = vm();
  expect(msi(m, 0xfee01008, 0x50)).toBe(1);
  expect(received(m, 0x50)).toEqual([1]);
});

test('C10: RH with a physical broadcast: one', () => {
  const m = vm();
  expect(msi(m, 0xfeeff008, 0x41)).toBe(1);
  expect(received(m, 0x41)).toEqual([1]);
});

test('C11: lowest priority with a physical broadcast: Fixed to all', () => {
  const m = vm();
  expect(msi(m, 0xfeeff000, 0x141)).toBe(4);
  expect(field(m, 0, V.arb_prio)).toBe(0);
});

test('C12: 2013 ignores RH', () => {
  expect(msi(vm({ kernel: '2013' }), 0xfee0f00c, 0x50)).toBe(4);
});

test('C13: a software-disabled vCPU is no candidate of the slow path', () => {
  const m = vm({ vcpus: [{}, { svr: 0xff }, {}, {}, { ldr: 0x30 << 24 }] });
  expect(lowest(m, 0x46, 0x0f)).toEqual([2]);
});

test('C14: on the map its slot is empty', () => {
  const m = vm({ vcpus: [{}, { svr: 0xff }, {}, {}] });
  expect(deliver(m, LOWEST_LOGICAL | 0x45, 0x0f)).toBe(0);
  expect(received(m, 0x45)).toEqual([]);
});

test('C15: in x2APIC mode it is chosen and drops the message', () => {
  const m = x2apicVm(4, { vcpus: [{}, { svr: 0xff }, {}, {}].map(each => ({ apic: 'x2apic' as const, ...each })) });
  expect(deliver(m, LOWEST_LOGICAL | 0x45, 0x0f)).toBe(0);
  expect(field(m, 1, V.arb_prio)).toBe(1);
});

test('C16: a logical 0xff leaves the map: modulo 4 candidates, not 8 bits', () => {
  const m = vm();
  expect(msi(m, 0xfeeff00c, 0x131)).toBe(1);
  expect(received(m, 0x31)).toEqual([1]);
});

describe('what the patch about RH changes', () => {
  const reached = (redirectionHint: 'ignored' | 'proposed' | 'merged', lo: number) => {
    const m = vm({ choices: { redirectionHint } });
    msi(m, lo, 0x41);
    return received(m, 0x41);
  };

  test.each([
    ['logical', 0xfee0f00c, [0, 1, 2, 3], [1], [1]],
    ['physical', 0xfee02008, [2], [2], [2]],
    ['physical broadcast', 0xfeeff008, [0, 1, 2, 3], [0, 1, 2, 3], [1]],
  ] as const)('%s', (_name, lo, ignored, proposed, merged) => {
    expect(reached('ignored', lo)).toEqual(ignored);
    expect(reached('proposed', lo)).toEqual(proposed);
    expect(reached('merged', lo)).toEqual(merged);
  });
});
