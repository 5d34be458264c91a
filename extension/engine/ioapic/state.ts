/** Where the IOAPIC keeps what. struct kvm_ioapic; LAPIC delivery §10. */

import { APIC_BROADCAST, IRQ } from '../lapic/message.ts';
import { IO, V } from '../layout.ts';
import type { Machine } from '../machine.ts';

/** Bits of a redirection entry's low word. */
export const RTE = {
  vector: 0xff,
  mode: 0x700,
  logical: 1 << 11,
  deliveryStatus: 1 << 12,
  remoteIrr: 1 << 14,
  level: 1 << 15,
  mask: 1 << 16,
} as const;

/** GSI and pin of the real-time clock, whose lost interrupts user space wants to know about. */
export const RTC_GSI = 8;

/** irq_source_id: user space, and all irqfds with a resampler. */
export const SOURCE = { userspace: 0, resample: 1 } as const;

export function io(m: Machine, word: number): number {
  return m.layout.ioapic + word;
}

/** Address of bits 31:0 of a pin's redirection entry; bits 63:32 follow. */
export function rte(m: Machine, pin: number): number {
  return m.layout.ioapic + IO.redirtbl + 2 * pin;
}

export function rteLow(m: Machine, pin: number): number {
  return m.load(rte(m, pin));
}

/** Destination: eight bits in KVM. */
export function rteDest(m: Machine, pin: number): number {
  return m.load(rte(m, pin) + 1) >>> 24;
}

export function isLevel(low: number): boolean {
  return (low & RTE.level) !== 0;
}

/** Destination mode of an entry as a message has it. */
export function destMode(low: number): number {
  return low & IRQ.logical;
}

/** `kvm_apic_pending_eoi`: in IRR or ISR. */
export function kvm_apic_pending_eoi(m: Machine, vcpu: number, vector: number): boolean {
  const base = m.vcpu(vcpu);
  return m.test_bit(vector, base + V.isr) || m.test_bit(vector, base + V.irr);
}

/** `pin 4: 0x31 to 0xff, logical, level, masked` */
export function describeRte(m: Machine, pin: number): string {
  const low = m.words[rte(m, pin)];
  const dest = m.words[rte(m, pin) + 1] >>> 24;
  const to = dest === APIC_BROADCAST ? 'all' : `0x${dest.toString(16)}`;
  return `pin ${pin}: vector 0x${(low & RTE.vector).toString(16).padStart(2, '0')} to ${to}${low & RTE.logical ? ', logical' : ''}, ${
    isLevel(low) ? 'level' : 'edge'
  }${low & RTE.mask ? ', masked' : ''}`;
}
