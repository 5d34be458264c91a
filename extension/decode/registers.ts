import { macros } from './macros.ts';

// What a local APIC register holds, by its offset; `x2apic` where the MSR differs from the MMIO register.
const contents: Readonly<Record<number, readonly [mmio: string, x2apic?: string]>> = {
  0x30: ['lvr'],
  0x80: ['tpr'],
  0xa0: ['ppr'],
  0xd0: ['ldr', 'ldr-x2apic'],
  0xe0: ['dfr'],
  0xf0: ['spiv'],
  0x280: ['esr'],
  0x2f0: ['lvt'],
  0x300: ['icr-low', 'x2apic-icr'],
  0x310: ['icr-high'],
  0x320: ['lvt-timer'],
  0x330: ['lvt'],
  0x340: ['lvt'],
  0x350: ['lvt-lint'],
  0x360: ['lvt-lint'],
  0x370: ['lvt-error'],
};

// Registers whose content is no set of fields, in words.
const plain: Readonly<Record<number, string>> = {
  0x20: 'APIC ID',
  0x90: 'arbitration priority',
  0xb0: 'EOI',
  0xc0: 'remote read',
  0x300: 'ICR; writing it sends',
  0x380: 'timer initial count',
  0x390: 'timer current count',
  0x3e0: 'timer divide configuration',
  0x3f0: 'self IPI',
  0x400: 'AMD extended features',
  0x410: 'AMD extended control',
};

const banks: Readonly<Record<number, string>> = { 0: 'in-service (ISR)', 1: 'trigger-mode (TMR)', 2: 'request (IRR)' };

/** What the register at that offset holds, in words; `` where there is none. */
export function registerContents(offset: number, titleOf: (format: string) => string): string {
  const first = bankStart(offset);
  if (first !== undefined) {
    const bank = banks[(offset - 0x100) >> 7];
    const range = `0x${first.toString(16).padStart(2, '0')} to 0x${(first + 31).toString(16)}`;
    return `${bank} bits of vectors ${range}${first === 0 ? ', first of eight dwords' : ''}`;
  }
  const format = registerFormat(offset);
  return plain[offset] ?? (format ? titleOf(format) : '');
}

const NO_MSR = new Set([0x90, 0xc0, 0xe0, 0x310]);

/** x2APIC MSR of that register, or undefined where x2APIC has none. */
export function registerMsr(offset: number): number | undefined {
  return offset >= 0x400 || NO_MSR.has(offset) ? undefined : 0x800 + (offset >> 4);
}

/** Format of the register at that offset, seen through MMIO or as an x2APIC MSR. */
export function registerFormat(offset: number, x2apic = false): string | undefined {
  const found = contents[offset];
  return (x2apic && found?.[1]) || found?.[0];
}

let names: Map<number, string> | undefined;

/** `APIC_ICR`, `APIC_IRR + 0x20` or undefined for an offset that is no register. */
export function registerName(offset: number): string | undefined {
  names ??= new Map(
    macros()
      .filter(m => m.role.kind === 'register' && !m.params)
      .map(m => [Number(m.body), m.name]),
  );
  const exact = names.get(offset);
  if (exact) return exact;
  for (const base of [0x100, 0x180, 0x200]) {
    if (offset > base && offset < base + 0x80 && offset % 16 === 0) {
      return `${names.get(base)} + 0x${(offset - base).toString(16)}`;
    }
  }
  return undefined;
}

/** Vectors of the dword at that offset of an IRR/ISR/TMR bank: the first of its 32, or undefined. */
export function bankStart(offset: number): number | undefined {
  const inBank = offset >= 0x100 && offset < 0x280 && offset % 16 === 0;
  return inBank ? ((offset & 0x7f) >> 4) * 32 : undefined;
}

/** Format of what is written to a VMCS field, by its macro. */
export const vmcsFormats: Readonly<Record<string, string>> = {
  GUEST_INTR_STATUS: 'guest-intr-status',
  VM_ENTRY_INTR_INFO_FIELD: 'intr-info',
  VM_EXIT_INTR_INFO: 'intr-info',
  IDT_VECTORING_INFO_FIELD: 'intr-info',
};
