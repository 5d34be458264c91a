/** INIT and SIPI take effect. `kvm_apic_accept_events`, lapic.c; LAPIC delivery §6.2. */
import { KVM_APIC_INIT, KVM_APIC_SIPI, MP_STATE, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { vmx_check_nested_events } from '../vmx/nested.ts';
import { kvm_vcpu_is_bsp } from './apic.ts';
import { kvm_lapic_reset } from './reset.ts';

/** CS selector after reset. */
export const CS_RESET = 0xf000;

/** INIT or reset of one vCPU beyond its local APIC: pending NMIs and SMIs are gone, CS is at the reset vector. */
export const kvm_vcpu_reset = operation({
  name: 'kvm_vcpu_reset',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu', 'init'],
  steps: {
    lapic: silent((m, vcpu, init) => m.call(kvm_lapic_reset, vcpu, init)),
    rest: step(
      (_m, vcpu) => `vcpu ${vcpu}: no NMI and no SMI is pending any more, IF := 0, CS := ${hex(CS_RESET)}`,
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        for (const word of [
          V.nmi_queued,
          V.nmi_pending,
          V.nmi_injected,
          V.nmi_masked,
          V.smi_pending,
          V.smm,
          V.interrupts,
        ]) {
          m.store(base + word, 0);
        }
        m.store(base + V.cs, CS_RESET);
        return RETURN;
      },
    ),
  },
});

/** INIT and SIPI wait in SMM and in VMX root operation. `kvm_apic_init_sipi_allowed`, `vmx_apic_init_signal_blocked`. */
function isInitBlocked(m: Machine, vcpu: number): boolean {
  const base = m.vcpu(vcpu);
  const inRoot = m.words[base + V.vmxon] !== 0 && m.words[base + V.guest_mode] === 0;
  return m.words[base + V.smm] !== 0 || (inRoot && m.profile.delivery.nestedSignals);
}

/** Runs on the target's own thread, at entry or when user space asks for the mp_state. */
export const kvm_apic_accept_events = operation({
  name: 'kvm_apic_accept_events',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['vcpu'],
  steps: {
    any: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.pending_events] === 0 ? RETURN : NEXT)),
    nested: silent((m, vcpu) => {
      const inL2 = m.words[m.vcpu(vcpu) + V.guest_mode] !== 0;
      return inL2 && m.config.vendor === 'intel' && m.profile.delivery.nestedSignals
        ? m.call(vmx_check_nested_events, vcpu)
        : NEXT;
    }),
    left: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.pending_events] === 0 ? RETURN : NEXT)),
    blocked: silent((m, vcpu) => (isInitBlocked(m, vcpu) ? NEXT : 'init')),
    latch: step(
      (m, vcpu) =>
        `vcpu ${vcpu} is in ${m.words[m.vcpu(vcpu) + V.smm] !== 0 ? 'SMM' : 'VMX root operation'}: INIT stays latched, a pending SIPI is lost`,
      (m, vcpu) => {
        m.clear_bit(KVM_APIC_SIPI, m.vcpu(vcpu) + V.pending_events);
        return RETURN;
      },
      { via: ['kvm_apic_init_sipi_allowed'] },
    ),
    init: step(
      (m, vcpu) =>
        m.test_bit(KVM_APIC_INIT, m.vcpu(vcpu) + V.pending_events)
          ? `vcpu ${vcpu} takes INIT`
          : `no INIT is pending for vcpu ${vcpu}`,
      (m, vcpu) => (m.test_and_clear_bit(KVM_APIC_INIT, m.vcpu(vcpu) + V.pending_events) ? NEXT : 'sipi'),
    ),
    reset: silent((m, vcpu) => m.call(kvm_vcpu_reset, vcpu, 1)),
    set_mp_state: step(
      (m, vcpu) =>
        kvm_vcpu_is_bsp(m, vcpu)
          ? `vcpu ${vcpu} is the BSP: mp_state := RUNNABLE`
          : `mp_state of vcpu ${vcpu} := INIT_RECEIVED: it waits for SIPI`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.mp_state, kvm_vcpu_is_bsp(m, vcpu) ? MP_STATE.RUNNABLE : MP_STATE.INIT_RECEIVED);
        return NEXT;
      },
    ),
    sipi: step(
      (m, vcpu) => {
        if (!m.test_bit(KVM_APIC_SIPI, m.vcpu(vcpu) + V.pending_events)) {
          return `no SIPI is pending for vcpu ${vcpu}`;
        }
        return m.words[m.vcpu(vcpu) + V.mp_state] === MP_STATE.INIT_RECEIVED
          ? `vcpu ${vcpu} waited for this SIPI`
          : `vcpu ${vcpu} does not wait for SIPI: it is discarded`;
      },
      (m, vcpu) => {
        const pending = m.test_and_clear_bit(KVM_APIC_SIPI, m.vcpu(vcpu) + V.pending_events);
        return pending && m.load(m.vcpu(vcpu) + V.mp_state) === MP_STATE.INIT_RECEIVED ? NEXT : RETURN;
      },
    ),
    deliver_sipi: step(
      (m, vcpu) => {
        const vector = m.words[m.vcpu(vcpu) + V.sipi_vector];
        return `vcpu ${vcpu} starts at ${hex(vector << 12, 5)}: CS := ${hex(vector << 8, 4)}, IP := 0, mp_state := RUNNABLE`;
      },
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        m.store(base + V.cs, m.load(base + V.sipi_vector) << 8);
        m.store(base + V.mp_state, MP_STATE.RUNNABLE);
        return RETURN;
      },
      { via: ['kvm_vcpu_deliver_sipi_vector'] },
    ),
  },
});
