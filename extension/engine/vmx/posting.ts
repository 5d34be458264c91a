/** How KVM posts an interrupt into a vCPU's descriptor. Posted interrupts §3. */

import { HOST_VECTORS } from '../fields.ts';
import { kvm_vcpu_kick } from '../kvm/kick.ts';
import { PID_CONTROL, POSTED_INTR_ON, REQ, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { acceptedText, trace } from '../trace.ts';
import { vmx } from './choices.ts';
import { vmx_deliver_nested_posted_interrupt } from './nested.ts';
import { kvm_vcpu_trigger_posted_interrupt } from './notification.ts';

/** Locals of `vmx_deliver_posted_interrupt`. */
const ON_WAS_SET = 2;

/** PIR, then ON, then the notification. */
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
        if (wasSet && vmx(m).onAlreadySet === 'nothing') {
          return RETURN;
        }
        return vmx(m).postRequestsEvent ? NEXT : 'notify';
      },
    ),
    request_event: step(
      (_m, vcpu) => `request KVM_REQ_EVENT of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return NEXT;
      },
      { via: ['kvm_make_request'] },
    ),
    on_was_set: silent((m, vcpu, _vector, onWasSet) => (onWasSet ? m.call(kvm_vcpu_kick, vcpu) : 'notify')),
    done: silent(() => RETURN),
    notify: silent((m, vcpu) => m.call(kvm_vcpu_trigger_posted_interrupt, vcpu, HOST_VECTORS.POSTED_INTR_VECTOR)),
  },
});

function isActive(m: Machine, vcpu: number): boolean {
  return m.load(m.vcpu(vcpu) + V.apicv_active) !== 0;
}

/**
 * The end of every Fixed interrupt on Intel: posted, or set in IRR when APICv is not active for the vCPU. `irq` is packed as in
 * `lapic/message.ts`; only the trace event needs it.
 */
export const vmx_deliver_interrupt = operation({
  name: 'vmx_deliver_interrupt',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu', 'vector', 'irq'],
  steps: {
    has_apicv: silent(m => (m.config.apicv ? NEXT : 'set_irr')),
    has_l2: silent((m, vcpu) => (m.config.vcpus[vcpu].l2 !== undefined ? NEXT : 'active')),
    nested: silent((m, vcpu, vector) => m.call(vmx_deliver_nested_posted_interrupt, vcpu, vector)),
    nested_done: silent(m => (m.result === 0 ? 'delivered' : NEXT)),
    active: step(
      (m, vcpu) =>
        m.words[m.vcpu(vcpu) + V.apicv_active] !== 0
          ? `APICv is active for vcpu ${vcpu}: post the interrupt`
          : `APICv is not active for vcpu ${vcpu}: KVM will inject the interrupt itself`,
      (m, vcpu) => (isActive(m, vcpu) ? NEXT : 'set_irr'),
    ),
    post: silent((m, vcpu, vector) => m.call(vmx_deliver_posted_interrupt, vcpu, vector)),
    delivered: silent(m => (vmx(m).apicvTrace ? NEXT : RETURN)),
    trace: trace('kvm_apicv_accept_irq', acceptedText),
    traced: silent(() => RETURN),
    set_irr: step(
      (_m, vcpu, vector) => `set IRR[${hex(vector)}] of vcpu ${vcpu} (locked)`,
      (m, vcpu, vector) => {
        m.set_bit(vector, m.vcpu(vcpu) + V.irr);
        return NEXT;
      },
      { via: ['kvm_lapic_set_irr'] },
    ),
    request_event: step(
      (_m, vcpu) => `request KVM_REQ_EVENT of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return NEXT;
      },
      { via: ['kvm_make_request'] },
    ),
    kick: silent((m, vcpu) => m.call(kvm_vcpu_kick, vcpu)),
  },
});
