/** Offsets of the local APIC's registers and where each stands in memory. apicdef.h; constants §1. */
import { V } from '../layout.ts';

export const APIC = {
  ID: 0x20,
  LVR: 0x30,
  TASKPRI: 0x80,
  ARBPRI: 0x90,
  PROCPRI: 0xa0,
  EOI: 0xb0,
  LDR: 0xd0,
  DFR: 0xe0,
  SPIV: 0xf0,
  ISR: 0x100,
  TMR: 0x180,
  IRR: 0x200,
  ESR: 0x280,
  LVTCMCI: 0x2f0,
  ICR: 0x300,
  ICR2: 0x310,
  LVTT: 0x320,
  LVTTHMR: 0x330,
  LVTPC: 0x340,
  LVT0: 0x350,
  LVT1: 0x360,
  LVTERR: 0x370,
  TMICT: 0x380,
  TMCCT: 0x390,
  TDCR: 0x3e0,
  SELF_IPI: 0x3f0,
} as const;

/** First MSR of the x2APIC range: register offset >> 4 is added. */
export const APIC_BASE_MSR = 0x800;

export const APIC_LVT_MASKED = 0x10000;
const LVT_MASK = APIC_LVT_MASKED | 0x1000 | 0xff;
const LINT_MASK = LVT_MASK | 0x700 | 0x2000 | 0x4000 | 0x8000;

/** Bits that can be written, in the order of `V.lvt`: timer (periodic mode bit 17 included), thermal, performance, LINT0, LINT1, error. */
export const LVT_WRITABLE: readonly number[] = [
  LVT_MASK | 0x20000,
  LVT_MASK | 0x700,
  LVT_MASK | 0x700,
  LINT_MASK,
  LINT_MASK,
  LVT_MASK,
];

/** LVT entries without CMCI: the version register tells one less. */
export const NR_LVT_ENTRIES = 6;
export const APIC_VERSION = 0x14;

/** Position in `V.lvt` of an LVT register, or -1. */
export function lvtIndex(register: number): number {
  return register >= APIC.LVTT && register <= APIC.LVTERR ? (register - APIC.LVTT) >>> 4 : -1;
}

const WORDS: Readonly<Record<number, number>> = {
  [APIC.ID]: V.id,
  [APIC.LVR]: V.lvr,
  [APIC.TASKPRI]: V.tpr,
  [APIC.PROCPRI]: V.ppr,
  [APIC.LDR]: V.ldr,
  [APIC.DFR]: V.dfr,
  [APIC.SPIV]: V.svr,
  [APIC.ESR]: V.esr,
  [APIC.ICR]: V.icr,
  [APIC.ICR2]: V.icr2,
  [APIC.TMICT]: V.tmict,
  [APIC.TDCR]: V.tdcr,
};

/** Word of the vCPU's block that holds a register; undefined for those that are not stored (ARBPRI, EOI, TMCCT, SELF_IPI). */
export function wordOf(register: number): number | undefined {
  if (register >= APIC.ISR && register < APIC.ESR) {
    const index = (register & 0x70) >>> 4;
    return (register < APIC.TMR ? V.isr : register < APIC.IRR ? V.tmr : V.irr) + index;
  }
  const lvt = lvtIndex(register);
  return lvt < 0 ? WORDS[register] : V.lvt + lvt;
}

const NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(APIC).map(([name, offset]) => [offset, name]),
);

export function registerName(register: number): string {
  return NAMES[register] ?? `0x${register.toString(16)}`;
}
