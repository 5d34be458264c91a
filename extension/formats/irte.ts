import { type Check, type Field, type Format, reserved } from './format.ts';
import { destModes, triggers } from './icr.ts';
import { messageModes } from './msi.ts';

const VTD = 'VT-d, Interrupt Remapping Table Entry; include/linux/dmar.h, struct irte';

const fault24 = 'the IOMMU blocks the interrupt, fault 24h';
const head: readonly Field[] = [
  { name: 'P', hi: 0, lo: 0, doc: 'present', values: { 0: 'not present', 1: 'present' } },
  {
    name: 'FPD',
    hi: 1,
    lo: 1,
    doc: 'fault processing disable',
    values: { 0: 'faults logged', 1: 'faults suppressed' },
  },
];
const avail: Field = { name: 'AVAIL', hi: 11, lo: 8, doc: 'available to software' };
const sourceCheck: readonly Field[] = [
  { name: 'SID', hi: 79, lo: 64, doc: 'source (requester) ID' },
  {
    name: 'SQ',
    hi: 81,
    lo: 80,
    doc: 'source-ID qualifier',
    values: { 0: 'all 16 bits', 1: 'ignore bit 2', 2: 'ignore bits 2:1', 3: 'ignore bits 2:0' },
  },
  {
    name: 'SVT',
    hi: 83,
    lo: 82,
    doc: 'source validation',
    values: { 0: 'no check', 1: 'compare SID with SQ', 2: 'bus range in SID', 3: 'reserved (11)' },
  },
];

const checks: readonly Check[] = [
  {
    id: 'not-present',
    severity: 'warning',
    when: [['P', 'in', 0]],
    text: 'not present: a request through it is blocked, fault 22h',
    source: VTD,
  },
  {
    id: 'reserved-svt',
    severity: 'error',
    when: [['SVT', 'in', 3]],
    text: 'reserved source validation type',
    source: VTD,
  },
];

function is(value: 0 | 1): Check {
  return {
    id: value ? 'not-posted' : 'not-remapped',
    severity: 'error',
    when: [['IM', 'not in', value]],
    text: value ? 'IM = 0: this is a remapped entry' : 'IM = 1: this is a posted entry',
    source: VTD,
  };
}

const im: Field = { name: 'IM', hi: 15, lo: 15, doc: 'mode', values: { 0: 'remapped', 1: 'posted' } };

export const irte: Format = {
  id: 'irte',
  title: 'IRTE, remapped',
  width: 128,
  fields: [
    ...head,
    { name: 'DM', hi: 2, lo: 2, doc: 'destination mode', values: destModes },
    { name: 'RH', hi: 3, lo: 3, doc: 'redirection hint' },
    { name: 'TM', hi: 4, lo: 4, doc: 'trigger mode', values: triggers },
    { name: 'DLM', hi: 7, lo: 5, doc: 'delivery mode', values: messageModes },
    avail,
    reserved(14, 12, fault24),
    im,
    { name: 'V', hi: 23, lo: 16, doc: 'vector', kind: 'vector' },
    reserved(31, 24, fault24),
    {
      name: 'DST',
      hi: 63,
      lo: 32,
      doc: 'destination: a 32-bit ID, or with EIME = 0 the xAPIC ID in bits 47:40',
      kind: 'id',
    },
    ...sourceCheck,
    reserved(127, 84, fault24),
  ],
  checks: [
    ...checks,
    is(0),
    {
      id: 'reserved-delivery-mode',
      severity: 'error',
      when: [['DLM', 'in', [3, 6]]],
      text: 'reserved delivery mode',
      source: VTD,
    },
  ],
  source: VTD,
};

export const irtePosted: Format = {
  id: 'irte-posted',
  title: 'IRTE, posted',
  width: 128,
  fields: [
    ...head,
    reserved(7, 2, fault24),
    avail,
    reserved(13, 12, fault24),
    {
      name: 'URG',
      hi: 14,
      lo: 14,
      doc: 'urgent: notify even when SN = 1; Linux never sets it',
      values: { 0: 'not urgent', 1: 'urgent' },
    },
    im,
    { name: 'VV', hi: 23, lo: 16, doc: 'virtual vector, the PIR bit', kind: 'vector' },
    reserved(37, 24, fault24),
    { name: 'PDA_l', hi: 63, lo: 38, doc: 'descriptor address bits 31:6', kind: 'address', shift: 6 },
    ...sourceCheck,
    reserved(95, 84, fault24),
    { name: 'PDA_h', hi: 127, lo: 96, doc: 'descriptor address bits 63:32', kind: 'address', shift: 32 },
  ],
  checks: [...checks, is(1)],
  source: VTD,
};

const GA = 'drivers/iommu/amd/amd_iommu_types.h, struct irte_ga';

const amdHead: readonly Field[] = [
  { name: 'valid', hi: 0, lo: 0, doc: 'valid', values: { 0: 'not valid', 1: 'valid' } },
  { name: 'no_fault', hi: 1, lo: 1, doc: 'suppress I/O page faults' },
];
const guestMode: Field = { name: 'guest_mode', hi: 7, lo: 7, doc: 'mode', values: { 0: 'remapped', 1: 'guest vAPIC' } };
const amdDest: Field = { name: 'destination_lo', hi: 31, lo: 8, doc: 'destination APIC ID, bits 23:0', kind: 'id' };
const amdTail: readonly Field[] = [
  { name: 'ga_tag', hi: 63, lo: 32, doc: 'tag for the GA log' },
  { name: 'vector', hi: 71, lo: 64, doc: 'vector', kind: 'vector' },
  reserved(75, 72),
  { name: 'ga_root_ptr', hi: 115, lo: 76, doc: 'vAPIC backing page', kind: 'address', shift: 12 },
  reserved(119, 116),
  { name: 'destination_hi', hi: 127, lo: 120, doc: 'destination APIC ID, bits 31:24', kind: 'id' },
];

export const irteAmd: Format = {
  id: 'irte-amd',
  title: 'AMD IRTE, remapped',
  width: 128,
  fields: [
    ...amdHead,
    { name: 'int_type', hi: 4, lo: 2, doc: 'delivery mode', values: messageModes },
    { name: 'rq_eoi', hi: 5, lo: 5, doc: 'request EOI' },
    { name: 'dm', hi: 6, lo: 6, doc: 'destination mode', values: destModes },
    guestMode,
    amdDest,
    ...amdTail,
  ],
  checks: [
    {
      id: 'guest-mode',
      severity: 'error',
      when: [['guest_mode', 'in', 1]],
      text: 'this is a guest vAPIC entry',
      source: GA,
    },
  ],
  source: GA,
};

export const irteAmdGuest: Format = {
  id: 'irte-amd-guest',
  title: 'AMD IRTE, guest vAPIC',
  width: 128,
  fields: [
    ...amdHead,
    { name: 'ga_log_intr', hi: 2, lo: 2, doc: 'log to the GA log when the vCPU does not run' },
    reserved(5, 3),
    { name: 'is_run', hi: 6, lo: 6, doc: 'target vCPU', values: { 0: 'not running', 1: 'running' } },
    guestMode,
    amdDest,
    ...amdTail,
  ],
  checks: [
    {
      id: 'not-guest-mode',
      severity: 'error',
      when: [['guest_mode', 'in', 0]],
      text: 'this is a remapped entry',
      source: GA,
    },
  ],
  source: GA,
};
