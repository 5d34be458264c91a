/** The tables of AVIC: physical APIC ID table, logical APIC ID table, GA log. */
import { vcpuOfPage } from '../../engine/address.ts';
import { IOMMU, V } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { vcpuOfTag } from '../../engine/svm/irte.ts';
import { AVIC_LOGICAL_VALID, ENTRY, hostIdMask } from '../../engine/svm/table.ts';
import { hex } from '../../engine/text.ts';
import { gaLogEntry, avicLogical as logicalEntry, avicPhysical as physicalEntry } from '../../formats/avic.ts';
import { cpuText, decoded, flagText, hexOf, NONE, type Row, range, type Table, vcpuText, wordsAt } from './table.ts';

const OWN_ENTRY =
  'The entry as KVM keeps it: svm->avic_physical_id_entry in 7.1; older kernels have a pointer to the entry itself, avic_physical_id_cache (assumed for 6.16)';

function physicalRow(m: Machine, vcpu: number): Row {
  const base = m.vcpu(vcpu);
  const entry = base + V.avic_hw_entry;
  const own = base + V.avic_physical_id_entry;
  const name = `vcpu ${vcpu}`;
  return {
    key: `ID ${m.config.vcpus[vcpu].id}`,
    words: [entry, entry + 1, own, own + 1, base + V.ir_list_lock],
    cells: () => {
      const words = wordsAt(m, entry, 2);
      const mine = wordsAt(m, own, 2);
      const apicId = words[0] & hostIdMask(m);
      const cpu = m.config.cpus.findIndex(each => (each.apicId & hostIdMask(m)) === apicId);
      const page = { hi: words[1] & 0xfffff, lo: (words[0] & ~0xfff) >>> 0 };
      const owner = vcpuOfPage(page, m.vcpuCount);
      return [
        { text: hex(m.config.vcpus[vcpu].id, 1) },
        {
          text: hexOf(words),
          field: [`${name}.avic_hw_entry`, `${name}.avic`],
          decode: decoded(m, physicalEntry, words),
        },
        {
          text: flagText((words[1] & ENTRY.valid) !== 0),
          field: `${name}.avic.valid`,
          decode: 'valid, bit 63: an IPI to this ID need not exit',
        },
        {
          text: flagText((words[1] & ENTRY.isRunning) !== 0),
          field: `${name}.avic.is_running`,
          decode: 'IsRunning, bit 62: ring the doorbell of the host CPU; 0: the IPI exits with TARGET_NOT_RUNNING',
        },
        {
          text: `${hex(apicId, 1)} ${cpuText(cpu)}`,
          field: `${name}.avic.host_id`,
          decode: `host physical APIC ID, bits ${m.profile.avic.hostIdBits - 1}:0`,
        },
        {
          text: owner < 0 ? 'none' : `vcpu ${owner}`,
          field: `${name}.avic_hw_entry`,
          decode: `backing page ${hexOf([page.lo, page.hi])}`,
        },
        {
          text: mine[0] === words[0] && mine[1] === words[1] ? 'same' : hexOf(mine),
          field: [`${name}.avic_physical_id_entry`, `${name}.avic_hw_entry`, `${name}.avic`],
          decode: `${OWN_ENTRY}\n${decoded(m, physicalEntry, mine)}`,
        },
        {
          text: flagText(m.words[base + V.ir_list_lock] !== 0),
          field: `${name}.ir_list_lock`,
          decode: 'svm->ir_list_lock is held: entry and IRTEs of the vCPU are being written',
        },
      ];
    },
  };
}

const hasAvic = ({ config }: Machine): boolean => config.vendor === 'amd' && config.apicv;

export function avicPhysical(m: Machine): Table | undefined {
  if (!hasAvic(m)) {
    return undefined;
  }
  return {
    key: 'avic physical',
    title: 'AVIC physical APIC ID table',
    note: 'What the processor looks up for an IPI: an entry for each vCPU ID. svm/avic.c',
    featured: true,
    columns: [
      ['ID', 'Guest physical APIC ID'],
      ['entry', 'The entry as the processor sees it, 64 bits'],
      ['valid', 'Bit 63'],
      ['IsRunning', 'Bit 62'],
      ['host ID', 'APIC ID of the CPU whose doorbell is rung'],
      ['page', 'vAPIC backing page of'],
      ['KVM’s copy', OWN_ENTRY],
      ['lock', 'svm->ir_list_lock'],
    ],
    rows: range(0, m.vcpuCount).map(vcpu => physicalRow(m, vcpu)),
  };
}

function logicalRow(m: Machine, index: number): Row {
  const address = m.layout.avicLogical + index;
  return {
    key: `index ${index}`,
    words: [address],
    idle: () => m.words[address] === 0,
    cells: () => {
      const entry = m.words[address] >>> 0;
      const valid = (entry & AVIC_LOGICAL_VALID) !== 0;
      const id = entry & 0xff;
      const field = `avic logical[${index}]`;
      const vcpu = m.config.vcpus.findIndex(each => each.id === id);
      return [
        { text: String(index), decode: `flat: bit ${index}; cluster: cluster ${index >>> 2}, bit ${index & 3}` },
        { text: hex(entry, 8), field, decode: decoded(m, logicalEntry, [entry]) },
        { text: flagText(valid), field },
        { text: valid ? `${hex(id, 1)} ${vcpuText(vcpu)}` : NONE.text, field },
      ];
    },
  };
}

export function avicLogical(m: Machine): Table | undefined {
  if (!hasAvic(m)) {
    return undefined;
  }
  return {
    key: 'avic logical',
    title: 'AVIC logical APIC ID table',
    note: 'What the processor looks up for a logical destination in xAPIC mode. svm/avic.c',
    featured: true,
    columns: [
      ['index', 'Flat 0-7; cluster 4 * cluster + bit'],
      ['entry', '32 bits'],
      ['valid', 'Bit 31'],
      ['guest ID', 'Guest physical APIC ID, bits 7:0'],
    ],
    rows: range(0, m.layout.guest - m.layout.avicLogical).map(index => logicalRow(m, index)),
  };
}

function logRow(m: Machine, index: number): Row {
  const base = m.layout.iommu;
  const address = base + IOMMU.words + 2 * index;
  const head = base + IOMMU.ga_head;
  const tail = base + IOMMU.ga_tail;
  const isUnread = () => {
    const size = m.layout.gaLogEntries;
    return (index - m.words[head] + size) % size < (m.words[tail] - m.words[head] + size) % size;
  };
  return {
    key: `entry ${index}`,
    words: [address, address + 1, head, tail],
    present: () => m.words[address] !== 0 || m.words[head] === index || m.words[tail] === index,
    cells: () => {
      const words = wordsAt(m, address, 2);
      const field = `ga log[${index}]`;
      const isHead = m.words[head] === index;
      const isTail = m.words[tail] === index;
      const device = m.config.devices?.findIndex(({ sourceId }) => sourceId === (words[1] & 0xffff)) ?? -1;
      const vcpu = vcpuOfTag(m, words[0]);
      const isEmpty = words[0] === 0 && words[1] === 0;
      return [
        { text: String(index) },
        {
          text: [isHead && 'head', isTail && 'tail'].filter(Boolean).join(', ') || '–',
          field: ['iommu.ga_head', 'iommu.ga_tail'],
          decode: 'head: the host reads this entry next; tail: the IOMMU writes this entry next',
        },
        { text: isEmpty ? 'empty' : isUnread() ? 'unread' : 'read', field: ['iommu.ga_head', 'iommu.ga_tail', field] },
        { text: hexOf(words), field, decode: decoded(m, gaLogEntry, words) },
        isEmpty ? { ...NONE, field } : { text: `${hex(words[0], 8)} ${vcpuText(vcpu)}`, field },
        isEmpty ? { ...NONE, field } : { text: m.config.devices?.[device]?.name ?? hex(words[1] & 0xffff, 4), field },
      ];
    },
  };
}

export function gaLog(m: Machine): Table | undefined {
  if (m.layout.gaLogEntries === 0) {
    return undefined;
  }
  return {
    key: 'ga log',
    title: 'GA log',
    note: 'Interrupts for vCPUs that do not run: the host reads and wakes. drivers/iommu/amd/iommu.c; a ring, full when the next tail is the head. Entries never written are not listed',
    featured: true,
    columns: [
      ['entry', 'Index in the ring'],
      ['pointer', 'Head and tail'],
      ['state', ''],
      ['raw', '64 bits'],
      ['GATag', 'The vCPU, as KVM put it into the IRTE'],
      ['device', 'Requester ID'],
    ],
    rows: range(0, m.layout.gaLogEntries).map(index => logRow(m, index)),
  };
}
