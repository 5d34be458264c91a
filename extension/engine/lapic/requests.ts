/** Requests that a vCPU's thread works off before it enters the guest. `vcpu_enter_guest`, `process_nmi`, x86.c; LAPIC delivery §6, §9. */
import { vcpu_scan_ioapic } from '../ioapic/scan.ts';
import { REQ, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';

function limitOf(m: Machine, vcpu: number): number {
  const base = m.vcpu(vcpu);
  return m.load(base + V.nmi_masked) !== 0 || m.load(base + V.nmi_injected) !== 0 ? 1 : 2;
}

function pendingNmis(m: Machine, vcpu: number): number {
  const base = m.vcpu(vcpu);
  return Math.min(m.load(base + V.nmi_pending) + m.load(base + V.nmi_queued), limitOf(m, vcpu));
}

/** Queued NMIs become pending ones: at most two, one while NMIs are masked or one is being injected. */
export const process_nmi = operation({
  name: 'process_nmi',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu'],
  steps: {
    collapse: step(
      (m, vcpu) =>
        `vcpu ${vcpu}: NMIs queued: ${m.words[m.vcpu(vcpu) + V.nmi_queued]}; at most ${limitOf(m, vcpu)} can wait: nmi_pending := ${pendingNmis(m, vcpu)}`,
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        m.store(base + V.nmi_pending, pendingNmis(m, vcpu));
        m.xchg(base + V.nmi_queued, 0);
        return NEXT;
      },
    ),
    request_event: step(
      (_m, vcpu) => `request KVM_REQ_EVENT of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return RETURN;
      },
    ),
  },
});

export const process_smi = operation({
  name: 'process_smi',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu'],
  steps: {
    pend: step(
      (_m, vcpu) => `vcpu ${vcpu}: an SMI is pending, request KVM_REQ_EVENT`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.smi_pending, 1);
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return RETURN;
      },
    ),
  },
});

function isRequested(m: Machine, vcpu: number, request: number): boolean {
  return (m.words[m.vcpu(vcpu) + V.requests] & (1 << request)) !== 0;
}

/**
 * SMI, NMI, EOI exit and IOAPIC scan, in KVM's order; KVM_REQ_EVENT is left to the caller. Returns 1 when the thread has to leave to
 * user space with KVM_EXIT_IOAPIC_EOI.
 */
export const kvm_check_requests = operation({
  name: 'vcpu_enter_guest',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu'],
  steps: {
    smi: silent((m, vcpu) => (isRequested(m, vcpu, REQ.SMI) ? NEXT : 'nmi')),
    check_smi: step(
      (_m, vcpu) => `KVM_REQ_SMI of vcpu ${vcpu} is pending: clear it`,
      (m, vcpu) => {
        m.clear_bit(REQ.SMI, m.vcpu(vcpu) + V.requests);
        return m.call(process_smi, vcpu);
      },
      { via: ['kvm_check_request'] },
    ),
    nmi: silent((m, vcpu) => (isRequested(m, vcpu, REQ.NMI) ? NEXT : 'eoi')),
    check_nmi: step(
      (_m, vcpu) => `KVM_REQ_NMI of vcpu ${vcpu} is pending: clear it`,
      (m, vcpu) => {
        m.clear_bit(REQ.NMI, m.vcpu(vcpu) + V.requests);
        return m.call(process_nmi, vcpu);
      },
      { via: ['kvm_check_request'] },
    ),
    eoi: silent((m, vcpu) => (isRequested(m, vcpu, REQ.IOAPIC_EOI_EXIT) ? NEXT : 'scan')),
    check_eoi: step(
      (m, vcpu) =>
        `KVM_REQ_IOAPIC_EOI_EXIT of vcpu ${vcpu} is pending: user space hears of the EOI of ${hex(m.words[m.vcpu(vcpu) + V.pending_ioapic_eoi])} if it still wants to`,
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        m.clear_bit(REQ.IOAPIC_EOI_EXIT, base + V.requests);
        const wanted = m.test_bit(m.load(base + V.pending_ioapic_eoi), base + V.ioapic_handled_vectors);
        return wanted ? m.return(1) : NEXT;
      },
      { via: ['kvm_check_request'] },
    ),
    scan: silent((m, vcpu) => (isRequested(m, vcpu, REQ.SCAN_IOAPIC) ? NEXT : 'done')),
    check_scan: step(
      (_m, vcpu) => `KVM_REQ_SCAN_IOAPIC of vcpu ${vcpu} is pending: clear it`,
      (m, vcpu) => {
        m.clear_bit(REQ.SCAN_IOAPIC, m.vcpu(vcpu) + V.requests);
        return m.call(vcpu_scan_ioapic, vcpu);
      },
      { via: ['kvm_check_request'] },
    ),
    done: silent(m => m.return(0)),
  },
});
