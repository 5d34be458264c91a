/** The two 8259s as far as delivery needs them: lines, priorities, and the acknowledge that yields an ExtINT vector. i8259.c; §10.4. */
import { kvm_vcpu_kick } from '../kvm/kick.ts';
import { kvm_apic_accept_pic_intr } from '../lapic/apic.ts';
import { PIC, PICS, REQ, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, silent, step } from '../operation.ts';
import { lineState } from './setIrq.ts';

const CASCADE = 2;
const SPURIOUS = 7;

function chip(m: Machine, index: number): number {
  return m.layout.pics + PICS.chips + index * PIC.words;
}

/** The master's INT line. */
export function pic_output(m: Machine): boolean {
  return m.load(m.layout.pics + PICS.output) !== 0;
}

/** Lowest number first, rotated by `priority_add`; 8 = none. */
function get_priority(m: Machine, at: number, mask: number): number {
  for (let priority = 0; priority < 8; priority++) {
    if ((mask & (1 << ((priority + m.load(at + PIC.priority_add)) & 7))) !== 0) {
      return priority;
    }
  }
  return 8;
}

/** Line that one 8259 requests for, or -1. */
function pic_get_irq(m: Machine, at: number): number {
  const priority = get_priority(m, at, m.load(at + PIC.irr) & ~m.load(at + PIC.imr));
  const current = get_priority(m, at, m.load(at + PIC.isr));
  return priority < current ? (priority + m.load(at + PIC.priority_add)) & 7 : -1;
}

/** Returns 1, 0 when the request was there already (coalesced), -1 when the line is masked. */
function pic_set_irq1(m: Machine, at: number, line: number, level: boolean): number {
  const mask = 1 << line;
  const irr = m.load(at + PIC.irr);
  const last = m.load(at + PIC.last_irr);
  const levelTriggered = (m.load(at + PIC.elcr) & mask) !== 0;
  let result = 1;
  if (level && (levelTriggered || (last & mask) === 0)) {
    result = (irr & mask) !== 0 ? 0 : 1;
    m.store(at + PIC.irr, irr | mask);
  } else if (!level && levelTriggered) {
    m.store(at + PIC.irr, irr & ~mask);
  }
  m.store(at + PIC.last_irr, level ? last | mask : last & ~mask);
  return (m.load(at + PIC.imr) & mask) !== 0 ? -1 : result;
}

/** Carries the slave's request to the master and the master's to its output. Whether somebody has to be woken is left in `wakeup_needed`. */
function pic_update_irq(m: Machine): void {
  if (pic_get_irq(m, chip(m, 1)) >= 0) {
    pic_set_irq1(m, chip(m, 0), CASCADE, true);
    pic_set_irq1(m, chip(m, 0), CASCADE, false);
  }
  const { pics } = m.layout;
  if (m.load(pics + PICS.output) === 0) {
    m.store(pics + PICS.wakeup_needed, 1);
  }
  m.store(pics + PICS.output, pic_get_irq(m, chip(m, 0)) >= 0 ? 1 : 0);
}

/** First vCPU that takes the PICs' interrupts, or -1. */
function receiver(m: Machine): number {
  for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
    if (kvm_apic_accept_pic_intr(m, vcpu)) {
      return vcpu;
    }
  }
  return -1;
}

/** One line of the 16. */
export const kvm_pic_set_irq = operation({
  name: 'kvm_pic_set_irq',
  actor: 'kvm',
  source: 'i8259.c',
  locals: ['line', 'source', 'level', 'ret', 'vcpu'],
  steps: {
    set: step(
      (m, line, _source, level) => {
        const masked = (m.words[chip(m, line >>> 3) + PIC.imr] & (1 << (line & 7))) !== 0;
        return `PIC line ${line} ${level ? 'up' : 'down'}${masked ? ': masked' : ''}`;
      },
      (m, line, source, level) => {
        const up = lineState(m, m.layout.pics + PICS.irq_states + line, source, level);
        m.local(3, pic_set_irq1(m, chip(m, line >>> 3), line & 7, up));
        pic_update_irq(m);
        return NEXT;
      },
      { via: ['pic_set_irq1'] },
    ),
    wake: silent(m => {
      const { pics } = m.layout;
      const wanted = m.words[pics + PICS.wakeup_needed] !== 0;
      m.store(pics + PICS.wakeup_needed, 0);
      m.local(4, wanted ? receiver(m) : -1);
      return wanted && receiver(m) >= 0 ? NEXT : 'done';
    }),
    request_event: step(
      (_m, _line, _source, _level, _ret, vcpu) => `vcpu ${vcpu} takes ExtINT: request KVM_REQ_EVENT`,
      (m, _line, _source, _level, _ret, vcpu) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return NEXT;
      },
      { via: ['pic_unlock'] },
    ),
    kick: silent((m, _line, _source, _level, _ret, vcpu) => m.call(kvm_vcpu_kick, vcpu)),
    done: silent((m, _line, _source, _level, ret) => m.return(ret)),
  },
});

function pic_intack(m: Machine, at: number, line: number): void {
  const mask = 1 << line;
  m.store(at + PIC.isr, m.load(at + PIC.isr) | mask);
  if ((m.load(at + PIC.elcr) & mask) === 0) {
    m.store(at + PIC.irr, m.load(at + PIC.irr) & ~mask);
  }
  if (m.load(at + PIC.auto_eoi) !== 0) {
    m.store(at + PIC.isr, m.load(at + PIC.isr) & ~mask);
  }
}

/** INTA: returns the vector; line 7 when nothing requests any more. */
export const kvm_pic_read_irq = operation({
  name: 'kvm_pic_read_irq',
  actor: 'kvm',
  source: 'i8259.c',
  locals: ['vector'],
  steps: {
    acknowledge: step('INTA: the PIC gives its highest request and moves it from IRR to ISR', m => {
      m.store(m.layout.pics + PICS.output, 0);
      const line = pic_get_irq(m, chip(m, 0));
      let vector = m.load(chip(m, 0) + PIC.irq_base) + (line < 0 ? SPURIOUS : line);
      if (line >= 0) {
        pic_intack(m, chip(m, 0), line);
      }
      if (line === CASCADE) {
        const behind = pic_get_irq(m, chip(m, 1));
        vector = m.load(chip(m, 1) + PIC.irq_base) + (behind < 0 ? SPURIOUS : behind);
        if (behind >= 0) {
          pic_intack(m, chip(m, 1), behind);
        }
      }
      m.local(0, vector);
      pic_update_irq(m);
      return NEXT;
    }),
    give: silent((m, vector) => m.return(vector)),
  },
});

/** The guest's initialisation and mask: `base` is the vector of line 0; bit n of `mask` masks line n. For machines that begin set up. */
export function programPic(m: Machine, index: number, base: number, mask: number): void {
  m.store(chip(m, index) + PIC.irq_base, base & 0xf8);
  m.store(chip(m, index) + PIC.imr, mask & 0xff);
}
