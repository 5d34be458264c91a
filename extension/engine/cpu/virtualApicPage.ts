/** The virtual-APIC page: where its registers stand in memory, and which accesses the processor virtualizes. SDM vol. 3; §7. */
import { APIC, wordOf } from '../lapic/registers.ts';
import type { Machine } from '../machine.ts';
import { avicTakesRead, avicTakesWrite } from '../svm/access.ts';
import { control, currentVmcs } from './vmcs.ts';

/** Address of the register at `offset` of the page in use; -1 when the engine keeps nothing there (EOI, reserved offsets). */
export function pageWord(m: Machine, vcpu: number, offset: number): number {
  const word = wordOf(offset);
  return word === undefined ? -1 : currentVmcs(m, vcpu) + word;
}

const RANGES_READ: readonly (readonly [first: number, last: number])[] = [
  [APIC.ID, APIC.LVR],
  [APIC.TASKPRI, APIC.TASKPRI],
  [APIC.EOI, APIC.EOI],
  [APIC.LDR, APIC.ESR],
  [APIC.ICR, APIC.TMICT],
  [APIC.TDCR, APIC.TDCR],
];
const RANGES_WRITTEN: readonly (readonly [first: number, last: number])[] = [
  [APIC.ID, APIC.ID],
  [APIC.TASKPRI, APIC.TASKPRI],
  [APIC.EOI, APIC.EOI],
  [APIC.LDR, APIC.SPIV],
  [APIC.ESR, APIC.ESR],
  [APIC.ICR, APIC.TMICT],
  [APIC.TDCR, APIC.TDCR],
];

function within(offset: number, ranges: typeof RANGES_READ): boolean {
  return (offset & 15) === 0 && ranges.some(([first, last]) => offset >= first && offset <= last);
}

/** Does a read of the APIC-access page at `offset` return data from the virtual-APIC page? Otherwise exit 44. */
export function readIsVirtualized(m: Machine, vcpu: number, offset: number): boolean {
  if (m.config.vendor === 'amd') {
    return avicTakesRead(m, vcpu, offset);
  }
  if (!control(m, vcpu, 'use_tpr_shadow')) {
    return false;
  }
  return control(m, vcpu, 'apic_register_virtualization') ? within(offset, RANGES_READ) : offset === APIC.TASKPRI;
}

/** Does a write of the APIC-access page at `offset` go to the virtual-APIC page? Otherwise exit 44. */
export function writeIsVirtualized(m: Machine, vcpu: number, offset: number): boolean {
  if (m.config.vendor === 'amd') {
    return avicTakesWrite(m, vcpu, offset);
  }
  if (!control(m, vcpu, 'use_tpr_shadow')) {
    return false;
  }
  if (control(m, vcpu, 'apic_register_virtualization')) {
    return within(offset, RANGES_WRITTEN);
  }
  const delivers = control(m, vcpu, 'virtual_interrupt_delivery');
  return offset === APIC.TASKPRI || (delivers && (offset === APIC.EOI || offset === APIC.ICR));
}
