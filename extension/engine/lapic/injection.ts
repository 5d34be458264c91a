/** Event injection at entry, for a vCPU without virtual-interrupt delivery. `kvm_check_and_inject_events`, x86.c; LAPIC delivery §8. */
import { V } from '../layout.ts';
import { MARK } from '../machine.ts';
import { NEXT, operation, RETURN, step } from '../operation.ts';
import { hex, highest } from '../text.ts';
import { apic_update_ppr, priorityClass } from './priority.ts';

export const inject_interrupt = operation({
  name: 'kvm_check_and_inject_events',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu', 'vector'],
  steps: {
    has_interrupt: step(
      (m, vcpu) =>
        `does vcpu ${vcpu} have an interrupt above PPR ${hex(m.words[m.vcpu(vcpu) + V.ppr] & 0xff)}, and IF = 1?`,
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        const irr = highest(m, base + V.irr);
        m.local(1, irr);
        const injectable = irr >= 0 && priorityClass(irr) > priorityClass(m.load(base + V.ppr));
        return injectable && m.load(base + V.interrupts) !== 0 ? NEXT : RETURN;
      },
      { via: ['kvm_cpu_has_injectable_intr'] },
    ),
    acknowledge: step(
      (_m, vcpu, vector) => `acknowledge ${hex(vector)}: IRR := 0, ISR := 1, PPR of vcpu ${vcpu} follows`,
      (m, vcpu, vector) => {
        m.clear_bit(vector, m.vcpu(vcpu) + V.irr);
        m.set_bit(vector, m.vcpu(vcpu) + V.isr);
        apic_update_ppr(m, vcpu);
        return NEXT;
      },
      { via: ['kvm_cpu_get_interrupt', 'kvm_apic_ack_interrupt'] },
    ),
    inject: step(
      (_m, vcpu, vector) => `inject ${hex(vector)}: vcpu ${vcpu} takes it at entry`,
      (m, vcpu, vector) => {
        m.set_bit(vector, m.vcpu(vcpu) + V.taken);
        m.mark(MARK.delivery);
        return RETURN;
      },
      { via: ['vmx_inject_irq'] },
    ),
  },
});
