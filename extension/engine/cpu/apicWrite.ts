/**
 * What the processor does with a write that it has put into the virtual-APIC page: APIC-write emulation for the memory-mapped page, and
 * its counterpart for the x2APIC MSRs. SDM vol. 3, virtualizing memory-mapped APIC accesses and MSR-based APIC accesses; §7.
 *
 * Each operation returns the VM exit that must follow, as `exitWith` packs it, or NO_EXIT.
 */
import { APIC } from '../lapic/registers.ts';
import { V } from '../layout.ts';
import { NEXT, operation, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { ipi_virtualization, isUnicastIpi } from './ipiVirtualization.ts';
import { eoi_virtualization, self_ipi_virtualization, tpr_virtualization } from './virtualInterrupts.ts';
import { control, currentVmcs, EXIT_REASON } from './vmcs.ts';

export const NO_EXIT = -1;

/** Basic reason in bits 31:16, exit qualification in bits 15:0. */
export function exitWith(reason: number, qualification: number): number {
  return (reason << 16) | qualification;
}

const SELF = 0x40000;
/** Reserved bits 31:20, 17:16 and 13, and the delivery status 12, trigger mode 15 and delivery mode 10:8. */
const NOT_SELF_IPI = 0xfff3b700 | 0;

/** Shorthand self, edge, Fixed, no reserved bit, vector not below 16. Bits 11 and 14 do not matter. */
function isSelfIpi(icr: number): boolean {
  return (icr & 0xc0000) === SELF && (icr & NOT_SELF_IPI) === 0 && (icr & 0xf0) !== 0;
}

export const apic_write_emulation = operation({
  name: 'APIC-write emulation',
  actor: 'cpu',
  source: 'SDM vol. 3, APIC-write emulation',
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
        default:
          return 'other';
      }
    }),
    tpr: step('080H: bytes 3:1 of VTPR := 0, then TPR virtualization', (m, vcpu) => {
      const page = currentVmcs(m, vcpu);
      m.store(page + V.tpr, m.load(page + V.tpr) & 0xff);
      return m.call(tpr_virtualization, vcpu);
    }),
    tpr_done: silent(m => m.return(m.result !== 0 ? exitWith(EXIT_REASON.TPR_BELOW_THRESHOLD, 0) : NO_EXIT)),
    eoi: silent((m, vcpu) => (control(m, vcpu, 'virtual_interrupt_delivery') ? NEXT : 'other')),
    eoi_virtualization: step('0B0H: VEOI := 0, then EOI virtualization', (m, vcpu) => m.call(eoi_virtualization, vcpu)),
    eoi_done: silent(m => m.return(m.result >= 0 ? exitWith(EXIT_REASON.EOI_INDUCED, m.result) : NO_EXIT)),
    icr: silent((m, vcpu) => (control(m, vcpu, 'virtual_interrupt_delivery') ? NEXT : 'ipi')),
    test_self_ipi: step(
      (m, vcpu) => {
        const icr = m.words[currentVmcs(m, vcpu) + V.icr];
        return isSelfIpi(icr)
          ? `300H: ${hex(icr, 8)} is a Fixed edge IPI to self: self-IPI virtualization`
          : `300H: ${hex(icr, 8)} is not a Fixed edge IPI to self with a vector of 16 or more`;
      },
      (m, vcpu) => {
        const icr = m.load(currentVmcs(m, vcpu) + V.icr);
        return isSelfIpi(icr) ? m.call(self_ipi_virtualization, vcpu, icr & 0xff) : 'ipi';
      },
    ),
    self_ipi_done: silent(m => m.return(NO_EXIT)),
    ipi: silent((m, vcpu) => (control(m, vcpu, 'ipi_virtualization') ? NEXT : 'other')),
    test_ipi: step(
      (m, vcpu) => {
        const icr = m.words[currentVmcs(m, vcpu) + V.icr];
        return `300H: ${hex(icr, 8)} is ${isUnicastIpi(icr, true) ? '' : 'not '}a physical Fixed edge IPI without shorthand`;
      },
      (m, vcpu) => {
        const page = currentVmcs(m, vcpu);
        const icr = m.load(page + V.icr);
        return isUnicastIpi(icr, true)
          ? m.call(ipi_virtualization, vcpu, icr & 0xff, m.load(page + V.icr2) >>> 24)
          : 'other';
      },
      { assumed: true },
    ),
    ipi_done: silent(m => (m.result === 0 ? m.return(NO_EXIT) : 'other')),
    other: silent((m, _vcpu, offset) => m.return(exitWith(EXIT_REASON.APIC_WRITE, offset))),
    icr2: step('310H: bytes 2:0 of VICR_HI := 0, and nothing else', (m, vcpu) => {
      const page = currentVmcs(m, vcpu);
      m.store(page + V.icr2, m.load(page + V.icr2) & ~0xffffff);
      return m.return(NO_EXIT);
    }),
  },
});

/** WRMSR of an APIC register that the MSR bitmap lets pass; the value stands in the page, reserved bits were checked. */
export const msr_write_virtualization = operation({
  name: 'virtualization of WRMSR',
  actor: 'cpu',
  source: 'SDM vol. 3, virtualizing MSR-based APIC accesses',
  locals: ['vcpu', 'msr', 'lo', 'hi'],
  steps: {
    which: silent((_m, _vcpu, msr) => {
      switch (msr) {
        case 0x808:
          return 'tpr';
        case 0x80b:
          return 'eoi';
        case 0x830:
          return 'icr';
        default:
          return 'self_ipi';
      }
    }),
    tpr: silent((m, vcpu) => m.call(tpr_virtualization, vcpu)),
    tpr_done: silent(m => m.return(m.result !== 0 ? exitWith(EXIT_REASON.TPR_BELOW_THRESHOLD, 0) : NO_EXIT)),
    eoi: silent((m, vcpu) => m.call(eoi_virtualization, vcpu)),
    eoi_done: silent(m => m.return(m.result >= 0 ? exitWith(EXIT_REASON.EOI_INDUCED, m.result) : NO_EXIT)),
    self_ipi: step(
      (_m, _vcpu, _msr, lo) =>
        (lo & 0xf0) === 0
          ? `83FH: vector ${hex(lo & 0xff)} is below 16: APIC-write VM exit`
          : `83FH: vector ${hex(lo & 0xff)}: self-IPI virtualization`,
      (m, vcpu, _msr, lo) =>
        (lo & 0xf0) === 0
          ? m.return(exitWith(EXIT_REASON.APIC_WRITE, APIC.SELF_IPI))
          : m.call(self_ipi_virtualization, vcpu, lo & 0xff),
    ),
    self_ipi_done: silent(m => m.return(NO_EXIT)),
    icr: step(
      (_m, _vcpu, _msr, lo) =>
        `830H: ${hex(lo, 8)} is ${isUnicastIpi(lo, false) ? '' : 'not '}a physical Fixed edge IPI without shorthand; the level bit 14 does not matter`,
      (m, vcpu, _msr, lo, hi) =>
        isUnicastIpi(lo, false)
          ? m.call(ipi_virtualization, vcpu, lo & 0xff, hi)
          : m.return(exitWith(EXIT_REASON.APIC_WRITE, APIC.ICR)),
    ),
    icr_done: silent(m => m.return(m.result === 0 ? NO_EXIT : exitWith(EXIT_REASON.APIC_WRITE, APIC.ICR))),
  },
});
