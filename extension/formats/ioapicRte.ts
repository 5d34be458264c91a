import { type Check, type Field, type Format, reserved } from './format.ts';
import { destModes, triggers } from './icr.ts';
import { messageModes } from './msi.ts';

const SOURCE = 'arch/x86/include/asm/io_apic.h, struct IO_APIC_route_entry; 82093AA';

const middle: readonly Field[] = [
  {
    name: 'delivery_status',
    hi: 12,
    lo: 12,
    doc: 'delivery status, read-only',
    values: { 0: 'idle', 1: 'send pending' },
  },
  {
    name: 'active_low',
    hi: 13,
    lo: 13,
    doc: 'polarity; KVM does not use it',
    values: { 0: 'active high', 1: 'active low' },
  },
  { name: 'irr', hi: 14, lo: 14, doc: 'Remote IRR, read-only: level interrupt sent and not yet EOId' },
  { name: 'is_level', hi: 15, lo: 15, doc: 'trigger mode', values: triggers },
  { name: 'masked', hi: 16, lo: 16, doc: 'mask', values: { 0: 'unmasked', 1: 'masked' } },
];

const checks: readonly Check[] = [
  {
    id: 'reserved-delivery-mode',
    severity: 'error',
    when: [['delivery_mode', 'in', [3, 6]]],
    text: 'reserved delivery mode',
    source: '82093AA, redirection table',
  },
  {
    id: 'illegal-vector',
    severity: 'error',
    when: [
      ['masked', 'in', 0],
      ['delivery_mode', 'in', [0, 1]],
      ['vector', '<', 16],
    ],
    text: 'vectors 0 to 15 are illegal for an unmasked Fixed or LowPrio pin',
    source: '82093AA, redirection table',
  },
  {
    id: 'edge-only',
    severity: 'warning',
    when: [
      ['delivery_mode', 'in', [2, 4, 5, 7]],
      ['is_level', 'in', 1],
    ],
    text: 'SMI, NMI, INIT and ExtINT pins must be edge-triggered',
    source: '82093AA, redirection table',
  },
  {
    id: 'remote-irr-edge',
    severity: 'note',
    when: [
      ['irr', 'in', 1],
      ['is_level', 'in', 0],
    ],
    text: 'Remote IRR has no meaning for an edge pin; writing it as edge clears it',
    source: 'KVM ioapic_write_indirect',
  },
];

export const ioapicRte: Format = {
  id: 'rte',
  title: 'IOAPIC redirection entry',
  width: 64,
  fields: [
    { name: 'vector', hi: 7, lo: 0, doc: 'vector', kind: 'vector' },
    { name: 'delivery_mode', hi: 10, lo: 8, doc: 'delivery mode', values: messageModes },
    { name: 'dest_mode_logical', hi: 11, lo: 11, doc: 'destination mode', values: destModes },
    ...middle,
    { ...reserved(47, 17), severity: 'warning' },
    {
      name: 'format',
      hi: 48,
      lo: 48,
      doc: 'becomes MSI address bit 4',
      values: { 0: 'compatibility', 1: 'remappable' },
    },
    {
      name: 'virt_destid_8_14',
      hi: 55,
      lo: 49,
      doc: 'destination APIC ID, bits 14:8, for a reader with the extended destination ID; KVM’s own IOAPIC ignores it',
      kind: 'id',
    },
    { name: 'destid_0_7', hi: 63, lo: 56, doc: 'destination APIC ID, bits 7:0', kind: 'id' },
  ],
  checks: [
    ...checks,
    {
      id: 'remappable',
      severity: 'warning',
      when: [['format', 'in', 1]],
      text: 'bit 48 is set: this is the remappable format, read it as an IRTE handle',
      source: 'VT-d 5.1, I/OxAPIC Programming',
    },
  ],
  source: SOURCE,
};

export const ioapicRteIr: Format = {
  id: 'rte-ir',
  title: 'IOAPIC redirection entry, remappable',
  width: 64,
  fields: [
    { name: 'vector', hi: 7, lo: 0, doc: 'vector for EOI matching; the real one is in the IRTE', kind: 'vector' },
    reserved(10, 8),
    { name: 'ir_index_15', hi: 11, lo: 11, doc: 'handle bit 15' },
    ...middle,
    { ...reserved(47, 17), severity: 'warning' },
    { name: 'ir_format', hi: 48, lo: 48, doc: 'request format', values: { 0: 'compatibility', 1: 'remappable' } },
    { name: 'ir_index_0_14', hi: 63, lo: 49, doc: 'handle bits 14:0' },
  ],
  checks: [
    {
      id: 'not-remappable',
      severity: 'error',
      when: [['ir_format', 'in', 0]],
      text: 'bit 48 is clear: this is the normal format',
      source: 'VT-d 5.1, I/OxAPIC Programming',
    },
  ],
  source: SOURCE,
};
