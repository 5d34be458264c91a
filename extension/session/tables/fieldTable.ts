/** Tables of named fields: a row for each vCPU or CPU, a column for each field of the one field table. */
import { hasField, printField } from '../../engine/fieldAccess.ts';
import { type Block, type FieldInfo, findField } from '../../engine/fields.ts';
import { APICBASE } from '../../engine/lapic/apic.ts';
import { V } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import type { Format } from '../../formats/format.ts';
import { apicBase, dfr, ldr, ldrX2apic, lvt, lvtLint, spiv } from '../../formats/lapicRegisters.ts';
import { type Cell, decoded, type Row, range, type Table } from './table.ts';

/** Addresses of the words of a field of a vCPU or CPU. */
function wordsOf(m: Machine, { block, kind, word }: FieldInfo, index: number): number[] {
  const count = kind === 'vectors' ? 8 : 1;
  if (block === 'cpu') return range(m.cpu(index) + word, count);
  return range(word >= V.words ? m.nested(index) + word - V.words : m.vcpu(index) + word, count);
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

/** A field as the scenario language prints it, with its meaning. */
function fieldCell(m: Machine, subject: string, field: FieldInfo, index: number): Cell {
  const [address] = wordsOf(m, field, index);
  const format = field.block === 'vcpu' ? FORMATS[field.path] : undefined;
  const x2apic = format !== undefined && (m.words[m.vcpu(index) + V.apicbase] & APICBASE.extd) !== 0;
  const doc = field.doc.replaceAll('`', '');
  return {
    text: printField(m, { field, index }),
    field: `${subject}.${field.path}`,
    decode: format === undefined ? doc : `${doc}\n${decoded(m, format(x2apic), [m.words[address] >>> 0])}`,
  };
}

export interface Shape {
  readonly key: string;
  readonly title: string;
  readonly note: string;
  /** Column name -> path in the field table. */
  readonly columns: Readonly<Record<string, string>>;
  readonly featured?: boolean;
}

/** A row for each vCPU or CPU; a column for each field that the machine has, and for `more`. */
export function fieldTable(
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
export interface Extra {
  readonly name: string;
  readonly doc: string;
  readonly words: (index: number) => readonly number[];
  readonly cell: (index: number) => Cell;
}
