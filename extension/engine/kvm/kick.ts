/** Waking a vCPU's thread, and forcing it out of guest mode. */

import { HOST_VECTORS, VCPU_MODE, VCPU_STATE } from '../fields.ts';
import { C, EVENT, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';

/** A physical interrupt message reaches the local APIC of `cpu`. */
export function send_ipi(m: Machine, cpu: number, vector: number): void {
  m.set_bit(vector, m.cpu(cpu) + C.irr);
  m.mark(MARK.notification);
}

/** Makes a thread runnable that sleeps in `kvm_vcpu_block`. virt/kvm/kvm_main.c. */
export const kvm_vcpu_wake_up = operation({
  name: 'kvm_vcpu_wake_up',
  actor: 'kvm',
  source: 'virt/kvm/kvm_main.c',
  locals: ['vcpu'],
  steps: {
    wake: step(
      (m, vcpu) =>
        m.words[m.vcpu(vcpu) + V.state] === VCPU_STATE.blocked
          ? `wake the thread of vcpu ${vcpu}: it sleeps`
          : `nothing to wake: the thread of vcpu ${vcpu} does not sleep`,
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        if (m.load(base + V.state) !== VCPU_STATE.blocked) {
          return m.return(0);
        }
        m.store(base + V.state, VCPU_STATE.woken);
        m.set_bit(EVENT.wakeup, base + V.events);
        m.mark(MARK.wakeup);
        return m.return(1);
      },
    ),
  },
});

/** Wakes the vCPU or forces it out of guest mode. virt/kvm/kvm_main.c. */
export const kvm_vcpu_kick = operation({
  name: 'kvm_vcpu_kick',
  actor: 'kvm',
  source: 'virt/kvm/kvm_main.c',
  locals: ['vcpu'],
  steps: {
    wake_up: silent((m, vcpu) => m.call(kvm_vcpu_wake_up, vcpu)),
    woken: silent(m => (m.result !== 0 ? RETURN : NEXT)),
    exiting_guest_mode: step(
      (m, vcpu) =>
        m.words[m.vcpu(vcpu) + V.mode] === VCPU_MODE.IN_GUEST_MODE
          ? `vcpu ${vcpu} is IN_GUEST_MODE: mark it EXITING_GUEST_MODE (compare-and-exchange) and send an IPI`
          : `vcpu ${vcpu} is not IN_GUEST_MODE: it will look by itself before it enters`,
      (m, vcpu) => {
        const mode = m.vcpu(vcpu) + V.mode;
        const old = m.cmpxchg(mode, VCPU_MODE.IN_GUEST_MODE, VCPU_MODE.EXITING_GUEST_MODE);
        return old === VCPU_MODE.IN_GUEST_MODE && m.agent !== m.vcpuAgent(vcpu) ? NEXT : RETURN;
      },
      { via: ['kvm_arch_vcpu_should_kick', 'kvm_vcpu_exiting_guest_mode'] },
    ),
    send: step(
      (m, vcpu) => `send RESCHEDULE_VECTOR 0xfd to cpu ${m.words[m.vcpu(vcpu) + V.cpu]}: its guest must exit`,
      (m, vcpu) => {
        send_ipi(m, m.load(m.vcpu(vcpu) + V.cpu), HOST_VECTORS.RESCHEDULE_VECTOR);
        return RETURN;
      },
      { via: ['smp_send_reschedule'] },
    ),
  },
});
