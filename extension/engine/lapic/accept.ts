/** One local APIC takes a message. `__apic_accept_irq`, lapic.c; LAPIC delivery §6. */

import { kvm_vcpu_kick } from '../kvm/kick.ts';
import { KVM_APIC_INIT, KVM_APIC_SIPI, REQ, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, silent, step } from '../operation.ts';
import { svm_deliver_interrupt } from '../svm/deliver.ts';
import { hex } from '../text.ts';
import { vmx_deliver_interrupt } from '../vmx/posting.ts';
import { apic_enabled } from './apic.ts';
import { IRQ, modeName } from './message.ts';

/** Steps by delivery mode. */
const BY_MODE = ['fixed', 'lowest', 'smi', 'remote_read', 'nmi', 'init', 'startup', 'nothing'] as const;

function isDeassert(irq: number): boolean {
  return (irq & IRQ.level) !== 0 && (irq & IRQ.assert) === 0;
}

/** Is the Fixed message dropped? */
function isRefused(m: Machine, vcpu: number, irq: number): boolean {
  return (isDeassert(irq) && m.profile.delivery.levelDeassert === 'dropped') || !apic_enabled(m, vcpu);
}

function whyRefused(m: Machine, vcpu: number, irq: number): string {
  return apic_enabled(m, vcpu) && isDeassert(irq)
    ? `vcpu ${vcpu} drops ${modeName(irq)} ${hex(irq & IRQ.vector)}: a level de-assert`
    : `the local APIC of vcpu ${vcpu} is disabled: ${modeName(irq)} ${hex(irq & IRQ.vector)} is dropped`;
}

/** `dest_map`: 1 = remember that this vCPU owes the EOI of the RTC interrupt. Returns 1 when the message was accepted, 0 when dropped. */
export const __apic_accept_irq = operation({
  name: '__apic_accept_irq',
  actor: 'kvm',
  source: 'lapic.c',
  via: ['kvm_apic_set_irq'],
  locals: ['vcpu', 'irq', 'dest_map'],
  steps: {
    choose: silent((_m, _vcpu, irq) => BY_MODE[(irq & IRQ.mode) >>> 8]),

    lowest: step(
      (m, vcpu) => `lowest priority: apic_arb_prio of vcpu ${vcpu} := ${m.words[m.vcpu(vcpu) + V.arb_prio] + 1}`,
      (m, vcpu) => {
        const address = m.vcpu(vcpu) + V.arb_prio;
        m.store(address, (m.load(address) + 1) | 0);
        return NEXT;
      },
    ),
    fixed: step(
      (m, vcpu, irq) =>
        isRefused(m, vcpu, irq)
          ? whyRefused(m, vcpu, irq)
          : `vcpu ${vcpu} accepts ${modeName(irq)} ${hex(irq & IRQ.vector)}, ${irq & IRQ.level ? 'level' : 'edge'}`,
      (m, vcpu, irq, destMap) => {
        if (isRefused(m, vcpu, irq)) {
          m.mark(MARK.dropped);
          return m.return(0);
        }
        const vector = irq & IRQ.vector;
        if (destMap !== 0) {
          m.store(m.vcpu(vcpu) + V.rtc_dest, 1);
          m.store(m.vcpu(vcpu) + V.rtc_vector, vector);
        }
        const level = m.test_bit(vector, m.vcpu(vcpu) + V.tmr);
        const same = level === ((irq & IRQ.level) !== 0);
        return same || m.profile.delivery.tmr === 'at the IOAPIC scan' ? 'deliver' : NEXT;
      },
    ),
    trigger_mode: step(
      (_m, vcpu, irq) =>
        `TMR[${hex(irq & IRQ.vector)}] of vcpu ${vcpu} := ${irq & IRQ.level ? '1 (level)' : '0 (edge)'} (locked)`,
      (m, vcpu, irq) => {
        if ((irq & IRQ.level) !== 0) {
          m.set_bit(irq & IRQ.vector, m.vcpu(vcpu) + V.tmr);
        } else {
          m.clear_bit(irq & IRQ.vector, m.vcpu(vcpu) + V.tmr);
        }
        return NEXT;
      },
    ),
    deliver: silent((m, vcpu, irq) =>
      m.call(m.config.vendor === 'intel' ? vmx_deliver_interrupt : svm_deliver_interrupt, vcpu, irq & IRQ.vector, irq),
    ),
    delivered: silent(m => m.return(1)),

    remote_read: step(
      (_m, vcpu) => `kick for a paravirtual lock: pv_unhalted of vcpu ${vcpu} := 1`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.pv_unhalted, 1);
        return 'request_event';
      },
    ),
    smi: silent(m => (m.profile.delivery.smi === 'ignored' ? 'nothing' : NEXT)),
    request_smi: step(
      (_m, vcpu) => `request KVM_REQ_SMI of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.set_bit(REQ.SMI, m.vcpu(vcpu) + V.requests);
        return 'kick';
      },
      { via: ['kvm_inject_smi'] },
    ),
    nmi: step(
      (m, vcpu) => `queue an NMI for vcpu ${vcpu}: nmi_queued := ${m.words[m.vcpu(vcpu) + V.nmi_queued] + 1} (locked)`,
      (m, vcpu) => {
        const address = m.vcpu(vcpu) + V.nmi_queued;
        m.smp_mb();
        m.store(address, m.load(address) + 1);
        return NEXT;
      },
      { via: ['kvm_inject_nmi'] },
    ),
    request_nmi: step(
      (_m, vcpu) => `request KVM_REQ_NMI of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.set_bit(REQ.NMI, m.vcpu(vcpu) + V.requests);
        return 'kick';
      },
      { via: ['kvm_inject_nmi'] },
    ),
    init: step(
      (_m, vcpu, irq) =>
        isDeassert(irq)
          ? `vcpu ${vcpu} ignores an INIT level de-assert`
          : `pending_events of vcpu ${vcpu} := INIT; a SIPI that waits is lost`,
      (m, vcpu, irq) => {
        if (isDeassert(irq)) {
          return 'nothing';
        }
        m.store(m.vcpu(vcpu) + V.pending_events, 1 << KVM_APIC_INIT);
        return 'request_event';
      },
    ),
    startup: step(
      (_m, vcpu, irq) => `sipi_vector of vcpu ${vcpu} := ${hex(irq & IRQ.vector)}; a write barrier follows`,
      (m, vcpu, irq) => {
        m.store(m.vcpu(vcpu) + V.sipi_vector, irq & IRQ.vector);
        return NEXT;
      },
    ),
    pending_sipi: step(
      (_m, vcpu) => `pending_events of vcpu ${vcpu} |= SIPI (locked)`,
      (m, vcpu) => {
        m.set_bit(KVM_APIC_SIPI, m.vcpu(vcpu) + V.pending_events);
        return NEXT;
      },
    ),
    request_event: step(
      (_m, vcpu) => `request KVM_REQ_EVENT of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return NEXT;
      },
    ),
    kick: silent((m, vcpu) => m.call(kvm_vcpu_kick, vcpu)),
    accepted: silent(m => m.return(1)),

    nothing: silent(m => {
      m.mark(MARK.dropped);
      return m.return(0);
    }),
  },
});
