/** Guest code selects and accesses registers of KVM's IOAPIC: IOREGSEL, then IOWIN. 82093AA; `__ioapic_write_entry`, apic/io_apic.c. */
import { EXIT_REASON } from '../cpu/vmcs.ts';
import { MMIO_WRITE } from '../ioapic/mmio.ts';
import { IOAPIC } from '../ioapic/registers.ts';
import { take_exit } from '../kvm/exit.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';

const access_ioapic_page = operation({
  name: 'access to the IOAPIC page',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'access', 'value'],
  steps: {
    access: step(
      (_m, vcpu, access, value) => {
        const register = (access & 0xff) === IOAPIC.regsel ? 'IOREGSEL' : 'IOWIN';
        return (access & MMIO_WRITE) === 0
          ? `vcpu ${vcpu} reads ${register}: VM exit`
          : `vcpu ${vcpu} writes ${hex(value, 8)} to ${register}: VM exit`;
      },
      () => NEXT,
    ),
    exit: silent((m, vcpu, access, value) => m.call(take_exit, vcpu, EXIT_REASON.EPT_MISCONFIG, access, value)),
  },
});

/** `register`: 0 (ID), 0x10 + 2 × pin (low word), 0x11 + 2 × pin (high word). */
export const write_ioapic = operation({
  name: 'write of an IOAPIC register',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'register', 'value'],
  steps: {
    select: silent((m, vcpu, register) => m.call(access_ioapic_page, vcpu, MMIO_WRITE | IOAPIC.regsel, register)),
    write: silent((m, vcpu, _register, value) => m.call(access_ioapic_page, vcpu, MMIO_WRITE | IOAPIC.window, value)),
    written: silent(() => RETURN),
  },
});

export const read_ioapic = operation({
  name: 'read of an IOAPIC register',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'register'],
  steps: {
    select: silent((m, vcpu, register) => m.call(access_ioapic_page, vcpu, MMIO_WRITE | IOAPIC.regsel, register)),
    read: silent((m, vcpu) => m.call(access_ioapic_page, vcpu, IOAPIC.window)),
    done: silent(() => RETURN),
  },
});

/** The whole entry of a pin as Linux writes it: the high word first, so that the destination is right when the low word unmasks. */
export const write_ioapic_entry = operation({
  name: 'write of an IOAPIC entry',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'pin', 'lo', 'hi'],
  steps: {
    high: silent((m, vcpu, pin, _lo, hi) => m.call(write_ioapic, vcpu, IOAPIC.table + 2 * pin + 1, hi)),
    low: silent((m, vcpu, pin, lo) => m.call(write_ioapic, vcpu, IOAPIC.table + 2 * pin, lo)),
    written: silent(() => RETURN),
  },
});
