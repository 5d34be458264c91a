/** Is one local APIC addressed? The slow path asks every vCPU. `kvm_apic_match_dest`, lapic.c; LAPIC delivery §5.3. */
import { V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { apic_x2apic_mode, DFR_CLUSTER, DFR_FLAT, kvm_apic_id, kvm_x2apic_id, kvm_xapic_id } from './apic.ts';
import {
  APIC_BROADCAST,
  IRQ,
  SHORTHAND,
  X2APIC_BROADCAST,
  x2apic_broadcast_quirk_disabled,
  x2apic_format,
} from './message.ts';

/** Sender of a message that is no IPI. */
export const NO_SOURCE = -1;

// Plain numbers for the hot path: a property of a shared object costs a look-up at every use.
const { shorthand: SHORTHAND_MASK, logical: LOGICAL } = IRQ;
const { ldr: LDR, dfr: DFR } = V;

/** The destination as the target understands it: a broadcast of a device reaches x2APIC targets too. */
function kvm_apic_mda(m: Machine, dest: number, source: number, x2apic: boolean): number {
  const rewritten = x2apic && dest === APIC_BROADCAST && source === NO_SOURCE && !x2apic_broadcast_quirk_disabled(m);
  return rewritten ? X2APIC_BROADCAST : dest;
}

function kvm_apic_broadcast(x2apic: boolean, mda: number): boolean {
  return mda === (x2apic ? X2APIC_BROADCAST : APIC_BROADCAST);
}

function kvm_apic_match_physical_addr(m: Machine, target: number, x2apic: boolean, mda: number): boolean {
  if (!m.profile.delivery.x2apicApi) {
    return (mda & 0xff) === APIC_BROADCAST || (mda & 0xff) === kvm_apic_id(m, target);
  }
  if (kvm_apic_broadcast(x2apic, mda)) {
    return true;
  }
  // Hot-plug hack: an ID that no xAPIC can have names the vCPU by its x2APIC ID.
  if (x2apic || mda >>> 0 > 0xff) {
    return mda === kvm_x2apic_id(m, target);
  }
  return mda === kvm_xapic_id(m, target);
}

function kvm_apic_match_logical_addr(m: Machine, target: number, x2apic: boolean, mda: number): boolean {
  if (m.profile.delivery.logicalBroadcast && kvm_apic_broadcast(x2apic, mda)) {
    return true;
  }
  const base = m.vcpu(target);
  const ldr = m.load(base + LDR);
  if (x2apic) {
    const common = (ldr & mda & 0xffff) !== 0;
    return common && (m.profile.delivery.x2apicLogical === 'any common bit' || ldr >>> 16 === mda >>> 16);
  }
  const id = ldr >>> 24;
  switch (m.load(base + DFR)) {
    case DFR_FLAT:
      return (id & mda) !== 0;
    case DFR_CLUSTER:
      return id >>> 4 === mda >>> 4 && (id & mda & 0xf) !== 0;
    default:
      return false;
  }
}

/** Does `kvm_apic_match_dest` hold for every APIC of this mode, whoever it is? */
export function isForAll(m: Machine, source: number, irq: number, dest: number, x2apic: boolean): boolean {
  if ((irq & SHORTHAND_MASK) !== 0) {
    return (irq & SHORTHAND_MASK) === SHORTHAND.all;
  }
  const { x2apicApi, logicalBroadcast } = m.profile.delivery;
  return (
    ((irq & LOGICAL) === 0 ? x2apicApi : logicalBroadcast) &&
    kvm_apic_broadcast(x2apic, kvm_apic_mda(m, dest, source, x2apic))
  );
}

/** `source`: index of the sending vCPU, or NO_SOURCE. Of `irq` only shorthand and destination mode count. */
export function kvm_apic_match_dest(m: Machine, target: number, source: number, irq: number, dest: number): boolean {
  switch (irq & SHORTHAND_MASK) {
    case SHORTHAND.none:
      break;
    case SHORTHAND.self:
      return target === source;
    case SHORTHAND.all:
      return true;
    default:
      return target !== source;
  }
  const x2apic = apic_x2apic_mode(m, target);
  const mda = kvm_apic_mda(m, dest, source, x2apic);
  return (irq & LOGICAL) === 0
    ? kvm_apic_match_physical_addr(m, target, x2apic, mda)
    : kvm_apic_match_logical_addr(m, target, x2apic, mda);
}

/** Why a target answers or not, for a sentence. */
export function describeIdentity(m: Machine, vcpu: number, logical: boolean): string {
  const base = m.vcpu(vcpu);
  const x2apic = (m.words[base + V.apicbase] & (1 << 10)) !== 0;
  if (logical) {
    return `LDR 0x${(m.words[base + V.ldr] >>> 0).toString(16)}${x2apic ? '' : `, DFR 0x${(m.words[base + V.dfr] >>> 0).toString(16)}`}`;
  }
  const id = x2apic || !x2apic_format(m) ? '' : `, x2APIC ID 0x${m.config.vcpus[vcpu].id.toString(16)}`;
  return x2apic
    ? `ID 0x${m.config.vcpus[vcpu].id.toString(16)}`
    : `ID 0x${(m.words[base + V.id] >>> 24).toString(16)}${id}`;
}
