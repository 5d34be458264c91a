/** How KVM makes sure that somebody looks into a descriptor that it has posted to. Posted interrupts §3.1. */

import { VCPU_MODE } from '../fields.ts';
import { kvm_vcpu_kick, kvm_vcpu_wake_up, send_ipi } from '../kvm/kick.ts';
import { EVENT, V } from '../layout.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { vmx } from './choices.ts';

/** Locals of `kvm_vcpu_trigger_posted_interrupt`. */
const CPU = 2;

/**
 * Tells the CPU that runs `vcpu`, or wakes the vCPU. vmx/common.h (6.16).
 * Only software sends here: neither SN, NV nor NDST of the descriptor is read.
 */
export const kvm_vcpu_trigger_posted_interrupt = operation({
  name: 'kvm_vcpu_trigger_posted_interrupt',
  actor: 'kvm',
  source: p => p.files.notification,
  locals: ['vcpu', 'pi_vec', 'cpu'],
  steps: {
    read_mode: step(
      (m, vcpu) =>
        m.words[m.vcpu(vcpu) + V.mode] === VCPU_MODE.IN_GUEST_MODE
          ? `vcpu->mode of vcpu ${vcpu} is IN_GUEST_MODE: worth an IPI`
          : `vcpu->mode of vcpu ${vcpu} is not IN_GUEST_MODE: no IPI`,
      (m, vcpu) => (m.load(m.vcpu(vcpu) + V.mode) === VCPU_MODE.IN_GUEST_MODE ? NEXT : 'not_in_guest'),
    ),
    running_vcpu: silent((m, vcpu) =>
      vmx(m).runningVcpu === 'spared' && m.agent === m.vcpuAgent(vcpu) ? NEXT : 'read_cpu',
    ),
    spare: step(
      (_m, vcpu) => `vcpu ${vcpu} is the running vCPU, in a fast path: it harvests PIR before it goes back, no IPI`,
      () => RETURN,
      { via: ['kvm_get_running_vcpu'] },
    ),
    read_cpu: step(
      (m, vcpu) => `read vcpu->cpu of vcpu ${vcpu}: ${m.words[m.vcpu(vcpu) + V.cpu]}`,
      (m, vcpu) => {
        m.local(CPU, m.load(m.vcpu(vcpu) + V.cpu));
        return NEXT;
      },
    ),
    send: step(
      (_m, vcpu, pi_vec, cpu) => `send the notification IPI ${hex(pi_vec)} for vcpu ${vcpu} to cpu ${cpu}`,
      (m, vcpu, pi_vec, cpu) => {
        send_ipi(m, cpu, pi_vec);
        m.set_bit(EVENT.notification, m.vcpu(vcpu) + V.events);
        return RETURN;
      },
      { via: ['__apic_send_IPI_mask'] },
    ),
    not_in_guest: silent((m, vcpu) =>
      m.call(vmx(m).outOfGuestMode === 'wake' ? kvm_vcpu_wake_up : kvm_vcpu_kick, vcpu),
    ),
  },
});
