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

/** Recalculates PPR. `apic_update_ppr`, lapic.c. */
export function apic_update_ppr(m: Machine, vcpu: number): void {
  const base = m.vcpu(vcpu);
  m.store(base + V.ppr, processorPriority(m.load(base + V.tpr), highest(m, base + V.isr)));
}
