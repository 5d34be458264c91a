/** The way out of guest mode as the processor makes it. SDM vol. 3, VM exits. */
import { VCPU_STATE } from '../fields.ts';
import { ACTIVITY, C, EVENT, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { operation, RETURN, step } from '../operation.ts';
import { exitInfo, svmExit, svmExitName } from '../svm/exits.ts';
import { hex } from '../text.ts';
import { EXIT_REASON, reasonName } from './vmcs.ts';

/** The other exits of this engine leave 0: SDM vol. 3, basic VM-exit information. */
function hasQualification(reason: number): boolean {
  return reason === EXIT_REASON.APIC_ACCESS || reason === EXIT_REASON.EOI_INDUCED || reason === EXIT_REASON.APIC_WRITE;
}

function detailOf(m: Machine, cpu: number, reason: number, detail: number): string {
  if (m.config.vendor === 'amd') {
    const [lo1, hi1, lo2, hi2] = exitInfo(m, m.words[m.cpu(cpu) + C.vcpu], reason, detail);
    const wide = (hi: number, lo: number) => `${hex(hi, 8)}_${hex(lo, 8).slice(2)}`;
    return (lo1 | hi1 | lo2 | hi2) === 0 ? '' : `, info1 ${wide(hi1, lo1)}, info2 ${wide(hi2, lo2)}`;
  }
  return hasQualification(reason) ? `, qualification ${hex(detail)}` : '';
}

function nameOf(m: Machine, reason: number): string {
  return m.config.vendor === 'amd' ? svmExitName(svmExit(reason)) : reasonName(reason);
}

/** `detail`: exit qualification, number of the MSR, or what `exitInfo` unpacks. Guest mode ends on `cpu`. The host goes on with interrupts off: physical ones stay pending until it enables them. */
export const vm_exit = operation({
  name: 'VM exit',
  actor: 'cpu',
  source: 'SDM vol. 3, VM exits',
  locals: ['cpu', 'reason', 'detail'],
  steps: {
    leave: step(
      (m, cpu, reason, detail) =>
        `vcpu ${m.words[m.cpu(cpu) + C.vcpu]} leaves guest mode on cpu ${cpu}: ${nameOf(m, reason)}${detailOf(m, cpu, reason, detail)}`,
      (m, cpu, reason, detail) => {
        const vcpu = m.load(m.cpu(cpu) + C.vcpu);
        const base = m.vcpu(vcpu);
        m.store(m.cpu(cpu) + C.vcpu, -1);
        m.store(base + V.recognized, 0);
        m.store(base + V.state, VCPU_STATE.exited);
        m.store(base + V.exit_reason, m.config.vendor === 'amd' ? svmExit(reason) : reason);
        if (m.config.vendor === 'amd') {
          const [lo1, hi1, lo2, hi2] = exitInfo(m, vcpu, reason, detail);
          m.store(base + V.exit_qualification, lo1);
          m.store(base + V.exit_info_1_high, hi1);
          m.store(base + V.exit_info_2, lo2);
          m.store(base + V.exit_info_2 + 1, hi2);
        } else {
          m.store(base + V.exit_qualification, hasQualification(reason) ? detail : 0);
        }
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
