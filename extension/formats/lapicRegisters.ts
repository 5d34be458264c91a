import { type Check, type Field, type Format, reserved } from './format.ts';
import { messageModes } from './msi.ts';

const SDM = 'SDM vol. 3, Advanced Programmable Interrupt Controller';
const vector: Field = { name: 'vector', hi: 7, lo: 0, doc: 'vector', kind: 'vector' };
const mask: Field = { name: 'masked', hi: 16, lo: 16, doc: 'mask', values: { 0: 'unmasked', 1: 'masked' } };
const mode: Field = { name: 'delivery_mode', hi: 10, lo: 8, doc: 'delivery mode', values: messageModes };
const pending: Field = {
  name: 'send_pending',
  hi: 12,
  lo: 12,
  doc: 'delivery status, read-only',
  values: { 0: 'idle', 1: 'send pending' },
};
const soft = (hi: number, lo: number): Field => ({
  ...reserved(hi, lo, 'must be 0; KVM stores 0'),
  severity: 'warning',
});

const illegalVector: Check = {
  id: 'illegal-vector',
  severity: 'error',
  when: [
    ['masked', 'in', 0],
    ['vector', '<', 16],
  ],
  text: 'vectors 0 to 15 are illegal in an unmasked LVT',
  source: SDM,
};
const illegalFixedVector: Check = { ...illegalVector, when: [...illegalVector.when, ['delivery_mode', 'in', 0]] };

export const lvtTimer: Format = {
  id: 'lvt-timer',
  title: 'LVT timer',
  width: 32,
  fields: [
    vector,
    soft(11, 8),
    pending,
    soft(15, 13),
    mask,
    {
      name: 'mode',
      hi: 18,
      lo: 17,
      doc: 'timer mode',
      values: { 0: 'one-shot', 1: 'periodic', 2: 'TSC-deadline', 3: 'reserved (11)' },
    },
    soft(31, 19),
  ],
  checks: [
    illegalVector,
    { id: 'reserved-mode', severity: 'error', when: [['mode', 'in', 3]], text: 'reserved timer mode', source: SDM },
  ],
  source: SDM,
};

export const lvt: Format = {
  id: 'lvt',
  title: 'LVT thermal, performance counter or CMCI',
  width: 32,
  fields: [vector, mode, soft(11, 11), pending, soft(15, 13), mask, soft(31, 17)],
  checks: [illegalFixedVector],
  source: SDM,
};

export const lvtError: Format = {
  id: 'lvt-error',
  title: 'LVT error',
  width: 32,
  fields: [vector, soft(11, 8), pending, soft(15, 13), mask, soft(31, 17)],
  checks: [illegalVector],
  source: SDM,
};

export const lvtLint: Format = {
  id: 'lvt-lint',
  title: 'LVT LINT0/LINT1',
  width: 32,
  fields: [
    vector,
    mode,
    soft(11, 11),
    pending,
    { name: 'polarity', hi: 13, lo: 13, doc: 'polarity', values: { 0: 'active high', 1: 'active low' } },
    { name: 'remote_irr', hi: 14, lo: 14, doc: 'remote IRR, read-only' },
    { name: 'trigger', hi: 15, lo: 15, doc: 'trigger mode', values: { 0: 'edge', 1: 'level' } },
    mask,
    soft(31, 17),
  ],
  checks: [illegalFixedVector],
  source: SDM,
};

export const spiv: Format = {
  id: 'spiv',
  title: 'Spurious-interrupt vector register',
  width: 32,
  fields: [
    { ...vector, doc: 'spurious vector' },
    {
      name: 'enable',
      hi: 8,
      lo: 8,
      doc: 'APIC software enable',
      values: { 0: 'software-disabled: Fixed refused, LVTs masked', 1: 'software-enabled' },
    },
    { name: 'focus_disable', hi: 9, lo: 9, doc: 'focus processor checking disabled' },
    soft(11, 10),
    {
      name: 'suppress_eoi',
      hi: 12,
      lo: 12,
      doc: 'EOI broadcast',
      values: { 0: 'broadcast to IOAPICs', 1: 'suppressed (directed EOI)' },
    },
    soft(31, 13),
  ],
  source: SDM,
};

function flag(bit: number, name: string, doc: string): Field {
  return { name, hi: bit, lo: bit, doc };
}

export const esr: Format = {
  id: 'esr',
  title: 'Error status register',
  width: 32,
  fields: [
    flag(0, 'send_cs', 'send checksum error'),
    flag(1, 'recv_cs', 'receive checksum error'),
    flag(2, 'send_accept', 'send accept error: nobody took the message'),
    flag(3, 'recv_accept', 'receive accept error'),
    flag(4, 'redirectable_ipi', 'lowest-priority IPI not supported'),
    flag(5, 'send_illegal', 'send illegal vector'),
    flag(6, 'recv_illegal', 'received illegal vector'),
    flag(7, 'illegal_register', 'illegal register address'),
    soft(31, 8),
  ],
  source: `${SDM}; KVM never reports delivery errors here`,
};

function priority(id: string, title: string): Format {
  return {
    id,
    title,
    width: 32,
    fields: [
      { name: 'subclass', hi: 3, lo: 0, doc: 'sub-class' },
      { name: 'class', hi: 7, lo: 4, doc: 'priority class: only vectors of a higher class are delivered' },
      soft(31, 8),
    ],
    source: SDM,
  };
}

export const tpr = priority('tpr', 'Task priority register');
export const ppr = priority('ppr', 'Processor priority register');

export const ldr: Format = {
  id: 'ldr',
  title: 'Logical destination register, xAPIC',
  width: 32,
  fields: [
    soft(23, 0),
    { name: 'logical_id', hi: 31, lo: 24, doc: 'logical ID: a mask (flat) or cluster and mask', kind: 'id' },
  ],
  source: SDM,
};

export const ldrX2apic: Format = {
  id: 'ldr-x2apic',
  title: 'Logical destination register, x2APIC',
  width: 32,
  fields: [
    { name: 'mask', hi: 15, lo: 0, doc: '1 << (ID & 15)', kind: 'id' },
    { name: 'cluster', hi: 31, lo: 16, doc: 'ID >> 4', kind: 'id' },
  ],
  source: SDM,
};

export const dfr: Format = {
  id: 'dfr',
  title: 'Destination format register',
  width: 32,
  fields: [
    // One field: KVM compares the whole word, not its highest four bits.
    { name: 'model', hi: 31, lo: 0, doc: 'model', values: { 0xffffffff: 'flat', 0x0fffffff: 'cluster' } },
  ],
  checks: [
    {
      id: 'reserved-model',
      severity: 'warning',
      when: [['model', 'not in', [0xffffffff, 0x0fffffff]]],
      text: 'neither flat (0xffffffff) nor cluster (0x0fffffff): KVM compares the whole word; the APIC map takes it for cluster, the slow path matches the broadcast only',
      source: 'KVM kvm_apic_match_logical_addr',
    },
  ],
  source: SDM,
};

export const lapicVersion: Format = {
  id: 'lvr',
  title: 'Local APIC version register',
  width: 32,
  fields: [
    { name: 'version', hi: 7, lo: 0, doc: 'version; 0x14 in KVM' },
    soft(15, 8),
    { name: 'max_lvt', hi: 23, lo: 16, doc: 'number of LVT entries minus 1' },
    flag(24, 'directed_eoi', 'EOI broadcast can be suppressed'),
    soft(30, 25),
    flag(31, 'extended_space', 'AMD extended register space'),
  ],
  source: SDM,
};

/** IRR, ISR or TMR as eight words: word n is the register at offset base + 0x10 * n. */
export const vectorBits: Format = {
  id: 'vectors',
  title: 'IRR/ISR/TMR',
  width: 256,
  fields: [{ name: 'vectors', hi: 255, lo: 0, doc: 'one bit a vector', kind: 'vectors' }],
  source: SDM,
};

/** MSR numbers 0x800 to 0x83f that x2APIC mode has; the others raise #GP. */
const msrs: Readonly<Record<number, string>> = {
  0x802: 'APIC ID',
  0x803: 'version',
  0x808: 'TPR',
  0x80a: 'PPR',
  0x80b: 'EOI',
  0x80d: 'LDR',
  0x80f: 'SPIV',
  0x828: 'ESR',
  0x82f: 'LVT CMCI',
  0x830: 'ICR',
  0x832: 'LVT timer',
  0x833: 'LVT thermal',
  0x834: 'LVT performance counter',
  0x835: 'LVT LINT0',
  0x836: 'LVT LINT1',
  0x837: 'LVT error',
  0x838: 'timer initial count',
  0x839: 'timer current count',
  0x83e: 'timer divide configuration',
  0x83f: 'SELF_IPI',
  ...Object.fromEntries(
    ['ISR', 'TMR', 'IRR'].flatMap((bank, b) =>
      [...Array(8).keys()].map(n => [
        0x810 + 8 * b + n,
        `${bank}, vectors 0x${(n * 32).toString(16).padStart(2, '0')} on`,
      ]),
    ),
  ),
  0x1b: 'IA32_APICBASE',
};

export const x2apicMsr: Format = {
  id: 'x2apic-msr',
  title: 'x2APIC MSR number',
  width: 32,
  fields: [{ name: 'msr', hi: 31, lo: 0, doc: 'no x2APIC register: access raises #GP', values: msrs }],
  source: SDM,
};

export const apicBase: Format = {
  id: 'apicbase',
  title: 'IA32_APICBASE (MSR 0x1b)',
  width: 64,
  fields: [
    reserved(7, 0, 'a guest write raises #GP'),
    { name: 'BSP', hi: 8, lo: 8, doc: 'bootstrap processor', values: { 0: 'AP', 1: 'BSP' } },
    reserved(9, 9, 'a guest write raises #GP'),
    { name: 'EXTD', hi: 10, lo: 10, doc: 'x2APIC mode' },
    { name: 'EN', hi: 11, lo: 11, doc: 'APIC global enable' },
    { name: 'base', hi: 51, lo: 12, doc: 'base address', kind: 'address', shift: 12 },
    reserved(63, 52, 'above the physical-address width: #GP'),
  ],
  checks: [
    {
      id: 'invalid-mode',
      severity: 'error',
      when: [
        ['EXTD', 'in', 1],
        ['EN', 'in', 0],
      ],
      text: 'EXTD without EN is no valid mode: #GP',
      source: 'SDM vol. 3, x2APIC state transitions; KVM kvm_apic_set_base',
    },
    {
      id: 'moved-base',
      severity: 'note',
      when: [
        ['EN', 'in', 1],
        ['base', 'not in', 0xfee00],
      ],
      text: 'base moved from 0xfee00000: KVM inhibits APICv for good (APIC_BASE_MODIFIED)',
      source: 'KVM kvm_apic_set_base',
      since: [6, 3],
    },
  ],
  source: 'SDM vol. 3, IA32_APIC_BASE',
};
