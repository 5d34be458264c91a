/** The entries of the interrupt remapping table that devices use: VT-d remapped and posted, AMD remapped and guest mode. */
import { vcpuOfPid } from '../../engine/address.ts';
import { hostTarget } from '../../engine/iommu/hostTarget.ts';
import { D } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { destinationOf, isGuestMode, vcpuOfIrte, vcpuOfTag } from '../../engine/svm/irte.ts';
import { hex } from '../../engine/text.ts';
import { gaTag8, gaTag9, gaTag12 } from '../../formats/avic.ts';
import { type Format, fieldValue } from '../../formats/format.ts';
import { irte, irteAmd, irteAmdGuest, irtePosted } from '../../formats/irte.ts';
import {
  type Cell,
  type Column,
  cpuText,
  decoded,
  hexOf,
  NONE,
  type Row,
  range,
  type Table,
  vcpuText,
  wordsAt,
} from './table.ts';

const POSTED = 1 << 15;

/** A field of the entry by the name of its format, which jumps to the last writer of `path`. */
function part(format: Format, entry: readonly number[], name: string, path: Cell['field'], text?: string): Cell {
  const found = format.fields.find(each => each.name === name);
  const value = fieldValue(format, entry, name);
  return {
    text: text ?? String(value),
    field: path,
    decode: `${name} = ${hex(value, 1)}${found?.values?.[value] === undefined ? '' : ` ${found.values[value]}`}: ${found?.doc}`,
  };
}

const VTD_COLUMNS: readonly Column[] = [
  ['index', 'Index in the interrupt remapping table'],
  ['device', 'Device that uses the entry'],
  ['P', 'Present, bit 0'],
  ['mode', 'IM, bit 15: remapped to a CPU, or posted into a descriptor'],
  ['vector', 'Bits 23:16: of the CPU, or the PIR bit'],
  ['to', 'CPU that DST names, or vCPU whose descriptor PDA is'],
  ['URG', 'Urgent, bit 14: notify although SN = 1'],
  ['SID', 'Requester that may use the entry, bits 79:64'],
  ['cache', 'The interrupt-entry cache of the IOMMU holds a copy'],
  ['IRTE', 'The entry, 128 bits'],
];

function vtdCells(m: Machine, device: number, name: string, index: number): readonly Cell[] {
  const base = m.device(device);
  const entry = wordsAt(m, base + D.irte, 4);
  const posted = (entry[0] & POSTED) !== 0;
  const format = posted ? irtePosted : irte;
  const of = (path: string) => `device ${name}.irte.${path}`;
  const cached = wordsAt(m, base + D.irte_cached, 4);
  const isCached = m.words[base + D.irte_is_cached] !== 0;
  const isStale = isCached && cached.some((word, i) => word !== entry[i]);
  const copy = (cached[0] & POSTED) !== 0 ? irtePosted : irte;
  return [
    { text: hex(index, 1) },
    { text: name },
    part(format, entry, 'P', of('p')),
    part(format, entry, 'IM', of('im'), posted ? 'posted' : 'remapped'),
    part(format, entry, posted ? 'VV' : 'V', of('vv'), hex((entry[0] >>> 16) & 0xff)),
    posted
      ? {
          text: vcpuText(vcpuOfPid({ hi: entry[3], lo: (entry[1] & ~0x3f) >>> 0 }, m.vcpuCount)),
          field: [of('dst'), of('im'), `device ${name}.irte[3]`],
          decode: `PDA = ${hexOf([(entry[1] & ~0x3f) >>> 0, entry[3]])}: posted-interrupt descriptor`,
        }
      : part(format, entry, 'DST', [of('dst'), of('im'), `device ${name}.irte[0]`], cpuText(hostTarget(m, entry))),
    posted ? part(format, entry, 'URG', [of('urg'), of('im')]) : { ...NONE, field: of('im') },
    part(format, entry, 'SID', of('sid'), hex(entry[2] & 0xffff, 4)),
    {
      text: isStale ? 'stale' : isCached ? 'same' : 'none',
      field: [`device ${name}.cached`, `device ${name}.irte`, `device ${name}.irte_cached`],
      decode: isStale
        ? `the cache holds another entry than memory: ${hexOf(cached)}\n${decoded(m, copy, cached)}`
        : isCached
          ? 'the cache holds the entry as it stands in memory'
          : 'the next request reads the entry from memory',
    },
    { text: hexOf(entry), field: `device ${name}.irte`, decode: decoded(m, format, entry) },
  ];
}

const AMD_COLUMNS: readonly Column[] = [
  ['index', 'Index in the interrupt remapping table of the device'],
  ['device', 'Device that uses the entry'],
  ['valid', 'Bit 0'],
  ['mode', 'Bit 7: remapped to a CPU, or guest mode (guest vAPIC)'],
  ['vector', 'Bits 71:64'],
  ['to', 'CPU that the destination names; guest mode: vCPU whose backing page ga_root_ptr is'],
  ['is_run', 'Bit 6, guest mode: the vCPU runs, ring its doorbell'],
  ['doorbell', 'Destination in guest mode: the CPU whose doorbell is rung while is_run = 1'],
  ['GALogIntr', 'Bit 2, guest mode: log when the vCPU does not run'],
  ['GATag', 'Bits 63:32: what the GA log tells KVM'],
  ['IRTE', 'The entry, 128 bits: struct irte_ga'],
];

const TAGS: Readonly<Record<number, Format>> = { 8: gaTag8, 9: gaTag9, 12: gaTag12 };

function amdCells(m: Machine, device: number, name: string, index: number): readonly Cell[] {
  const entry = wordsAt(m, m.device(device) + D.irte, 4);
  const guest = isGuestMode(entry);
  const format = guest ? irteAmdGuest : irteAmd;
  const of = (path: string) => `device ${name}.irte.${path}`;
  const tag = entry[1];
  const unused: Cell = { ...NONE, field: of('guest_mode') };
  const apicId = destinationOf(entry);
  const target: Cell = {
    text: cpuText(m.config.cpus.findIndex(cpu => cpu.apicId === apicId)),
    field: `device ${name}.irte`,
    decode: `destination = ${hex(apicId, 8)}: APIC ID of a CPU`,
  };
  return [
    { text: hex(index, 1) },
    { text: name },
    part(format, entry, 'valid', of('p')),
    part(format, entry, 'guest_mode', of('guest_mode'), guest ? 'guest' : 'remapped'),
    part(format, entry, 'vector', of('vector'), hex(fieldValue(format, entry, 'vector'))),
    guest
      ? {
          text: vcpuText(vcpuOfIrte(m, entry)),
          field: `device ${name}.irte`,
          decode: `ga_root_ptr = ${hexOf([(entry[2] & ~0xfff) >>> 0, entry[3] & 0xfffff])}: vAPIC backing page`,
        }
      : target,
    guest ? part(format, entry, 'is_run', [of('is_run'), of('guest_mode')]) : unused,
    guest ? target : unused,
    guest ? part(format, entry, 'ga_log_intr', [of('ga_log_intr'), of('guest_mode')]) : unused,
    guest
      ? {
          text: `${hex(tag, 8)} ${vcpuText(vcpuOfTag(m, tag))}`,
          field: [of('ga_tag'), of('guest_mode')],
          decode: decoded(m, TAGS[m.profile.avic.gaTagBits] ?? gaTag9, [tag]),
        }
      : unused,
    { text: hexOf(entry), field: `device ${name}.irte`, decode: decoded(m, format, entry) },
  ];
}

export function irtes(m: Machine): Table | undefined {
  const { devices, vendor } = m.config;
  if (devices === undefined || devices.length === 0) {
    return undefined;
  }
  const cells = vendor === 'intel' ? vtdCells : amdCells;
  return {
    key: 'irte',
    title: 'Interrupt remapping table',
    note:
      vendor === 'intel'
        ? 'Entries of VT-d, remapped and posted. struct irte, include/linux/dmar.h'
        : 'Entries of the AMD IOMMU, remapped and guest vAPIC. struct irte_ga, amd_iommu_types.h',
    featured: true,
    columns: vendor === 'intel' ? VTD_COLUMNS : AMD_COLUMNS,
    rows: devices.map(
      ({ name, irte: index }, device): Row => ({
        key: `IRTE ${hex(index, 1)} ${name}`,
        words: range(m.device(device) + D.irte, D.irte_is_cached + 1 - D.irte),
        cells: () => cells(m, device, name, index),
      }),
    ),
  };
}
