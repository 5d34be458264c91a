/** Worked cases D: acceptance, priority, EOI, registers and NMIs, without APICv. */
import { describe, expect, test } from 'vitest';
import { programPic } from '../../../extension/engine/ioapic/pic.ts';
import { kvm_check_and_inject_events, NMI_INJECTED } from '../../../extension/engine/lapic/injection.ts';
import { kvm_apic_local_deliver } from '../../../extension/engine/lapic/lvt.ts';
import {
  apic_mmio_read,
  apic_mmio_write,
  kvm_x2apic_msr_read,
  kvm_x2apic_msr_write,
} from '../../../extension/engine/lapic/msr.ts';
import { APIC } from '../../../extension/engine/lapic/registers.ts';
import { kvm_check_requests } from '../../../extension/engine/lapic/requests.ts';
import { kvm_apic_set_base } from '../../../extension/engine/lapic/reset.ts';
import { REQ, V } from '../../../extension/engine/layout.ts';
import type { Machine } from '../../../extension/engine/machine.ts';
import {
  deliver,
  field,
  ipi,
  irr,
  isr,
  line,
  msi,
  onVcpu,
  received,
  tmr,
  vm,
  writeRegister,
  x2apicVm,
} from './irqchip.ts';

const ASSERT = 0x4000;

/** What the vCPU takes when it enters with IF = 1, or -1. */
function enter(m: Machine, vcpu: number): number {
  m.store(m.vcpu(vcpu) + V.interrupts, 1);
  onVcpu(m, vcpu, kvm_check_requests, vcpu);
  return onVcpu(m, vcpu, kvm_check_and_inject_events, vcpu);
}

const eoi = (m: Machine, vcpu: number) => writeRegister(m, vcpu, APIC.EOI, 0);

test('D1: a level de-assert is dropped', () => {
  const m = vm();
  expect(ipi(m, 0, 0x8041, 1 << 24)).toBe(0);
  expect([irr(m, 1), tmr(m, 1)]).toEqual([[], []]);
  expect(ipi(vm({ kernel: '2013' }), 0, 0x8041, 1 << 24)).toBe(1);
});

test('D2, D3: software-disabled: Fixed refused, NMI, INIT and SIPI accepted', () => {
  const m = vm({ vcpus: [{}, { svr: 0xff }] });
  expect(ipi(m, 0, 0x4041, 1 << 24)).toBe(0);
  for (const mode of [0x400, 0x500, 0x600]) {
    expect(ipi(m, 0, ASSERT | mode, 1 << 24)).toBe(1);
  }
});

test('D4: hardware-disabled: not there at all', () => {
  const m = vm({ vcpus: [{}, { apic: 'disabled' }] });
  expect(ipi(m, 0, 0x4441, 1 << 24)).toBe(0);
  expect(ipi(m, 0, 0xc4441)).toBe(-1);
});

test('D5: TMR follows the last accepted message', () => {
  const m = vm();
  msi(m, 0xfee01000, 0x8051);
  expect(tmr(m, 1)).toEqual([0x51]);
  msi(m, 0xfee01000, 0x0051);
  expect(tmr(m, 1)).toEqual([]);
});

test.each([
  ['D6', { tpr: 0x20, irr: [0x2f] }, -1],
  ['D7', { tpr: 0x1f, irr: [0x21] }, 0x21],
  ['D8', { isr: [0x51], irr: [0x5f, 0x33] }, -1],
  ['D9', { isr: [0x51], irr: [0x61] }, 0x61],
])('%s: what is injectable', (_id, vcpu, expected) => {
  expect(enter(vm({ vcpus: [vcpu] }), 0)).toBe(expected);
});

test('D8, D9, D10: PPR', () => {
  expect(field(vm({ vcpus: [{ isr: [0x51] }] }), 0, V.ppr)).toBe(0x50);
  const m = vm({ vcpus: [{ isr: [0x51], irr: [0x61] }] });
  enter(m, 0);
  expect([isr(m, 0), field(m, 0, V.ppr)]).toEqual([[0x51, 0x61], 0x60]);
  expect(field(vm({ vcpus: [{ tpr: 0x45, isr: [0x43] }] }), 0, V.ppr)).toBe(0x45);
});

test('D11: EOI ends the highest vector in service', () => {
  const m = vm({ vcpus: [{ isr: [0x51, 0x61] }] });
  eoi(m, 0);
  expect([isr(m, 0), field(m, 0, V.ppr)]).toEqual([[0x51], 0x50]);
});

test('D12: EOI with nothing in service', () => {
  const m = vm();
  const before = m.words.slice();
  eoi(m, 0);
  expect(m.words.slice(m.layout.vcpus, m.layout.cpus)).toEqual(before.slice(m.layout.vcpus, m.layout.cpus));
});

test('D13: TPR holds an interrupt back until it is lowered', () => {
  const m = vm({ vcpus: [{ tpr: 0x50, irr: [0x52] }] });
  expect(enter(m, 0)).toBe(-1);
  writeRegister(m, 0, APIC.TASKPRI, 0x40);
  expect(m.test_bit(REQ.EVENT, m.vcpu(0) + V.requests)).toBe(true);
  expect(enter(m, 0)).toBe(0x52);
});

describe('PIC', () => {
  const withPic = () => {
    const m = vm({ vcpus: [{ irr: [0xf0] }, {}] });
    programPic(m, 0, 0x30, 0);
    programPic(m, 1, 0x38, 0);
    return m;
  };

  test('D14: its vector comes first', () => {
    const m = withPic();
    line(m, 4, 1);
    expect(enter(m, 0)).toBe(0x34);
    expect(irr(m, 0)).toEqual([0xf0]);
    expect(enter(m, 0)).toBe(0xf0);
  });

  test('a line of the slave comes by line 2; the lower number goes first', () => {
    const m = withPic();
    line(m, 12, 1);
    line(m, 1, 1);
    expect(enter(m, 0)).toBe(0x31);
    // Line 1 is in service and has the higher priority: the slave waits.
    expect(enter(m, 0)).toBe(0xf0);
  });

  test('LVT0 decides who takes it', () => {
    const m = withPic();
    writeRegister(m, 0, APIC.LVT0, 0x10700);
    line(m, 4, 1);
    expect(enter(m, 0)).toBe(0xf0);
  });
});

test('D15: SPIV without bit 8 masks the LVTs and refuses Fixed', () => {
  const m = vm();
  writeRegister(m, 1, APIC.LVT1, 0x400);
  expect(onVcpu(m, 1, kvm_apic_local_deliver, 1, APIC.LVT1)).toBe(1);
  writeRegister(m, 1, APIC.SPIV, 0xff);
  expect(onVcpu(m, 1, kvm_apic_local_deliver, 1, APIC.LVT1)).toBe(0);
  writeRegister(m, 1, APIC.LVT1, 0x400);
  expect(field(m, 1, V.lvt + 4)).toBe(0x10400);
  expect(deliver(m, 0x41 | ASSERT, 1)).toBe(0);
  expect(deliver(m, 0x400 | ASSERT, 1)).toBe(1);
});

test('D16: ICR reads back with the delivery status clear', () => {
  const m = vm();
  onVcpu(m, 0, apic_mmio_write, 0, APIC.ICR2, 0x05abcdef);
  onVcpu(m, 0, apic_mmio_write, 0, APIC.ICR, 0x5041);
  expect(apic_mmio_read(m, 0, APIC.ICR2)).toBe(0x05000000);
  expect(apic_mmio_read(m, 0, APIC.ICR)).toBe(0x4041);
  const x = x2apicVm(2);
  expect(onVcpu(x, 0, kvm_x2apic_msr_write, 0, 0x830, 0x5041, 1)).toBe(0);
  expect(kvm_x2apic_msr_read(x, 0, 0x830)).toEqual([0x4041, 1]);
  expect(received(x, 0x41)).toEqual([1]);
});

test.each([13, 16, 17, 20, 31])('A6, D16: x2APIC ICR bit %i is reserved', bit => {
  const write = (kernel: '5.15' | '6.16') =>
    onVcpu(x2apicVm(2, { kernel }), 0, kvm_x2apic_msr_write, 0, 0x830, 0x4041 | (1 << bit), 1);
  expect(write('6.16')).toBe(1);
  expect(write('5.15')).toBe(0);
});

test('self-IPI MSR: eight bits, only in x2APIC mode', () => {
  const m = x2apicVm(2);
  expect(onVcpu(m, 1, kvm_x2apic_msr_write, 1, 0x83f, 0x45)).toBe(0);
  expect(received(m, 0x45)).toEqual([1]);
  expect(onVcpu(m, 1, kvm_x2apic_msr_write, 1, 0x83f, 0x145)).toBe(1);
  expect(onVcpu(vm(), 1, kvm_x2apic_msr_write, 1, 0x83f, 0x45)).toBe(1);
});

test('D17: APICBASE transitions', () => {
  const m = x2apicVm(2);
  const set = (value: number) => onVcpu(m, 1, kvm_apic_set_base, 1, value | 0, 0);
  expect(set(0xfee00800)).toBe(1);
  expect(set(0xfee00400)).toBe(1);
  expect(set(0xfee00000)).toBe(0);
  expect(set(0xfee00c00)).toBe(1);
  expect(set(0xfee00800)).toBe(0);
  expect(field(m, 1, V.id)).toBe(1 << 24);
  expect(set(0xfee00c00)).toBe(0);
  expect(field(m, 1, V.id)).toBe(1);
  expect(onVcpu(m, 1, kvm_apic_set_base, 1, 0xfee00801 | 0, 1)).toBe(1);
});

test('D18: a disabled APIC reads as all ones', () => {
  expect(apic_mmio_read(vm({ vcpus: [{ apic: 'disabled' }] }), 0, APIC.LVR)).toBe(-1);
});

test('D19: ID and LDR after KVM_SET_LAPIC without 32-bit IDs', () => {
  const restored = (kernel: '6.1' | '6.12') => vm({ kernel, vcpus: [{}, { id: 300, apic: 'x2apic', restored: true }] });
  expect(field(restored('6.12'), 1, V.ldr)).toBe(0x121000);
  expect(field(restored('6.1'), 1, V.ldr)).toBe(0x21000);
});

test('D20, D21: two NMIs at most, one while one is handled', () => {
  const m = vm();
  for (let i = 0; i < 10; i++) {
    ipi(m, 1, 0x4400, 1 << 24);
  }
  expect(field(m, 1, V.nmi_queued)).toBe(10);
  expect(enter(m, 1)).toBe(NMI_INJECTED);
  expect(field(m, 1, V.nmi_pending)).toBe(1);
  ipi(m, 0, 0x4400, 1 << 24);
  expect(enter(m, 1)).not.toBe(NMI_INJECTED);
  expect(field(m, 1, V.nmi_pending)).toBe(1);
  m.store(m.vcpu(1) + V.nmi_masked, 0);
  expect(enter(m, 1)).toBe(NMI_INJECTED);
  expect(field(m, 1, V.nmi_pending)).toBe(0);
});

test('D22: in the shadow of STI or MOV SS nothing is injected', () => {
  const m = vm({ vcpus: [{}, { irr: [0x41] }] });
  ipi(m, 0, 0x4400, 1 << 24);
  m.store(m.vcpu(1) + V.interruptibility, 1);
  expect(enter(m, 1)).toBe(-1);
  m.store(m.vcpu(1) + V.interruptibility, 0);
  expect([enter(m, 1), enter(m, 1)]).toEqual([NMI_INJECTED, 0x41]);
});

test('SMI: requested now, ignored in 2013', () => {
  expect(ipi(vm(), 0, 0x4200, 1 << 24)).toBe(1);
  expect(ipi(vm({ kernel: '2013' }), 0, 0x4200, 1 << 24)).toBe(0);
});

test('ExtINT is never queued, mode 3 unhalts', () => {
  const m = vm();
  expect(deliver(m, 0x700 | ASSERT, 1)).toBe(0);
  expect(deliver(m, 0x300 | ASSERT, 1)).toBe(1);
  expect(field(m, 1, V.pv_unhalted)).toBe(1);
});

test('LVTPC masks itself on Intel', () => {
  const m = vm();
  writeRegister(m, 1, APIC.LVTPC, 0x400);
  expect(onVcpu(m, 1, kvm_apic_local_deliver, 1, APIC.LVTPC)).toBe(1);
  expect(onVcpu(m, 1, kvm_apic_local_deliver, 1, APIC.LVTPC)).toBe(0);
  const amd = vm({ vendor: 'amd' });
  writeRegister(amd, 1, APIC.LVTPC, 0x400);
  onVcpu(amd, 1, kvm_apic_local_deliver, 1, APIC.LVTPC);
  expect(onVcpu(amd, 1, kvm_apic_local_deliver, 1, APIC.LVTPC)).toBe(1);
});

test('registers that one mode has and the other has not', () => {
  const write = (m: Machine, register: number) => writeRegister(m, 0, register, 0);
  for (const register of [APIC.ID, APIC.LDR, APIC.DFR, APIC.ICR2]) {
    expect([write(vm(), register), write(x2apicVm(1), register)]).toEqual([0, 1]);
  }
  expect(write(vm(), APIC.LVR)).toBe(1);
  expect(writeRegister(x2apicVm(1), 0, APIC.ESR, 1)).toBe(1);
});
