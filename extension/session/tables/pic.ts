/** The two 8259s of KVM. */
import { PIC, PICS } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { hex } from '../../engine/text.ts';
import { type Row, range, type Table } from './table.ts';

const REGISTERS: readonly (readonly [name: keyof typeof PIC, title: string, doc: string])[] = [
  ['irr', 'IRR', 'Lines that request, a bit each'],
  ['imr', 'IMR', 'Lines that are masked'],
  ['isr', 'ISR', 'Lines in service'],
  ['last_irr', 'last IRR', 'Lines as they were last, to see edges'],
  ['elcr', 'ELCR', 'Level-triggered lines'],
  ['irq_base', 'base', 'Vector of line 0'],
  ['auto_eoi', 'AEOI', 'The acknowledge ends the interrupt'],
  ['priority_add', 'lowest', 'Rotation of the priorities'],
];

/** A chip in which all of these are 0 has nothing to do. */
const QUIET = ['irr', 'isr', 'elcr', 'irq_base'] as const;

function chipRow(m: Machine, name: string, index: number): Row {
  const base = m.layout.pics + PICS.chips + index * PIC.words;
  return {
    key: name,
    words: range(base, PIC.words),
    idle: () => QUIET.every(register => m.words[base + PIC[register]] === 0),
    cells: () => [
      { text: name },
      ...REGISTERS.map(([register, title, doc]) => {
        const value = m.words[base + PIC[register]];
        const lines = range(0, 8).filter(line => (value & (1 << line)) !== 0);
        const isSet = ['irr', 'imr', 'isr', 'last_irr', 'elcr'].includes(register) && lines.length > 0;
        return {
          text: hex(value),
          field: `pic ${name}.${register}`,
          decode: `${title}: ${doc}${isSet ? `: lines ${lines.join(', ')}` : ''}`,
        };
      }),
    ],
  };
}

export function pics(m: Machine): Table | undefined {
  if (m.config.irqchip !== 'kernel') {
    return undefined;
  }
  return {
    key: 'pic',
    title: '8259 PICs',
    note: 'struct kvm_pic, i8259.c',
    columns: [['chip', ''], ...REGISTERS.map(([, title, doc]) => [title, doc] as const)],
    rows: ['master', 'slave'].map((name, index) => chipRow(m, name, index)),
  };
}
