/** KVM emulates a write of the ICR. lapic.c; LAPIC delivery §3.2. */
import { V } from '../layout.ts';
import { NEXT, operation, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { kvm_irq_delivery_to_apic } from './delivery.ts';
import { IRQ } from './message.ts';

const BUSY = 1 << 12;

/** `x2apic`: the destination is all of ICR 63:32, otherwise bits 63:56. */
export const kvm_apic_send_ipi = operation({
  name: 'kvm_apic_send_ipi',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['vcpu', 'icr_low', 'icr_high', 'x2apic'],
  steps: {
    send: silent((m, vcpu, low, high, x2apic) =>
      m.call(
        kvm_irq_delivery_to_apic,
        vcpu,
        low & (IRQ.vector | IRQ.mode | IRQ.logical | IRQ.assert | IRQ.level | IRQ.shorthand),
        x2apic ? high : high >>> 24,
      ),
    ),
  },
});

/** Sends, then stores the value with the delivery status clear. */
export const kvm_x2apic_icr_write = operation({
  name: 'kvm_x2apic_icr_write',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['vcpu', 'icr_low', 'icr_high'],
  steps: {
    send: silent((m, vcpu, low, high) => m.call(kvm_apic_send_ipi, vcpu, low & ~BUSY, high, 1)),
    store: step(
      (_m, vcpu, low, high) => `ICR of vcpu ${vcpu} := ${hex(high, 8)}_${hex(low & ~BUSY, 8).slice(2)}`,
      (m, vcpu, low, high) => {
        m.store(m.vcpu(vcpu) + V.icr, low & ~BUSY);
        m.store(m.vcpu(vcpu) + V.icr2, high);
        return NEXT;
      },
    ),
  },
});

/** xAPIC: the write of the low half sends to what ICR2 names. */
export const kvm_lapic_reg_write_icr = operation({
  name: 'kvm_lapic_reg_write',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['vcpu', 'icr_low', 'icr_high'],
  steps: {
    send: silent((m, vcpu, low, high) => m.call(kvm_apic_send_ipi, vcpu, low & ~BUSY, high, 0)),
    store: step(
      (_m, vcpu, low) => `ICR of vcpu ${vcpu} := ${hex(low & ~BUSY, 8)}`,
      (m, vcpu, low) => {
        m.store(m.vcpu(vcpu) + V.icr, low & ~BUSY);
        return NEXT;
      },
    ),
  },
});
