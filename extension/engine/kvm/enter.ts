/** The way into the guest. `vcpu_enter_guest`, x86.c; posted interrupts §4 and §5. */

import { vm_entry } from '../cpu/vmExit.ts';
import { VCPU_MODE } from '../fields.ts';
import { inject_interrupt } from '../lapic/injection.ts';
import { C, REQ, V } from '../layout.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { vmx_vcpu_pi_load } from '../vmx/scheduling.ts';
import { vmx_sync_pir_to_irr } from '../vmx/sync.ts';

export const vcpu_enter_guest = operation({
  name: 'vcpu_enter_guest',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu'],
  steps: {
    check_event: step(
      (m, vcpu) =>
        m.test_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests)
          ? `KVM_REQ_EVENT of vcpu ${vcpu} is pending: clear it and look for interrupts to inject`
          : `no KVM_REQ_EVENT is pending for vcpu ${vcpu}`,
      (m, vcpu) => (m.test_and_clear_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests) ? NEXT : 'local_irq_disable'),
    ),
    sync_with_event: silent((m, vcpu) =>
      m.profile.entry.syncs === 'with EVENT' && m.words[m.vcpu(vcpu) + V.apicv_active] !== 0
        ? m.call(vmx_sync_pir_to_irr, vcpu)
        : NEXT,
    ),
    inject: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.apicv_active] === 0 ? m.call(inject_interrupt, vcpu) : NEXT)),
    local_irq_disable: step(
      (m, vcpu) =>
        `disable interrupts on cpu ${m.words[m.vcpu(vcpu) + V.cpu]}: what arrives from now on waits for the guest`,
      (m, vcpu) => {
        m.store(m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.irqs_off, 1);
        return NEXT;
      },
    ),
    set_mode: step(
      (_m, vcpu) => `vcpu->mode of vcpu ${vcpu} := IN_GUEST_MODE; a full barrier follows`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.mode, VCPU_MODE.IN_GUEST_MODE);
        return NEXT;
      },
    ),
    sync: silent((m, vcpu) =>
      m.config.apicv && m.profile.entry.syncs === 'always' ? m.call(vmx_sync_pir_to_irr, vcpu) : NEXT,
    ),
    exit_request: step(
      (_m, vcpu) => `is anything requested of vcpu ${vcpu}, or was it told to exit?`,
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        const told = m.load(base + V.mode) === VCPU_MODE.EXITING_GUEST_MODE;
        return m.load(base + V.requests) !== 0 || told ? NEXT : 'enter';
      },
      { via: ['kvm_vcpu_exit_request'] },
    ),
    cancel: step(
      (_m, vcpu) => `yes: mode of vcpu ${vcpu} := OUTSIDE_GUEST_MODE, interrupts on, begin again`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.mode, VCPU_MODE.OUTSIDE_GUEST_MODE);
        m.store(m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.irqs_off, 0);
        return 'check_event';
      },
    ),
    enter: silent((m, vcpu) => m.call(vm_entry, vcpu)),
  },
});

/** The scheduler gives the thread a CPU. `kvm_arch_vcpu_load`, x86.c. */
export const kvm_arch_vcpu_load = operation({
  name: 'kvm_arch_vcpu_load',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu', 'cpu'],
  steps: {
    pi_load: silent((m, vcpu, cpu) => m.call(vmx_vcpu_pi_load, vcpu, cpu)),
    set_cpu: step(
      (_m, vcpu, cpu) => `vcpu ${vcpu} is loaded on cpu ${cpu}: vcpu->cpu := ${cpu}`,
      (m, vcpu, cpu) => {
        m.store(m.vcpu(vcpu) + V.cpu, cpu);
        m.store(m.cpu(cpu) + C.loaded, vcpu);
        return RETURN;
      },
    ),
  },
});
