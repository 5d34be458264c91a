/** Devices behind the IOMMU and what VFIO, irqfd and irq-bypass know about them; the registers of the IOMMU. */
import { D, GA_STATUS, IOMMU, IOMMU_FLAG } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { hex } from '../../engine/text.ts';
import { msi, msiIr } from '../../formats/msi.ts';
import { type Cell, type Column, decoded, flagText, NONE, type Row, range, type Table, wordsAt } from './table.ts';

/** Bit 4 of the address: the handle of an IRTE instead of a destination. */
const REMAPPABLE = 1 << 4;

/** Address and data of a message, decoded in the format that bit 4 chooses. */
export function messageCell(m: Machine, words: readonly number[], field: Cell['field']): Cell {
  const [lo, hi, data] = words;
  const address = hi === 0 ? hex(lo, 8) : `${hex(hi, 8)}_${hex(lo, 8).slice(2)}`;
  return {
    text: `${address} / ${hex(data, 4)}`,
    field,
    decode: decoded(m, (lo & REMAPPABLE) !== 0 ? msiIr : msi, words),
  };
}

const COLUMNS: readonly Column[] = [
  ['device', 'Its name in the scenario'],
  ['requester', 'Bus, device and function, 16 bits'],
  ['request', 'A write to 0xfeexxxxx that the IOMMU has not taken yet'],
  ['VFIO', 'VFIO’s handler has the host interrupt'],
  ['bypass', 'Producer and consumer of irq-bypass are connected'],
  ['posted to', 'vCPU that the entry posts to: irqfd->irq_bypass_vcpu in 7.1, older kernels do not note it'],
  ['guest’s MSI', 'MSI route of its GSI: address and data that the guest programmed'],
  ['work', 'The eventfd was signalled, the work item of the irqfd is scheduled'],
  ['host ran', 'Times that the host’s handler ran since the last expect'],
  ['INTx', 'The device holds its line; VFIO masks it until the guest’s EOI'],
];

function deviceRow(m: Machine, device: number): Row {
  const base = m.device(device);
  const { name, sourceId, intx } = m.config.devices![device];
  const of = (path: string) => `device ${name}.${path}`;
  const word = (at: number) => m.words[base + at];
  const flag = (at: number, path: string, doc: string): Cell => ({
    text: flagText(word(at) !== 0),
    field: of(path),
    decode: doc,
  });
  return {
    key: name,
    words: range(base + D.request, D.words - D.request),
    cells: () => {
      const target = word(D.bypass_vcpu);
      return [
        { text: name },
        {
          text: hex(sourceId, 4),
          decode: `bus ${hex(sourceId >>> 8)}, device ${hex((sourceId >>> 3) & 31)}, function ${sourceId & 7}`,
        },
        word(D.request) === 0
          ? { text: 'none', field: [of('request'), of('request_address')] }
          : messageCell(m, wordsAt(m, base + D.request_address, 3), [
              of('request'),
              of('request_address'),
              of('request_data'),
            ]),
        flag(D.vfio, 'vfio', 'VFIO has connected the interrupt to its eventfd'),
        flag(D.bypass, 'bypass', 'The producer and the consumer of irq-bypass have found each other'),
        {
          text: target < 0 ? 'nobody' : `vcpu ${target}`,
          field: of('posted_to'),
          decode: 'vCPU that the entry posts to',
        },
        word(D.routed) === 0
          ? { text: 'none', field: [of('routed'), of('route_address'), of('route_data')] }
          : messageCell(m, wordsAt(m, base + D.route_address, 3), [
              of('routed'),
              of('route_address'),
              of('route_data'),
            ]),
        flag(D.scheduled, 'scheduled', 'The work item of the irqfd is scheduled'),
        { text: String(word(D.host_interrupts)), field: of('host_interrupts') },
        intx === undefined
          ? NONE
          : {
              text: `${word(D.line) === 0 ? 'low' : 'high'}${word(D.masked) === 0 ? '' : ', masked'}`,
              field: [of('line'), of('masked')],
              decode: `line ${word(D.line)}, masked ${word(D.masked)}, resamplefd answered ${word(D.resampled)} times`,
            },
      ];
    },
  };
}

export function devices(m: Machine): Table | undefined {
  if (m.deviceCount === 0) {
    return undefined;
  }
  return {
    key: 'devices',
    title: 'Devices',
    note: 'Devices behind the IOMMU, and what VFIO, irqfd and irq-bypass know about them',
    featured: true,
    columns: COLUMNS,
    rows: range(0, m.deviceCount).map(device => deviceRow(m, device)),
  };
}

interface Register {
  readonly name: string;
  readonly at: number;
  readonly text: (value: number) => string;
  readonly field: string;
  readonly doc: string;
}

const bit = (name: string, at: number, shift: number, field: string, doc: string): Register => ({
  name,
  at,
  text: value => flagText(((value >>> shift) & 1) === 1),
  field,
  doc,
});

const NO_FAULT = 'none';

const VTD: readonly Register[] = [
  bit('IRE', IOMMU.flags, IOMMU_FLAG.IRE, 'iommu.flags', 'Interrupt remapping is enabled'),
  bit('CFI', IOMMU.flags, IOMMU_FLAG.CFIS, 'iommu.flags', 'Compatibility-format interrupts pass'),
  bit('EIME', IOMMU.flags, IOMMU_FLAG.EIME, 'iommu.flags', 'Extended interrupt mode: DST is a 32-bit x2APIC ID'),
  {
    name: 'fault',
    at: IOMMU.fault_reason,
    text: value => (value === 0 ? NO_FAULT : hex(value)),
    field: 'iommu.fault',
    doc: 'Last fault reason that was logged, 0x20 to 0x28',
  },
  {
    name: 'fault index',
    at: IOMMU.fault_index,
    text: value => hex(value, 1),
    field: 'iommu.fault_index',
    doc: 'Index of the request that faulted',
  },
];

const AMD: readonly Register[] = [
  bit('GALogRun', IOMMU.ga_status, GA_STATUS.GALogRun, 'iommu.ga_run', 'The GA log runs'),
  bit(
    'GAInt',
    IOMMU.ga_status,
    GA_STATUS.GAInt,
    'iommu.ga_status',
    'An entry was logged: the IOMMU interrupts the host',
  ),
  bit('GAOverflow', IOMMU.ga_status, GA_STATUS.GAOverflow, 'iommu.ga_overflow', 'The GA log was full'),
];

const FAULTS: Register = {
  name: 'faults',
  at: IOMMU.faults,
  text: String,
  field: 'iommu.faults',
  doc: 'Faults that were logged',
};

export function iommu(m: Machine): Table | undefined {
  if (m.deviceCount === 0) {
    return undefined;
  }
  const intel = m.config.vendor === 'intel';
  return {
    key: 'iommu',
    title: 'IOMMU registers',
    note: intel ? 'VT-d: status and last fault' : 'AMD IOMMU: status of the GA log, and faults',
    columns: [
      ['register', ''],
      ['value', ''],
    ],
    rows: [...(intel ? VTD : AMD), FAULTS].map(({ name, at, text, field, doc }): Row => {
      const address = m.layout.iommu + at;
      return {
        key: name,
        words: [address],
        cells: () => [{ text: name }, { text: text(m.words[address]), field, decode: doc }],
      };
    }),
  };
}
