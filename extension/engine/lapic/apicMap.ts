/**
 * The APIC map: which vCPU stands at which physical or logical ID, so that most messages need no look at every vCPU.
 * Looking up: `kvm_apic_map_get_dest_lapic`. Building: `kvm_recalculate_phys_map`, `kvm_recalculate_logical_map`. lapic.c; LAPIC delivery §5.2, §5.4.
 */
import { MAP, V, VM } from '../layout.ts';
import type { Machine } from '../machine.ts';
import {
  apic_x2apic_mode,
  DFR_CLUSTER,
  DFR_FLAT,
  kvm_apic_id,
  kvm_apic_sw_enabled,
  kvm_x2apic_id,
  kvm_xapic_id,
} from './apic.ts';
import { NO_SOURCE } from './destination.ts';
import { APIC_BROADCAST, IRQ, kvm_lowest_prio_delivery, MODE, X2APIC_BROADCAST, x2apic_format } from './message.ts';
import { SWITCH } from './switches.ts';

/**
 * `enum kvm_apic_logical_mode`. Until 6.1 the modes are bits, so that a sum of several is no mode of its own; 2013 keeps how
 * a logical ID is split instead, in the same word.
 */
export const LOGICAL_MODE = { SW_DISABLED: 0, XAPIC_CLUSTER: 4, XAPIC_FLAT: 8, X2APIC: 16, MAP_DISABLED: 32 } as const;

// Plain numbers for the hot path: a property of a shared object costs a look-up at every use.
const { words: PHYS_MAP, max_apic_id: MAX_APIC_ID, logical_mode: MODE_WORD, logical_map: LOGICAL_MAP } = MAP;
const APIC_MAP = VM.apic_map;
const LOGICAL = IRQ.logical;
const SHORTHAND_MASK = IRQ.shorthand;
const VECTOR = IRQ.vector;
const {
  clustersOf16: CLUSTERS_OF_16,
  quirkDisabled: QUIRK_DISABLED,
  x2apicApi: X2APIC_API,
  physicalLowestIsSlow: PHYSICAL_LOWEST_IS_SLOW,
  hashes: HASHES,
} = SWITCH;

/** Where the targets stand: `bitmap` tells which of the 16 slots from `slots` on are meant. */
export interface Destinations {
  slots: number;
  bitmap: number;
}

/** First word of the published map, or -1 when there is none. */
export function publishedMap(m: Machine): number {
  const index = m.load(m.layout.vm + APIC_MAP);
  return index === 0 ? -1 : m.layout.maps + (index - 1) * m.layout.mapWords;
}

function popcount16(bits: number): number {
  const pairs = bits - ((bits >>> 1) & 0x5555);
  const nibbles = (pairs & 0x3333) + ((pairs >>> 2) & 0x3333);
  const bytes = (nibbles + (nibbles >>> 4)) & 0x0f0f;
  return (bytes + (bytes >>> 8)) & 0x1f;
}

export function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** Index of the (vector modulo n)-th bit that is set. `kvm_vector_to_index`. */
function kvm_vector_to_index(vector: number, bitmap: number): number {
  let rest = bitmap;
  for (let skip = vector % popcount16(bitmap); skip > 0; skip--) {
    rest &= rest - 1;
  }
  return lowestBit(rest);
}

/** Finds the slots of a logical destination. False: the map cannot tell. `kvm_apic_map_get_logical_dest`. */
function kvm_apic_map_get_logical_dest(m: Machine, map: number, dest: number, dst: Destinations): boolean {
  if ((m.switches & CLUSTERS_OF_16) !== 0) {
    return getLogicalDest2013(m, map, dest, dst);
  }
  dst.slots = map + LOGICAL_MAP;
  dst.bitmap = 0;
  switch (m.load(map + MODE_WORD)) {
    case LOGICAL_MODE.SW_DISABLED:
      return m.profile.delivery.logicalMap === 'one mode';
    case LOGICAL_MODE.X2APIC: {
      const offset = (dest >>> 16) * 16;
      const left = m.words[map + MAX_APIC_ID] - offset + 1;
      if (left > 0) {
        dst.slots = map + PHYS_MAP + offset;
        dst.bitmap = dest & (0xffff >> (16 - Math.min(left, 16)));
      }
      return true;
    }
    case LOGICAL_MODE.XAPIC_FLAT:
      dst.bitmap = dest & 0xff;
      return true;
    case LOGICAL_MODE.XAPIC_CLUSTER:
      dst.slots += ((dest >>> 4) & 0xf) * 4;
      dst.bitmap = dest & 0xf;
      return true;
    default:
      return false;
  }
}

/** 3.11: ldr_bits, cid_shift, cid_mask and lid_mask follow from one mode for all. */
function getLogicalDest2013(m: Machine, map: number, dest: number, dst: Destinations): boolean {
  const mode = m.load(map + MODE_WORD);
  const [shift, clusterMask, idMask] =
    mode === LOGICAL_MODE.X2APIC
      ? [16, 0xf, 0xffff]
      : mode === LOGICAL_MODE.XAPIC_CLUSTER
        ? [4, 0xf, 0xf]
        : [8, 0, 0xff];
  dst.slots = map + LOGICAL_MAP + ((dest >>> shift) & clusterMask) * 16;
  dst.bitmap = dest & idMask;
  return true;
}

/** Must every vCPU be asked? The test ignores the destination mode. `kvm_apic_is_broadcast_dest`. */
function kvm_apic_is_broadcast_dest(m: Machine, map: number, src: number, dest: number): boolean {
  if (dest !== APIC_BROADCAST && dest !== X2APIC_BROADCAST) {
    return false;
  }
  if ((m.switches & QUIRK_DISABLED) !== 0) {
    return dest === X2APIC_BROADCAST || m.load(map + MODE_WORD) !== LOGICAL_MODE.X2APIC;
  }
  const x2apicIpi = src !== NO_SOURCE && apic_x2apic_mode(m, src);
  return dest === (x2apicIpi ? X2APIC_BROADCAST : APIC_BROADCAST);
}

/** Does KVM ask every vCPU although it has a map? 3.11: for a physical 0xff and physical lowest priority, and for nothing else. */
function leavesFastPath(m: Machine, map: number, src: number, irq: number, dest: number): boolean {
  const { switches } = m;
  if ((switches & X2APIC_API) !== 0 && kvm_apic_is_broadcast_dest(m, map, src, dest)) {
    return true;
  }
  if ((switches & PHYSICAL_LOWEST_IS_SLOW) === 0 || (irq & LOGICAL) !== 0) {
    return false;
  }
  return dest === APIC_BROADCAST || (irq & IRQ.mode) === MODE.LOWEST;
}

/** Targets by the published map. False: it cannot tell, the slow path has to. True with an empty bitmap: nobody. */
export function kvm_apic_map_get_dest_lapic(
  m: Machine,
  src: number,
  irq: number,
  dest: number,
  dst: Destinations,
): boolean {
  const map = publishedMap(m);
  if ((irq & SHORTHAND_MASK) !== 0 || map < 0 || leavesFastPath(m, map, src, irq, dest)) {
    return false;
  }
  if ((irq & LOGICAL) === 0) {
    dst.slots = map + PHYS_MAP + dest;
    dst.bitmap = dest >>> 0 > m.words[map + MAX_APIC_ID] ? 0 : 1;
    return true;
  }
  if (!kvm_apic_map_get_logical_dest(m, map, dest, dst)) {
    return false;
  }
  if (kvm_lowest_prio_delivery(irq)) {
    dst.bitmap = pickLowest(m, irq, dst);
  }
  return true;
}

/** One bit of the bitmap, or none: a slot that hashing picks may be empty, which drops the message. */
function pickLowest(m: Machine, irq: number, { slots, bitmap }: Destinations): number {
  if ((m.switches & HASHES) !== 0) {
    if (bitmap === 0) {
      return 0;
    }
    const index = kvm_vector_to_index(irq & VECTOR, bitmap);
    return m.load(slots + index) === 0 ? 0 : 1 << index;
  }
  let lowest = -1;
  for (let rest = bitmap; rest !== 0; rest &= rest - 1) {
    const i = lowestBit(rest);
    const slot = m.load(slots + i);
    if (slot !== 0 && (lowest < 0 || kvm_apic_compare_prio(m, slot - 1, m.words[slots + lowest] - 1) < 0)) {
      lowest = i;
    }
  }
  return lowest < 0 ? 0 : 1 << lowest;
}

/** Negative when the first vCPU has been the target of lowest priority less often. */
export function kvm_apic_compare_prio(m: Machine, vcpu1: number, vcpu2: number): number {
  return (m.load(m.vcpu(vcpu1) + V.arb_prio) - m.load(m.vcpu(vcpu2) + V.arb_prio)) | 0;
}

// Building.

/** Empties the block that is not published and returns it. `maxId`: highest x2APIC ID of an enabled APIC, at least 255. */
export function newMap(m: Machine, map: number, maxId: number): void {
  m.store(map + MAP.max_apic_id, maxId);
  m.store(map + MAP.logical_mode, LOGICAL_MODE.SW_DISABLED);
  m.store(map + MAP.xapic_id_mismatch, 0);
  for (let address = map + MAP.logical_map; address < map + m.layout.mapWords; address++) {
    m.store(address, 0);
  }
}

/** Does another vCPU have the slot of this one's physical ID, in a kernel and a VM that then give the whole map up? */
export function physicalIdIsTaken(m: Machine, map: number, vcpu: number): boolean {
  const id = apic_x2apic_mode(m, vcpu) ? kvm_x2apic_id(m, vcpu) : kvm_xapic_id(m, vcpu);
  const drops = m.profile.delivery.aliasedIds === 'map dropped' && !x2apic_format(m);
  return drops && m.words[map + MAP.words + id] !== 0;
}

/** Adds a hardware-enabled APIC by its physical ID. False: the ID is taken, there will be no map. `kvm_recalculate_phys_map`. */
export function kvm_recalculate_phys_map(m: Machine, map: number, vcpu: number): boolean {
  const phys = map + MAP.words;
  const x2apic = apic_x2apic_mode(m, vcpu);
  const x2apicId = kvm_x2apic_id(m, vcpu);
  const xapicId = kvm_xapic_id(m, vcpu);
  const { aliasedIds } = m.profile.delivery;
  if (aliasedIds === 'last wins') {
    m.store(phys + kvm_apic_id(m, vcpu), vcpu + 1);
    return true;
  }
  if (!x2apic && xapicId !== (x2apicId & 0xff)) {
    m.store(map + MAP.xapic_id_mismatch, 1);
  }
  if (aliasedIds === 'map dropped' && !x2apic_format(m)) {
    if (physicalIdIsTaken(m, map, vcpu)) {
      return false;
    }
    m.store(phys + (x2apic ? x2apicId : xapicId), vcpu + 1);
    return true;
  }
  // Hot-plug hack: an ID above 255 is reachable in xAPIC mode too, and does not hide the vCPU that really has its low byte.
  if (x2apic || x2apicId > 0xff) {
    m.store(phys + x2apicId, vcpu + 1);
  }
  if (!x2apic && m.words[phys + xapicId] === 0) {
    m.store(phys + xapicId, vcpu + 1);
  }
  return true;
}

/** Adds a hardware-enabled APIC by its logical ID. */
export function kvm_recalculate_logical_map(m: Machine, map: number, vcpu: number): void {
  switch (m.profile.delivery.logicalMap) {
    case 'one mode':
      addLogicalOneMode(m, map, vcpu);
      break;
    case 'modes seen':
      addLogicalModesSeen(m, map, vcpu);
      break;
    case 'clusters of 16':
      addLogical2013(m, map, vcpu);
      break;
  }
}

function logicalModeOf(m: Machine, vcpu: number): number {
  if (apic_x2apic_mode(m, vcpu)) {
    return LOGICAL_MODE.X2APIC;
  }
  return m.load(m.vcpu(vcpu) + V.dfr) === DFR_FLAT ? LOGICAL_MODE.XAPIC_FLAT : LOGICAL_MODE.XAPIC_CLUSTER;
}

function logicalId(m: Machine, vcpu: number): number {
  const ldr = m.load(m.vcpu(vcpu) + V.ldr);
  return apic_x2apic_mode(m, vcpu) ? ldr : ldr >>> 24;
}

const found: Destinations = { slots: 0, bitmap: 0 };

function addLogicalOneMode(m: Machine, map: number, vcpu: number): void {
  const old = m.words[map + MAP.logical_mode];
  if (old === LOGICAL_MODE.MAP_DISABLED || !kvm_apic_sw_enabled(m, vcpu) || m.load(m.vcpu(vcpu) + V.ldr) === 0) {
    return;
  }
  const mode = logicalModeOf(m, vcpu);
  if (old !== LOGICAL_MODE.SW_DISABLED && old !== mode) {
    m.store(map + MAP.logical_mode, LOGICAL_MODE.MAP_DISABLED);
    return;
  }
  m.store(map + MAP.logical_mode, mode);
  // In x2APIC mode the logical ID follows from the physical one: phys_map serves both.
  if (mode === LOGICAL_MODE.X2APIC) {
    return;
  }
  kvm_apic_map_get_logical_dest(m, map, logicalId(m, vcpu), found);
  const { slots, bitmap } = found;
  if (bitmap === 0) {
    return;
  }
  const slot = slots + lowestBit(bitmap);
  if ((bitmap & (bitmap - 1)) !== 0 || m.words[slot] !== 0) {
    m.store(map + MAP.logical_mode, LOGICAL_MODE.MAP_DISABLED);
  } else {
    m.store(slot, vcpu + 1);
  }
}

function addLogicalModesSeen(m: Machine, map: number, vcpu: number): void {
  if (!kvm_apic_sw_enabled(m, vcpu)) {
    return;
  }
  if (apic_x2apic_mode(m, vcpu) || m.load(m.vcpu(vcpu) + V.ldr) !== 0) {
    m.store(map + MAP.logical_mode, m.words[map + MAP.logical_mode] | logicalModeOf(m, vcpu));
  }
  if (kvm_apic_map_get_logical_dest(m, map, logicalId(m, vcpu), found) && found.bitmap !== 0) {
    m.store(found.slots + lowestBit(found.bitmap), vcpu + 1);
  }
}

function addLogical2013(m: Machine, map: number, vcpu: number): void {
  const mode = m.words[map + MAP.logical_mode];
  if (apic_x2apic_mode(m, vcpu)) {
    m.store(map + MAP.logical_mode, LOGICAL_MODE.X2APIC);
  } else if (
    mode === LOGICAL_MODE.SW_DISABLED &&
    kvm_apic_sw_enabled(m, vcpu) &&
    m.load(m.vcpu(vcpu) + V.dfr) === DFR_CLUSTER
  ) {
    m.store(map + MAP.logical_mode, LOGICAL_MODE.XAPIC_CLUSTER);
  }
  const ldr = m.load(m.vcpu(vcpu) + V.ldr);
  const id = m.words[map + MAP.logical_mode] === LOGICAL_MODE.X2APIC ? ldr : ldr >>> 24;
  getLogicalDest2013(m, map, id, found);
  if (found.bitmap !== 0) {
    m.store(found.slots + lowestBit(found.bitmap), vcpu + 1);
  }
}
