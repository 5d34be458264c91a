/** Exit codes of AMD that this engine takes. uapi/asm/svm.h. */
import { EXIT_REASON } from '../cpu/vmcs.ts';

export const SVM_EXIT = {
  INTR: 0x60,
  VINTR: 0x64,
  HLT: 0x78,
  MSR: 0x7c,
  NPF: 0x400,
  AVIC_INCOMPLETE_IPI: 0x401,
  AVIC_UNACCELERATED_ACCESS: 0x402,
} as const;

/** Trace names, lower case as the kernel prints them. */
const NAMES: Readonly<Record<number, string>> = {
  [SVM_EXIT.INTR]: 'interrupt',
  [SVM_EXIT.VINTR]: 'vintr',
  [SVM_EXIT.HLT]: 'hlt',
  [SVM_EXIT.MSR]: 'msr',
  [SVM_EXIT.NPF]: 'npf',
  [SVM_EXIT.AVIC_INCOMPLETE_IPI]: 'avic_incomplete_ipi',
  [SVM_EXIT.AVIC_UNACCELERATED_ACCESS]: 'avic_unaccelerated_access',
};

/** What AMD calls an exit that code for both vendors names by its VMX reason. There is no preemption timer: a host interrupt ends the guest's turn. */
export function svmExit(reason: number): number {
  switch (reason) {
    case EXIT_REASON.EXTERNAL_INTERRUPT:
    case EXIT_REASON.PREEMPTION_TIMER:
      return SVM_EXIT.INTR;
    case EXIT_REASON.INTERRUPT_WINDOW:
      return SVM_EXIT.VINTR;
    case EXIT_REASON.HLT:
      return SVM_EXIT.HLT;
    case EXIT_REASON.MSR_WRITE:
      return SVM_EXIT.MSR;
    case EXIT_REASON.APIC_ACCESS:
      return SVM_EXIT.NPF;
    default:
      return reason;
  }
}

/** `avic_incomplete_ipi (0x401)` */
export function svmExitName(code: number): string {
  return `${NAMES[code] ?? 'exit'} (0x${code.toString(16).padStart(3, '0')})`;
}
