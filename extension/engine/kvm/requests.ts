/** Requests that a vCPU carries out before it enters the guest, in the order of `vcpu_enter_guest`, x86.c. */
import { vcpu_scan_ioapic } from '../ioapic/scan.ts';
import { process_nmi, process_smi } from '../lapic/requests.ts';
import { REQ, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { Operation } from '../operation.ts';
import { kvm_vcpu_update_apicv } from '../vmx/apicv.ts';
import { vcpu_load_eoi_exitmap } from '../vmx/eoiExitmap.ts';

const ORDER: readonly number[] = [
  REQ.NMI,
  REQ.SMI,
  REQ.SCAN_IOAPIC,
  REQ.LOAD_EOI_EXITMAP,
  REQ.APICV_UPDATE,
  REQ.UNBLOCK,
];

/** The first request that is set, or -1; EVENT comes later, and IOAPIC_EOI_EXIT is for user space. */
export function firstRequest(m: Machine, vcpu: number): number {
  const requests = m.load(m.vcpu(vcpu) + V.requests);
  return ORDER.find(request => (requests & (1 << request)) !== 0) ?? -1;
}

/** What carries a request out; undefined: clearing the bit was all. */
export function handlerOfRequest(request: number): Operation | undefined {
  switch (request) {
    case REQ.NMI:
      return process_nmi;
    case REQ.SMI:
      return process_smi;
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
