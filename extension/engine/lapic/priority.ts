/** Priorities of the local APIC. LAPIC delivery §8. */
import { V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { highest } from '../text.ts';

/** Bits 7:4 of a vector or of a priority register. */
export function priorityClass(value: number): number {
  return (value & 0xff) >>> 4;
}

/** PPR from TPR and the highest vector in service (-1 = none). `__apic_update_ppr`, lapic.c. */
export function processorPriority(tpr: number, inService: number): number {
  const service = Math.max(inService, 0);
  return (tpr & 0xf0) >= (service & 0xf0) ? tpr & 0xff : service & 0xf0;
}

/** Recalculates PPR. Returns whether it became lower. `apic_update_ppr`, lapic.c. */
export function apic_update_ppr(m: Machine, vcpu: number): boolean {
  const base = m.vcpu(vcpu);
  const old = m.load(base + V.ppr);
  const ppr = processorPriority(m.load(base + V.tpr), highest(m, base + V.isr));
  m.store(base + V.ppr, ppr);
  return ppr < old;
}

/** Does a vector in IRR exceed PPR by its class? `apic_has_interrupt_for_ppr`. */
export function hasInterruptAbovePpr(m: Machine, vcpu: number): boolean {
  const base = m.vcpu(vcpu);
  const irr = highest(m, base + V.irr);
  return irr >= 0 && (irr & 0xf0) > (m.load(base + V.ppr) & 0xff);
}
