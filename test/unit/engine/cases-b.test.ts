/** Worked cases B: who a destination names. */
import { expect, test } from 'vitest';
import { irqfd_wakeup } from '../../../extension/engine/ioapic/irqfd.ts';
import { publishedMap } from '../../../extension/engine/lapic/apicMap.ts';
import { kvm_arch_set_irq_inatomic } from '../../../extension/engine/lapic/msi.ts';
import { kvm_pv_send_ipi } from '../../../extension/engine/lapic/pvIpi.ts';
import { APIC } from '../../../extension/engine/lapic/registers.ts';
import { VM } from '../../../extension/engine/layout.ts';
import { VMM } from '../../../extension/engine/machine.ts';
import { inhibitBit } from '../../../extension/engine/vmx/apicv.ts';
import { deliver, ipi, line, msi, onVcpu, received, run, vm, writeRegister, x2apicVm } from './irqchip.ts';

const LOGICAL = 0x800;
const ASSERT = 0x4000;

test('B1: IPI physical dest 2 reaches V2 only', () => {
  const m = vm();
  expect(ipi(m, 0, 0x4041, 2 << 24)).toBe(1);
  expect(received(m, 0x41)).toEqual([2]);
});

test.each([
  ['6.16', 0],
  ['5.15', 0],
  ['4.19', -1],
  ['2013', -1],
] as const)('B2: dest 7 does not exist on %s', (kernel, r) => {
  expect(ipi(vm({ kernel }), 0, 0x4041, 7 << 24)).toBe(r);
});

test('B3: a destination above the highest ID is dropped', () => {
  expect(msi(vm({ x2apicApi: 1 }), 0xfeefe000, 0x41, 0x7f00)).toBe(0);
});

test('B4: all-but-self', () => {
  const m = vm();
  expect(ipi(m, 1, 0xc4041)).toBe(3);
  expect(received(m, 0x41)).toEqual([0, 2, 3]);
});

test('B5: all including self', () => {
  const m = vm();
  expect(ipi(m, 1, 0x84041)).toBe(4);
  expect(received(m, 0x41)).toEqual([0, 1, 2, 3]);
});

test('B6: self, with and without a map', () => {
  const m = vm();
  expect(ipi(m, 1, 0x440f1)).toBe(1);
  expect(received(m, 0xf1)).toEqual([1]);
  const aliased = vm({ vcpus: [{}, { aid: 0 }] });
  expect(publishedMap(aliased)).toBe(-1);
  expect(ipi(aliased, 1, 0x440f1)).toBe(1);
});

test('B7: physical broadcast', () => {
  expect(ipi(vm(), 0, 0x4041, 0xff000000)).toBe(4);
  expect(ipi(x2apicVm(4), 0, 0x4041, -1)).toBe(4);
});

test('B8, B9: logical flat; bits that nobody owns do not matter', () => {
  for (const dest of [0x06, 0xf6]) {
    const m = vm();
    expect(ipi(m, 0, 0x4841, dest << 24)).toBe(2);
    expect(received(m, 0x41)).toEqual([1, 2]);
  }
});

test('B10: logical cluster', () => {
  const m = vm({ vcpus: [{ ldr: 0x11 << 24 }, { ldr: 0x12 << 24 }, { ldr: 0x21 << 24 }], each: { dfr: 0x0fffffff } });
  expect(ipi(m, 0, 0x4841, 0x13 << 24)).toBe(2);
  expect(received(m, 0x41)).toEqual([0, 1]);
});

test('B11: two vCPUs own two bits each: slow path, both', () => {
  const m = vm({ vcpus: [{ ldr: 3 << 24 }, { ldr: 3 << 24 }] });
  expect(deliver(m, 0x41 | LOGICAL | ASSERT, 3)).toBe(2);
});

test('B12: flat and cluster mixed', () => {
  const m = vm({ vcpus: [{}, { dfr: 0x0fffffff, ldr: 0x11 << 24 }] });
  expect(deliver(m, 0x41 | LOGICAL | ASSERT, 0x01)).toBe(1);
  expect(received(m, 0x41)).toEqual([0]);
});

test('B13: a DFR that is neither: only a broadcast reaches it', () => {
  const m = vm({ vcpus: [{}, { dfr: 0x1fffffff }] });
  expect(deliver(m, 0x41 | LOGICAL | ASSERT, 0x02)).toBe(-1);
  expect(deliver(m, 0x42 | LOGICAL | ASSERT, 0xff)).toBe(2);
});

test('B13b: the map takes every DFR that is not flat for cluster', () => {
  const m = vm({ vcpus: [{ ldr: 0x11 << 24 }, { ldr: 0x12 << 24 }], each: { dfr: 0x1fffffff } });
  expect(deliver(m, 0x41 | LOGICAL | ASSERT, 0x12)).toBe(1);
  expect(received(m, 0x41)).toEqual([1]);
});

test('B14: all software-disabled', () => {
  expect(deliver(vm({ each: { svr: 0xff } }), 0x41 | LOGICAL | ASSERT, 0x0f)).toBe(0);
});

test('B15, B16: x2APIC clusters', () => {
  const m = x2apicVm(21);
  expect(deliver(m, 0x41 | LOGICAL | ASSERT, 0x00010005)).toBe(2);
  expect(received(m, 0x41)).toEqual([16, 18]);
  expect(deliver(m, 0x42 | LOGICAL | ASSERT, 0x00020001)).toBe(0);
});

test('B17, B19: aliased xAPIC IDs: no map, both receive, APICv inhibited', () => {
  const m = vm({ vcpus: [{}, { aid: 0 }] });
  expect(deliver(m, 0x41 | ASSERT, 0)).toBe(2);
  for (const reason of ['PHYSICAL_ID_ALIASED', 'APIC_ID_MODIFIED']) {
    expect(m.test_bit(inhibitBit(m, reason), m.layout.vm + VM.apicv_inhibits)).toBe(true);
  }
  // Intel does not honour LOGICAL_ID_ALIASED, so it is never recorded there.
  expect(inhibitBit(m, 'LOGICAL_ID_ALIASED')).toBe(-1);
});

test('B17: the inhibit goes when the alias goes', () => {
  const m = vm({ vcpus: [{}, { aid: 0 }] });
  writeRegister(m, 1, APIC.ID, 1 << 24);
  expect(m.words[m.layout.vm + VM.apicv_inhibits]).toBe(0);
  expect(publishedMap(m)).toBeGreaterThan(0);
});

test('B18: with 32-bit IDs the first one is mapped', () => {
  const m = vm({ vcpus: [{}, { aid: 0 }], x2apicApi: 1 });
  expect(deliver(m, 0x41 | ASSERT, 0)).toBe(1);
  expect(received(m, 0x41)).toEqual([0]);
});

test('B20: an x2APIC IPI to 0xff is ID 255', () => {
  expect(ipi(x2apicVm(4), 0, 0x4041, 0xff)).toBe(0);
});

test('B21: an MSI to 0xff reaches x2APIC vCPUs, quirk on', () => {
  expect(msi(x2apicVm(4), 0xfeeff000, 0x41)).toBe(4);
});

test('B22, B23: without the quirk 0xff is ID 255, or cluster 0 bits 7:0', () => {
  expect(msi(x2apicVm(4, { x2apicApi: 2 }), 0xfeeff000, 0x41)).toBe(0);
  const m = x2apicVm(10, { x2apicApi: 2 });
  expect(msi(m, 0xfeeff004, 0x41)).toBe(8);
  expect(received(m, 0x41)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test('B24: an xAPIC broadcast IPI does not reach x2APIC vCPUs', () => {
  const m = vm({ vcpus: [{}, { apic: 'x2apic' }, {}] });
  expect(ipi(m, 0, 0x4041, 0xff000000)).toBe(2);
  expect(received(m, 0x41)).toEqual([0, 2]);
});

test('B25: the hot-plug hack', () => {
  const m = vm({ vcpus: [{}, { id: 300 }], x2apicApi: 1 });
  expect(msi(m, 0xfee2c000, 0x41, 0x100)).toBe(1);
  expect(received(m, 0x41)).toEqual([1]);
});

test('B26: a low byte of address_hi is refused', () => {
  expect(msi(vm({ x2apicApi: 1 }), 0xfee00000, 0x41, 0x101)).toBe(-22);
});

test('B27: without 32-bit IDs address_hi is ignored', () => {
  const m = vm();
  expect(msi(m, 0xfee01000, 0x41, 0x100)).toBe(1);
  expect(received(m, 0x41)).toEqual([1]);
});

test('B28: a broadcast is not possible with interrupts off: the work item does it', () => {
  const m = vm({ routes: [{ gsi: 24, lo: 0xfeeff000, hi: 0, data: 0x41 }], irqfds: [{ gsi: 24, resample: false }] });
  expect(run(m, VMM, kvm_arch_set_irq_inatomic, 0xfeeff000 | 0, 0, 0x41)).toBe(-11);
  expect(received(m, 0x41)).toEqual([]);
  run(m, VMM, irqfd_wakeup, 0);
  expect(received(m, 0x41)).toEqual([0, 1, 2, 3]);
});

test('B29, B30: PV IPI', () => {
  const m = vm();
  const send = (icr: number, bitmap: number, min: number) => onVcpu(m, 0, kvm_pv_send_ipi, icr, bitmap, min | 0);
  expect(send(0x4041, -1, 0xffffffff)).toBe(0);
  expect(send(0x4841, 1, 0)).toBe(-22);
  expect(send(0x44041, 1, 0)).toBe(-22);
  expect(send(0x4041, 0b1010, 0)).toBe(2);
  expect(received(m, 0x41)).toEqual([1, 3]);
  expect(send(0x4042, 0b11, 2)).toBe(2);
  expect(received(m, 0x42)).toEqual([2, 3]);
});

test('a GSI without a route answers -1', () => {
  expect(line(vm(), 40, 1)).toBe(-1);
});

test('1,024 vCPUs: a broadcast asks each of them', () => {
  const m = x2apicVm(1024, { x2apicApi: 3 });
  expect(ipi(m, 5, 0xc4041)).toBe(1023);
  expect(received(m, 0x41)).toHaveLength(1023);
  expect(deliver(m, 0x42 | LOGICAL | ASSERT, (63 << 16) | 0x8001)).toBe(2);
  expect(received(m, 0x42)).toEqual([1008, 1023]);
});
