/** Which vCPU an assigned interrupt may be posted to. VT-d and AVIC §A6. */
import { type Destinations, kvm_apic_map_get_dest_lapic, lowestBit } from '../lapic/apicMap.ts';
import { kvm_apic_match_dest, NO_SOURCE } from '../lapic/destination.ts';
import { destFromMsi, IRQ, irqFromMsi, MODE, modeName } from '../lapic/message.ts';
import { D } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { hex } from '../text.ts';

/** `kvm_intr_is_single_vcpu`: the vCPU, or -1. Whether it has its APIC software-enabled does not matter. */
export function kvm_intr_is_single_vcpu(m: Machine, irq: number, dest: number): number {
  const dst: Destinations = { slots: 0, bitmap: 0 };
  if (kvm_apic_map_get_dest_lapic(m, NO_SOURCE, irq, dest, dst)) {
    const single = dst.bitmap !== 0 && (dst.bitmap & (dst.bitmap - 1)) === 0;
    const slot = single ? m.load(dst.slots + lowestBit(dst.bitmap)) : 0;
    if (slot !== 0) {
      return slot - 1;
    }
  }
  const matching: number[] = [];
  for (let vcpu = 0; vcpu < m.vcpuCount && matching.length < 2; vcpu++) {
    if (kvm_apic_match_dest(m, vcpu, NO_SOURCE, irq, dest)) {
      matching.push(vcpu);
    }
  }
  return matching.length === 1 ? matching[0] : -1;
}

/** `kvm_irq_is_postable`: hardware can post Fixed only; lowest priority with one target is the same. */
export function kvm_irq_is_postable(irq: number): boolean {
  const mode = irq & IRQ.mode;
  return mode === MODE.FIXED || mode === MODE.LOWEST;
}

/** The preconditions of the VM: `vmx_can_use_vtd_pi`, `avic_pi_update_irte`. */
export function canBypass(m: Machine): boolean {
  return m.config.apicv && m.deviceCount > 0 && m.profile.bypass.bypass === 'irq-bypass';
}

/** Where the device's route leads: the vCPU, or -1 when the interrupt has to stay remapped; and why, as a sentence. */
export interface PostTarget {
  readonly vcpu: number;
  readonly vector: number;
  readonly because: string;
}

export function postTarget(m: Machine, device: number): PostTarget {
  const base = m.device(device);
  const none = { vcpu: -1, vector: 0 };
  if (!canBypass(m)) {
    return { ...none, because: 'the VM cannot bypass the host: it stays remapped' };
  }
  if (m.config.devices?.[device].intx !== undefined) {
    return { ...none, because: 'INTx cannot be posted: it stays with the host' };
  }
  if (m.load(base + D.routed) === 0) {
    return { ...none, because: 'the GSI has no MSI route: it stays remapped' };
  }
  const lo = m.load(base + D.route_address);
  const hi = m.load(base + D.route_address + 1);
  const irq = irqFromMsi(m, lo, m.load(base + D.route_data));
  const vcpu = kvm_intr_is_single_vcpu(m, irq, destFromMsi(m, lo, hi));
  const vector = irq & IRQ.vector;
  if (vcpu < 0) {
    return { ...none, because: 'the message has not exactly one target: it stays remapped' };
  }
  return kvm_irq_is_postable(irq)
    ? { vcpu, vector, because: `${modeName(irq)} ${hex(vector)} has one target, vcpu ${vcpu}: it can be posted` }
    : { ...none, because: `${modeName(irq)} cannot be posted: it stays remapped` };
}
