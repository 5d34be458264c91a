/** The way into the guest. `vcpu_enter_guest`, x86.c; posted interrupts §4 and §5, memory order P2 to P4 and K1. */

import { vm_entry } from '../cpu/vmEntry.ts';
import { VCPU_MODE } from '../fields.ts';
import { apic_enabled } from '../lapic/apic.ts';
import { kvm_apic_accept_events } from '../lapic/events.ts';
import { hasEventToInject, kvm_check_and_inject_events } from '../lapic/injection.ts';
import { hasInterruptAbovePpr } from '../lapic/priority.ts';
import { C, MP_STATE, REQ, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { svm_enable_irq_window } from '../svm/irqWindow.ts';
import { svm_check_nested_events } from '../svm/nested.ts';
import { vmx } from '../vmx/choices.ts';
import { vmx_enable_irq_window, vmx_update_cr8_intercept } from '../vmx/exitHandlers.ts';
import { vmx_check_nested_events } from '../vmx/nested.ts';
import { vmx_hwapic_irr_update, vmx_sync_pir_to_irr } from '../vmx/sync.ts';
import { vcpu_block, WAIT_FOR_SIPI } from './block.ts';
import { requestName } from './kick.ts';
import { firstRequest, handlerOfRequest, ioapic_eoi_exit } from './requests.ts';
import { harvests, isIntel, loadHook } from './vendor.ts';

/** Does this kernel harvest PIR on the way into the guest? Only for an enabled local APIC. */
function syncsAtEntry(m: Machine, vcpu: number): boolean {
  if (!harvests(m) || !apic_enabled(m, vcpu)) {
    return false;
  }
  switch (vmx(m).entrySync) {
    case 'always':
      return true;
    case 'if APICv is active':
      return m.words[m.vcpu(vcpu) + V.apicv_active] !== 0;
    default:
      return false;
  }
}

/** An application processor that has not been started runs no guest code. `kvm_vcpu_running`. */
function waitsForSipi(m: Machine, vcpu: number): boolean {
  const state = m.words[m.vcpu(vcpu) + V.mp_state];
  return state === MP_STATE.UNINITIALIZED || state === MP_STATE.INIT_RECEIVED;
}

/** Is the vCPU to turn back? Returns 1 when it was told to exit or something is requested of it. */
export const kvm_vcpu_exit_request = operation({
  name: 'kvm_vcpu_exit_request',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu'],
  steps: {
    mode: step(
      (m, vcpu) =>
        m.words[m.vcpu(vcpu) + V.mode] === VCPU_MODE.EXITING_GUEST_MODE
          ? `mode of vcpu ${vcpu} is EXITING_GUEST_MODE: it was kicked`
          : `mode of vcpu ${vcpu} is still IN_GUEST_MODE: nobody has kicked it`,
      (m, vcpu) => (m.load(m.vcpu(vcpu) + V.mode) === VCPU_MODE.EXITING_GUEST_MODE ? m.return(1) : NEXT),
    ),
    requests: step(
      (m, vcpu) =>
        m.words[m.vcpu(vcpu) + V.requests] !== 0
          ? `something is requested of vcpu ${vcpu}`
          : `nothing is requested of vcpu ${vcpu}`,
      (m, vcpu) => m.return(m.load(m.vcpu(vcpu) + V.requests) !== 0 ? 1 : 0),
    ),
  },
});

export const vcpu_enter_guest = operation({
  name: 'vcpu_enter_guest',
  actor: 'kvm',
  source: 'x86.c',
  via: ['vcpu_run'],
  inLoop: true,
  locals: ['vcpu'],
  steps: {
    running: silent((m, vcpu) => (waitsForSipi(m, vcpu) ? m.call(vcpu_block, vcpu, WAIT_FOR_SIPI) : 'running_nested')),
    waited: silent((m, vcpu) => (m.result === 0 ? RETURN : m.call(kvm_apic_accept_events, vcpu))),
    accepted: silent(() => 'running'),
    running_nested: silent((m, vcpu) =>
      m.words[m.vcpu(vcpu) + V.guest_mode] !== 0 && vmx(m).nestedEvents === 'at every turn'
        ? m.call(isIntel(m) ? vmx_check_nested_events : svm_check_nested_events, vcpu)
        : 'check_requests',
    ),
    checked_nested: silent(() => 'check_requests', ['kvm_vcpu_running']),
    check_requests: step(
      (m, vcpu) => {
        const request = firstRequest(m, vcpu);
        if (request >= 0) {
          return `${requestName(request)} of vcpu ${vcpu} is pending: clear it (locked) and carry it out`;
        }
        return m.test_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests)
          ? `only KVM_REQ_EVENT is pending for vcpu ${vcpu}`
          : `no request is pending for vcpu ${vcpu}`;
      },
      (m, vcpu) => {
        const request = firstRequest(m, vcpu);
        if (request < 0) {
          return m.test_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests) ? 'check_event' : 'order';
        }
        m.clear_bit(request, m.vcpu(vcpu) + V.requests);
        const handler = handlerOfRequest(request);
        if (request === REQ.IOAPIC_EOI_EXIT) {
          return 'eoi_exit';
        }
        return handler === undefined ? 'check_requests' : m.call(handler, vcpu);
      },
      { via: ['kvm_check_request'] },
    ),
    more_requests: silent(() => 'check_requests'),
    eoi_exit: silent((m, vcpu) => m.call(ioapic_eoi_exit, vcpu)),
    eoi_exited: silent(m => (m.result !== 0 ? RETURN : 'check_requests')),

    check_event: step(
      (_m, vcpu) => `KVM_REQ_EVENT of vcpu ${vcpu}: clear it (locked) and look for events to inject`,
      (m, vcpu) => {
        m.clear_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return NEXT;
      },
      { via: ['kvm_check_request'] },
    ),
    accept_events: silent((m, vcpu) => m.call(kvm_apic_accept_events, vcpu)),
    init_received: silent((m, vcpu) => (waitsForSipi(m, vcpu) ? 'running' : NEXT)),
    nested: silent((m, vcpu) =>
      m.words[m.vcpu(vcpu) + V.guest_mode] !== 0
        ? m.call(isIntel(m) ? vmx_check_nested_events : svm_check_nested_events, vcpu)
        : NEXT,
    ),
    injects: silent((m, vcpu) => (hasEventToInject(m, vcpu) ? NEXT : 'sync_with_event')),
    inject: silent((m, vcpu) => m.call(kvm_check_and_inject_events, vcpu)),
    by_hardware: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? 'sync_with_event' : NEXT)),
    window: step(
      (m, vcpu) =>
        hasInterruptAbovePpr(m, vcpu)
          ? `an interrupt of vcpu ${vcpu} still waits: it needs a window`
          : `no other interrupt of vcpu ${vcpu} could be injected`,
      (m, vcpu) =>
        hasInterruptAbovePpr(m, vcpu) ? m.call(isIntel(m) ? vmx_enable_irq_window : svm_enable_irq_window, vcpu) : NEXT,
      { via: ['kvm_check_and_inject_events', 'kvm_cpu_has_injectable_intr'] },
    ),
    cr8: silent((m, vcpu) => (isIntel(m) && apic_enabled(m, vcpu) ? m.call(vmx_update_cr8_intercept, vcpu) : 'order')),
    to_order: silent(() => 'order'),
    sync_with_event: silent((m, vcpu) => {
      const active = m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 && apic_enabled(m, vcpu);
      return vmx(m).entrySync === 'with EVENT' && active ? m.call(vmx_sync_pir_to_irr, vcpu) : 'order';
    }),
    irr_update: silent((m, vcpu) => m.call(vmx_hwapic_irr_update, vcpu, m.result)),

    order: silent(m => (vmx(m).entryOrder === 'mode, then IRQs off' ? 'set_mode' : NEXT)),
    local_irq_disable: step(
      (m, vcpu) =>
        `disable interrupts on cpu ${m.words[m.vcpu(vcpu) + V.cpu]}: what arrives from now on waits for the guest`,
      (m, vcpu) => {
        m.store(m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.irqs_off, 1);
        return vmx(m).entryOrder === 'mode, then IRQs off' ? 'may_enter' : NEXT;
      },
      { via: ['local_irq_disable'] },
    ),
    set_mode: step(
      (_m, vcpu) => `vcpu->mode of vcpu ${vcpu} := IN_GUEST_MODE`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.mode, VCPU_MODE.IN_GUEST_MODE);
        return NEXT;
      },
    ),
    fence: step(
      (m, vcpu) =>
        harvests(m) && m.words[m.vcpu(vcpu) + V.apicv_active] !== 0
          ? 'full barrier: whoever posts either sees IN_GUEST_MODE, or this vCPU sees ON'
          : 'full barrier: whoever makes a request either sees IN_GUEST_MODE, or this vCPU sees the request',
      m => {
        m.smp_mb();
        return vmx(m).entryOrder === 'mode, then IRQs off' ? 'local_irq_disable' : NEXT;
      },
      { via: ['smp_mb__after_srcu_read_unlock'] },
    ),
    sync: silent((m, vcpu) => (syncsAtEntry(m, vcpu) ? m.call(vmx_sync_pir_to_irr, vcpu) : NEXT)),
    may_enter: silent((m, vcpu) => m.call(kvm_vcpu_exit_request, vcpu)),
    requested: silent(m => (m.result !== 0 ? NEXT : 'enter')),
    cancel: step(
      (_m, vcpu) => `mode of vcpu ${vcpu} := OUTSIDE_GUEST_MODE`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.mode, VCPU_MODE.OUTSIDE_GUEST_MODE);
        return NEXT;
      },
    ),
    local_irq_enable: step(
      (m, vcpu) => `enable interrupts on cpu ${m.words[m.vcpu(vcpu) + V.cpu]} and begin again`,
      (m, vcpu) => {
        m.store(m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.irqs_off, 0);
        return 'running_nested';
      },
      { via: ['local_irq_enable'] },
    ),
    enter: silent((m, vcpu) => m.call(vm_entry, vcpu)),
    failed: silent(m => (m.result !== 0 ? NEXT : RETURN)),
    fail_entry: step(
      (_m, vcpu) =>
        `VM entry of vcpu ${vcpu} has failed: mode := OUTSIDE_GUEST_MODE, user space gets KVM_EXIT_FAIL_ENTRY`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.mode, VCPU_MODE.OUTSIDE_GUEST_MODE);
        m.store(m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.irqs_off, 0);
        return RETURN;
      },
    ),
  },
});

/** The scheduler gives the thread a CPU. `kvm_arch_vcpu_load`, x86.c. */
export const kvm_arch_vcpu_load = operation({
  name: 'kvm_arch_vcpu_load',
  actor: 'kvm',
  source: 'x86.c',
  via: ['kvm_sched_in'],
  locals: ['vcpu', 'cpu'],
  steps: {
    pi_load: silent((m, vcpu, cpu) => m.call(loadHook(m), vcpu, cpu)),
    set_cpu: step(
      (_m, vcpu, cpu) => `vcpu ${vcpu} is loaded on cpu ${cpu}: vcpu->cpu := ${cpu}, preempted := 0`,
      (m, vcpu, cpu) => {
        m.store(m.vcpu(vcpu) + V.cpu, cpu);
        m.store(m.vcpu(vcpu) + V.preempted, 0);
        m.store(m.cpu(cpu) + C.loaded, vcpu);
        return RETURN;
      },
    ),
  },
});
