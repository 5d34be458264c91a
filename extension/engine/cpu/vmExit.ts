/** The two transitions between guest and host as the processor makes them. */
import { VCPU_STATE } from '../fields.ts';
import { C, EVENT, V } from '../layout.ts';
import { MARK } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { evaluate, ppr_virtualization } from './virtualInterrupts.ts';

/** Basic exit reasons that this engine takes; uapi/asm/vmx.h. */
export const EXIT_REASON: Readonly<Record<number, string>> = {
  1: 'EXTERNAL_INTERRUPT',
  12: 'HLT',
  32: 'MSR_WRITE',
  45: 'EOI_INDUCED',
  52: 'PREEMPTION_TIMER',
  56: 'APIC_WRITE',
};

/** Guest mode ends on `cpu`. The host goes on with interrupts off: physical ones stay pending until it enables them. */
export const vm_exit = operation({
  name: 'VM exit',
  actor: 'cpu',
  source: 'SDM vol. 3, VM exits',
  locals: ['cpu', 'reason'],
  steps: {
    leave: step(
      (m, cpu, reason) =>
        `vcpu ${m.words[m.cpu(cpu) + C.vcpu]} leaves guest mode on cpu ${cpu}: ${EXIT_REASON[reason] ?? 'exit'} (${reason})`,
      (m, cpu) => {
        const vcpu = m.load(m.cpu(cpu) + C.vcpu);
        m.store(m.cpu(cpu) + C.vcpu, -1);
        m.store(m.vcpu(vcpu) + V.recognized, 0);
        m.store(m.vcpu(vcpu) + V.state, VCPU_STATE.exited);
        m.set_bit(EVENT.exit, m.vcpu(vcpu) + V.events);
        m.mark(MARK.exit);
        return RETURN;
      },
    ),
  },
});

/** Guest mode begins on the vCPU's CPU. With virtual-interrupt delivery: PPR virtualization, then evaluation. */
export const vm_entry = operation({
  name: 'VM entry',
  actor: 'cpu',
  source: 'SDM vol. 3, VM entries',
  locals: ['vcpu'],
  steps: {
    enter: step(
      (m, vcpu) => `vcpu ${vcpu} enters guest mode on cpu ${m.words[m.vcpu(vcpu) + V.cpu]}`,
      (m, vcpu) => {
        const cpu = m.load(m.vcpu(vcpu) + V.cpu);
        m.store(m.cpu(cpu) + C.vcpu, vcpu);
        m.store(m.vcpu(vcpu) + V.state, VCPU_STATE.running);
        m.mark(MARK.entry);
        return NEXT;
      },
    ),
    virtual: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? NEXT : RETURN)),
    ppr: silent((m, vcpu) => m.call(ppr_virtualization, vcpu)),
    evaluate: silent((m, vcpu) => m.call(evaluate, vcpu)),
  },
});
