/** What KVM does after a VM exit, until it is back in the guest or stays outside. x86.c, vmx/vmx.c. */
import { EXIT_REASON } from '../cpu/vmcs.ts';
import { vm_entry } from '../cpu/vmEntry.ts';
import { vm_exit } from '../cpu/vmExit.ts';
import { VCPU_MODE } from '../fields.ts';
import { apic_enabled } from '../lapic/apic.ts';
import { C, V } from '../layout.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { svmHandlerOf } from '../svm/exitHandlers.ts';
import { nested_sync_control_from_vmcb02 } from '../svm/nested.ts';
import { vmx } from '../vmx/choices.ts';
import { handlerOf } from '../vmx/exitHandlers.ts';
import { vmx_sync_pir_to_irr } from '../vmx/sync.ts';
import { kvm_emulate_halt, vcpu_block } from './block.ts';
import { kvm_vcpu_exit_request, vcpu_enter_guest } from './enter.ts';
import { handle_fastpath_wrmsr, isFastPathExit } from './fastPath.ts';
import { host_interrupt } from './hostInterrupt.ts';
import { harvests } from './vendor.ts';

/** `vcpu->mode` and interrupts after an exit that no fast path completed. */
export const leave_guest_mode = operation({
  name: 'vcpu_enter_guest',
  actor: 'kvm',
  source: 'x86.c',
  via: ['vcpu_run'],
  inLoop: true,
  locals: ['vcpu', 'reason', 'vector'],
  steps: {
    in_l2: silent((m, vcpu) =>
      m.config.vendor === 'amd' && m.words[m.vcpu(vcpu) + V.guest_mode] !== 0
        ? m.call(nested_sync_control_from_vmcb02, vcpu)
        : NEXT,
    ),
    set_mode: step(
      (_m, vcpu) => `after the exit: vcpu->mode of vcpu ${vcpu} := OUTSIDE_GUEST_MODE`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.mode, VCPU_MODE.OUTSIDE_GUEST_MODE);
        return NEXT;
      },
    ),
    irqoff: silent((m, vcpu, reason, vector) =>
      reason === EXIT_REASON.EXTERNAL_INTERRUPT && vector > 0
        ? m.call(host_interrupt, m.words[m.vcpu(vcpu) + V.cpu], vector)
        : 'local_irq_enable',
    ),
    handled: silent(() => NEXT, ['vmx_handle_exit_irqoff', 'handle_external_interrupt_irqoff']),
    local_irq_enable: step(
      (m, vcpu) => `enable interrupts on cpu ${m.words[m.vcpu(vcpu) + V.cpu]}`,
      (m, vcpu) => {
        m.store(m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.irqs_off, 0);
        return RETURN;
      },
      { via: ['local_irq_enable'] },
    ),
  },
});

/**
 * From the VM exit to the next VM entry. `qualification`: what the processor tells about the exit: the vector that was acknowledged, the
 * offset, the number of the MSR. `lo`, `hi`: the value that the guest wrote.
 */
export const after_vm_exit = operation({
  name: 'vcpu_enter_guest',
  actor: 'kvm',
  source: 'x86.c',
  via: ['vcpu_run'],
  inLoop: true,
  locals: ['vcpu', 'reason', 'qualification', 'lo', 'hi'],
  steps: {
    fast: silent((m, vcpu, reason, qualification, lo, hi) =>
      isFastPathExit(m, reason, qualification) ? m.call(handle_fastpath_wrmsr, vcpu, lo, hi) : 'leave',
    ),
    fast_sync: silent((m, vcpu) => {
      if (m.result === 0) {
        return 'leave';
      }
      if (vmx(m).icrFastPathThen === 'the whole loop') {
        return 'leave_completed';
      }
      return harvests(m) && apic_enabled(m, vcpu) ? m.call(vmx_sync_pir_to_irr, vcpu) : NEXT;
    }),
    fast_request: silent((m, vcpu) => m.call(kvm_vcpu_exit_request, vcpu)),
    fast_entry: silent((m, vcpu) => (m.result !== 0 ? 'leave_completed' : m.call(vm_entry, vcpu))),
    fast_done: silent(() => RETURN),
    leave_completed: silent((m, vcpu) => m.call(leave_guest_mode, vcpu, EXIT_REASON.MSR_WRITE, 0)),
    completed: silent(() => 'again'),

    leave: silent((m, vcpu, reason, qualification) => m.call(leave_guest_mode, vcpu, reason, qualification)),
    halts: silent((m, vcpu, reason) => (reason === EXIT_REASON.HLT ? m.call(kvm_emulate_halt, vcpu) : 'handle')),
    halted: silent((m, vcpu) => m.call(vcpu_block, vcpu), ['handle_exit']),
    blocked: silent(m => (m.result !== 0 ? 'again' : RETURN)),
    handle: silent((m, vcpu, reason, qualification, lo, hi) => {
      const handler = handlerOf(reason) ?? svmHandlerOf(reason);
      return handler === undefined ? NEXT : m.call(handler, vcpu, qualification, lo, hi);
    }),
    again: silent((m, vcpu) => m.call(vcpu_enter_guest, vcpu)),
  },
});

/** An instruction of the guest makes a VM exit. */
export const take_exit = operation({
  name: 'VM exit of an instruction',
  actor: 'cpu',
  source: 'SDM vol. 3, VM exits',
  locals: ['vcpu', 'reason', 'qualification', 'lo', 'hi'],
  steps: {
    exit: silent((m, vcpu, reason, qualification) =>
      m.call(vm_exit, m.words[m.vcpu(vcpu) + V.cpu], reason, qualification),
    ),
    handle: silent((m, vcpu, reason, qualification, lo, hi) =>
      m.call(after_vm_exit, vcpu, reason, qualification, lo, hi),
    ),
  },
});
