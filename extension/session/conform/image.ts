/** What user space sees with KVM_GET_LAPIC and KVM_GET_IRQCHIP, and how two such pictures differ. */
import { rte } from '../../engine/ioapic/state.ts';
import { apic_x2apic_mode } from '../../engine/lapic/apic.ts';
import { x2apic_format } from '../../engine/lapic/message.ts';
import { APIC, wordOf } from '../../engine/lapic/registers.ts';
import { IO, IOAPIC_NUM_PINS, V } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { vectorsAt } from '../../engine/text.ts';
import type { Answer } from './vector.ts';

export const hexOf = (value: number): string => `0x${(value >>> 0).toString(16)}`;

/** Registers from 0x20 to 0x3f0 by offset >> 4. */
const REGISTERS = 64;

/** One local APIC as KVM_GET_LAPIC gives it. */
export function lapicImage(m: Machine, vcpu: number): Int32Array {
  const image = new Int32Array(REGISTERS);
  for (let i = 2; i < REGISTERS; i++) {
    const word = wordOf(i << 4);
    image[i] = word === undefined ? 0 : m.words[m.vcpu(vcpu) + word];
  }
  if (apic_x2apic_mode(m, vcpu) && !x2apic_format(m)) {
    image[APIC.ID >> 4] <<= 24;
  }
  return image;
}

/** LAPIC state after the setup, as the recording has it in `eff`. */
export function effective(m: Machine, vcpu: number): Answer {
  const image = lapicImage(m, vcpu);
  const at = (register: number) => hexOf(image[register >> 4]);
  return {
    base: hexOf(m.words[m.vcpu(vcpu) + V.apicbase]),
    id: at(APIC.ID),
    ver: at(APIC.LVR),
    ldr: at(APIC.LDR),
    dfr: at(APIC.DFR),
    svr: at(APIC.SPIV),
    tpr: at(APIC.TASKPRI),
    ppr: at(APIC.PROCPRI),
  };
}

const VECTOR_REGISTERS = [
  ['irr', APIC.IRR],
  ['isr', APIC.ISR],
  ['tmr', APIC.TMR],
] as const;

/** What changed in one local APIC, as an entry of `d`; undefined = nothing. */
export function lapicChanges(before: Int32Array, after: Int32Array, v: number): Answer | undefined {
  const changes: Record<string, unknown> = {};
  for (const [name, register] of VECTOR_REGISTERS) {
    const at = register >> 4;
    const bits = (keep: (old: number, now: number) => number) => {
      const words = Int32Array.from({ length: 8 }, (_, i) => keep(before[at + i], after[at + i]));
      return vectorsAt(words, 0);
    };
    const added = bits((old, now) => now & ~old);
    const removed = bits((old, now) => old & ~now);
    if (added.length > 0) {
      changes[`${name}+`] = added;
    }
    if (removed.length > 0) {
      changes[`${name}-`] = removed;
    }
  }
  const registers: Record<string, string> = {};
  for (let i = 2; i < REGISTERS; i++) {
    const offset = i << 4;
    if (before[i] !== after[i] && (offset < APIC.ISR || offset >= APIC.ESR)) {
      registers[`0x${offset.toString(16)}`] = hexOf(after[i]);
    }
  }
  if (Object.keys(registers).length > 0) {
    changes['reg'] = registers;
  }
  return Object.keys(changes).length > 0 ? { v, ...changes } : undefined;
}

/** The IOAPIC as KVM_GET_IRQCHIP gives it: what was delivered by an edge is not reported as requested. */
export function ioapicImage(m: Machine): Int32Array {
  const { ioapic } = m.layout;
  const image = new Int32Array(3 + 2 * IOAPIC_NUM_PINS);
  image[0] = m.words[ioapic + IO.ioregsel];
  image[1] = m.words[ioapic + IO.id];
  image[2] = m.words[ioapic + IO.irr] & ~m.words[ioapic + IO.irr_delivered];
  image.set(m.words.subarray(ioapic + IO.redirtbl, ioapic + IO.redirtbl + 2 * IOAPIC_NUM_PINS), 3);
  return image;
}

/** What changed in the IOAPIC, as `io` of a step; undefined = nothing. */
export function ioapicChanges(m: Machine, before: Int32Array, after: Int32Array): Answer | undefined {
  if (before.every((word, i) => word === after[i])) {
    return undefined;
  }
  const changes: Record<string, string> = { irr: hexOf(after[2]) };
  for (let pin = 0; pin < IOAPIC_NUM_PINS; pin++) {
    const at = 3 + 2 * pin;
    if (before[at] !== after[at] || before[at + 1] !== after[at + 1]) {
      const low = m.words[rte(m, pin)] >>> 0;
      const high = m.words[rte(m, pin) + 1] >>> 0;
      changes[String(pin)] = high === 0 ? hexOf(low) : `${hexOf(high)}${low.toString(16).padStart(8, '0')}`;
    }
  }
  return changes;
}
