/** Tables of named fields: a row for each vCPU, CPU or register, a column for each field of the one field table. */
import { hasField, printField } from '../../engine/fieldAccess.ts';
import { type Block, type FieldInfo, findField } from '../../engine/fields.ts';
import { CTRL, V } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { hex } from '../../engine/text.ts';
import type { Format } from '../../formats/format.ts';
import { icr, x2apicIcr } from '../../formats/icr.ts';
import { apicBase, dfr, ldr, ldrX2apic, lvt, lvtLint, spiv } from '../../formats/lapicRegisters.ts';
import { type Cell, decoded, hexOf, type Row, range, type Table } from './table.ts';

/** First word of a field, and how many it has. */
export function wordsOf(m: Machine, field: FieldInfo, index: number): number[] {
  const count = field.kind === 'vectors' ? 8 : 1;
  switch (field.block) {
    case 'vcpu':
      return range(field.word >= V.words ? m.nested(index) + field.word - V.words : m.vcpu(index) + field.word, count);
    case 'cpu':
      return range(m.cpu(index) + field.word, count);
    case 'device':
      return range(m.device(index) + field.word, count);
    case 'iommu':
      return range(m.layout.iommu + field.word, count);
    case 'guest':
      return range(m.layout.guest + field.word, count);
  }
}

const FORMATS: Readonly<Record<string, (x2apic: boolean) => Format>> = {
  apicbase: () => apicBase,
  ldr: x2apic => (x2apic ? ldrX2apic : ldr),
  dfr: () => dfr,
  svr: () => spiv,
  lvt0: () => lvtLint,
  lvt1: () => lvtLint,
  lvtpc: () => lvt,
};

const EXTD = 1 << 10;

/** A field as the scenario language prints it, with its meaning. */
export function fieldCell(m: Machine, subject: string, field: FieldInfo, index: number): Cell {
  const [address] = wordsOf(m, field, index);
  const format = field.block === 'vcpu' ? FORMATS[field.path] : undefined;
  const x2apic = format !== undefined && (m.words[m.vcpu(index) + V.apicbase] & EXTD) !== 0;
  const doc = field.doc.replaceAll('`', '');
  return {
    text: printField(m, { field, index }),
    field: `${subject}.${field.path}`,
    decode: format === undefined ? doc : `${doc}\n${decoded(m, format(x2apic), [m.words[address] >>> 0])}`,
  };
}

interface Shape {
  readonly key: string;
  readonly title: string;
  readonly note: string;
  /** Column name -> path in the field table. */
  readonly columns: Readonly<Record<string, string>>;
  readonly featured?: boolean;
}

/** A row for each vCPU or CPU; undefined when the machine has none of the fields. */
function fieldTable(
  m: Machine,
  block: Extract<Block, 'vcpu' | 'cpu'>,
  shape: Shape,
  more: readonly Extra[] = [],
): Table {
  const fields = Object.entries(shape.columns).flatMap(([name, path]) => {
    const field = findField(block, path);
    return field !== undefined && hasField(m, field) ? [{ name, field }] : [];
  });
  const count = block === 'vcpu' ? m.vcpuCount : m.cpuCount;
  return {
    key: shape.key,
    title: shape.title,
    note: shape.note,
    featured: shape.featured ?? false,
    columns: [
      [block, ''],
      ...fields.map(({ name, field }) => [name, field.doc.replaceAll('`', '')] as const),
      ...more.map(({ name, doc }) => [name, doc] as const),
    ],
    rows: range(0, count).map((index): Row => {
      const subject = `${block} ${index}`;
      return {
        key: subject,
        words: [
          ...new Set([
            ...fields.flatMap(({ field }) => wordsOf(m, field, index)),
            ...more.flatMap(extra => extra.words(index)),
          ]),
        ],
        cells: () => [
          { text: String(index) },
          ...fields.map(({ field }) => fieldCell(m, subject, field, index)),
          ...more.map(extra => extra.cell(index)),
        ],
      };
    }),
  };
}

/** A column that no single field fills. */
interface Extra {
  readonly name: string;
  readonly doc: string;
  readonly words: (index: number) => readonly number[];
  readonly cell: (index: number) => Cell;
}

export function lapicRegisters(m: Machine): Table {
  const command: Extra = {
    name: 'ICR',
    doc: 'Interrupt command register, 64 bits',
    words: index => [m.vcpu(index) + V.icr, m.vcpu(index) + V.icr2, m.vcpu(index) + V.apicbase],
    cell: index => {
      const words = [m.words[m.vcpu(index) + V.icr] >>> 0, m.words[m.vcpu(index) + V.icr2] >>> 0];
      const x2apic = (m.words[m.vcpu(index) + V.apicbase] & EXTD) !== 0;
      return {
        text: hexOf(words),
        field: `vcpu ${index}.icr`,
        decode: decoded(m, x2apic ? x2apicIcr : icr, words),
      };
    },
  };
  return fieldTable(
    m,
    'vcpu',
    {
      key: 'lapic',
      title: 'Local APIC registers',
      note: 'Beside those on the cards of the vCPUs. kvm_lapic, lapic.c',
      columns: {
        APICBASE: 'apicbase',
        ID: 'apic_id',
        LDR: 'ldr',
        DFR: 'dfr',
        SPIV: 'svr',
        LINT0: 'lvt0',
        LINT1: 'lvt1',
        LVTPC: 'lvtpc',
        'IOAPIC vectors': 'ioapic_handled',
      },
    },
    [command],
  );
}

export function vcpuEvents(m: Machine): Table {
  return fieldTable(m, 'vcpu', {
    key: 'events',
    title: 'Events and run state',
    note: 'What else decides about running and waking a vCPU. struct kvm_vcpu_arch',
    columns: {
      mp_state: 'mp_state',
      INIT: 'init',
      SIPI: 'sipi',
      'SIPI vector': 'sipi_vector',
      IF: 'if',
      activity: 'activity',
      preempted: 'preempted',
      waiter: 'waiter',
      'wake-up list': 'wakeup_list',
      'NMI queued': 'nmi.queued',
      'NMI pending': 'nmi.pending',
      'NMI masked': 'nmi.masked',
      SMI: 'smi',
      SMM: 'smm',
      pv_unhalted: 'pv_unhalted',
      arb_prio: 'arb_prio',
    },
  });
}

/** `process posted interrupts, …` */
const controlNames = (value: number): string[] =>
  Object.entries(CTRL)
    .filter(([, bit]) => (value & (1 << bit)) !== 0)
    .map(([name]) => name.replaceAll('_', ' '));

export function vmcs(m: Machine): Table {
  const intel = m.config.vendor === 'intel';
  const controls: Extra = {
    name: 'controls',
    doc: 'VM-execution and VM-exit controls that matter for interrupts, how many are set',
    words: index => [m.vcpu(index) + V.controls],
    cell: index => {
      const names = controlNames(m.words[m.vcpu(index) + V.controls]);
      return {
        text: `${names.length} set`,
        field: `vcpu ${index}.controls`,
        decode: names.join('\n') || 'none is set',
      };
    },
  };
  const interruptControl: Extra = {
    name: 'int_ctl',
    doc: 'VMCB int_ctl: AVIC bit 31, x2AVIC bit 30, V_IRQ bit 8',
    words: index => [m.vcpu(index) + V.int_ctl],
    cell: index => {
      const value = m.words[m.vcpu(index) + V.int_ctl] >>> 0;
      const flag = (bit: number) => (value >>> bit) & 1;
      return {
        text: hex(value, 8),
        field: `vcpu ${index}.int_ctl`,
        decode: `AVIC ${flag(31)}, x2AVIC ${flag(30)}, V_IGN_TPR ${flag(20)}, V_INTR_PRIO ${(value >>> 16) & 0xf}, V_IRQ ${flag(8)}`,
      };
    },
  };
  const common = { apicv: 'apicv', recognized: 'recognized' };
  const exits = { 'exit reason': 'exit_reason', qualification: 'exit_qualification' };
  return fieldTable(
    m,
    'vcpu',
    intel
      ? {
          key: 'vmcs',
          title: 'VMCS',
          note: 'Fields of the VMCS beside RVI and SVI, and the last VM exit',
          columns: { ...common, 'PI vector': 'nv', 'EOI-exit': 'eoi_exit', 'TPR threshold': 'tpr_threshold', ...exits },
        }
      : {
          key: 'vmcb',
          title: 'VMCB',
          note: 'Fields of the VMCB beside the tables of AVIC, and the last VM exit',
          columns: {
            ...common,
            ...exits,
            'EXITINFO1 high': 'exit_info_1_high',
            EXITINFO2: 'exit_info_2',
            'EXITINFO2 high': 'exit_info_2_high',
          },
        },
    intel ? [controls] : [interruptControl],
  );
}

export function l2(m: Machine): Table | undefined {
  if (m.config.vcpus.every(vcpu => vcpu.l2 === undefined)) {
    return undefined;
  }
  return fieldTable(m, 'vcpu', {
    key: 'l2',
    title: 'L2',
    note: 'vmcs02, its virtual-APIC page and L1’s descriptor for L2',
    featured: true,
    columns: {
      'runs L2': 'l2',
      pi_pending: 'pi_pending',
      ON: 'l2.pid.on',
      PIR: 'l2.pid.pir',
      VIRR: 'l2.irr',
      VISR: 'l2.isr',
      VTPR: 'l2.tpr',
      VPPR: 'l2.ppr',
      RVI: 'l2.rvi',
      SVI: 'l2.svi',
      'exit reason': 'l2.exit_reason',
      qualification: 'l2.exit_qualification',
    },
  });
}

export function cpuRegisters(m: Machine): Table {
  return fieldTable(m, 'cpu', {
    key: 'cpus',
    title: 'CPU state',
    note: 'What decides when a physical CPU takes an interrupt',
    columns: { 'runs vCPU': 'vcpu', 'interrupts off': 'irqs_off', pending: 'pending', doorbell: 'doorbell' },
  });
}
