/**
 * AVIC sends an IPI: the guest's write of the ICR goes through the tables without KVM, or exits with a reason. What is accelerated follows
 * from comments of Linux; the order of the steps is assumed. VT-d and AVIC §B2.
 */
import { IRQ, SHORTHAND } from '../lapic/message.ts';
import { V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { hostIdOf, ring } from './deliver.ts';
import { avic_evaluate } from './hardware.ts';
import { ENTRY, logicalIndexes, logicalTarget, targetOf } from './table.ts';

/** AVIC_IPI_FAILURE_*, exit_info_2 bits 63:32. */
export const IPI_FAILURE = {
  INVALID_INT_TYPE: 0,
  TARGET_NOT_RUNNING: 1,
  INVALID_TARGET: 2,
  INVALID_BACKING_PAGE: 3,
  INVALID_IPI_VECTOR: 4,
} as const;

/** `avic_ipi` returns this when every target was served. */
export const COMPLETE = -1;

const FIRST_LEGAL_VECTOR = 16;
const X2APIC = 1 << 10;

interface Targets {
  readonly vcpus: readonly number[];
  /** Some destination has no valid entry. */
  readonly invalid: boolean;
  /** exit_info_2 bits 8:0: the table index, of the first target. */
  readonly index: number;
}

/** Who is meant. A broadcast takes the valid entries; any other destination falls over a single invalid one. */
function targetsOf(m: Machine, source: number, low: number, high: number): Targets {
  const x2apic = (m.words[m.vcpu(source) + V.apicbase] & X2APIC) !== 0;
  const dest = x2apic ? high : high >>> 24;
  const everybody = m.config.vcpus.map((_, vcpu) => vcpu).filter(vcpu => targetOf(m, m.config.vcpus[vcpu].id) >= 0);
  const shorthand = low & IRQ.shorthand;
  if (shorthand === SHORTHAND.self) {
    return { vcpus: [source], invalid: false, index: m.config.vcpus[source].id };
  }
  const broadcast = (low & IRQ.logical) === 0 && dest === (x2apic ? -1 : 0xff);
  if (shorthand !== SHORTHAND.none || broadcast) {
    const vcpus = everybody.filter(vcpu => shorthand !== SHORTHAND.allBut || vcpu !== source);
    return { vcpus, invalid: false, index: 0 };
  }
  if ((low & IRQ.logical) === 0) {
    const vcpu = targetOf(m, dest >>> 0);
    return { vcpus: vcpu < 0 ? [] : [vcpu], invalid: vcpu < 0, index: dest >>> 0 };
  }
  const indexes = logicalIndexes(m, source, dest, x2apic);
  const found = indexes.map(index => (x2apic ? targetOf(m, index) : logicalTarget(m, index)));
  return { vcpus: found.filter(vcpu => vcpu >= 0), invalid: found.includes(-1), index: indexes[0] ?? 0 };
}

function isFixedEdge(low: number): boolean {
  return (low & IRQ.mode) === 0 && (low & IRQ.level) === 0;
}

/** Locals of `avic_ipi`. */
const NEXT_TARGET = 3;
const TARGET = 4;
const NOT_RUNNING = 5;
const INDEX = 6;
const SEEN = 7;

/** Returns COMPLETE, or an IPI_FAILURE with the table index in bits 31:8. */
export const avic_ipi = operation({
  name: 'AVIC: IPI',
  actor: 'cpu',
  source: 'AMD APM vol. 2, AVIC (not read); comments of Linux svm/avic.c',
  locals: ['vcpu', 'icr_low', 'icr_high', 'next', 'target', 'not_running', 'index', 'is_running'],
  steps: {
    check: step(
      (m, vcpu, low, high) => {
        const targets = targetsOf(m, vcpu, low, high);
        if (!isFixedEdge(low)) {
          return 'not Fixed and edge-triggered: the write exits with INVALID_INT_TYPE';
        }
        if ((low & IRQ.vector) < FIRST_LEGAL_VECTOR) {
          return `vector ${hex(low & IRQ.vector)} is illegal: the write exits with INVALID_IPI_VECTOR`;
        }
        return targets.invalid
          ? `no valid entry for all of the destination ${hex(high, 8)}: the write exits with INVALID_TARGET`
          : `Fixed ${hex(low & IRQ.vector)}, edge: the tables name vcpu ${targets.vcpus.join(', ') || 'nobody'}`;
      },
      (m, vcpu, low, high) => {
        const targets = targetsOf(m, vcpu, low, high);
        m.local(INDEX, targets.index);
        if (!isFixedEdge(low)) {
          return m.return(IPI_FAILURE.INVALID_INT_TYPE | (targets.index << 8));
        }
        if ((low & IRQ.vector) < FIRST_LEGAL_VECTOR) {
          return m.return(IPI_FAILURE.INVALID_IPI_VECTOR | (targets.index << 8));
        }
        return targets.invalid ? m.return(IPI_FAILURE.INVALID_TARGET | (targets.index << 8)) : NEXT;
      },
      { assumed: true },
    ),
    next: silent((m, vcpu, low, high, next, _target, notRunning, index) => {
      const target = targetsOf(m, vcpu, low, high).vcpus.find(each => each >= next);
      if (target === undefined) {
        return m.return(notRunning ? IPI_FAILURE.TARGET_NOT_RUNNING | (index << 8) : COMPLETE);
      }
      m.local(NEXT_TARGET, target + 1);
      m.local(TARGET, target);
      return m.config.erratum1235 ? 'early_read' : 'set_irr';
    }),
    early_read: step(
      (_m, _vcpu, _low, _high, _next, target) =>
        `erratum 1235: IsRunning of vcpu ${target} is read before the store to its IRR is visible`,
      (m, _vcpu, _low, _high, _next, target) => {
        m.local(SEEN, (m.load(m.vcpu(target) + V.avic_hw_entry + 1) & ENTRY.isRunning) !== 0 ? 1 : 0);
        return NEXT;
      },
      { assumed: true },
    ),
    late_irr: step(
      (_m, _vcpu, low, _high, _next, target) =>
        `IRR[${hex(low & IRQ.vector)}] in the backing page of vcpu ${target} := 1, TMR := 0`,
      (m, _vcpu, low, _high, _next, target) => {
        setIrr(m, target, low & IRQ.vector);
        return 'decide';
      },
      { assumed: true },
    ),
    set_irr: step(
      (_m, _vcpu, low, _high, _next, target) =>
        `IRR[${hex(low & IRQ.vector)}] in the backing page of vcpu ${target} := 1, TMR := 0`,
      (m, _vcpu, low, _high, _next, target) => {
        setIrr(m, target, low & IRQ.vector);
        return NEXT;
      },
      { assumed: true },
    ),
    is_running: step(
      (_m, _vcpu, _low, _high, _next, target) => `IsRunning in the physical ID table entry of vcpu ${target}?`,
      (m, _vcpu, _low, _high, _next, target) => {
        m.local(SEEN, (m.load(m.vcpu(target) + V.avic_hw_entry + 1) & ENTRY.isRunning) !== 0 ? 1 : 0);
        return NEXT;
      },
      { assumed: true },
    ),
    decide: silent((m, vcpu, _low, _high, _next, target, _notRunning, _index, seen) => {
      if (target === vcpu) {
        return 'to_itself';
      }
      if (seen) {
        return NEXT;
      }
      m.local(NOT_RUNNING, 1);
      return 'next';
    }),
    doorbell: step(
      (m, _vcpu, _low, _high, _next, target) =>
        `vcpu ${target} is running: doorbell to host APIC ID ${hex(hostIdOf(m, target), 1)}`,
      (m, _vcpu, _low, _high, _next, target) => {
        ring(m, hostIdOf(m, target), target);
        return 'next';
      },
      { assumed: true },
    ),
    to_itself: silent((m, vcpu) => m.call(avic_evaluate, vcpu)),
    evaluated: silent(() => 'next'),
  },
});

function setIrr(m: Machine, vcpu: number, vector: number): void {
  m.set_bit(vector, m.vcpu(vcpu) + V.irr);
  m.clear_bit(vector, m.vcpu(vcpu) + V.tmr);
}
