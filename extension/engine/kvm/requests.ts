/** Requests that a vCPU carries out before it enters the guest, in the order of `vcpu_enter_guest`, x86.c. */
import { vcpu_scan_ioapic } from '../ioapic/scan.ts';
import { process_nmi, process_smi } from '../lapic/requests.ts';
import { REQ, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { type Operation, operation, step } from '../operation.ts';
import { hex } from '../text.ts';
import { kvm_vcpu_update_apicv } from '../vmx/apicv.ts';
import { vcpu_load_eoi_exitmap } from '../vmx/eoiExitmap.ts';

const ORDER: readonly number[] = [
  REQ.SMI,
  REQ.NMI,
  REQ.IOAPIC_EOI_EXIT,
  REQ.SCAN_IOAPIC,
  REQ.LOAD_EOI_EXITMAP,
  REQ.APICV_UPDATE,
  REQ.UNBLOCK,
];

/** The first request that is set, or -1; EVENT comes later. */
export function firstRequest(m: Machine, vcpu: number): number {
  const requests = m.load(m.vcpu(vcpu) + V.requests);
  return ORDER.find(request => (requests & (1 << request)) !== 0) ?? -1;
}

/** Split irqchip: user space hears of the EOI if it still wants to. Returns 1 when the thread has to leave for it. */
export const ioapic_eoi_exit = operation({
  name: 'vcpu_enter_guest',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu'],
  steps: {
    wanted: step(
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        const vector = m.words[base + V.pending_ioapic_eoi];
        return m.test_bit(vector, base + V.ioapic_handled_vectors)
          ? `user space waits for the EOI of ${hex(vector)}: KVM_RUN of vcpu ${vcpu} returns with KVM_EXIT_IOAPIC_EOI`
          : `user space does not wait for the EOI of ${hex(vector)} any more`;
      },
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        return m.return(m.test_bit(m.load(base + V.pending_ioapic_eoi), base + V.ioapic_handled_vectors) ? 1 : 0);
      },
    ),
  },
});

/** What carries a request out; undefined: clearing the bit was all. */
export function handlerOfRequest(request: number): Operation | undefined {
  switch (request) {
    case REQ.NMI:
      return process_nmi;
    case REQ.SMI:
      return process_smi;
    case REQ.IOAPIC_EOI_EXIT:
      return ioapic_eoi_exit;
    case REQ.SCAN_IOAPIC:
      return vcpu_scan_ioapic;
    case REQ.LOAD_EOI_EXITMAP:
      return vcpu_load_eoi_exitmap;
    case REQ.APICV_UPDATE:
      return kvm_vcpu_update_apicv;
    default:
      return undefined;
  }
}
