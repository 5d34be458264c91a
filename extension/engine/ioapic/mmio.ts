/** KVM emulates an access to the page of its IOAPIC. `vcpu_mmio_write`, `vcpu_mmio_read`, x86.c. */
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { ioapic_mmio_read, ioapic_mmio_write } from './registers.ts';

/** In what `take_exit` hands on: a write. The offset in the page stands below. */
export const MMIO_WRITE = 0x1000;

/** 49, NPF on AMD: nothing is mapped there, so KVM decodes the instruction and asks the devices on its MMIO bus. */
export const emulate_mmio = operation({
  name: 'x86_emulate_instruction',
  actor: 'kvm',
  source: 'x86.c',
  via: ['handle_exit', 'kvm_mmu_page_fault'],
  locals: ['vcpu', 'access', 'value'],
  steps: {
    direction: silent((_m, _vcpu, access) => ((access & MMIO_WRITE) === 0 ? NEXT : 'write')),
    read: step(
      (m, _vcpu, access) =>
        `the guest reads ${hex(ioapic_mmio_read(m, access & 0xff), 8)} at offset ${hex(access & 0xff, 2)} of the IOAPIC page`,
      (m, _vcpu, access) => m.return(ioapic_mmio_read(m, access & 0xff)),
      { via: ['vcpu_mmio_read', 'ioapic_mmio_read'] },
    ),
    write: silent((m, _vcpu, access, value) => m.call(ioapic_mmio_write, access & 0xff, value), ['vcpu_mmio_write']),
    written: silent(() => RETURN),
  },
});
