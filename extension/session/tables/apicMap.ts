/** KVM's APIC map: which vCPU stands at which physical or logical ID; and what the VM has beside it. */
import { LOGICAL_MODE } from '../../engine/lapic/apicMap.ts';
import { MAP, VM } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { hex } from '../../engine/text.ts';
import { type Cell, flagText, NONE, type Row, range, type Table } from './table.ts';

/** First word of the published map, or -1. */
function published(m: Machine): number {
  const index = m.words[m.layout.vm + VM.apic_map];
  return index === 0 ? -1 : m.layout.maps + (index - 1) * m.layout.mapWords;
}

const word = (m: Machine, at: number): number => (published(m) < 0 ? 0 : m.words[published(m) + at]);

/** A row depends on which map is published, and on the words of both. */
const inBoth = (m: Machine, ...at: readonly number[]): number[] => [
  m.layout.vm + VM.apic_map,
  ...at.flatMap(each => [m.layout.maps + each, m.layout.maps + m.layout.mapWords + each]),
];

const slotText = (slot: number): string => (slot === 0 ? 'nobody' : `vcpu ${slot - 1}`);

function physicalRow(m: Machine, id: number): Row {
  const at = MAP.words + id;
  return {
    key: `physical ${hex(id)}`,
    words: inBoth(m, at),
    present: () => word(m, at) !== 0,
    cells: () => [
      { text: 'physical' },
      { text: hex(id) },
      { text: slotText(word(m, at)), field: `apic map.phys_map[${id}]`, decode: `phys_map[${hex(id)}]` },
    ],
  };
}

/** How a slot of the logical map is addressed in the mode of the map: which bit of which cluster. With several modes nobody looks there. */
function logicalId(m: Machine, slot: number): string {
  const mode = word(m, MAP.logical_mode);
  const ofCluster = m.profile.delivery.logicalMap === 'clusters of 16' ? 16 : 4;
  if (mode === LOGICAL_MODE.XAPIC_FLAT || (ofCluster === 16 && mode === LOGICAL_MODE.SW_DISABLED)) {
    return `bit ${slot}`;
  }
  if (mode !== LOGICAL_MODE.XAPIC_CLUSTER && (ofCluster !== 16 || mode !== LOGICAL_MODE.X2APIC)) {
    return `slot ${slot}`;
  }
  return `cluster ${Math.floor(slot / ofCluster)} bit ${slot % ofCluster}`;
}

function logicalRow(m: Machine, slot: number): Row {
  const at = MAP.logical_map + slot;
  return {
    key: `logical ${slot}`,
    words: inBoth(m, at, MAP.logical_mode),
    present: () => word(m, at) !== 0,
    cells: () => [
      { text: 'logical' },
      { text: logicalId(m, slot) },
      { text: slotText(word(m, at)), field: `apic map.logical_map[${slot}]`, decode: `logical_map, slot ${slot}` },
    ],
  };
}

export function apicMap(m: Machine): Table {
  return {
    key: 'apic map',
    title: 'APIC map',
    note: 'Published map of KVM: which vCPU is meant by an ID; in x2APIC mode phys_map serves logical IDs too. struct kvm_apic_map, lapic.c',
    columns: [
      ['kind', 'phys_map or logical_map'],
      ['ID', 'APIC ID, or bit of a logical ID'],
      ['vCPU', 'Who stands there'],
    ],
    rows: [
      ...range(0, m.layout.maxApicId + 1).map(id => physicalRow(m, id)),
      ...range(0, MAP.words - MAP.logical_map).map(slot => logicalRow(m, slot)),
    ],
  };
}

/** `X2APIC`; until 6.1 several modes may have been seen. */
function modeText(mode: number): string {
  const names = Object.entries(LOGICAL_MODE).filter(([, value]) => (value === 0 ? mode === 0 : (mode & value) !== 0));
  return names.map(([name]) => name).join(' + ');
}

const DIRTY = ['clean', 'update in progress', 'dirty'] as const;

interface Register {
  readonly name: string;
  readonly words: readonly number[];
  readonly cell: () => Cell;
}

function registers(m: Machine): readonly Register[] {
  const { vm } = m.layout;
  const ofVm = (name: keyof typeof VM, text: (value: number) => string, decode: string): Register => ({
    name,
    words: [vm + VM[name]],
    cell: () => ({ text: text(m.words[vm + VM[name]]), field: `vm.${name}`, decode }),
  });
  const ofMap = (name: keyof typeof MAP, text: (value: number) => string, decode: string): Register => ({
    name: `apic_map->${name}`,
    words: inBoth(m, MAP[name]),
    cell: () => (published(m) < 0 ? NONE : { text: text(word(m, MAP[name])), field: `apic map.${name}`, decode }),
  });
  const { inhibitReasons } = m.profile.vmx;
  const reasons = (value: number) => {
    const set = range(0, 32).filter(bit => ((value >>> bit) & 1) === 1);
    return set.length === 0 ? 'none' : set.map(bit => inhibitReasons[bit] ?? `bit ${bit}`).join(', ');
  };
  return [
    ofVm(
      'apic_map',
      value => (value === 0 ? 'NULL' : 'published'),
      'kvm->arch.apic_map: NULL sends every message the slow way',
    ),
    ofVm('apic_map_dirty', value => DIRTY[value] ?? String(value), 'kvm->arch.apic_map_dirty'),
    ofMap('max_apic_id', value => hex(value), 'Highest ID that phys_map has a slot for'),
    ofMap('logical_mode', modeText, 'How logical IDs are read; several modes or none: the slow way'),
    ofMap('xapic_id_mismatch', value => flagText(value !== 0), 'An xAPIC ID differs from its vcpu_id'),
    ofVm('apicv_inhibits', reasons, 'kvm->arch.apicv_inhibit_reasons: APICv or AVIC is off while one is set'),
    ofVm('apicv_update_lock', value => flagText(value !== 0), 'kvm->arch.apicv_update_lock is held for writing'),
    ofVm(
      'assigned_device_count',
      String,
      'Assigned devices: put and load care for SN and the wake-up vector. kvm->arch.assigned_device_count; in 7.1 nr_possible_bypass_irqs counts their interrupts',
    ),
    ofVm('disabled_lapic_found', value => flagText(value !== 0), 'The host message about a disabled LAPIC was printed'),
  ];
}

export function vm(m: Machine): Table {
  return {
    key: 'vm',
    title: 'VM',
    note: 'What KVM keeps for the VM as a whole. struct kvm_arch',
    columns: [
      ['field', 'Name in struct kvm_arch or struct kvm_apic_map'],
      ['value', ''],
    ],
    rows: registers(m).map(({ name, words, cell }) => ({ key: name, words, cells: () => [{ text: name }, cell()] })),
  };
}
