/**
 * WRMSR of the x2APIC ICR that KVM completes with interrupts off and vcpu->mode still IN_GUEST_MODE. LAPIC delivery §3.3.
 * Until 6.16 a filter on the value decides; since 7.1 whatever delivery by the APIC map can do.
 */
import { EXIT_REASON } from '../cpu/vmcs.ts';
import { kvm_irq_delivery_to_apic_fast, NOT_HANDLED } from '../lapic/fastPath.ts';
import { ICR_BUSY, kvm_x2apic_icr_write } from '../lapic/icr.ts';
import { IRQ, irqFromIcr, X2APIC_BROADCAST } from '../lapic/message.ts';
import { V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { vmx } from '../vmx/choices.ts';

const ICR_MSR = 0x830;
const RESERVED = 0xfff32000 | 0;

/** Is the exit one that a fast path may take? */
export function isFastPathExit(m: Machine, reason: number, msr: number): boolean {
  return vmx(m).icrFastPath !== 'none' && reason === EXIT_REASON.MSR_WRITE && msr === ICR_MSR;
}

/** Returns 1 when the write is complete, 0 when the exit goes the usual way. */
export const handle_fastpath_wrmsr = operation({
  name: 'handle_fastpath_set_msr_irqoff',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu', 'icr_low', 'icr_high'],
  steps: {
    which: silent((m, vcpu, low, high) => {
      if (vmx(m).icrFastPath === 'whatever the APIC map can deliver') {
        return (low & RESERVED) !== 0 ? 'refuse' : 'map';
      }
      const unicast = (low & (IRQ.shorthand | IRQ.logical | IRQ.mode)) === 0 && high !== X2APIC_BROADCAST;
      return unicast ? m.call(kvm_x2apic_icr_write, vcpu, low, high) : 'refuse';
    }),
    written: silent(m => m.return(m.result === 0 ? 1 : 0)),
    map: silent((m, vcpu, low, high) => m.call(kvm_irq_delivery_to_apic_fast, vcpu, irqFromIcr(low), high)),
    delivered: silent(m => (m.result === NOT_HANDLED ? 'refuse' : NEXT)),
    store: step(
      (_m, vcpu, low, high) => `ICR of vcpu ${vcpu} := ${hex(high, 8)}_${hex(low & ~ICR_BUSY, 8).slice(2)}`,
      (m, vcpu, low, high) => {
        m.store(m.vcpu(vcpu) + V.icr, low & ~ICR_BUSY);
        m.store(m.vcpu(vcpu) + V.icr2, high);
        return m.return(1);
      },
      { via: ['kvm_x2apic_icr_write_fast'] },
    ),
    refuse: silent(m => m.return(0)),
  },
});
