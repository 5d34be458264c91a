/** In which way AVIC serves a vCPU. VT-d and AVIC §B5. */
import { V } from '../layout.ts';
import type { Machine } from '../machine.ts';

/** VMCB int_ctl; V_INTR_PRIO is four bits wide. asm/svm.h. */
export const INT_CTL = {
  avic: 1 << 31,
  x2avic: 1 << 30,
  vIgnTpr: 1 << 20,
  vIntrPrio: 0xf << 16,
  vIrq: 1 << 8,
} as const;
/** `V_IRQ_INJECTION_BITS_MASK` */
export const V_IRQ_INJECTION_BITS = INT_CTL.vIrq | INT_CTL.vIntrPrio | INT_CTL.vIgnTpr;

/** V_INTR_PRIO of an int_ctl, 0-15. */
export function vIntrPrio(intCtl: number): number {
  return (intCtl & INT_CTL.vIntrPrio) >>> 16;
}

/** int_ctl bit 31: the processor uses the backing page. */
export function avicActive(m: Machine, vcpu: number): boolean {
  return (m.words[m.vcpu(vcpu) + V.int_ctl] & INT_CTL.avic) !== 0;
}

/** Does the processor itself handle accesses of the guest to its APIC? Not in hybrid mode: then only the doorbell is left. */
export function acceleratesAccesses(m: Machine, vcpu: number): boolean {
  const x2apic = (m.words[m.vcpu(vcpu) + V.apicbase] & (1 << 10)) !== 0;
  return avicActive(m, vcpu) && (!x2apic || (m.words[m.vcpu(vcpu) + V.int_ctl] & INT_CTL.x2avic) !== 0);
}

/** `avic_activate_vmcb`: int_ctl of a vCPU whose AVIC is on. */
export function activatedIntCtl(m: Machine, vcpu: number): number {
  const x2apic = (m.words[m.vcpu(vcpu) + V.apicbase] & (1 << 10)) !== 0;
  return INT_CTL.avic | (x2apic && m.config.x2avic ? INT_CTL.x2avic : 0);
}
