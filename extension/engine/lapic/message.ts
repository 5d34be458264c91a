/**
 * The message that every interrupt becomes on its way to a local APIC: `struct kvm_lapic_irq`, packed into two words so that it fits the
 * locals of an operation: `irq`, and `dest`, the destination ID. LAPIC delivery §1.
 */
import type { Machine } from '../machine.ts';
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

const { mode: MODE_MASK, redirectionHint: REDIRECTION_HINT, logical: LOGICAL } = IRQ;
const ICR_FIELDS = IRQ.vector | IRQ.mode | IRQ.logical | IRQ.assert | IRQ.level | IRQ.shorthand;

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

const LOWEST = MODE.LOWEST;

export const SHORTHAND = { none: 0, self: 0x40000, all: 0x80000, allBut: 0xc0000 } as const;

export const APIC_BROADCAST = 0xff;
/** 0xffffffff as a signed word. */
export const X2APIC_BROADCAST = -1;

/** Trace names of the delivery modes, by the 3-bit value. */
export const MODE_NAMES = ['Fixed', 'LowPrio', 'SMI', 'Res3', 'NMI', 'INIT', 'SIPI', 'ExtINT'] as const;

export function modeName(irq: number): string {
  return MODE_NAMES[(irq & IRQ.mode) >>> 8];
}

/** Delivery modes that ignore the vector field. */
const NO_VECTOR: ReadonlySet<string> = new Set(['SMI', 'NMI', 'INIT', 'ExtINT']);

/** `Fixed 0x41 to 0x2, physical`; `NMI to 0x1, physical` */
export function describeMessage(irq: number, dest: number): string {
  const to = ['to', 'to self', 'to all', 'to all but self'][(irq & IRQ.shorthand) >>> 18];
  const target = (irq & IRQ.shorthand) === 0 ? ` ${hex(dest, 1)}, ${irq & IRQ.logical ? 'logical' : 'physical'}` : '';
  const hint = (irq & IRQ.redirectionHint) !== 0 ? ', RH' : '';
  const what = NO_VECTOR.has(modeName(irq)) ? modeName(irq) : `${modeName(irq)} ${hex(irq & IRQ.vector)}`;
  return `${what} ${to}${target}${hint}`;
}

/** ICR 31:0. `kvm_apic_send_ipi`. */
export function irqFromIcr(low: number): number {
  return low & ICR_FIELDS;
}

/** Address and data of an MSI; the level bit of the data is ignored. `kvm_set_msi_irq`, LAPIC delivery §4. */
export function irqFromMsi(m: Machine, addressLo: number, data: number): number {
  const logical = (addressLo & 4) !== 0 ? IRQ.logical : 0;
  const heard = m.profile.delivery.redirectionHint;
  const hint = (addressLo & 8) !== 0 && (heard === 'merged' || (heard === 'proposed' && logical !== 0));
  return (data & (IRQ.vector | IRQ.mode | IRQ.level)) | IRQ.assert | logical | (hint ? IRQ.redirectionHint : 0);
}

/** Destination of an MSI: 8 bits, or 32 with `KVM_X2APIC_API_USE_32BIT_IDS`. */
export function destFromMsi(m: Machine, addressLo: number, addressHi: number): number {
  const id = (addressLo >>> 12) & 0xff;
  return x2apic_format(m) ? id | (addressHi & ~0xff) : id;
}

/** Bits 31:0 of a redirection entry; always asserted. `ioapic_service`. */
export function irqFromRte(low: number): number {
  return (low & (IRQ.vector | IRQ.mode | IRQ.logical | IRQ.level)) | IRQ.assert;
}

/** Does one of several targets get the message? `kvm_lowest_prio_delivery`, lapic.h. */
export function kvm_lowest_prio_delivery(irq: number): boolean {
  return (irq & MODE_MASK) === LOWEST || (irq & REDIRECTION_HINT) !== 0;
}

/** A physical 0xff with lowest-priority semantics, which KVM turns into a Fixed broadcast. */
export function isLowestBroadcast(irq: number, dest: number): boolean {
  return dest === APIC_BROADCAST && (irq & LOGICAL) === 0 && kvm_lowest_prio_delivery(irq);
}

/** Does the vector choose among several targets? `kvm_vector_hashing_enabled`. */
export function hashes(m: Machine): boolean {
  return m.config.vectorHashing && m.profile.delivery.vectorHashing;
}

/** `kvm->arch.x2apic_format`: user space enabled 32-bit IDs. */
export function x2apic_format(m: Machine): boolean {
  return m.config.x2apicApi > 0 && (m.config.x2apicApi & 1) !== 0 && m.profile.delivery.x2apicApi;
}

/** `kvm->arch.x2apic_broadcast_quirk_disabled` */
export function x2apic_broadcast_quirk_disabled(m: Machine): boolean {
  return m.config.x2apicApi > 0 && (m.config.x2apicApi & 2) !== 0 && m.profile.delivery.x2apicApi;
}
