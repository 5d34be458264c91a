/** The EOI of a vector reaches the in-kernel IOAPIC. `kvm_ioapic_update_eoi`, ioapic.c; LAPIC delivery §9.2. */
import { SPIV } from '../lapic/apic.ts';
import { IO, IOAPIC_NUM_PINS, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { kvm_notify_acked_irq } from './irqfd.ts';
import { rtc_irq_eoi } from './rtc.ts';
import { ioapic_service } from './setIrq.ts';
import { io, isLevel, RTE, rte, rteLow } from './state.ts';

/** So many services at EOI in a row are a storm: the next one waits for a while. */
export const IOAPIC_SUCCESSIVE_IRQ_MAX_COUNT = 10000;

function isSuppressed(m: Machine, vcpu: number): boolean {
  return (m.load(m.vcpu(vcpu) + V.svr) & SPIV.directedEoi) !== 0;
}

const LEVEL = 1;

/** One pin whose entry has the vector. `trigger_mode` is TMR's. */
export const kvm_ioapic_update_eoi_one = operation({
  name: 'kvm_ioapic_update_eoi_one',
  actor: 'kvm',
  source: 'ioapic.c',
  locals: ['vcpu', 'pin', 'trigger_mode'],
  steps: {
    notify: silent((m, _vcpu, pin) =>
      (m.words[io(m, IO.notifiers)] & (1 << pin)) !== 0 ? m.call(kvm_notify_acked_irq, pin) : NEXT,
    ),
    clear_remote_irr: step(
      (m, vcpu, pin, trigger) => {
        if (trigger !== LEVEL) {
          return `pin ${pin}: the vector was edge-triggered (TMR), nothing more to do`;
        }
        return isSuppressed(m, vcpu)
          ? `pin ${pin}: vcpu ${vcpu} suppresses EOI broadcasts (SPIV bit 12), Remote IRR stays`
          : `Remote IRR of pin ${pin} := 0`;
      },
      (m, vcpu, pin, trigger) => {
        if (trigger !== LEVEL || isSuppressed(m, vcpu)) {
          return RETURN;
        }
        m.store(rte(m, pin), rteLow(m, pin) & ~RTE.remoteIrr);
        return NEXT;
      },
    ),
    still_up: step(
      (m, _vcpu, pin) =>
        isAsserted(m, pin)
          ? `the line of pin ${pin} is still up: serve it again`
          : `the line of pin ${pin} is down, or it is masked`,
      (m, _vcpu, pin) => {
        const count = io(m, IO.irq_eoi + pin);
        if (!isAsserted(m, pin)) {
          m.store(count, 0);
          return RETURN;
        }
        m.store(count, m.load(count) + 1);
        return m.load(count) === IOAPIC_SUCCESSIVE_IRQ_MAX_COUNT ? NEXT : 'serve';
      },
    ),
    delay: step(
      (_m, _vcpu, pin) =>
        `pin ${pin} was served ${IOAPIC_SUCCESSIVE_IRQ_MAX_COUNT} times in a row: a storm, the next one comes from a work item later`,
      (m, _vcpu, pin) => {
        m.store(io(m, IO.irq_eoi + pin), 0);
        m.store(io(m, IO.eoi_inject), 1);
        return RETURN;
      },
    ),
    serve: silent((m, _vcpu, pin) => m.call(ioapic_service, pin, 0)),
    served: silent(() => RETURN),
  },
});

function isAsserted(m: Machine, pin: number): boolean {
  return (m.load(rte(m, pin)) & RTE.mask) === 0 && (m.load(io(m, IO.irr)) & (1 << pin)) !== 0;
}

/** Every pin with this vector, whatever its destination. */
export const kvm_ioapic_update_eoi = operation({
  name: 'kvm_ioapic_update_eoi',
  actor: 'kvm',
  source: 'ioapic.c',
  locals: ['vcpu', 'vector', 'trigger_mode', 'pin'],
  steps: {
    rtc: step(
      (m, vcpu, vector) =>
        m.words[m.vcpu(vcpu) + V.rtc_dest] !== 0
          ? `vcpu ${vcpu} has ended the RTC interrupt`
          : `vcpu ${vcpu} owed no RTC interrupt; look for pins with vector ${hex(vector)}`,
      (m, vcpu, vector) => {
        rtc_irq_eoi(m, vcpu, vector);
        return NEXT;
      },
      { via: ['rtc_irq_eoi'] },
    ),
    next: silent((m, vcpu, vector, trigger, pin) => {
      for (let i = pin; i < IOAPIC_NUM_PINS; i++) {
        if ((m.words[rte(m, i)] & RTE.vector) === vector) {
          m.local(3, i + 1);
          return m.call(kvm_ioapic_update_eoi_one, vcpu, i, trigger);
        }
      }
      return RETURN;
    }),
    again: silent(() => 'next'),
  },
});

/** The work item that goes on after a storm. */
export const kvm_ioapic_eoi_inject_work = operation({
  name: 'kvm_ioapic_eoi_inject_work',
  actor: 'kvm',
  source: 'ioapic.c',
  locals: ['pin'],
  steps: {
    begin: step('the delay after an interrupt storm is over', m => {
      m.store(io(m, IO.eoi_inject), 0);
      return NEXT;
    }),
    next: silent((m, pin) => {
      for (let i = pin; i < IOAPIC_NUM_PINS; i++) {
        const low = m.words[rte(m, i)];
        const asserted = (m.words[io(m, IO.irr)] & (1 << i)) !== 0;
        if (isLevel(low) && asserted && (low & RTE.remoteIrr) === 0) {
          m.local(0, i + 1);
          return m.call(ioapic_service, i, 0);
        }
      }
      return RETURN;
    }),
    again: silent(() => 'next'),
  },
});
