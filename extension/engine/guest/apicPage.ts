/** Guest code reads and writes its local APIC through the APIC-access page (xAPIC mode). SDM vol. 3; posted interrupts §7. */
import { apic_write_emulation, NO_EXIT } from '../cpu/apicWrite.ts';
import { pageWord, readIsVirtualized, writeIsVirtualized } from '../cpu/virtualApicPage.ts';
import { EXIT_REASON } from '../cpu/vmcs.ts';
import { take_exit } from '../kvm/exit.ts';
import { apic_x2apic_mode, kvm_apic_hw_enabled } from '../lapic/apic.ts';
import { apic_mmio_read } from '../lapic/msr.ts';
import { registerName } from '../lapic/registers.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { avic_write } from '../svm/access.ts';
import { SVM_EXIT } from '../svm/exits.ts';
import { acceleratesAccesses } from '../svm/mode.ts';
import { hex } from '../text.ts';

/** Access type in the exit qualification of an APIC-access exit: 1 = data write. */
const LINEAR_WRITE = 0x1000;

function isMapped(m: Machine, vcpu: number): boolean {
  return kvm_apic_hw_enabled(m, vcpu) && !apic_x2apic_mode(m, vcpu);
}

export const write_apic_page = operation({
  name: 'write of the APIC page',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'offset', 'value', 'exit'],
  steps: {
    write: step(
      (m, vcpu, offset, value) => {
        const what = `vcpu ${vcpu} writes ${hex(value, 8)} to ${registerName(offset)} (${hex(offset, 3)})`;
        if (!isMapped(m, vcpu)) {
          return `${what}: its APIC is not in xAPIC mode, nobody takes the write`;
        }
        return writeIsVirtualized(m, vcpu, offset) ? `${what}: it goes to the virtual-APIC page` : `${what}: VM exit`;
      },
      (m, vcpu, offset, value) => {
        if (!isMapped(m, vcpu)) {
          return RETURN;
        }
        if (!writeIsVirtualized(m, vcpu, offset)) {
          return 'access';
        }
        const word = pageWord(m, vcpu, offset);
        if (word >= 0) {
          m.store(word, value);
        }
        return NEXT;
      },
    ),
    emulate: silent((m, vcpu, offset) =>
      m.call(m.config.vendor === 'amd' ? avic_write : apic_write_emulation, vcpu, offset),
    ),
    emulated: silent((m, vcpu, _offset, value) =>
      m.result === NO_EXIT ? RETURN : m.call(take_exit, vcpu, m.result >>> 16, m.result & 0xffff, value),
    ),
    done: silent(() => RETURN),
    access: silent((m, vcpu, offset, value) =>
      acceleratesAccesses(m, vcpu)
        ? m.call(take_exit, vcpu, SVM_EXIT.AVIC_UNACCELERATED_ACCESS, offset, value)
        : m.call(take_exit, vcpu, EXIT_REASON.APIC_ACCESS, LINEAR_WRITE | offset, value),
    ),
    completed: silent(() => RETURN),
  },
});

/** Returns what the guest reads. */
export const read_apic_page = operation({
  name: 'read of the APIC page',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'offset'],
  steps: {
    read: step(
      (m, vcpu, offset) => {
        const what = `vcpu ${vcpu} reads ${registerName(offset)} (${hex(offset, 3)})`;
        return readIsVirtualized(m, vcpu, offset) ? `${what} from the virtual-APIC page` : `${what}: VM exit`;
      },
      (m, vcpu, offset) => {
        if (!isMapped(m, vcpu) || !readIsVirtualized(m, vcpu, offset)) {
          return NEXT;
        }
        const word = pageWord(m, vcpu, offset);
        return m.return(word < 0 ? 0 : m.load(word));
      },
    ),
    access: silent((m, vcpu, offset) =>
      isMapped(m, vcpu) ? m.call(take_exit, vcpu, EXIT_REASON.APIC_ACCESS, offset) : m.return(-1),
    ),
    value: silent((m, vcpu, offset) => m.return(apic_mmio_read(m, vcpu, offset))),
  },
});
