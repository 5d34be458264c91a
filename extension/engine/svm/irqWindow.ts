/** A window for the next interrupt when KVM injects by itself: AVIC knows none, so it is inhibited meanwhile (IRQWIN). svm/svm.c; posted interrupts §12. */
import { CTRL, V } from '../layout.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { inhibitBit, kvm_set_or_clear_apicv_inhibit } from '../vmx/apicv.ts';

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
      (_m, vcpu) =>
        `VMCB of vcpu ${vcpu}: V_IRQ := 1 with V_INTR intercepted, so that it exits when it can take an interrupt`,
      (m, vcpu) => {
        m.set_bit(CTRL.interrupt_window_exiting, m.vcpu(vcpu) + V.controls);
        return RETURN;
      },
      { via: ['svm_set_vintr'] },
    ),
  },
});
