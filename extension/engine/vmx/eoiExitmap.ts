/** The EOI-exit bitmap follows from the routing of level-triggered interrupts. x86.c, vmx/vmx.c; LAPIC delivery §9.1, race R29. */
import { REQ, V } from '../layout.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { vectorSet, vectorsAt } from '../text.ts';

/** How `vcpu_scan_ioapic` ends: the bitmap of vmcs01 must not be written while vmcs02 is current. */
export const request_load_eoi_exitmap = operation({
  name: 'vcpu_scan_ioapic',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu'],
  steps: {
    in_l2: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.guest_mode] !== 0 ? NEXT : 'request')),
    wait: step(
      (_m, vcpu) => `vcpu ${vcpu} is in L2: the load of the EOI-exit bitmap waits until it is left`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.load_eoi_exitmap_pending, 1);
        return RETURN;
      },
    ),
    request: step(
      (_m, vcpu) => `request KVM_REQ_LOAD_EOI_EXITMAP of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.set_bit(REQ.LOAD_EOI_EXITMAP, m.vcpu(vcpu) + V.requests);
        return RETURN;
      },
      { via: ['kvm_make_request'] },
    ),
  },
});

/** Four 64-bit VMCS fields, 0x201c to 0x2022; without active APICv nobody reads them. */
export const vcpu_load_eoi_exitmap = operation({
  name: 'vcpu_load_eoi_exitmap',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu'],
  steps: {
    active: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? NEXT : RETURN)),
    load: step(
      (m, vcpu) => {
        const handled = vectorSet(vectorsAt(m.words, m.vcpu(vcpu) + V.ioapic_handled_vectors));
        return `EOI-exit bitmap of vcpu ${vcpu} := ${handled}, the vectors that the IOAPIC wants to see`;
      },
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        for (let i = 0; i < 8; i++) {
          m.store(base + V.eoi_exit_bitmap + i, m.load(base + V.ioapic_handled_vectors + i));
        }
        return RETURN;
      },
      { via: ['vmx_load_eoi_exitmap'] },
    ),
  },
});
