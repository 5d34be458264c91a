import { describe, expect, test } from 'vitest';
import type { KernelVersion, VcpuConfig } from '../../../extension/engine/config.ts';
import { set_interrupt_flag, write_eoi, write_icr, write_tpr } from '../../../extension/engine/guest/instructions.ts';
import { V, VM } from '../../../extension/engine/layout.ts';
import type { Machine } from '../../../extension/engine/machine.ts';
import { SVM_EXIT } from '../../../extension/engine/svm/exits.ts';
import { INT_CTL } from '../../../extension/engine/svm/mode.ts';
import { vectorsAt } from '../../../extension/engine/text.ts';
import { inhibitBit, kvm_set_or_clear_apicv_inhibit } from '../../../extension/engine/vmx/apicv.ts';
import { happened, machine, run, settle, taken, vcpu, word } from './devices.ts';

const VINTR = 0x20;
const INTR = 0x30;
/** V_IRQ with V_INTR_PRIO 1, as the kernel's selftest has it. */
const vmcb12 = { intCtl: INT_CTL.vIrq | (1 << 16), intVector: VINTR };

/** vCPU 0 runs L2 with IF = 0, vCPU 1 runs no L2. */
function l2(more: Partial<VcpuConfig> = {}, kernel: KernelVersion = '6.16'): Machine {
  return machine({
    vendor: 'amd',
    kernel,
    vtdPosting: false,
    x2avic: true,
    devices: [],
    vcpus: [vcpu(0, 'running', 0, { interruptsEnabled: false, vmcb12, ...more }), vcpu(1, 'running')],
  });
}

const takenByL2 = (m: Machine) => vectorsAt(m.words, m.nested(0) + V.taken);
const inService = (m: Machine) => vectorsAt(m.words, m.vcpu(0) + V.isr);
const sendSelf = (m: Machine) => run(m, m.vcpuAgent(0), write_icr, 0, 0x44000 | INTR, 0);
const sti = (m: Machine) => run(m, m.vcpuAgent(0), set_interrupt_flag, 0, 1);
const vIrq = (m: Machine) => (m.words[m.nested(0) + V.int_ctl] & INT_CTL.vIrq) !== 0;

describe('J13: V_IRQ and a real IPI in L2 without V_INTR_MASKING', () => {
  test.each(['5.15', '6.1', '6.16', '7.1'] as const)('both handlers run in L2, Linux %s', kernel => {
    const m = l2({}, kernel);
    const sent = sendSelf(m);
    expect(word(m, 0, 'exit_reason')).toBe(SVM_EXIT.MSR);
    expect(sent).toContain('svm_check_nested_events.intercepts');
    expect(sent.at(-1)).toBe('VM entry.enter');
    expect(takenByL2(m)).toEqual([]);
    expect(m.words[m.nested(0) + V.int_vector]).toBe(0);

    const trail = sti(m);
    expect(word(m, 0, 'exit_reason')).toBe(SVM_EXIT.VINTR);
    expect(takenByL2(m)).toEqual([VINTR, INTR]);
    expect([taken(m, 0), inService(m), vIrq(m)]).toEqual([[], [INTR], false]);
    const order = ['interrupt_window_interception.clear_vintr', 'kvm_check_and_inject_events.inject'];
    const positions = [...order, 'virtual interrupt (V_IRQ).deliver'].map(each => trail.indexOf(each));
    expect(positions[0]).toBeGreaterThanOrEqual(0);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));

    run(m, m.vcpuAgent(0), write_eoi, 0);
    expect(inService(m)).toEqual([]);
    expect(m.words[m.vcpu(0) + V.nested_int_ctl] & INT_CTL.vIrq).toBe(0);
  });

  test('V_IRQ alone: no exit, no ISR', () => {
    const m = l2();
    settle(m);
    expect(takenByL2(m)).toEqual([]);
    sti(m);
    expect([takenByL2(m), happened(m, 0).exit, inService(m)]).toEqual([[VINTR], false, []]);
  });

  test("KVM's own V_IRQ, for a window, is not taken for one of vmcb12", () => {
    const m = l2();
    sti(m);
    run(m, m.vcpuAgent(0), set_interrupt_flag, 0, 0);
    expect([sendSelf(m).at(-1), vIrq(m)]).toEqual(['VM entry.enter', true]);
    expect(sti(m)).not.toContain('virtual interrupt (V_IRQ).deliver');
    expect([takenByL2(m), vIrq(m)]).toEqual([[VINTR, INTR], false]);
  });

  test('an IPI of another vCPU: AVIC finds no running target, KVM injects into L2', () => {
    const m = l2();
    run(m, m.vcpuAgent(1), write_icr, 1, 0x4000 | INTR, 0);
    expect(word(m, 1, 'exit_reason')).toBe(SVM_EXIT.AVIC_INCOMPLETE_IPI);
    sti(m);
    expect([takenByL2(m), taken(m, 0), inService(m)]).toEqual([[VINTR, INTR], [], [INTR]]);
  });

  test('CR8 of L2 holds back both; V_INTR_PRIO must exceed V_TPR', () => {
    const m = l2({ tpr: INTR });
    sendSelf(m);
    sti(m);
    expect(takenByL2(m)).toEqual([]);
    run(m, m.vcpuAgent(0), write_tpr, 0, VINTR >>> 1);
    expect([takenByL2(m), vIrq(m)]).toEqual([[INTR], true]);
    run(m, m.vcpuAgent(0), write_tpr, 0, 0);
    expect([takenByL2(m), vIrq(m)]).toEqual([[VINTR, INTR], false]);
  });

  test('V_IGN_TPR: the virtual interrupt passes, the IPI waits', () => {
    const m = l2({ tpr: INTR, vmcb12: { ...vmcb12, intCtl: vmcb12.intCtl | INT_CTL.vIgnTpr } });
    sendSelf(m);
    sti(m);
    expect(takenByL2(m)).toEqual([VINTR]);
  });

  test('AVIC is off where L2 runs, and stays off when the inhibits of the VM are gone', () => {
    const m = l2();
    expect([word(m, 0, 'apicv_active'), word(m, 1, 'apicv_active')]).toEqual([0, 1]);
    for (const set of [1, 0]) {
      run(m, 0, kvm_set_or_clear_apicv_inhibit, inhibitBit(m, 'IRQWIN'), set);
      expect([word(m, 0, 'apicv_active'), word(m, 1, 'apicv_active')]).toEqual([0, 1 - set]);
    }
  });
});

test('the exit of a window without L2 gives AVIC back', () => {
  const m = machine({
    vendor: 'amd',
    vtdPosting: false,
    x2avic: true,
    devices: [],
    vcpus: [vcpu(0, 'running', 0, { interruptsEnabled: false })],
  });
  run(m, 0, kvm_set_or_clear_apicv_inhibit, inhibitBit(m, 'IRQWIN'), 1);
  expect(word(m, 0, 'apicv_active')).toBe(0);
  sendSelf(m);
  sti(m);
  expect(word(m, 0, 'exit_reason')).toBe(SVM_EXIT.VINTR);
  expect([taken(m, 0), word(m, 0, 'apicv_active'), m.words[m.layout.vm + VM.apicv_inhibits]]).toEqual([[INTR], 1, 0]);
});
