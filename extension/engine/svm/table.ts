/** The tables of AVIC: physical APIC ID table and logical APIC ID table. VT-d and AVIC §B1. */
import { backingPage } from '../address.ts';
import { DFR_FLAT } from '../lapic/apic.ts';
import { V } from '../layout.ts';
import type { Machine } from '../machine.ts';

/** Bits of the high word of a physical ID table entry. */
export const ENTRY = {
  valid: 1 << 31,
  isRunning: 1 << 30,
  /** KVM's own (7.1), never in the table that hardware reads. */
  gaLogIntr: 1 << 29,
} as const;

export const AVIC_LOGICAL_VALID = 1 << 31;
/** `AVIC_MAX_PHYSICAL_ID`: 0xff is the broadcast. */
export const AVIC_MAX_PHYSICAL_ID = 0xfe;

export function hostIdMask(m: Machine): number {
  return (1 << m.profile.avic.hostIdBits) - 1;
}

/** Highest vCPU ID that the table has room for. */
export function maxPhysicalId(m: Machine): number {
  return m.config.x2avic ? m.profile.avic.maxX2avicId : AVIC_MAX_PHYSICAL_ID;
}

/** A new entry: valid, not running, with the backing page. `avic_init_backing_page`. */
export function newEntry(vcpu: number): { readonly lo: number; readonly hi: number } {
  const { hi, lo } = backingPage(vcpu);
  return { lo: lo | 0, hi: hi | ENTRY.valid };
}

/** The vCPU whose valid entry stands at a guest physical APIC ID, or -1. */
export function targetOf(m: Machine, id: number): number {
  const vcpu = m.config.vcpus.findIndex(each => each.id === id);
  return vcpu >= 0 && (m.load(m.vcpu(vcpu) + V.avic_hw_entry + 1) & ENTRY.valid) !== 0 ? vcpu : -1;
}

/** Index of a logical ID in the table, or -1: no bit, several bits, or cluster 15. `avic_get_logical_id_entry`. */
export function logicalIndex(ldr: number, dfr: number): number {
  const logical = ldr >>> 24;
  const flat = dfr === DFR_FLAT;
  const cluster = flat ? 0 : logical >>> 4;
  const bits = flat ? logical : logical & 0xf;
  if (cluster >= 0xf || bits === 0 || (bits & (bits - 1)) !== 0) {
    return -1;
  }
  return (cluster << 2) + 31 - Math.clz32(bits);
}

/** The vCPU that the logical table names at an index, or -1. */
export function logicalTarget(m: Machine, index: number): number {
  const entry = m.load(m.layout.avicLogical + index);
  return (entry & AVIC_LOGICAL_VALID) === 0 ? -1 : targetOf(m, entry & 0xff);
}

/** Table indexes that a logical destination names: in x2APIC mode IDs, in xAPIC mode indexes of the logical table. */
export function logicalIndexes(m: Machine, source: number, dest: number, x2apic: boolean): number[] {
  const flat = m.words[m.vcpu(source) + V.dfr] === DFR_FLAT;
  const bitmap = x2apic ? dest & 0xffff : flat ? dest & 0xff : dest & 0xf;
  const first = x2apic ? (dest >>> 16) << 4 : flat ? 0 : (dest >>> 4) << 2;
  const indexes: number[] = [];
  for (let bit = 0; bit < 16; bit++) {
    if ((bitmap & (1 << bit)) !== 0) {
      indexes.push(first + bit);
    }
  }
  return indexes;
}
