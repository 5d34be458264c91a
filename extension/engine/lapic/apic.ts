/** What a local APIC is at this moment: small tests that KVM makes in many places. lapic.h, lapic.c; LAPIC delivery §7. */
import { V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { IRQ, MODE } from './message.ts';
import { APIC_LVT_MASKED } from './registers.ts';

export const APICBASE = { bsp: 1 << 8, extd: 1 << 10, en: 1 << 11, address: 0xfee00000 | 0 } as const;
export const SPIV = { enabled: 1 << 8, directedEoi: 1 << 12 } as const;
const { apicbase: BASE, svr: SVR, id: ID } = V;
const { en: EN, extd: EXTD } = APICBASE;
const ENABLED = SPIV.enabled;
export const LVR_DIRECTED_EOI = 1 << 24;
export const DFR_FLAT = -1;
export const DFR_CLUSTER = 0x0fffffff;

/** APICBASE bit 11. With an in-kernel irqchip also `kvm_apic_present`. */
export function kvm_apic_hw_enabled(m: Machine, vcpu: number): boolean {
  return m.loadBits(m.vcpu(vcpu) + BASE, EN) !== 0;
}

/** SPIV bit 8. */
export function kvm_apic_sw_enabled(m: Machine, vcpu: number): boolean {
  return m.loadBits(m.vcpu(vcpu) + SVR, ENABLED) !== 0;
}

/** Both enables. */
export function apic_enabled(m: Machine, vcpu: number): boolean {
  return kvm_apic_sw_enabled(m, vcpu) && kvm_apic_hw_enabled(m, vcpu);
}

export function apic_x2apic_mode(m: Machine, vcpu: number): boolean {
  return m.loadBits(m.vcpu(vcpu) + BASE, EXTD) !== 0;
}

/** x2APIC ID: KVM makes it the vcpu_id. */
export function kvm_x2apic_id(m: Machine, vcpu: number): number {
  return m.config.vcpus[vcpu].id;
}

/** ID register bits 31:24. */
export function kvm_xapic_id(m: Machine, vcpu: number): number {
  return m.load(m.vcpu(vcpu) + ID) >>> 24;
}

/** The APIC ID by which the vCPU is found in its present mode. 3.11's `kvm_apic_id` has eight bits only. */
export function kvm_apic_id(m: Machine, vcpu: number): number {
  return apic_x2apic_mode(m, vcpu) ? kvm_x2apic_id(m, vcpu) & 0xff : kvm_xapic_id(m, vcpu);
}

export function kvm_apic_calc_x2apic_ldr(id: number): number {
  return ((id >>> 4) << 16) | (1 << (id & 15));
}

/** APICBASE bit 8. */
export function kvm_vcpu_is_bsp(m: Machine, vcpu: number): boolean {
  return m.loadBits(m.vcpu(vcpu) + V.apicbase, APICBASE.bsp) !== 0;
}

/** vcpu_id 0 unless user space chose another (`KVM_SET_BOOT_CPU_ID`). */
export function kvm_vcpu_is_reset_bsp(m: Machine, vcpu: number): boolean {
  return m.config.vcpus[vcpu].id === 0;
}

const LVT0 = 3;

/** Does this vCPU take what the PICs request? Also when its APIC is hardware-disabled. `kvm_apic_accept_pic_intr`, lapic.c. */
export function kvm_apic_accept_pic_intr(m: Machine, vcpu: number): boolean {
  const lvt0 = m.load(m.vcpu(vcpu) + V.lvt + LVT0);
  return !kvm_apic_hw_enabled(m, vcpu) || ((lvt0 & APIC_LVT_MASKED) === 0 && (lvt0 & IRQ.mode) === MODE.EXTINT);
}
