/** How KVM posts an interrupt into a vCPU's descriptor and makes sure that somebody looks. */

import { HOST_VECTORS, VCPU_MODE } from '../fields.ts';
import { kvm_vcpu_kick, kvm_vcpu_wake_up, send_ipi } from '../kvm/kick.ts';
import { EVENT, PID_CONTROL, POSTED_INTR_ON, REQ, V } from '../layout.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';

/** Locals of `vmx_deliver_posted_interrupt`. */
const ON_WAS_SET = 2;

/**
 * Tells the CPU that runs `vcpu`, or wakes the vCPU. vmx/common.h (6.16); posted interrupts §3.
 * Only software sends here: neither SN, NV nor NDST of the descriptor is read.
 */
export const kvm_vcpu_trigger_posted_interrupt = operation({
  name: 'kvm_vcpu_trigger_posted_interrupt',
  actor: 'kvm',
  source: p => p.files.notification,
  locals: ['vcpu', 'pi_vec'],
  steps: {
    read_mode: step(
      (_m, vcpu) => `read vcpu->mode of vcpu ${vcpu}: only IN_GUEST_MODE is worth an IPI`,
      (m, vcpu) => (m.load(m.vcpu(vcpu) + V.mode) === VCPU_MODE.IN_GUEST_MODE ? NEXT : 'not_in_guest'),
    ),
    running_vcpu: silent((m, vcpu) =>
      m.profile.posting.sparesRunningVcpu && m.agent === m.vcpuAgent(vcpu) ? RETURN : NEXT,
    ),
    send: step(
      (m, vcpu, pi_vec) =>
        `send the notification IPI ${hex(pi_vec)} to cpu ${m.words[m.vcpu(vcpu) + V.cpu]}, where vcpu ${vcpu} runs`,
      (m, vcpu, pi_vec) => {
        send_ipi(m, m.load(m.vcpu(vcpu) + V.cpu), pi_vec);
        m.set_bit(EVENT.notification, m.vcpu(vcpu) + V.events);
        return RETURN;
      },
    ),
    not_in_guest: silent((m, vcpu) =>
      m.call(m.profile.posting.outOfGuestMode === 'wake' ? kvm_vcpu_wake_up : kvm_vcpu_kick, vcpu),
    ),
  },
});

/** PIR, then ON, then the notification. Posted interrupts §3 and §3.1 by kernel generation. */
export const vmx_deliver_posted_interrupt = operation({
  name: 'vmx_deliver_posted_interrupt',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu', 'vector', 'on_was_set'],
  steps: {
    test_and_set_pir: step(
      (m, vcpu, vector) =>
        m.test_bit(vector, m.vcpu(vcpu) + V.pi_desc)
          ? `PIR[${hex(vector)}] of vcpu ${vcpu} is set already: whoever set it sees to the notification, nothing to do`
          : `set PIR[${hex(vector)}] in the descriptor of vcpu ${vcpu} (locked)`,
      (m, vcpu, vector) => (m.test_and_set_bit(vector, m.vcpu(vcpu) + V.pi_desc) ? RETURN : NEXT),
    ),
    test_and_set_on: step(
      (m, vcpu) =>
        m.test_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL)
          ? `ON of vcpu ${vcpu} is set already: a notification is outstanding`
          : `set ON of vcpu ${vcpu} (locked): this post must notify`,
      (m, vcpu) => {
        const wasSet = m.test_and_set_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL);
        m.local(ON_WAS_SET, wasSet ? 1 : 0);
        if (wasSet && m.profile.posting.stopsWhenOnIsSet) {
          return RETURN;
        }
        return m.profile.posting.requestsEvent ? NEXT : 'notify';
      },
    ),
    request_event: step(
      (_m, vcpu) => `request KVM_REQ_EVENT of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return NEXT;
      },
    ),
    on_was_set: silent((m, vcpu, _vector, onWasSet) => (onWasSet ? m.call(kvm_vcpu_kick, vcpu) : 'notify')),
    done: silent(() => RETURN),
    notify: silent((m, vcpu) => m.call(kvm_vcpu_trigger_posted_interrupt, vcpu, HOST_VECTORS.POSTED_INTR_VECTOR)),
  },
});
