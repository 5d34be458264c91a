import type { Token } from './tokens.ts';

/**
 * Vectors by name, as a Linux kernel of today uses them (arch/x86/include/asm/irq_vectors.h, 6.16). Guest and host share the names.
 */
export const VECTORS: Readonly<Record<string, number>> = {
  FIRST_EXTERNAL_VECTOR: 0x20,
  LOCAL_TIMER_VECTOR: 0xec,
  POSTED_INTR_NESTED_VECTOR: 0xf0,
  POSTED_INTR_WAKEUP_VECTOR: 0xf1,
  POSTED_INTR_VECTOR: 0xf2,
  HYPERVISOR_CALLBACK_VECTOR: 0xf3,
  IRQ_WORK_VECTOR: 0xf6,
  X86_PLATFORM_IPI_VECTOR: 0xf7,
  REBOOT_VECTOR: 0xf8,
  THRESHOLD_APIC_VECTOR: 0xf9,
  THERMAL_APIC_VECTOR: 0xfa,
  CALL_FUNCTION_SINGLE_VECTOR: 0xfb,
  CALL_FUNCTION_VECTOR: 0xfc,
  RESCHEDULE_VECTOR: 0xfd,
  ERROR_APIC_VECTOR: 0xfe,
  SPURIOUS_APIC_VECTOR: 0xff,
};

const NUMBER = /^(?:0[xX][0-9a-fA-F](?:_?[0-9a-fA-F])*|[0-9](?:_?[0-9])*)$/;

/** Scenarios write the same numbers again and again. */
const known = new Map<string, bigint | undefined>();
const MOST_KNOWN = 10_000;

/** Value of `0x41`, `65` or `0x0000_0041`, of any width; undefined when the word is no number. */
export function numberOf({ text }: Token): bigint | undefined {
  if (known.has(text)) return known.get(text);
  const value = NUMBER.test(text) ? BigInt(text.replaceAll('_', '')) : undefined;
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(text, value);
  return value;
}

export function hexByte(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`;
}
