/** The host's handler of POSTED_INTR_WAKEUP_VECTOR 0xf1. vmx/posted_intr.c; posted interrupts §9. */
import { kvm_vcpu_kick, kvm_vcpu_wake_up } from '../kvm/kick.ts';
import { PID_CONTROL, POSTED_INTR_ON, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { vmx } from './choices.ts';

/** Word of a vCPU that says on whose list it stands: until 5.15 `pre_pcpu`, which stays when the thread moves on before `pi_post_block`. */
export function listOwner(m: Machine): number {
  return vmx(m).wakeupVector === 'pi_pre_block' ? V.pre_pcpu : V.cpu;
}

/** Does `vcpu` stand on the wake-up list of `cpu`? */
export function isListed(m: Machine, vcpu: number, cpu: number): boolean {
  const base = m.vcpu(vcpu);
  return m.words[base + V.on_wakeup_list] !== 0 && m.words[base + listOwner(m)] === cpu;
}

/** Locals of `pi_wakeup_handler`. */
const VCPU = 1;

/** Wakes every vCPU on this CPU's list whose ON is set. It neither clears ON nor empties the list: load does. The list is locked. */
export const pi_wakeup_handler = operation({
  name: 'pi_wakeup_handler',
  actor: 'host',
  source: 'vmx/posted_intr.c',
  locals: ['cpu', 'vcpu'],
  steps: {
    next: silent((m, cpu, vcpu) => {
      if (vcpu >= m.vcpuCount) {
        return RETURN;
      }
      if (isListed(m, vcpu, cpu)) {
        return NEXT;
      }
      m.local(VCPU, vcpu + 1);
      return 'next';
    }),
    test_on: step(
      (m, _cpu, vcpu) =>
        m.test_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL)
          ? `vcpu ${vcpu} is on the list and its ON is set: wake it`
          : `vcpu ${vcpu} is on the list, its ON is clear`,
      (m, _cpu, vcpu) => {
        m.local(VCPU, vcpu + 1);
        return m.test_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL)
          ? m.call(vmx(m).wakeupHandler === 'wake' ? kvm_vcpu_wake_up : kvm_vcpu_kick, vcpu)
          : 'next';
      },
      { via: ['pi_test_on'] },
    ),
    again: silent(() => 'next'),
  },
});
