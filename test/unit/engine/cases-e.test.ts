/** Worked cases E: INIT and SIPI. */
import { describe, expect, test } from 'vitest';
import type { KernelVersion } from '../../../extension/engine/config.ts';
import { kvm_apic_accept_events } from '../../../extension/engine/lapic/events.ts';
import { MP_STATE, V } from '../../../extension/engine/layout.ts';
import type { Machine } from '../../../extension/engine/machine.ts';
import { field, ipi, irr, onVcpu, vm } from './irqchip.ts';

const INIT = 0x4500;
const SIPI = 0x4600;

const accept = (m: Machine, vcpu: number) => onVcpu(m, vcpu, kvm_apic_accept_events, vcpu);
const send = (m: Machine, low: number, vcpu: number) => ipi(m, vcpu === 0 ? 1 : 0, low, vcpu << 24);

test.each(['exited', 'offline'] as const)('E1: INIT, SIPI to a vCPU that is %s', state => {
  const m = vm({ vcpus: [{}, { state, irr: [0x41] }] });
  send(m, INIT, 1);
  expect(irr(m, 1)).toEqual([0x41]);
  accept(m, 1);
  expect([field(m, 1, V.mp_state), irr(m, 1)]).toEqual([MP_STATE.INIT_RECEIVED, []]);
  send(m, SIPI | 0x9f, 1);
  accept(m, 1);
  expect([field(m, 1, V.mp_state), field(m, 1, V.cs)]).toEqual([MP_STATE.RUNNABLE, 0x9f00]);
});

test('E2: SIPI alone to a running AP is discarded', () => {
  const m = vm();
  send(m, SIPI | 0x10, 1);
  accept(m, 1);
  expect([field(m, 1, V.mp_state), field(m, 1, V.cs)]).toEqual([MP_STATE.RUNNABLE, 0xf000]);
  expect(field(m, 1, V.pending_events)).toBe(0);
});

test('E3: INIT and two SIPIs before the AP runs: the later vector, one start', () => {
  const m = vm();
  send(m, INIT, 1);
  send(m, SIPI | 0x10, 1);
  send(m, SIPI | 0x20, 1);
  accept(m, 1);
  expect([field(m, 1, V.mp_state), field(m, 1, V.cs)]).toEqual([MP_STATE.RUNNABLE, 0x2000]);
});

test('E4: SIPI then INIT: the SIPI is lost', () => {
  const m = vm();
  send(m, SIPI | 0x10, 1);
  send(m, INIT, 1);
  accept(m, 1);
  expect([field(m, 1, V.mp_state), field(m, 1, V.cs)]).toEqual([MP_STATE.INIT_RECEIVED, 0xf000]);
});

test('E5: INIT to the BSP', () => {
  const m = vm({ vcpus: [{ irr: [0x41], isr: [0x51], tpr: 0x20 }, {}] });
  send(m, INIT, 0);
  accept(m, 0);
  expect(field(m, 0, V.mp_state)).toBe(MP_STATE.RUNNABLE);
  expect([irr(m, 0), field(m, 0, V.tpr), field(m, 0, V.svr), field(m, 0, V.lvt + 3)]).toEqual([[], 0, 0xff, 0x700]);
});

test.each([
  ['E6: VMX root operation', V.vmxon],
  ['SMM', V.smm],
])('INIT in %s stays latched and costs the SIPI', (_where, word) => {
  const m = vm();
  m.store(m.vcpu(1) + word, 1);
  send(m, INIT, 1);
  send(m, SIPI | 0x10, 1);
  accept(m, 1);
  expect([field(m, 1, V.mp_state), field(m, 1, V.pending_events)]).toEqual([MP_STATE.RUNNABLE, 1]);
  m.store(m.vcpu(1) + word, 0);
  accept(m, 1);
  expect(field(m, 1, V.mp_state)).toBe(MP_STATE.INIT_RECEIVED);
});

/** V1 runs L2, whose exits vmcs12 records. */
function withL2(kernel: KernelVersion = '6.16'): Machine {
  return vm({ kernel, apicv: true, vcpus: [{}, { l2: { notificationVector: 0x66 } }] });
}

const vmcs12 = (m: Machine) => [V.exit_reason, V.exit_qualification].map(word => m.words[m.nested(1) + word]);

describe('L2', () => {
  test('E6: an INIT that waited in VMX root operation is consumed in L2: exit reason 3 to L1', () => {
    const m = withL2();
    m.store(m.vcpu(1) + V.guest_mode, 0);
    send(m, INIT, 1);
    send(m, SIPI | 0x10, 1);
    accept(m, 1);
    expect(field(m, 1, V.pending_events)).toBe(1);
    m.store(m.vcpu(1) + V.guest_mode, 1);
    accept(m, 1);
    expect([...vmcs12(m), field(m, 1, V.guest_mode), field(m, 1, V.pending_events)]).toEqual([3, 0, 0, 0]);
    expect([field(m, 1, V.mp_state), field(m, 1, V.vmxon)]).toEqual([MP_STATE.RUNNABLE, 1]);
  });

  test('E7: activity state wait-for-SIPI, SIPI: exit reason 4 to L1 with the vector', () => {
    const m = withL2();
    m.store(m.vcpu(1) + V.mp_state, MP_STATE.INIT_RECEIVED);
    send(m, INIT, 1);
    accept(m, 1);
    expect([...vmcs12(m), field(m, 1, V.guest_mode), field(m, 1, V.pending_events)]).toEqual([0, 0, 1, 0]);
    send(m, SIPI | 0x9f, 1);
    accept(m, 1);
    expect([...vmcs12(m), field(m, 1, V.guest_mode), field(m, 1, V.pending_events)]).toEqual([4, 0x9f, 0, 0]);
    expect([field(m, 1, V.mp_state), field(m, 1, V.cs)]).toEqual([MP_STATE.RUNNABLE, 0xf000]);
  });

  test('a SIPI that L2 does not wait for is discarded', () => {
    const m = withL2();
    send(m, SIPI | 0x9f, 1);
    accept(m, 1);
    expect([...vmcs12(m), field(m, 1, V.guest_mode), field(m, 1, V.pending_events)]).toEqual([0, 0, 1, 0]);
  });

  test('an interrupt for L1 beside such a SIPI still makes L2 exit', () => {
    const m = withL2();
    m.set_bit(0x41, m.vcpu(1) + V.irr);
    send(m, SIPI | 0x9f, 1);
    accept(m, 1);
    expect([...vmcs12(m), field(m, 1, V.guest_mode)]).toEqual([1, 0, 0]);
  });

  test('4.19 knows no such exits: the vCPU is reset', () => {
    const m = withL2('4.19');
    send(m, INIT, 1);
    accept(m, 1);
    expect([...vmcs12(m), field(m, 1, V.mp_state)]).toEqual([0, 0, MP_STATE.INIT_RECEIVED]);
  });
});

test('E8: INIT level de-assert is ignored', () => {
  const m = vm();
  expect(ipi(m, 0, 0x8500, 1 << 24)).toBe(0);
  expect(field(m, 1, V.pending_events)).toBe(0);
});

test('an INIT makes the APIC map anew: the vCPU has no logical ID any more', () => {
  const m = vm();
  expect(ipi(m, 0, 0x4841, 0x02 << 24)).toBe(1);
  send(m, INIT, 1);
  accept(m, 1);
  expect(ipi(m, 0, 0x4842, 0x02 << 24)).toBe(0);
});
