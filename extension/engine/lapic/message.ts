/**
 * The message that every interrupt becomes on its way to a local APIC: `struct kvm_lapic_irq`, packed into two words so that it fits the
 * locals of an operation. LAPIC delivery §1.
 */
import { hex } from '../text.ts';

/** Bits of the packed word are those of ICR 31:0 (vector 7:0, mode 10:8, destination mode 11, level 14, trigger 15, shorthand 19:18). */
export const IRQ = {
  vector: 0xff,
  mode: 0x700,
  logical: 0x800,
  assert: 0x4000,
  level: 0x8000,
  shorthand: 0xc0000,
  /** MSI redirection hint, `msi_redir_hint`; a reserved bit in the ICR. */
  redirectionHint: 0x100000,
} as const;

export const MODE = {
  FIXED: 0x000,
  LOWEST: 0x100,
  SMI: 0x200,
  REMRD: 0x300,
  NMI: 0x400,
  INIT: 0x500,
  STARTUP: 0x600,
  EXTINT: 0x700,
} as const;

export const SHORTHAND = { none: 0, self: 0x40000, all: 0x80000, allBut: 0xc0000 } as const;

/** Trace names of the delivery modes, by the 3-bit value. */
export const MODE_NAMES = ['Fixed', 'LowPrio', 'SMI', 'Res3', 'NMI', 'INIT', 'SIPI', 'ExtINT'] as const;

export function modeName(irq: number): string {
  return MODE_NAMES[(irq & IRQ.mode) >>> 8];
}

/** `Fixed 0x41 to 0x2, physical` */
export function describeMessage(irq: number, dest: number): string {
  const to = ['to', 'to self', 'to all', 'to all but self'][(irq & IRQ.shorthand) >>> 18];
  const target = (irq & IRQ.shorthand) === 0 ? ` ${hex(dest, 1)}, ${irq & IRQ.logical ? 'logical' : 'physical'}` : '';
  return `${modeName(irq)} ${hex(irq & IRQ.vector)} ${to}${target}`;
}
