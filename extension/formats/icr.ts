import { type Check, type Field, type Format, moved, reserved } from './format.ts';

const SDM = 'SDM vol. 3, Interrupt Command Register';

/** Delivery modes as `kvm:*` trace events name them, plus the number where there is no name. */
export const deliveryModes = {
  0: 'Fixed',
  1: 'LowPrio',
  2: 'SMI',
  3: 'reserved (011)',
  4: 'NMI',
  5: 'INIT',
  6: 'SIPI',
  7: 'reserved (111)',
} as const;

export const destModes = { 0: 'physical', 1: 'logical' } as const;
export const triggers = { 0: 'edge', 1: 'level' } as const;
export const shorthands = { 0: 'none', 1: 'self', 2: 'all including self', 3: 'all but self' } as const;

const common: readonly Field[] = [
  { name: 'vector', hi: 7, lo: 0, doc: 'vector; start page of a SIPI', kind: 'vector' },
  { name: 'delivery_mode', hi: 10, lo: 8, doc: 'delivery mode', values: deliveryModes },
  { name: 'dest_mode', hi: 11, lo: 11, doc: 'destination mode', values: destModes },
];
const levels: readonly Field[] = [
  { name: 'level', hi: 14, lo: 14, doc: 'level', values: { 0: 'de-assert', 1: 'assert' } },
  { name: 'trigger', hi: 15, lo: 15, doc: 'trigger mode', values: triggers },
];
const shorthand: Field = { name: 'shorthand', hi: 19, lo: 18, doc: 'destination shorthand', values: shorthands };

const ignored = 'reserved; KVM ignores it in xAPIC mode';
const xapicLow: readonly Field[] = [
  ...common,
  { name: 'busy', hi: 12, lo: 12, doc: 'delivery status, read-only', values: { 0: 'idle', 1: 'send pending' } },
  reserved(13, 13, ignored, 'ignored'),
  ...levels,
  { name: 'remote_read', hi: 17, lo: 16, doc: 'remote read status of old parts; reserved today', reserved: 'ignored' },
  shorthand,
  reserved(31, 20, ignored, 'ignored'),
];

const gp = (hi: number, lo: number): Field => ({
  ...reserved(
    hi,
    lo,
    '#GP on WRMSR, mask 0xfff32000 (KVM: 6.13 and later, and late 6.1.y; 6.3 and older do not check)',
  ),
  since: [6, 13],
});
const x2apicLow: readonly Field[] = [
  ...common,
  {
    ...reserved(
      12,
      12,
      'no delivery status in x2APIC mode: KVM clears it, IPI virtualization exits on it, AMD requires 0',
    ),
    severity: 'note',
  },
  gp(13, 13),
  ...levels,
  gp(17, 16),
  shorthand,
  gp(31, 20),
];

/** Rules that hold for an IPI in either mode. Bit 12 and the reserved bits are the fields' own business. */
const checks: readonly Check[] = [
  {
    id: 'reserved-delivery-mode',
    severity: 'error',
    when: [['delivery_mode', 'in', [3, 7]]],
    text: 'reserved delivery mode: the manual leaves the result open; KVM takes 011 as its own un-halt kick and drops 111',
    source: `${SDM}; KVM __apic_accept_irq`,
  },
  {
    id: 'illegal-vector',
    severity: 'error',
    when: [
      ['delivery_mode', 'in', [0, 1]],
      ['vector', '<', 16],
    ],
    text: 'vectors 0 to 15 are illegal for Fixed and LowPrio: hardware reports a send error; KVM sets the IRR bit, and class 0 is never delivered',
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
    id: 'smi-level',
    severity: 'error',
    when: [
      ['delivery_mode', 'in', 2],
      ['trigger', 'in', 1],
    ],
    text: 'an SMI must be edge-triggered',
    source: SDM,
  },
  {
    id: 'level-deassert',
    severity: 'warning',
    when: [
      ['delivery_mode', 'in', [0, 1]],
      ['trigger', 'in', 1],
      ['level', 'in', 0],
    ],
    text: 'level-triggered de-assert: KVM drops it (4.19 and later; 3.11 took it as an interrupt)',
    source: 'KVM __apic_accept_irq',
  },
  {
    id: 'level-ipi',
    severity: 'warning',
    when: [
      ['delivery_mode', 'in', [0, 1]],
      ['trigger', 'in', 1],
      ['level', 'in', 1],
    ],
    text: 'a level-triggered IPI: Intel processors send edge only, KVM sets the TMR bit and so delivers it as level',
    source: 'KVM __apic_accept_irq',
  },
  {
    id: 'init-deassert',
    severity: 'note',
    when: [
      ['delivery_mode', 'in', 5],
      ['trigger', 'in', 1],
      ['level', 'in', 0],
    ],
    text: 'INIT level de-assert: ignored by KVM and by processors since the Pentium 4',
    source: `${SDM}; KVM __apic_accept_irq`,
  },
  {
    id: 'shorthand-mode',
    severity: 'warning',
    when: [
      ['delivery_mode', 'in', [1, 2, 6]],
      ['shorthand', 'in', [1, 2]],
    ],
    text: 'LowPrio, SMI and SIPI are not valid with the shorthands self and all including self',
    source: SDM,
  },
  {
    id: 'shorthand-init',
    severity: 'warning',
    when: [
      ['delivery_mode', 'in', 5],
      ['level', 'in', 1],
      ['shorthand', 'in', [1, 2]],
    ],
    text: 'INIT is not valid with the shorthands self and all including self (only its level de-assert is)',
    source: SDM,
  },
  {
    id: 'nmi-self',
    severity: 'warning',
    when: [
      ['delivery_mode', 'in', 4],
      ['shorthand', 'in', [1, 2]],
    ],
    text: 'NMI is not valid with the shorthands self and all including self',
    source: SDM,
  },
];

export const icrLow: Format = {
  id: 'icr-low',
  title: 'xAPIC ICR, low half',
  width: 32,
  fields: xapicLow,
  checks,
  source: SDM,
};

const icr2: readonly Field[] = [
  reserved(23, 0, 'reserved; KVM stores 0', 'ignored'),
  { name: 'destination', hi: 31, lo: 24, doc: 'APIC ID, or a mask of logical IDs', kind: 'id' },
];

export const icrHigh: Format = { id: 'icr-high', title: 'xAPIC ICR2, high half', width: 32, fields: icr2, source: SDM };

export const icr: Format = {
  id: 'icr',
  title: 'xAPIC ICR',
  width: 64,
  fields: [...xapicLow, reserved(55, 32, 'reserved; KVM stores 0', 'ignored'), ...moved(icr2.slice(1), 32)],
  checks,
  source: SDM,
};

export const x2apicIcr: Format = {
  id: 'x2apic-icr',
  title: 'x2APIC ICR',
  width: 64,
  fields: [...x2apicLow, { name: 'destination', hi: 63, lo: 32, doc: 'x2APIC ID, or cluster and mask', kind: 'id' }],
  checks,
  source: 'SDM vol. 3, x2APIC ICR; KVM kvm_x2apic_icr_write',
};
