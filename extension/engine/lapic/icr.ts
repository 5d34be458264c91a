/** KVM emulates a write of the ICR. lapic.c; LAPIC delivery §3.2. */
import { V } from '../layout.ts';
import { NEXT, operation, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { apic_x2apic_mode } from './apic.ts';
import { deliverAtOnce } from './atOnce.ts';
import { kvm_irq_delivery_to_apic } from './delivery.ts';
import { irqFromIcr } from './message.ts';

export const ICR_BUSY = 1 << 12;
/** Bits 31:20, 17:16 and 13. */
const X2APIC_ICR_RESERVED_BITS = 0xfff32000 | 0;

/** The destination is all of ICR 63:32 in x2APIC mode, otherwise bits 63:56. */
export const kvm_apic_send_ipi = operation({
  name: 'kvm_apic_send_ipi',
  actor: 'kvm',
  source: 'lapic.c',
  atOnce: (m, vcpu, low, high) =>
    deliverAtOnce(m, vcpu, irqFromIcr(low), apic_x2apic_mode(m, vcpu) ? high : high >>> 24, 0),
  locals: ['vcpu', 'icr_low', 'icr_high'],
  steps: {
    send: silent((m, vcpu, low, high) =>
      m.call(kvm_irq_delivery_to_apic, vcpu, irqFromIcr(low), apic_x2apic_mode(m, vcpu) ? high : high >>> 24),
    ),
  },
});

/** Sends, then stores the value with the delivery status clear. Returns 1 when the guest gets #GP for a reserved bit. */
export const kvm_x2apic_icr_write = operation({
  name: 'kvm_x2apic_icr_write',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['vcpu', 'icr_low', 'icr_high'],
  steps: {
    reserved: silent((m, _vcpu, low) =>
      m.profile.delivery.x2apicIcrReserved === '#GP' && (low & X2APIC_ICR_RESERVED_BITS) !== 0 ? m.return(1) : NEXT,
    ),
    send: silent((m, vcpu, low, high) => m.call(kvm_apic_send_ipi, vcpu, low & ~ICR_BUSY, high)),
    store: step(
      (_m, vcpu, low, high) => `ICR of vcpu ${vcpu} := ${hex(high, 8)}_${hex(low & ~ICR_BUSY, 8).slice(2)}`,
      (m, vcpu, low, high) => {
        m.store(m.vcpu(vcpu) + V.icr, low & ~ICR_BUSY);
        m.store(m.vcpu(vcpu) + V.icr2, high);
        return m.return(0);
      },
    ),
  },
});
