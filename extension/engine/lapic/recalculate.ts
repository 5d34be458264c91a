/** Building the APIC map anew after IDs, modes or enables changed. `kvm_recalculate_apic_map`, lapic.c; LAPIC delivery §5.4. */
import { kvm_make_all_cpus_request } from '../kvm/kick.ts';
import { MAP, REQ, VM } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { inhibitBit, kvm_set_or_clear_apicv_inhibit } from '../vmx/apicv.ts';
import { kvm_apic_hw_enabled, kvm_x2apic_id } from './apic.ts';
import {
  kvm_recalculate_logical_map,
  kvm_recalculate_phys_map,
  LOGICAL_MODE,
  newMap,
  physicalIdIsTaken,
} from './apicMap.ts';

/** States of `kvm->arch.apic_map_dirty`. */
export const APIC_MAP = { CLEAN: 0, UPDATE_IN_PROGRESS: 1, DIRTY: 2 } as const;

const MODE_NAMES: Readonly<Record<number, string>> = {
  [LOGICAL_MODE.SW_DISABLED]: 'no logical IDs',
  [LOGICAL_MODE.XAPIC_CLUSTER]: 'xAPIC cluster',
  [LOGICAL_MODE.XAPIC_FLAT]: 'xAPIC flat',
  [LOGICAL_MODE.X2APIC]: 'x2APIC',
};

export function markMapDirty(m: Machine): void {
  m.store(m.layout.vm + VM.apic_map_dirty, APIC_MAP.DIRTY);
}

/** The block that is not published: until the end nobody else sees what is written there. */
function unpublished(m: Machine): number {
  return m.layout.maps + (m.words[m.layout.vm + VM.apic_map] === 1 ? m.layout.mapWords : 0);
}

function highestId(m: Machine): number {
  let highest = 255;
  for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
    if (kvm_apic_hw_enabled(m, vcpu)) {
      highest = Math.max(highest, kvm_x2apic_id(m, vcpu));
    }
  }
  return highest;
}

/** Reasons that the map decides about, in KVM's order. */
const REASONS = ['PHYSICAL_ID_ALIASED', 'LOGICAL_ID_ALIASED', 'APIC_ID_MODIFIED'] as const;

/** Is APICv inhibited for this reason? `complete`: no physical ID was found twice. */
function inhibits(m: Machine, reason: (typeof REASONS)[number], map: number, complete: boolean): boolean {
  switch (reason) {
    case 'PHYSICAL_ID_ALIASED':
      return !complete;
    case 'LOGICAL_ID_ALIASED':
      return !complete || m.words[map + MAP.logical_mode] === LOGICAL_MODE.MAP_DISABLED;
    case 'APIC_ID_MODIFIED':
      return m.words[map + MAP.xapic_id_mismatch] !== 0;
  }
}

/** Adds one vCPU; false when its physical ID is taken and KVM gives the map up. */
function addToMap(m: Machine, map: number, vcpu: number): boolean {
  if (!kvm_apic_hw_enabled(m, vcpu)) {
    return true;
  }
  if (!kvm_recalculate_phys_map(m, map, vcpu)) {
    return false;
  }
  kvm_recalculate_logical_map(m, map, vcpu);
  return true;
}

function publish(m: Machine, map: number, complete: boolean): void {
  m.store(m.layout.vm + VM.apic_map, complete ? (map === m.layout.maps ? 1 : 2) : 0);
}

/** The whole map at once, for the state that a machine begins with. */
export function buildMap(m: Machine): void {
  const map = m.layout.maps;
  newMap(m, map, highestId(m));
  let complete = true;
  for (let vcpu = 0; vcpu < m.vcpuCount && complete; vcpu++) {
    complete = addToMap(m, map, vcpu);
  }
  publish(m, map, complete);
  for (const reason of m.profile.delivery.mapInhibitsApicv ? REASONS : []) {
    const bit = inhibitBit(m, reason);
    if (bit >= 0 && inhibits(m, reason, map, complete)) {
      m.set_bit(bit, m.layout.vm + VM.apicv_inhibits);
    }
  }
}

/** Locals of `kvm_recalculate_apic_map`. */
const INDEX = 0;
const MAP_BLOCK = 1;
const COMPLETE = 2;

export const kvm_recalculate_apic_map = operation({
  name: 'kvm_recalculate_apic_map',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['index', 'map', 'complete'],
  steps: {
    begin: step('the APIC map is dirty: declare the update in progress (compare-and-exchange)', m => {
      const old = m.cmpxchg(m.layout.vm + VM.apic_map_dirty, APIC_MAP.DIRTY, APIC_MAP.UPDATE_IN_PROGRESS);
      return old === APIC_MAP.CLEAN ? RETURN : NEXT;
    }),
    allocate: step(
      m => `find the highest ID of an enabled APIC: ${highestId(m)}, and allocate an empty map`,
      m => {
        const map = unpublished(m);
        newMap(m, map, highestId(m));
        m.local(INDEX, 0);
        m.local(MAP_BLOCK, map);
        m.local(COMPLETE, 1);
        return NEXT;
      },
    ),
    next: silent((m, index) => (index < m.vcpuCount ? NEXT : 'inhibits')),
    add: step(
      (m, index, map) => {
        if (!kvm_apic_hw_enabled(m, index)) {
          return `vcpu ${index} does not get into the new map: its APIC is disabled`;
        }
        return physicalIdIsTaken(m, map, index)
          ? `the physical ID of vcpu ${index} is taken in the new map: the map is dropped, KVM will ask every vCPU`
          : `put vcpu ${index} into the new map`;
      },
      (m, index, map) => {
        if (!addToMap(m, map, index)) {
          m.local(COMPLETE, 0);
          return 'inhibits';
        }
        m.local(INDEX, index + 1);
        return 'next';
      },
      { via: ['kvm_recalculate_phys_map'] },
    ),
    inhibits: silent(m => {
      m.local(INDEX, 0);
      return m.profile.delivery.mapInhibitsApicv ? NEXT : 'publish';
    }),
    inhibit: silent((m, index, map, complete) => {
      if (index >= REASONS.length) {
        return 'publish';
      }
      m.local(INDEX, index + 1);
      const bit = inhibitBit(m, REASONS[index]);
      const on = inhibits(m, REASONS[index], map, complete !== 0);
      const same = bit < 0 || m.test_bit(bit, m.layout.vm + VM.apicv_inhibits) === on;
      return same ? 'inhibit' : m.call(kvm_set_or_clear_apicv_inhibit, bit, on ? 1 : 0);
    }),
    next_inhibit: silent(() => 'inhibit'),
    publish: step(
      (m, _index, map, complete) =>
        complete
          ? `publish the new map (RCU): ${MODE_NAMES[m.words[map + MAP.logical_mode]] ?? 'logical map disabled'}`
          : 'publish that there is no map (RCU): every message takes the slow path',
      (m, _index, map, complete) => {
        publish(m, map, complete !== 0);
        return NEXT;
      },
    ),
    clean: step('the map is clean, unless another change came in meanwhile (compare-and-exchange)', m => {
      m.cmpxchg(m.layout.vm + VM.apic_map_dirty, APIC_MAP.UPDATE_IN_PROGRESS, APIC_MAP.CLEAN);
      return NEXT;
    }),
    scan: silent(m => m.call(kvm_make_all_cpus_request, REQ.SCAN_IOAPIC)),
  },
});

/** Rebuilds the map when something made it dirty; most writes do not. */
export function recalculateIfDirty(m: Machine): boolean {
  return m.load(m.layout.vm + VM.apic_map_dirty) !== APIC_MAP.CLEAN;
}
