import { type Check, type Field, type Format, moved, reserved } from './format.ts';

const SOURCE = 'SDM vol. 3 and VT-d, Posted-Interrupt Descriptor; arch/x86/include/asm/posted_intr.h, struct pi_desc';

/** Vectors that Linux writes to NV. */
export const notificationVectors = {
  0xf2: 'POSTED_INTR_VECTOR',
  0xf1: 'POSTED_INTR_WAKEUP_VECTOR',
  0xf0: 'POSTED_INTR_NESTED_VECTOR',
  0xeb: 'POSTED_MSI_NOTIFICATION_VECTOR',
} as const;

const fault28 = 'the IOMMU does not post, fault 28h';
const control: readonly Field[] = [
  { name: 'ON', hi: 0, lo: 0, doc: 'outstanding notification', values: { 0: 'none outstanding', 1: 'outstanding' } },
  { name: 'SN', hi: 1, lo: 1, doc: 'suppress notification', values: { 0: 'notify', 1: 'suppressed' } },
  reserved(15, 2, fault28),
  { name: 'NV', hi: 23, lo: 16, doc: 'notification vector', values: notificationVectors, kind: 'vector' },
  reserved(31, 24, fault28),
  {
    name: 'NDST',
    hi: 63,
    lo: 32,
    doc: 'physical APIC ID to notify; on an xAPIC host the ID is in bits 15:8',
    kind: 'id',
  },
];
const checks: readonly Check[] = [
  {
    id: 'illegal-nv',
    severity: 'error',
    when: [
      ['NV', '<', 16],
      ['NV', 'not in', 0],
    ],
    text: 'NV below 16 is no legal vector',
    source: SOURCE,
  },
  {
    id: 'unset-nv',
    severity: 'note',
    when: [['NV', 'in', 0]],
    text: 'NV is 0: not initialised, or the 2013 layout, which had only PIR and ON',
    source: `${SOURCE}; Linux 3.11`,
  },
  {
    id: 'suppressed-wakeup',
    severity: 'warning',
    when: [
      ['SN', 'in', 1],
      ['NV', 'in', 0xf1],
    ],
    text: 'SN = 1 with the wake-up vector: a blocked vCPU would not be woken; pi_enable_wakeup_handler warns',
    source: 'arch/x86/kvm/vmx/posted_intr.c',
  },
];

const pirField: Field = {
  name: 'PIR',
  hi: 255,
  lo: 0,
  doc: 'posted-interrupt requests, one bit a vector',
  kind: 'vectors',
};

export const piControl: Format = {
  id: 'pid-control',
  title: 'Posted-interrupt descriptor, control word',
  width: 64,
  fields: control,
  checks,
  source: SOURCE,
};
export const pir: Format = { id: 'pir', title: 'PIR', width: 256, fields: [pirField], source: SOURCE };
export const piDesc: Format = {
  id: 'pid',
  title: 'Posted-interrupt descriptor',
  width: 512,
  fields: [pirField, ...moved(control, 256), reserved(511, 320, fault28)],
  checks,
  source: SOURCE,
};

const IPIV = 'SDM vol. 3, IPI virtualization; KVM vmx_vcpu_create';

export const pidPointer: Format = {
  id: 'pid-pointer',
  title: 'PID-pointer table entry',
  width: 64,
  fields: [
    { name: 'valid', hi: 0, lo: 0, doc: 'valid', values: { 0: 'not valid', 1: 'valid' } },
    reserved(5, 1, 'the sender takes an APIC-write VM exit'),
    { name: 'address', hi: 63, lo: 6, doc: 'posted-interrupt descriptor', kind: 'address', shift: 6 },
  ],
  checks: [
    {
      id: 'not-valid',
      severity: 'warning',
      when: [['valid', 'in', 0]],
      text: 'not valid: an IPI to this ID takes an APIC-write VM exit and KVM emulates it',
      source: IPIV,
    },
  ],
  source: IPIV,
};
