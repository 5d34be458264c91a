/** The VMCS that a vCPU's processor uses, and the fields of it that virtual interrupts need. SDM vol. 3, VM-execution control fields. */
import { CTRL, V } from '../layout.ts';
import type { Machine } from '../machine.ts';

/** First word of the block that stands for the VMCS in use and its virtual-APIC page: vmcs02's while L2 runs. */
export function currentVmcs(m: Machine, vcpu: number): number {
  const base = m.vcpu(vcpu);
  return m.words[base + V.guest_mode] !== 0 ? m.nested(vcpu) : base;
}

export function control(m: Machine, vcpu: number, name: keyof typeof CTRL): boolean {
  return (m.words[currentVmcs(m, vcpu) + V.controls] & (1 << CTRL[name])) !== 0;
}

/** Requesting virtual interrupt: bits 7:0 of the guest interrupt status. */
export function rvi(m: Machine, vcpu: number): number {
  return m.loadBits(currentVmcs(m, vcpu) + V.guest_intr_status, 0xff);
}

/** Servicing virtual interrupt: bits 15:8 of the guest interrupt status. */
export function svi(m: Machine, vcpu: number): number {
  return m.loadBits(currentVmcs(m, vcpu) + V.guest_intr_status, 0xff00) >>> 8;
}

export function setRvi(m: Machine, vcpu: number, value: number): void {
  const status = currentVmcs(m, vcpu) + V.guest_intr_status;
  m.store(status, (m.words[status] & ~0xff) | value);
}

export function setSvi(m: Machine, vcpu: number, value: number): void {
  const status = currentVmcs(m, vcpu) + V.guest_intr_status;
  m.store(status, (m.words[status] & ~0xff00) | (value << 8));
}

/** `HLT (12)`: basic exit reasons that this engine takes; uapi/asm/vmx.h. */
export const EXIT_REASON = {
  EXTERNAL_INTERRUPT: 1,
  INIT_SIGNAL: 3,
  SIPI_SIGNAL: 4,
  INTERRUPT_WINDOW: 7,
  CPUID: 10,
  HLT: 12,
  VMCALL: 18,
  MSR_READ: 31,
  MSR_WRITE: 32,
  MWAIT: 36,
  TPR_BELOW_THRESHOLD: 43,
  APIC_ACCESS: 44,
  EOI_INDUCED: 45,
  EPT_MISCONFIG: 49,
  APIC_WRITE: 56,
} as const;

const REASON_NAMES = new Map<number, string>(Object.entries(EXIT_REASON).map(([name, reason]) => [reason, name]));

export function reasonName(reason: number): string {
  return `${REASON_NAMES.get(reason) ?? 'exit'} (${reason})`;
}
