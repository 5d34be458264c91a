/** End of interrupt. `apic_set_eoi`, `kvm_ioapic_send_eoi`, lapic.c; LAPIC delivery §9. */
import { kvm_ioapic_update_eoi } from '../ioapic/eoi.ts';
import { REQ, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex, highest } from '../text.ts';
import { SPIV } from './apic.ts';
import { apic_update_ppr, hasInterruptAbovePpr } from './priority.ts';

/** The VMM switched suppression on, and the guest uses it: no EOI leaves the vCPU. `kvm_lapic_suppress_eoi_broadcast`, 7.1. */
function isSuppressed(m: Machine, vcpu: number): boolean {
  const enabled = m.profile.delivery.suppressEoi === 'chosen by the VMM' && m.config.x2apicApi > 0;
  return enabled && (m.config.x2apicApi & 4) !== 0 && (m.load(m.vcpu(vcpu) + V.svr) & SPIV.directedEoi) !== 0;
}

/** Tells the IOAPIC, in the kernel or in user space, if it wants to know about this vector. */
export const kvm_ioapic_send_eoi = operation({
  name: 'kvm_ioapic_send_eoi',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['vcpu', 'vector'],
  steps: {
    handled: step(
      (m, vcpu, vector) =>
        m.test_bit(vector, m.vcpu(vcpu) + V.ioapic_handled_vectors)
          ? `the IOAPIC waits for the EOI of ${hex(vector)}`
          : `${hex(vector)} does not concern the IOAPIC`,
      (m, vcpu, vector) => (m.test_bit(vector, m.vcpu(vcpu) + V.ioapic_handled_vectors) ? NEXT : RETURN),
      { via: ['kvm_ioapic_handles_vector'] },
    ),
    stale: silent((m, vcpu, vector) =>
      m.profile.delivery.staleEoi && m.words[m.vcpu(vcpu) + V.stale_ioapic_eoi] === vector + 1 ? NEXT : 'split',
    ),
    rescan: step(
      (_m, vcpu, vector) =>
        `${hex(vector)} was pending from an older routing: request KVM_REQ_SCAN_IOAPIC of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.set_bit(REQ.SCAN_IOAPIC, m.vcpu(vcpu) + V.requests);
        return NEXT;
      },
    ),
    split: silent((m, vcpu, vector) => {
      if (m.config.irqchip === 'kernel') {
        return m.call(kvm_ioapic_update_eoi, vcpu, vector, m.test_bit(vector, m.vcpu(vcpu) + V.tmr) ? 1 : 0);
      }
      return isSuppressed(m, vcpu) ? RETURN : 'remember';
    }),
    updated: silent(() => RETURN),
    remember: step(
      (_m, vcpu, vector) => `split irqchip: pending_ioapic_eoi of vcpu ${vcpu} := ${hex(vector)}`,
      (m, vcpu, vector) => {
        m.store(m.vcpu(vcpu) + V.pending_ioapic_eoi, vector);
        return NEXT;
      },
    ),
    request: step(
      (_m, vcpu) => `request KVM_REQ_IOAPIC_EOI_EXIT of vcpu ${vcpu}: user space has to know`,
      (m, vcpu) => {
        m.set_bit(REQ.IOAPIC_EOI_EXIT, m.vcpu(vcpu) + V.requests);
        return RETURN;
      },
    ),
  },
});

/** The guest wrote EOI and KVM emulates it. Returns the vector, -1 when nothing was in service. */
export const apic_set_eoi = operation({
  name: 'apic_set_eoi',
  actor: 'kvm',
  source: 'lapic.c',
  via: ['kvm_lapic_reg_write'],
  locals: ['vcpu', 'vector'],
  steps: {
    clear_isr: step(
      (m, vcpu) => {
        const vector = highest(m, m.vcpu(vcpu) + V.isr);
        return vector < 0
          ? `nothing is in service on vcpu ${vcpu}: the EOI has no effect`
          : `clear ISR[${hex(vector)}] of vcpu ${vcpu}`;
      },
      (m, vcpu) => {
        const vector = highest(m, m.vcpu(vcpu) + V.isr);
        if (vector < 0) {
          return m.return(-1);
        }
        m.clear_bit(vector, m.vcpu(vcpu) + V.isr);
        m.local(1, vector);
        return NEXT;
      },
      { via: ['apic_clear_isr'] },
    ),
    update_ppr: step(
      (_m, vcpu) => `PPR of vcpu ${vcpu} follows; if that makes an interrupt possible, request KVM_REQ_EVENT`,
      (m, vcpu) => {
        if (apic_update_ppr(m, vcpu) && hasInterruptAbovePpr(m, vcpu)) {
          m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        }
        return NEXT;
      },
      { via: ['apic_update_ppr'] },
    ),
    tell_ioapic: silent((m, vcpu, vector) => m.call(kvm_ioapic_send_eoi, vcpu, vector)),
    request_event: step(
      (_m, vcpu) => `request KVM_REQ_EVENT of vcpu ${vcpu}`,
      (m, vcpu, vector) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return m.return(vector);
      },
    ),
  },
});

/** After exit 45: the processor has done the EOI, KVM does the rest. */
export const kvm_apic_set_eoi_accelerated = operation({
  name: 'kvm_apic_set_eoi_accelerated',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['vcpu', 'vector'],
  steps: {
    tell_ioapic: silent((m, vcpu, vector) => m.call(kvm_ioapic_send_eoi, vcpu, vector)),
    request_event: step(
      (_m, vcpu) => `request KVM_REQ_EVENT of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return RETURN;
      },
    ),
  },
});
