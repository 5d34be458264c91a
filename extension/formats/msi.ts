import { type Check, type Field, type Format, moved, reserved } from './format.ts';
import { deliveryModes, destModes, triggers } from './icr.ts';

const SDM = 'SDM vol. 3, Message Signalled Interrupts';
const LINUX = 'arch/x86/include/asm/msi.h';
const VTD = 'VT-d 5.1, Interrupt Requests';

const base: Field = {
  name: 'base_address',
  hi: 31,
  lo: 20,
  doc: 'must be 0xfee: only 0xfeexxxxx is an interrupt',
  values: { 0xfee: '0xfee' },
};
const low8: Field = { name: 'destid_0_7', hi: 19, lo: 12, doc: 'destination APIC ID, bits 7:0', kind: 'id' };
const modeBits: readonly Field[] = [
  reserved(1, 0, 'ignored', 'ignored'),
  { name: 'dest_mode_logical', hi: 2, lo: 2, doc: 'destination mode', values: destModes },
  {
    name: 'redirect_hint',
    hi: 3,
    lo: 3,
    doc: 'redirection hint (RH)',
    values: { 0: 'not redirected', 1: 'redirectable to one' },
  },
];
const format0: Field = {
  name: 'format',
  hi: 4,
  lo: 4,
  doc: 'request format',
  values: { 0: 'compatibility', 1: 'remappable' },
};

const compatibility: readonly Field[] = [
  ...modeBits,
  format0,
  {
    ...reserved(11, 5, 'a plain reader ignores bits 11:5; with the extended destination ID they are ID bits 14:8'),
    severity: 'warning',
  },
  low8,
  base,
];
const extended: readonly Field[] = [
  ...modeBits,
  format0,
  { name: 'virt_destid_8_14', hi: 11, lo: 5, doc: 'destination APIC ID, bits 14:8 (hypervisor extension)', kind: 'id' },
  low8,
  base,
];
const remappable: readonly Field[] = [
  reserved(1, 0, 'ignored', 'ignored'),
  { name: 'dmar_index_15', hi: 2, lo: 2, doc: 'handle bit 15' },
  { name: 'dmar_subhandle_valid', hi: 3, lo: 3, doc: 'SHV: index = handle + data[15:0]' },
  { ...format0, name: 'dmar_format' },
  { name: 'dmar_index_0_14', hi: 19, lo: 5, doc: 'handle bits 14:0' },
  base,
];

const high: readonly Field[] = [
  reserved(7, 0, 'KVM with 32-bit IDs rejects the route (-EINVAL)'),
  {
    name: 'destid_8_31',
    hi: 31,
    lo: 8,
    doc: 'destination APIC ID, bits 31:8: KVM x2apic_format and the IOMMU’s own MSI only',
    kind: 'id',
  },
];

/** Delivery modes of a message from a device: ExtINT is legal here, SIPI is not. */
export const messageModes = { ...deliveryModes, 6: 'reserved (110)', 7: 'ExtINT' } as const;

const data: readonly Field[] = [
  { name: 'vector', hi: 7, lo: 0, doc: 'vector', kind: 'vector' },
  { name: 'delivery_mode', hi: 10, lo: 8, doc: 'delivery mode', values: messageModes },
  reserved(13, 11, 'reserved in MSI data', 'ignored'),
  {
    name: 'level',
    hi: 14,
    lo: 14,
    doc: 'level; KVM takes every MSI as asserted',
    values: { 0: 'de-assert', 1: 'assert' },
  },
  { name: 'trigger', hi: 15, lo: 15, doc: 'trigger mode', values: triggers },
  reserved(31, 16, 'reserved; must be 0'),
];
const remappableData: readonly Field[] = [
  { name: 'dmar_subhandle', hi: 15, lo: 0, doc: 'sub-handle, added to the handle when SHV = 1' },
  reserved(31, 16, 'reserved; must be 0 (VT-d fault 20h)'),
];

const notFee: Check = {
  id: 'not-an-interrupt',
  severity: 'error',
  when: [['base_address', 'not in', 0xfee]],
  text: 'bits 31:20 are not 0xfee: a write there is a memory write, not an interrupt',
  source: SDM,
};
const isRemappable: Check = {
  id: 'remappable',
  severity: 'warning',
  when: [['format', 'in', 1]],
  text: 'bit 4 is set: this is the remappable format, read it as an IRTE handle',
  source: VTD,
};
const rhPhysicalBroadcast: Check = {
  id: 'rh-physical-broadcast',
  severity: 'error',
  when: [
    ['redirect_hint', 'in', 1],
    ['dest_mode_logical', 'in', 0],
    ['destid_0_7', 'in', 0xff],
  ],
  text: 'RH = 1 in physical mode must not address 0xff; KVM then picks one vCPU',
  source: `${SDM}; KVM kvm_irq_delivery_to_apic`,
};
const addressChecks: readonly Check[] = [
  notFee,
  isRemappable,
  rhPhysicalBroadcast,
  {
    id: 'rh-physical',
    severity: 'note',
    when: [
      ['redirect_hint', 'in', 1],
      ['dest_mode_logical', 'in', 0],
      ['destid_0_7', 'not in', 0xff],
    ],
    text: 'RH has no effect in physical mode: the APIC with that ID gets it',
    source: `${SDM}; KVM kvm_irq_delivery_to_apic_fast`,
  },
];
const dataChecks: readonly Check[] = [
  {
    id: 'reserved-delivery-mode',
    severity: 'error',
    when: [['delivery_mode', 'in', [3, 6]]],
    text: 'reserved delivery mode for a message; KVM takes 011 as its own un-halt kick and 110 as a SIPI',
    source: `${SDM}; KVM __apic_accept_irq`,
  },
  {
    id: 'illegal-vector',
    severity: 'error',
    when: [
      ['delivery_mode', 'in', [0, 1]],
      ['vector', '<', 16],
    ],
    text: 'vectors 0 to 15 are illegal for Fixed and LowPrio: KVM sets the IRR bit, and class 0 is never delivered',
    source: `${SDM}; KVM __apic_accept_irq`,
  },
  {
    id: 'smi-vector',
    severity: 'error',
    when: [
      ['delivery_mode', 'in', 2],
      ['vector', 'not in', 0],
    ],
    text: 'the vector of an SMI must be 0',
    source: SDM,
  },
  {
    id: 'edge-only',
    severity: 'error',
    when: [
      ['delivery_mode', 'in', [2, 4, 5]],
      ['trigger', 'in', 1],
    ],
    text: 'SMI, NMI and INIT messages must be edge-triggered',
    source: SDM,
  },
  {
    id: 'level-deassert',
    severity: 'note',
    when: [
      ['trigger', 'in', 1],
      ['level', 'in', 0],
    ],
    text: 'level de-assert: KVM ignores data bit 14 and delivers the message as asserted',
    source: 'KVM kvm_set_msi_irq, kvm_msi_to_lapic_irq',
  },
];
const notRemappable: Check = {
  id: 'not-remappable',
  severity: 'error',
  when: [['dmar_format', 'in', 0]],
  text: 'bit 4 is clear: this is the compatibility format, not a handle',
  source: VTD,
};

export const msiAddress: Format = {
  id: 'msi-address',
  title: 'MSI address',
  width: 32,
  fields: compatibility,
  checks: addressChecks,
  source: `${SDM}; ${LINUX}`,
};
export const msiAddressExt: Format = {
  ...msiAddress,
  id: 'msi-address-ext',
  title: 'MSI address, extended destination ID',
  fields: extended,
};
export const msiAddressIr: Format = {
  id: 'msi-address-ir',
  title: 'MSI address, remappable',
  width: 32,
  fields: remappable,
  checks: [notFee, notRemappable],
  source: `${VTD}; ${LINUX}`,
};
export const msiData: Format = {
  id: 'msi-data',
  title: 'MSI data',
  width: 32,
  fields: data,
  checks: dataChecks,
  source: `${SDM}; ${LINUX}`,
};
export const msiDataIr: Format = {
  id: 'msi-data-ir',
  title: 'MSI data, remappable',
  width: 32,
  fields: remappableData,
  source: VTD,
};

/** An MSI as three words: address low, address high, data. */
function pair(id: string, title: string, address: Format, payload: Format): Format {
  return {
    id,
    title,
    width: 96,
    fields: [...address.fields, ...renamed(high, 32, 'high'), ...renamed(payload.fields, 64, 'data')],
    checks: [...(address.checks ?? []), ...(payload.checks ?? [])],
    source: address.source,
  };
}

/** Reserved fields are named by their bits; in another word they need that word's name too. */
function renamed(fields: readonly Field[], by: number, word: string): Field[] {
  return moved(fields, by).map(f => (f.reserved ? { ...f, name: `${word}_${f.name}` } : f));
}

export const msi: Format = pair('msi', 'MSI', msiAddress, msiData);
export const msiExt: Format = pair('msi-ext', 'MSI, extended destination ID', msiAddressExt, msiData);
export const msiIr: Format = pair('msi-ir', 'MSI, remappable', msiAddressIr, msiDataIr);
