/** The way out of guest mode as the processor makes it. SDM vol. 3, VM exits. */
import { VCPU_STATE } from '../fields.ts';
import { ACTIVITY, C, EVENT, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { operation, RETURN, step } from '../operation.ts';
import { svmExit, svmExitName } from '../svm/exits.ts';
import { hex } from '../text.ts';
import { EXIT_REASON, reasonName } from './vmcs.ts';

function hasQualification(reason: number): boolean {
  return reason === EXIT_REASON.APIC_ACCESS || reason === EXIT_REASON.EOI_INDUCED || reason === EXIT_REASON.APIC_WRITE;
}

function nameOf(m: Machine, reason: number): string {
  return m.config.vendor === 'amd' ? svmExitName(svmExit(reason)) : reasonName(reason);
}

/** Guest mode ends on `cpu`. The host goes on with interrupts off: physical ones stay pending until it enables them. */
export const vm_exit = operation({
  name: 'VM exit',
  actor: 'cpu',
  source: 'SDM vol. 3, VM exits',
  locals: ['cpu', 'reason', 'qualification'],
  steps: {
    leave: step(
      (m, cpu, reason, qualification) => {
        const detail = hasQualification(reason) ? `, qualification ${hex(qualification)}` : '';
        return `vcpu ${m.words[m.cpu(cpu) + C.vcpu]} leaves guest mode on cpu ${cpu}: ${nameOf(m, reason)}${detail}`;
      },
      (m, cpu, reason, qualification) => {
        const vcpu = m.load(m.cpu(cpu) + C.vcpu);
        const base = m.vcpu(vcpu);
        m.store(m.cpu(cpu) + C.vcpu, -1);
        m.store(base + V.recognized, 0);
        m.store(base + V.state, VCPU_STATE.exited);
        m.store(base + V.exit_reason, m.config.vendor === 'amd' ? svmExit(reason) : reason);
        m.store(base + V.exit_qualification, qualification);
        if (m.words[base + V.activity] === ACTIVITY.mwait) {
          m.store(base + V.activity, ACTIVITY.active);
        }
        m.set_bit(EVENT.exit, base + V.events);
        m.mark(MARK.exit);
        return RETURN;
      },
    ),
  },
});
