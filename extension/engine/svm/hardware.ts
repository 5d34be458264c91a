/**
 * What an AVIC processor does with the backing page of the vCPU that it runs. The AMD manuals were not read: that the steps exist follows
 * from what Linux relies on, their order is assumed. VT-d and AVIC §B2, §B3.
 */
import { priorityClass, processorPriority } from '../lapic/priority.ts';
import { C, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex, highest } from '../text.ts';
import { avicActive } from './mode.ts';

const APM = 'AMD APM vol. 2, Advanced Virtual Interrupt Controller (not read)';
const ASSUMED = { assumed: true } as const;

function updatePpr(m: Machine, vcpu: number): number {
  const base = m.vcpu(vcpu);
  const ppr = processorPriority(m.load(base + V.tpr) & 0xff, highest(m, base + V.isr));
  m.store(base + V.ppr, ppr);
  return ppr;
}

/** Is an interrupt of the backing page deliverable? At VMRUN, at a doorbell, after EOI and after a write of TPR. */
export const avic_evaluate = operation({
  name: 'AVIC: evaluation of the backing page',
  actor: 'cpu',
  source: APM,
  locals: ['vcpu'],
  steps: {
    evaluate: step(
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        const irr = highest(m, base + V.irr);
        const ppr = processorPriority(m.words[base + V.tpr] & 0xff, highest(m, base + V.isr));
        if (irr < 0) {
          return `IRR of vcpu ${vcpu} is empty: nothing to deliver`;
        }
        return priorityClass(irr) > priorityClass(ppr)
          ? `IRR of vcpu ${vcpu} has ${hex(irr)}, above PPR ${hex(ppr)}: it will be delivered`
          : `IRR of vcpu ${vcpu} has ${hex(irr)}, not above PPR ${hex(ppr)}: it waits`;
      },
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        const ppr = updatePpr(m, vcpu);
        const irr = highest(m, base + V.irr);
        m.store(base + V.recognized, irr >= 0 && priorityClass(irr) > priorityClass(ppr) ? 1 : 0);
        return RETURN;
      },
      ASSUMED,
    ),
  },
});

/** A doorbell arrives at `cpu`. In the host it does nothing: VMRUN evaluates anyway. */
export const avic_doorbell = operation({
  name: 'AVIC: doorbell',
  actor: 'cpu',
  source: APM,
  uninterruptible: true,
  locals: ['cpu', 'vcpu'],
  steps: {
    take: step(
      (m, cpu) => {
        const vcpu = m.words[m.cpu(cpu) + C.vcpu];
        if (vcpu < 0) {
          return `cpu ${cpu} is in the host: the doorbell has no effect, VMRUN looks by itself`;
        }
        return avicActive(m, vcpu)
          ? `cpu ${cpu} looks at the backing page of vcpu ${vcpu}`
          : `AVIC is off in the VMCB of vcpu ${vcpu}: the doorbell is ignored`;
      },
      (m, cpu) => {
        const vcpu = m.load(m.cpu(cpu) + C.vcpu);
        m.store(m.cpu(cpu) + C.doorbell, 0);
        m.local(1, vcpu);
        return vcpu >= 0 && avicActive(m, vcpu) ? NEXT : RETURN;
      },
      ASSUMED,
    ),
    evaluate: silent((m, _cpu, vcpu) => m.call(avic_evaluate, vcpu)),
  },
});

/** The processor delivers the highest request through the guest's IDT, between two instructions. */
export const avic_deliver = operation({
  name: 'AVIC: delivery',
  actor: 'cpu',
  source: APM,
  uninterruptible: true,
  locals: ['cpu', 'vcpu', 'vector'],
  steps: {
    who: silent((m, cpu) => {
      const vcpu = m.words[m.cpu(cpu) + C.vcpu];
      m.local(1, vcpu);
      m.local(2, highest(m, m.vcpu(vcpu) + V.irr));
      return NEXT;
    }),
    acknowledge: step(
      (_m, _cpu, vcpu, vector) => `IRR[${hex(vector)}] of vcpu ${vcpu} := 0, ISR[${hex(vector)}] := 1, PPR follows`,
      (m, _cpu, vcpu, vector) => {
        const base = m.vcpu(vcpu);
        m.clear_bit(vector, base + V.irr);
        m.set_bit(vector, base + V.isr);
        updatePpr(m, vcpu);
        return NEXT;
      },
      ASSUMED,
    ),
    deliver: step(
      (_m, _cpu, vcpu, vector) => `deliver ${hex(vector)} through the IDT of vcpu ${vcpu}`,
      (m, _cpu, vcpu, vector) => {
        m.store(m.vcpu(vcpu) + V.recognized, 0);
        m.store(m.vcpu(vcpu) + V.activity, 0);
        m.set_bit(vector, m.vcpu(vcpu) + V.taken);
        m.mark(MARK.delivery);
        return NEXT;
      },
      ASSUMED,
    ),
    evaluate: silent((m, _cpu, vcpu) => m.call(avic_evaluate, vcpu)),
  },
});

/** The guest writes EOI. Returns 1 when the interrupt was level-triggered: the write exits and KVM completes it. Edge never exits. */
export const avic_eoi = operation({
  name: 'AVIC: EOI',
  actor: 'cpu',
  source: APM,
  uninterruptible: true,
  locals: ['vcpu', 'vector'],
  steps: {
    test_tmr: step(
      (m, vcpu) => {
        const vector = highest(m, m.vcpu(vcpu) + V.isr);
        if (vector < 0) {
          return 'nothing is in service';
        }
        return m.test_bit(vector, m.vcpu(vcpu) + V.tmr)
          ? `${hex(vector)} is level-triggered (TMR): the EOI exits`
          : `${hex(vector)} is edge-triggered: the processor completes the EOI`;
      },
      (m, vcpu) => {
        const vector = highest(m, m.vcpu(vcpu) + V.isr);
        m.local(1, vector);
        if (vector < 0) {
          return m.return(0);
        }
        return m.test_bit(vector, m.vcpu(vcpu) + V.tmr) ? m.return(1) : NEXT;
      },
    ),
    clear_isr: step(
      (_m, vcpu, vector) => `ISR[${hex(vector)}] of vcpu ${vcpu} := 0, PPR follows`,
      (m, vcpu, vector) => {
        m.clear_bit(vector, m.vcpu(vcpu) + V.isr);
        updatePpr(m, vcpu);
        return NEXT;
      },
      ASSUMED,
    ),
    evaluate: silent((m, vcpu) => m.call(avic_evaluate, vcpu)),
    done: silent(m => m.return(0)),
  },
});
