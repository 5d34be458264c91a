/** Interrupts from the local vector table: timer, LINT pins, performance counters, errors. `kvm_apic_local_deliver`, lapic.c; §6.1. */
import { V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { __apic_accept_irq } from './accept.ts';
import { kvm_apic_hw_enabled } from './apic.ts';
import { IRQ } from './message.ts';
import { APIC, APIC_LVT_MASKED, lvtIndex, registerName } from './registers.ts';

function entryOf(m: Machine, vcpu: number, register: number): number {
  return m.load(m.vcpu(vcpu) + V.lvt + lvtIndex(register));
}

function isOpen(m: Machine, vcpu: number, register: number): boolean {
  return kvm_apic_hw_enabled(m, vcpu) && (entryOf(m, vcpu, register) & APIC_LVT_MASKED) === 0;
}

/** `register`: APIC.LVTT, LVTTHMR, LVTPC, LVT0, LVT1 or LVTERR. Returns 1 when something was accepted. */
export const kvm_apic_local_deliver = operation({
  name: 'kvm_apic_local_deliver',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['vcpu', 'register'],
  steps: {
    test: step(
      (m, vcpu, register) =>
        isOpen(m, vcpu, register)
          ? `${registerName(register)} of vcpu ${vcpu} is ${hex(entryOf(m, vcpu, register), 5)}: deliver`
          : `${registerName(register)} of vcpu ${vcpu} is masked, or its APIC is disabled`,
      (m, vcpu, register) => {
        const entry = entryOf(m, vcpu, register);
        return isOpen(m, vcpu, register)
          ? m.call(__apic_accept_irq, vcpu, (entry & (IRQ.vector | IRQ.mode | IRQ.level)) | IRQ.assert)
          : m.return(0);
      },
    ),
    masks: silent((m, _vcpu, register) => {
      const masks = register === APIC.LVTPC && m.profile.delivery.lvtpcMasked && m.config.vendor === 'intel';
      return masks && m.result !== 0 ? NEXT : RETURN;
    }),
    mask: step(
      (_m, vcpu) => `LVTPC of vcpu ${vcpu} is masked until the guest opens it again`,
      (m, vcpu, register) => {
        const address = m.vcpu(vcpu) + V.lvt + lvtIndex(register);
        m.store(address, m.load(address) | APIC_LVT_MASKED);
        return m.return(1);
      },
    ),
  },
});
