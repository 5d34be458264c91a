/** One local APIC takes a message. `__apic_accept_irq`, lapic.c; LAPIC delivery §6. */

import { kvm_vcpu_kick } from '../kvm/kick.ts';
import { REQ, V } from '../layout.ts';
import { MARK } from '../machine.ts';
import { NEXT, operation, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { vmx_deliver_posted_interrupt } from '../vmx/posting.ts';
import { IRQ, MODE, modeName } from './message.ts';

const SW_ENABLE = 1 << 8;
const HW_ENABLE = 1 << 11;

/** Sets IRR, requests EVENT and kicks: how an interrupt reaches a vCPU without APICv. */
export const deliver_to_irr = operation({
  name: 'vmx_deliver_interrupt',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu', 'vector'],
  steps: {
    set_irr: step(
      (_m, vcpu, vector) => `set IRR[${hex(vector)}] of vcpu ${vcpu}`,
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
    ),
    kick: silent((m, vcpu) => m.call(kvm_vcpu_kick, vcpu)),
  },
});

/** Returns 1 when the message was accepted, 0 when it was dropped. */
export const __apic_accept_irq = operation({
  name: '__apic_accept_irq',
  actor: 'kvm',
  source: 'lapic.c',
  via: ['kvm_apic_set_irq'],
  locals: ['vcpu', 'irq'],
  steps: {
    accept: step(
      (m, vcpu, irq) => {
        const base = m.vcpu(vcpu);
        if ((m.words[base + V.apicbase] & HW_ENABLE) === 0 || (m.words[base + V.svr] & SW_ENABLE) === 0) {
          return `the local APIC of vcpu ${vcpu} is disabled: ${modeName(irq)} ${hex(irq & IRQ.vector)} is dropped`;
        }
        return `vcpu ${vcpu} accepts ${modeName(irq)} ${hex(irq & IRQ.vector)}, ${irq & IRQ.level ? 'level' : 'edge'}: TMR follows the trigger mode`;
      },
      (m, vcpu, irq) => {
        const base = m.vcpu(vcpu);
        const enabled = (m.load(base + V.apicbase) & HW_ENABLE) !== 0 && (m.load(base + V.svr) & SW_ENABLE) !== 0;
        const deassert = (irq & IRQ.level) !== 0 && (irq & IRQ.assert) === 0;
        const mode = irq & IRQ.mode;
        if (!enabled || deassert || (mode !== MODE.FIXED && mode !== MODE.LOWEST)) {
          m.mark(MARK.dropped);
          return m.return(0);
        }
        if ((irq & IRQ.level) !== 0) {
          m.set_bit(irq & IRQ.vector, base + V.tmr);
        } else {
          m.clear_bit(irq & IRQ.vector, base + V.tmr);
        }
        return NEXT;
      },
    ),
    deliver: silent((m, vcpu, irq) =>
      m.call(
        m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? vmx_deliver_posted_interrupt : deliver_to_irr,
        vcpu,
        irq & IRQ.vector,
      ),
    ),
    accepted: silent(m => m.return(1)),
  },
});
