/**
 * Accesses of the guest to its APIC under AVIC: done by the processor, done with a trap-like exit, or left to KVM. VT-d and AVIC §B2.
 * The list of trap-like offsets is Linux' own (`is_avic_unaccelerated_access_trap`); what is accelerated at all is assumed from it.
 */
import { exitWith, NO_EXIT } from '../cpu/apicWrite.ts';
import { APIC, registerName } from '../lapic/registers.ts';
import { V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { operation, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { SVM_EXIT } from './exits.ts';
import { avic_eoi, avic_evaluate } from './hardware.ts';
import { avic_ipi, COMPLETE } from './ipi.ts';
import { acceleratesAccesses } from './mode.ts';

/** Remote Read, which only this list knows. */
const APIC_RRR = 0xc0;

const TRAPS: ReadonlySet<number> = new Set([
  APIC.ID,
  APIC.EOI,
  APIC_RRR,
  APIC.LDR,
  APIC.DFR,
  APIC.SPIV,
  APIC.ESR,
  APIC.ICR,
  APIC.LVTT,
  APIC.LVTTHMR,
  APIC.LVTPC,
  APIC.LVT0,
  APIC.LVT1,
  APIC.LVTERR,
  APIC.TMICT,
  APIC.TDCR,
]);

/** Is the exit for a write to `offset` trap-like: the value stands in the page already? */
export function is_avic_unaccelerated_access_trap(offset: number): boolean {
  return TRAPS.has(offset);
}

/** Does a write go to the backing page, with or without an exit behind it? */
export function avicTakesWrite(m: Machine, vcpu: number, offset: number): boolean {
  return (
    acceleratesAccesses(m, vcpu) &&
    (TRAPS.has(offset) || offset === APIC.TASKPRI || offset === APIC.ICR2 || offset === APIC.SELF_IPI)
  );
}

/** Does a read return data from the backing page? The current count of the timer does not stand there. */
export function avicTakesRead(m: Machine, vcpu: number, offset: number): boolean {
  return acceleratesAccesses(m, vcpu) && offset !== APIC.TMCCT;
}

/** exit_info_2 in 16 bits: failure in 3:0, table index in 15:4. */
export function ipiExit(result: number): number {
  return exitWith(SVM_EXIT.AVIC_INCOMPLETE_IPI, (result & 0xf) | ((result >>> 8) << 4));
}

/** After a write that the processor has put into the backing page. Returns the exit that follows, or NO_EXIT. */
export const avic_write = operation({
  name: 'AVIC: write of a register',
  actor: 'cpu',
  source: 'AMD APM vol. 2, AVIC (not read); Linux svm/avic.c',
  locals: ['vcpu', 'offset'],
  steps: {
    which: silent((_m, _vcpu, offset) => {
      switch (offset) {
        case APIC.TASKPRI:
          return 'tpr';
        case APIC.EOI:
          return 'eoi';
        case APIC.ICR:
          return 'icr';
        case APIC.ICR2:
          return 'icr2';
        case APIC.SELF_IPI:
          return 'self';
        default:
          return 'trap';
      }
    }),
    tpr: silent((m, vcpu) => m.call(avic_evaluate, vcpu)),
    tpr_done: silent(m => m.return(NO_EXIT)),
    eoi: silent((m, vcpu) => m.call(avic_eoi, vcpu)),
    eoi_done: silent(m => m.return(m.result === 0 ? NO_EXIT : exitWith(SVM_EXIT.AVIC_UNACCELERATED_ACCESS, APIC.EOI))),
    icr: silent((m, vcpu) => m.call(avic_ipi, vcpu, m.words[m.vcpu(vcpu) + V.icr], m.words[m.vcpu(vcpu) + V.icr2])),
    icr_done: silent(m => m.return(m.result === COMPLETE ? NO_EXIT : ipiExit(m.result))),
    icr2: silent(m => m.return(NO_EXIT)),
    self: silent((m, vcpu) => m.call(avic_ipi, vcpu, 0x40000 | m.words[m.vcpu(vcpu) + V.self_ipi], 0)),
    self_done: silent(m => m.return(m.result === COMPLETE ? NO_EXIT : ipiExit(m.result))),
    trap: step(
      (_m, _vcpu, offset) => `${registerName(offset)} (${hex(offset, 3)}) is written, then the access exits: trap-like`,
      (m, _vcpu, offset) => m.return(exitWith(SVM_EXIT.AVIC_UNACCELERATED_ACCESS, offset)),
    ),
  },
});
