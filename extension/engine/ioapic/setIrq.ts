/** A line of the in-kernel IOAPIC goes up or down. `kvm_ioapic_set_irq`, ioapic.c; LAPIC delivery §10.2. */
import { kvm_irq_delivery_to_apic } from '../lapic/delivery.ts';
import { NO_SOURCE } from '../lapic/destination.ts';
import { irqFromRte } from '../lapic/message.ts';
import { IO, VM } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { ioapic_lazy_update_eoi, rtc_irq_check_coalesced } from './rtc.ts';
import { describeRte, io, isLevel, RTC_GSI, RTE, rte, rteDest, rteLow } from './state.ts';

/** Delivers what a pin asks for. `line_status`: 1 when user space asked to be told. Returns -1 when masked or Remote IRR is set. */
export const ioapic_service = operation({
  name: 'ioapic_service',
  actor: 'kvm',
  source: 'ioapic.c',
  locals: ['pin', 'line_status', 'r'],
  steps: {
    check: step(
      (m, pin) => {
        const low = m.words[rte(m, pin)];
        if ((low & RTE.mask) !== 0) {
          return `${describeRte(m, pin)}: nothing is sent`;
        }
        return isLevel(low) && (low & RTE.remoteIrr) !== 0
          ? `${describeRte(m, pin)}: Remote IRR = 1, the last one has not been ended`
          : `${describeRte(m, pin)}: send it`;
      },
      (m, pin, lineStatus) => {
        const low = rteLow(m, pin);
        if ((low & RTE.mask) !== 0 || (isLevel(low) && (low & RTE.remoteIrr) !== 0)) {
          return m.return(-1);
        }
        if (!isLevel(low)) {
          m.store(io(m, IO.irr_delivered), m.load(io(m, IO.irr_delivered)) | (1 << pin));
        }
        const tracked = pin === RTC_GSI && lineStatus !== 0 ? 1 : 0;
        return m.call(kvm_irq_delivery_to_apic, NO_SOURCE, irqFromRte(low), rteDest(m, pin), tracked);
      },
    ),
    sent: silent((m, pin, lineStatus) => {
      m.local(2, m.result);
      if (pin === RTC_GSI && lineStatus !== 0) {
        return NEXT;
      }
      return m.result !== 0 && isLevel(m.words[rte(m, pin)]) ? 'set_remote_irr' : RETURN;
    }),
    track: step(
      (_m, _pin, _lineStatus, r) => `${Math.max(r, 0)} vCPUs owe the EOI of the RTC interrupt`,
      (m, pin, _lineStatus, r) => {
        m.store(io(m, IO.rtc_pending_eoi), Math.max(r, 0));
        return r !== 0 && isLevel(rteLow(m, pin)) ? NEXT : RETURN;
      },
    ),
    set_remote_irr: step(
      (_m, pin, _lineStatus, r) =>
        r < 0
          ? `nobody is addressed, yet Remote IRR of pin ${pin} := 1: only an EOI or an edge entry clears it`
          : `Remote IRR of pin ${pin} := 1 until the EOI`,
      (m, pin) => {
        m.store(rte(m, pin), rteLow(m, pin) | RTE.remoteIrr);
        return RETURN;
      },
    ),
  },
});

/** Level of a line after one source changed: the OR over all sources. `__kvm_irq_line_state`. */
export function lineState(m: Machine, states: number, source: number, level: number): boolean {
  if (level !== 0) {
    m.set_bit(source, states);
  } else {
    m.clear_bit(source, states);
  }
  return m.load(states) !== 0;
}

function lineAfter(m: Machine, pin: number, source: number, level: number): boolean {
  const states = m.words[io(m, IO.irq_states + pin)] & ~(1 << source);
  return states !== 0 || level !== 0;
}

function isAvicActive(m: Machine): boolean {
  return m.config.apicv && m.load(m.layout.vm + VM.apicv_inhibits) === 0;
}

/** Returns how many accepted; 0 = coalesced or nobody; -1 = masked, waiting for an EOI, or nobody addressed. Lowering returns 1. */
export const kvm_ioapic_set_irq = operation({
  name: 'kvm_ioapic_set_irq',
  actor: 'kvm',
  source: 'ioapic.c',
  locals: ['pin', 'source', 'level', 'line_status'],
  steps: {
    set_line: step(
      (m, pin, source, level) =>
        lineAfter(m, pin, source, level)
          ? `source ${source} ${level ? 'raises' : 'lowers'} its line: pin ${pin} is up`
          : `source ${source} lowers its line: pin ${pin} is down, irr := 0`,
      (m, pin, source, level) => {
        const up = lineState(m, io(m, IO.irq_states + pin), source, level);
        if (!up) {
          m.store(io(m, IO.irr), m.load(io(m, IO.irr)) & ~(1 << pin));
          return m.return(1);
        }
        return NEXT;
      },
      { via: ['__kvm_irq_line_state'] },
    ),
    lazy_eoi: silent((m, pin) => (isAvicActive(m) && !isLevel(m.words[rte(m, pin)]) ? NEXT : 'irr')),
    update_lazily: step(
      'an edge EOI may have passed KVM by: look whether the RTC interrupt has been ended',
      (m, pin) => {
        ioapic_lazy_update_eoi(m, pin);
        return NEXT;
      },
      { via: ['ioapic_lazy_update_eoi'] },
    ),
    irr: step(
      (m, pin, _source, _level, lineStatus) => {
        if (pin === RTC_GSI && lineStatus !== 0 && m.words[io(m, IO.rtc_pending_eoi)] > 0) {
          return 'the last RTC interrupt has not been ended everywhere: coalesced';
        }
        const was = (m.words[io(m, IO.irr)] & (1 << pin)) !== 0;
        return was && !isLevel(m.words[rte(m, pin)])
          ? `pin ${pin} is edge-triggered and was up already: coalesced`
          : `irr of pin ${pin} := 1`;
      },
      (m, pin, _source, _level, lineStatus) => {
        if (pin === RTC_GSI && lineStatus !== 0 && rtc_irq_check_coalesced(m)) {
          m.mark(MARK.dropped);
          return m.return(0);
        }
        const old = m.load(io(m, IO.irr));
        m.store(io(m, IO.irr), old | (1 << pin));
        if (!isLevel(rteLow(m, pin))) {
          m.store(io(m, IO.irr_delivered), m.load(io(m, IO.irr_delivered)) & ~(1 << pin));
          if ((old & (1 << pin)) !== 0) {
            m.mark(MARK.dropped);
            return m.return(0);
          }
        }
        return NEXT;
      },
      { via: ['ioapic_set_irq'] },
    ),
    service: silent((m, pin, _source, _level, lineStatus) => m.call(ioapic_service, pin, lineStatus)),
    served: silent(() => RETURN),
  },
});
