/** Host-physical addresses of what KVM allocates for a vCPU. Any aligned addresses would do; these are easy to recognise. */

/** A physical address as two u32. */
export interface Address {
  readonly hi: number;
  readonly lo: number;
}

const HIGH = 1;
const DESCRIPTORS = 0x23450000;
const DESCRIPTOR_BYTES = 64;
const PAGES = 0x30000000;
const PAGE_BYTES = 0x1000;

/** `vmx->pi_desc` of a vCPU: 64 bytes, 64-byte aligned. */
export function pidAddress(vcpu: number): Address {
  return { hi: HIGH, lo: DESCRIPTORS + vcpu * DESCRIPTOR_BYTES };
}

/** The vCPU whose descriptor stands at an address, or -1. */
export function vcpuOfPid({ hi, lo }: Address, vcpuCount: number): number {
  const offset = (lo >>> 0) - DESCRIPTORS;
  const vcpu = offset / DESCRIPTOR_BYTES;
  return hi === HIGH && offset >= 0 && offset % DESCRIPTOR_BYTES === 0 && vcpu < vcpuCount ? vcpu : -1;
}

/** The page of APIC registers of a vCPU (`apic->regs`), which is the AVIC backing page. */
export function backingPage(vcpu: number): Address {
  return { hi: HIGH, lo: PAGES + vcpu * PAGE_BYTES };
}

/** The vCPU whose backing page stands at an address, or -1. */
export function vcpuOfPage({ hi, lo }: Address, vcpuCount: number): number {
  const offset = (lo >>> 0) - PAGES;
  const vcpu = offset / PAGE_BYTES;
  return hi === HIGH && offset >= 0 && offset % PAGE_BYTES === 0 && vcpu < vcpuCount ? vcpu : -1;
}
