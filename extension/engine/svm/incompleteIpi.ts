/** KVM completes an IPI that AVIC gave up. `avic_incomplete_ipi_interception`, svm/avic.c; VT-d and AVIC §B2. */
import { kvm_apic_match_dest } from '../lapic/destination.ts';
import { ICR_BUSY, kvm_apic_send_ipi } from '../lapic/icr.ts';
import { IRQ } from '../lapic/message.ts';
import { V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { svm_complete_interrupt_delivery } from './deliver.ts';
import { IPI_FAILURE } from './ipi.ts';
import { logicalIndexes, logicalTarget, targetOf } from './table.ts';

const X2APIC = 1 << 10;
const NAMES = Object.keys(IPI_FAILURE);

function destOf(m: Machine, vcpu: number, high: number): number {
  return (m.words[m.vcpu(vcpu) + V.apicbase] & X2APIC) !== 0 ? high : high >>> 24;
}

/** Can the targets be found without asking every vCPU? Not for shorthands and broadcasts. */
function isFast(m: Machine, vcpu: number, low: number, high: number): boolean {
  const x2apic = (m.words[m.vcpu(vcpu) + V.apicbase] & X2APIC) !== 0;
  const broadcast = (low & IRQ.logical) === 0 && destOf(m, vcpu, high) === (x2apic ? -1 : 0xff);
  return (low & IRQ.shorthand) === 0 && !broadcast;
}

function fastTargets(m: Machine, vcpu: number, low: number, high: number): number[] {
  const x2apic = (m.words[m.vcpu(vcpu) + V.apicbase] & X2APIC) !== 0;
  const dest = destOf(m, vcpu, high);
  if ((low & IRQ.logical) === 0) {
    return [targetOf(m, dest >>> 0)].filter(target => target >= 0);
  }
  return logicalIndexes(m, vcpu, dest, x2apic)
    .map(index => (x2apic ? targetOf(m, index) : logicalTarget(m, index)))
    .filter(target => target >= 0);
}

function targets(m: Machine, vcpu: number, low: number, high: number): number[] {
  if (isFast(m, vcpu, low, high)) {
    return fastTargets(m, vcpu, low, high);
  }
  const everybody = m.config.vcpus.map((_, each) => each);
  return everybody.filter(each => kvm_apic_match_dest(m, each, vcpu, low, destOf(m, vcpu, high)));
}

const NEXT_TARGET = 4;

/** IRR of every target is set already: KVM only has to make somebody look. */
const avic_kick_target_vcpus = operation({
  name: 'avic_kick_target_vcpus',
  actor: 'kvm',
  source: 'svm/avic.c',
  locals: ['vcpu', 'icr_low', 'icr_high', 'index', 'next'],
  steps: {
    find: step(
      (m, vcpu, low, high) => {
        const found = targets(m, vcpu, low, high);
        const how = isFast(m, vcpu, low, high) ? 'by the tables' : 'by asking every vCPU (kvm_avic_kick_vcpu_slowpath)';
        return `IRR is set in every target; targets ${how}: vcpu ${found.join(', ') || 'none'}`;
      },
      () => NEXT,
    ),
    next: silent((m, vcpu, low, high, _index, next) => {
      const target = targets(m, vcpu, low, high).find(each => each >= next);
      if (target === undefined) {
        return RETURN;
      }
      m.local(NEXT_TARGET, target + 1);
      return m.call(svm_complete_interrupt_delivery, target, low & IRQ.vector, low & (IRQ.vector | IRQ.mode));
    }),
    again: silent(() => 'next'),
  },
});

/** `id`: IPI_FAILURE. The exit is a trap: ICR holds its value and RIP has moved on. */
export const avic_incomplete_ipi_interception = operation({
  name: 'avic_incomplete_ipi_interception',
  actor: 'kvm',
  source: 'svm/avic.c',
  locals: ['vcpu', 'icr_low', 'icr_high', 'id', 'index'],
  steps: {
    trace: step(
      (_m, vcpu, low, high, id, index) =>
        `trace kvm_avic_incomplete_ipi: vcpu=${vcpu}, icrh:icrl=${hex(high, 8)}:${hex(low, 8).slice(2)}, id=${id}, index=${index}: ${NAMES[id]}`,
      (_m, _vcpu, _low, _high, id) => {
        switch (id) {
          case IPI_FAILURE.TARGET_NOT_RUNNING:
            return 'kick';
          case IPI_FAILURE.INVALID_INT_TYPE:
          case IPI_FAILURE.INVALID_TARGET:
            return 'emulate';
          case IPI_FAILURE.INVALID_BACKING_PAGE:
            return 'warn';
          default:
            return 'ignore';
        }
      },
      { via: ['trace_kvm_avic_incomplete_ipi'] },
    ),
    kick: silent((m, vcpu, low, high, _id, index) => m.call(avic_kick_target_vcpus, vcpu, low, high, index)),
    kicked: silent(() => RETURN),
    emulate: silent((m, vcpu, low, high) => m.call(kvm_apic_send_ipi, vcpu, low & ~ICR_BUSY, high)),
    emulated: silent(() => RETURN),
    warn: step('WARN_ONCE: invalid backing page; the IPI is lost', () => RETURN),
    ignore: step('vector below 16: the IPI is ignored', () => RETURN),
  },
});
