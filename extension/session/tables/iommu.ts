/** The registers of the IOMMU: VT-d's or AMD's. */
import { GA_STATUS, IOMMU, IOMMU_FLAG } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { hex } from '../../engine/text.ts';
import { flagText, type Row, type Table } from './table.ts';

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
