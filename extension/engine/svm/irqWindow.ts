/**
 * A window for the next interrupt when KVM injects by itself: AVIC knows none, so it is inhibited meanwhile (IRQWIN). svm/svm.c; posted
 * interrupts §12. In L2 the window takes V_IRQ away from vmcb12 until it has opened.
 */
import { currentVmcs } from '../cpu/vmcs.ts';
import { CTRL, REQ, V, VM } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { inhibitBit, kvm_set_or_clear_apicv_inhibit } from '../vmx/apicv.ts';
import { INT_CTL, V_IRQ_INJECTION_BITS } from './mode.ts';

function isInL2(m: Machine, vcpu: number): boolean {
  return m.words[m.vcpu(vcpu) + V.guest_mode] !== 0;
}

/** vmcb01, and vmcb02 while that is in use: intercepts are set in both (`recalc_intercepts`). */
function blocksOf(m: Machine, vcpu: number): readonly number[] {
  return isInL2(m, vcpu) ? [m.vcpu(vcpu), m.nested(vcpu)] : [m.vcpu(vcpu)];
}

export const svm_enable_irq_window = operation({
  name: 'svm_enable_irq_window',
  actor: 'kvm',
  source: 'svm/svm.c',
  locals: ['vcpu'],
  steps: {
    needs_inhibit: silent((m, vcpu) =>
      m.words[m.vcpu(vcpu) + V.apicv_active] !== 0
        ? m.call(kvm_set_or_clear_apicv_inhibit, inhibitBit(m, 'IRQWIN'), 1)
        : NEXT,
    ),
    set_vintr: step(
      (m, vcpu) =>
        `${isInL2(m, vcpu) ? 'vmcb02' : 'VMCB'} of vcpu ${vcpu}: V_IRQ := 1 with V_INTR intercepted, so that it exits when it can take an interrupt`,
      (m, vcpu) => {
        for (const block of blocksOf(m, vcpu)) {
          m.set_bit(CTRL.interrupt_window_exiting, block + V.controls);
        }
        const vmcb = currentVmcs(m, vcpu);
        m.store(vmcb + V.int_vector, 0);
        m.store(vmcb + V.int_ctl, m.load(vmcb + V.int_ctl) | INT_CTL.vIrq | INT_CTL.vIntrPrio);
        return RETURN;
      },
      { via: ['svm_set_vintr'] },
    ),
  },
});

/** 0x064: the guest can take an interrupt now. */
export const interrupt_window_interception = operation({
  name: 'interrupt_window_interception',
  actor: 'kvm',
  source: 'svm/svm.c',
  via: ['svm_handle_exit'],
  locals: ['vcpu'],
  steps: {
    request_event: step(
      (_m, vcpu) => `request KVM_REQ_EVENT of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return NEXT;
      },
      { via: ['kvm_make_request'] },
    ),
    clear_vintr: step(
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        const restored = (m.words[base + V.nested_int_ctl] & INT_CTL.vIrq) === 0 ? 0 : 1;
        return isInL2(m, vcpu)
          ? `V_INTR of vcpu ${vcpu} is no longer intercepted; vmcb02 gets back what vmcb12 has: V_IRQ ${restored}, vector ${hex(m.words[base + V.nested_int_vector])}`
          : `V_INTR of vcpu ${vcpu} is no longer intercepted, V_IRQ := 0`;
      },
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        for (const block of blocksOf(m, vcpu)) {
          m.clear_bit(CTRL.interrupt_window_exiting, block + V.controls);
          m.store(block + V.int_ctl, m.load(block + V.int_ctl) & ~V_IRQ_INJECTION_BITS);
        }
        if (isInL2(m, vcpu)) {
          const vmcb02 = m.nested(vcpu);
          const injects = m.load(base + V.nested_int_ctl) & V_IRQ_INJECTION_BITS;
          m.store(vmcb02 + V.int_ctl, m.load(vmcb02 + V.int_ctl) | injects);
          m.store(vmcb02 + V.int_vector, m.load(base + V.nested_int_vector));
        }
        return NEXT;
      },
      { via: ['svm_clear_vintr'] },
    ),
    clear_inhibit: silent(m => {
      const bit = inhibitBit(m, 'IRQWIN');
      const set = bit >= 0 && (m.words[m.layout.vm + VM.apicv_inhibits] & (1 << bit)) !== 0;
      return set ? m.call(kvm_set_or_clear_apicv_inhibit, bit, 0) : RETURN;
    }),
    cleared: silent(() => RETURN),
  },
});
