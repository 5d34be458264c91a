import { type Format, reserved } from './format.ts';

const SDM = 'SDM vol. 3, VMCS';

export const guestIntrStatus: Format = {
  id: 'guest-intr-status',
  title: 'Guest interrupt status',
  width: 16,
  fields: [
    { name: 'RVI', hi: 7, lo: 0, doc: 'requesting virtual interrupt: highest vector to deliver', kind: 'vector' },
    { name: 'SVI', hi: 15, lo: 8, doc: 'servicing virtual interrupt: highest vector in service', kind: 'vector' },
  ],
  source: `${SDM} field 0x0810`,
};

export const intrInfo: Format = {
  id: 'intr-info',
  title: 'VM-entry/VM-exit interruption information',
  width: 32,
  fields: [
    { name: 'vector', hi: 7, lo: 0, doc: 'vector', kind: 'vector' },
    {
      name: 'type',
      hi: 10,
      lo: 8,
      doc: 'type',
      values: {
        0: 'external interrupt',
        1: 'reserved (001)',
        2: 'NMI',
        3: 'hardware exception',
        4: 'software interrupt',
        5: 'privileged software exception',
        6: 'software exception',
        7: 'other event',
      },
    },
    { name: 'error_code', hi: 11, lo: 11, doc: 'error code valid' },
    { name: 'nmi_unblocking', hi: 12, lo: 12, doc: 'NMI unblocking due to IRET (VM exit)' },
    reserved(30, 13),
    { name: 'valid', hi: 31, lo: 31, doc: 'valid', values: { 0: 'not valid', 1: 'valid' } },
  ],
  checks: [
    {
      id: 'nmi-vector',
      severity: 'error',
      when: [
        ['valid', 'in', 1],
        ['type', 'in', 2],
        ['vector', 'not in', 2],
      ],
      text: 'an NMI has vector 2: VM entry fails',
      source: 'SDM vol. 3, Checks on VM-entry control fields',
    },
    {
      id: 'reserved-type',
      severity: 'error',
      when: [
        ['valid', 'in', 1],
        ['type', 'in', 1],
      ],
      text: 'reserved interruption type: VM entry fails',
      source: 'SDM vol. 3, Checks on VM-entry control fields',
    },
  ],
  source: SDM,
};

export const apicAccess: Format = {
  id: 'apic-access',
  title: 'Exit qualification, APIC access',
  width: 64,
  fields: [
    { name: 'offset', hi: 11, lo: 0, doc: 'offset in the APIC-access page' },
    {
      name: 'type',
      hi: 15,
      lo: 12,
      doc: 'access',
      values: {
        0: 'linear read',
        1: 'linear write',
        2: 'instruction fetch',
        3: 'event delivery',
        10: 'physical, event delivery',
        15: 'physical, instruction',
      },
    },
    reserved(63, 16, 'not used here', 'ignored'),
  ],
  source: 'SDM vol. 3, Exit qualification for APIC-access VM exits',
};

export const apicWrite: Format = {
  id: 'apic-write',
  title: 'Exit qualification, APIC write',
  width: 64,
  fields: [
    { name: 'offset', hi: 11, lo: 0, doc: 'offset in the virtual-APIC page; the write is done' },
    reserved(63, 12, 'cleared', 'ignored'),
  ],
  source: 'SDM vol. 3, Exit qualification for APIC-write VM exits',
};

export const eoiInduced: Format = {
  id: 'eoi-induced',
  title: 'Exit qualification, EOI-induced',
  width: 64,
  fields: [
    { name: 'vector', hi: 7, lo: 0, doc: 'vector that was EOId', kind: 'vector' },
    reserved(63, 8, 'cleared', 'ignored'),
  ],
  source: 'SDM vol. 3, Exit qualification for EOI-induced VM exits',
};
