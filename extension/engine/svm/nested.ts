/**
 * L2 on AMD, as far as interrupts of a vmcb12 without V_INTR_MASKING and without INTR and VINTR intercepts need it: RFLAGS.IF and TPR of L2
 * hold for L1's interrupts too, and these go through L2's IDT. Nested VMRUN and #VMEXIT are not modelled, nor kernels before 5.15, where
 * vmcb02 did not get its int_vector back after a window (aee77e1169c1). svm/nested.c.
 */
import { CTRL, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { operation, RETURN, step } from '../operation.ts';
import { vectorSet, vectorsAt } from '../text.ts';
import { INT_CTL, V_IRQ_INJECTION_BITS } from './mode.ts';

/** A vCPU that runs L2 when the scenario begins: vmcb02 has what vmcb12 injects and the intercepts of vmcb01. `nested_vmcb02_prepare_control`. */
export function initVmcb02(m: Machine, vcpu: number, intCtl: number, intVector: number): void {
  const base = m.vcpu(vcpu);
  const vmcb02 = m.nested(vcpu);
  m.store(base + V.guest_mode, 1);
  m.store(base + V.nested_int_ctl, intCtl);
  m.store(base + V.nested_int_vector, intVector);
  m.store(vmcb02 + V.int_ctl, intCtl & V_IRQ_INJECTION_BITS);
  m.store(vmcb02 + V.int_vector, intVector);
  for (const word of [V.controls, V.msr_read, V.msr_read + 1, V.msr_write, V.msr_write + 1]) {
    m.store(vmcb02 + word, m.words[base + word]);
  }
}

/** What the processor has written into vmcb02 goes to the cached vmcb12. `svm_vcpu_run` calls it after every exit of L2. */
export const nested_sync_control_from_vmcb02 = operation({
  name: 'nested_sync_control_from_vmcb02',
  actor: 'kvm',
  source: 'svm/nested.c',
  via: ['svm_vcpu_run'],
  locals: ['vcpu'],
  steps: {
    int_ctl: step(
      (m, vcpu) => {
        const vmcb02 = m.nested(vcpu);
        return (m.words[vmcb02 + V.controls] & (1 << CTRL.interrupt_window_exiting)) !== 0
          ? `V_IRQ of vmcb02 of vcpu ${vcpu} is KVM's own, for a window: that of vmcb12 stays`
          : `V_IRQ of vmcb12 of vcpu ${vcpu} := ${(m.words[vmcb02 + V.int_ctl] & INT_CTL.vIrq) === 0 ? 0 : 1}, as the processor left it in vmcb02`;
      },
      (m, vcpu) => {
        const cached = m.vcpu(vcpu) + V.nested_int_ctl;
        const vmcb02 = m.nested(vcpu);
        if ((m.load(vmcb02 + V.controls) & (1 << CTRL.interrupt_window_exiting)) === 0) {
          m.store(cached, (m.load(cached) & ~INT_CTL.vIrq) | (m.load(vmcb02 + V.int_ctl) & INT_CTL.vIrq));
        }
        return RETURN;
      },
    ),
  },
});

/** With L2 about to run: L1 does not intercept INTR, so L2 does not exit for L1's interrupts. */
export const svm_check_nested_events = operation({
  name: 'svm_check_nested_events',
  actor: 'kvm',
  source: 'svm/nested.c',
  locals: ['vcpu'],
  steps: {
    intercepts: step(
      (m, vcpu) => {
        const pending = vectorsAt(m.words, m.vcpu(vcpu) + V.irr);
        return pending.length === 0
          ? `L1 on vcpu ${vcpu} has no interrupt: L2 goes on`
          : `L1 on vcpu ${vcpu} has interrupts ${vectorSet(pending)} and does not intercept INTR: they are L2's to take`;
      },
      () => RETURN,
      { via: ['kvm_check_nested_events', 'nested_exit_on_intr'] },
    ),
  },
});
