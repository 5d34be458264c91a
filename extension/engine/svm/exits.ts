/** Exit codes of AMD that this engine takes. uapi/asm/svm.h. */
import { EXIT_REASON } from '../cpu/vmcs.ts';
import { APIC } from '../lapic/registers.ts';
import { V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { highest } from '../text.ts';

export const SVM_EXIT = {
  INTR: 0x60,
  VINTR: 0x64,
  CPUID: 0x72,
  HLT: 0x78,
  MSR: 0x7c,
  VMMCALL: 0x81,
  MWAIT: 0x8b,
  NPF: 0x400,
  AVIC_INCOMPLETE_IPI: 0x401,
  AVIC_UNACCELERATED_ACCESS: 0x402,
} as const;

/** Trace names, lower case as the kernel prints them. */
const NAMES: Readonly<Record<number, string>> = {
  [SVM_EXIT.INTR]: 'interrupt',
  [SVM_EXIT.VINTR]: 'vintr',
  [SVM_EXIT.CPUID]: 'cpuid',
  [SVM_EXIT.HLT]: 'hlt',
  [SVM_EXIT.MSR]: 'msr',
  [SVM_EXIT.VMMCALL]: 'vmmcall',
  [SVM_EXIT.MWAIT]: 'mwait',
  [SVM_EXIT.NPF]: 'npf',
  [SVM_EXIT.AVIC_INCOMPLETE_IPI]: 'avic_incomplete_ipi',
  [SVM_EXIT.AVIC_UNACCELERATED_ACCESS]: 'avic_unaccelerated_access',
};

/** What AMD calls an exit that code for both vendors names by its VMX reason. */
export function svmExit(reason: number): number {
  switch (reason) {
    case EXIT_REASON.EXTERNAL_INTERRUPT:
      return SVM_EXIT.INTR;
    case EXIT_REASON.CPUID:
      return SVM_EXIT.CPUID;
    case EXIT_REASON.INTERRUPT_WINDOW:
      return SVM_EXIT.VINTR;
    case EXIT_REASON.HLT:
      return SVM_EXIT.HLT;
    case EXIT_REASON.MSR_READ:
    case EXIT_REASON.MSR_WRITE:
      return SVM_EXIT.MSR;
    case EXIT_REASON.MWAIT:
      return SVM_EXIT.MWAIT;
    case EXIT_REASON.VMCALL:
      return SVM_EXIT.VMMCALL;
    case EXIT_REASON.APIC_ACCESS:
    case EXIT_REASON.EPT_MISCONFIG:
      return SVM_EXIT.NPF;
    default:
      return reason;
  }
}

/** `avic_incomplete_ipi (0x401)` */
export function svmExitName(code: number): string {
  return `${NAMES[code] ?? 'exit'} (0x${code.toString(16).padStart(3, '0')})`;
}

/** Low and high halves of EXITINFO1 and EXITINFO2. */
export type ExitInfo = readonly [lo1: number, hi1: number, lo2: number, hi2: number];

const NOTHING: ExitInfo = [0, 0, 0, 0];

/** `detail`: as `ipiExit` packs it for 0x401, the offset for 0x402. VT-d and AVIC §B2. */
export function exitInfo(m: Machine, vcpu: number, reason: number, detail: number): ExitInfo {
  const base = m.vcpu(vcpu);
  switch (reason) {
    case EXIT_REASON.MSR_WRITE:
      return [1, 0, 0, 0];
    case SVM_EXIT.AVIC_INCOMPLETE_IPI:
      return [m.words[base + V.icr], m.words[base + V.icr2], detail >>> 4, detail & 0xf];
    case SVM_EXIT.AVIC_UNACCELERATED_ACCESS:
      return [detail & 0xff0, 1, detail === APIC.EOI ? Math.max(highest(m, base + V.isr), 0) : 0, 0];
    default:
      return NOTHING;
  }
}
