/** What KVM does after a VM exit, until it is back in the guest or stays outside. x86.c, vmx/vmx.c. */
import { VCPU_MODE } from '../fields.ts';
import { C, V } from '../layout.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { vcpu_enter_guest } from './enter.ts';
import { host_interrupt } from './hostInterrupt.ts';

/** `vcpu->mode` and interrupts after an exit that no fast path completed. */
export const leave_guest_mode = operation({
  name: 'vcpu_enter_guest',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu'],
  steps: {
    set_mode: step(
      (_m, vcpu) => `after the exit: vcpu->mode of vcpu ${vcpu} := OUTSIDE_GUEST_MODE`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.mode, VCPU_MODE.OUTSIDE_GUEST_MODE);
        return NEXT;
      },
    ),
    local_irq_enable: step(
      (m, vcpu) => `enable interrupts on cpu ${m.words[m.vcpu(vcpu) + V.cpu]}`,
      (m, vcpu) => {
        m.store(m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.irqs_off, 0);
        return RETURN;
      },
    ),
  },
});

/** Exit 1: the host's handler of the vector runs, then the guest goes on. Acknowledge-on-exit has taken the vector already. */
export const handle_external_interrupt = operation({
  name: 'vmx_handle_exit_irqoff',
  actor: 'kvm',
  source: 'vmx/vmx.c',
  locals: ['vcpu', 'vector'],
  steps: {
    host: silent((m, vcpu, vector) => m.call(host_interrupt, m.words[m.vcpu(vcpu) + V.cpu], vector)),
    outside: silent((m, vcpu) => m.call(leave_guest_mode, vcpu)),
    again: silent((m, vcpu) => m.call(vcpu_enter_guest, vcpu)),
  },
});
