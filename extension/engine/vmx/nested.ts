/**
 * Nested posted interrupts: L1 runs L2 with its own descriptor and notification vector. vmcs02 has the vector 0xf0 and L1's descriptor, so
 * the processor does all of it when L2 runs. vmx/nested.c; posted interrupts §11, races R25-R28.
 */

import { EXIT_REASON, reasonName, setRvi, setSvi } from '../cpu/vmcs.ts';
import { HOST_VECTORS } from '../fields.ts';
import { apic_update_ppr } from '../lapic/priority.ts';
import { ACTIVITY, KVM_APIC_INIT, KVM_APIC_SIPI, MP_STATE, PID_CONTROL, POSTED_INTR_ON, REQ, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex, highest, vectorSet, vectorsAt } from '../text.ts';
import { vmx } from './choices.ts';
import { kvm_vcpu_trigger_posted_interrupt } from './notification.ts';
import { kvm_apic_update_irr, OF_L2, vmx_sync_pir_to_irr } from './sync.ts';

/** KVM sends L1's notification vector to a vCPU that runs L2. Returns 0 when it was one, -1 when the vector is an ordinary interrupt. */
export const vmx_deliver_nested_posted_interrupt = operation({
  name: 'vmx_deliver_nested_posted_interrupt',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu', 'vector'],
  steps: {
    test: step(
      (m, vcpu, vector) => {
        const base = m.vcpu(vcpu);
        if (m.words[base + V.guest_mode] === 0) {
          return `vcpu ${vcpu} does not run L2: ${hex(vector)} is an ordinary interrupt`;
        }
        return vector === m.words[base + V.nested_posted_intr_nv]
          ? `vcpu ${vcpu} runs L2, and ${hex(vector)} is L1's notification vector`
          : `vcpu ${vcpu} runs L2, but ${hex(vector)} is not L1's notification vector`;
      },
      (m, vcpu, vector) => {
        const base = m.vcpu(vcpu);
        return m.load(base + V.guest_mode) !== 0 && m.load(base + V.nested_posted_intr_nv) === vector
          ? NEXT
          : m.return(-1);
      },
    ),
    set_pi_pending: step(
      (_m, vcpu) => `pi_pending of vcpu ${vcpu} := 1`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.pi_pending, 1);
        return NEXT;
      },
    ),
    request_event: step(
      (_m, vcpu) => `request KVM_REQ_EVENT of vcpu ${vcpu} (locked): the read of vcpu->mode comes after it`,
      (m, vcpu) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return NEXT;
      },
      { via: ['kvm_make_request'] },
    ),
    notify: silent((m, vcpu) =>
      m.call(kvm_vcpu_trigger_posted_interrupt, vcpu, HOST_VECTORS.POSTED_INTR_NESTED_VECTOR),
    ),
    done: silent(m => m.return(0)),
  },
});

/** Does by software what the processor did not do because L2 was not running. */
export const vmx_complete_nested_posted_interrupt = operation({
  name: 'vmx_complete_nested_posted_interrupt',
  actor: 'kvm',
  source: 'vmx/nested.c',
  locals: ['vcpu', 'vector'],
  steps: {
    pending: step(
      (m, vcpu) =>
        m.words[m.vcpu(vcpu) + V.pi_pending] !== 0
          ? `pi_pending of vcpu ${vcpu} is 1: clear it and look into L1's descriptor`
          : `pi_pending of vcpu ${vcpu} is 0`,
      (m, vcpu) => (m.xchg(m.vcpu(vcpu) + V.pi_pending, 0) !== 0 ? NEXT : RETURN),
    ),
    clear_on: step(
      (m, vcpu) =>
        m.test_bit(POSTED_INTR_ON, m.nested(vcpu) + V.pi_desc + PID_CONTROL)
          ? "ON of L1's descriptor is set: clear it (locked)"
          : "ON of L1's descriptor is clear: the processor has done it already",
      (m, vcpu) => (m.test_and_clear_bit(POSTED_INTR_ON, m.nested(vcpu) + V.pi_desc + PID_CONTROL) ? NEXT : RETURN),
    ),
    highest: step(
      (m, vcpu) =>
        `highest vector in PIR of L1's descriptor, ${vectorSet(vectorsAt(m.words, m.nested(vcpu) + V.pi_desc))}`,
      (m, vcpu) => {
        const vector = highest(m, m.nested(vcpu) + V.pi_desc);
        m.local(1, vector);
        return vector > 0 ? NEXT : RETURN;
      },
      { via: ['pi_find_highest_vector'] },
    ),
    merge: silent((m, vcpu) => m.call(kvm_apic_update_irr, vcpu | OF_L2)),
    raise_rvi: step(
      (m, vcpu, vector) =>
        `RVI of vmcs02 := max(${hex(m.words[m.nested(vcpu) + V.guest_intr_status] & 0xff)}, ${hex(vector)})`,
      (m, vcpu, vector) => {
        setRvi(m, vcpu, Math.max(m.load(m.nested(vcpu) + V.guest_intr_status) & 0xff, vector));
        return RETURN;
      },
    ),
  },
});

/** L2 leaves for L1. The exit's fields of vmcs12 stand in the block of vmcs02. `nested_vmx_vmexit`. */
function exitToL1(m: Machine, vcpu: number, reason: number, qualification: number): void {
  const base = m.vcpu(vcpu);
  m.store(base + V.guest_mode, 0);
  m.store(base + V.activity, ACTIVITY.active);
  m.store(base + V.mp_state, MP_STATE.RUNNABLE);
  m.store(m.nested(vcpu) + V.exit_reason, reason);
  m.store(m.nested(vcpu) + V.exit_qualification, qualification);
  m.mark(MARK.exit);
}

/** L2 was entered with the activity state wait-for-SIPI. */
function isL2WaitingForSipi(m: Machine, vcpu: number): boolean {
  return m.words[m.vcpu(vcpu) + V.mp_state] === MP_STATE.INIT_RECEIVED;
}

/**
 * With L2 about to run: INIT, SIPI or an interrupt for L1 makes L2 exit to L1; L1's notification vector completes a nested post.
 * INIT and SIPI: LAPIC delivery §6.2.
 */
export const vmx_check_nested_events = operation({
  name: 'vmx_check_nested_events',
  actor: 'kvm',
  source: 'vmx/nested.c',
  locals: ['vcpu', 'vector', 'reason'],
  steps: {
    signals: silent((m, vcpu) => {
      const pending = m.words[m.vcpu(vcpu) + V.pending_events] !== 0;
      return pending && m.profile.delivery.nestedSignals ? NEXT : 'sync';
    }),
    init: step(
      (m, vcpu) => {
        if (!m.test_bit(KVM_APIC_INIT, m.vcpu(vcpu) + V.pending_events)) {
          return `no INIT is pending for vcpu ${vcpu}`;
        }
        return isL2WaitingForSipi(m, vcpu)
          ? `L2 on vcpu ${vcpu} waits for SIPI: the INIT is discarded`
          : `INIT of vcpu ${vcpu} makes L2 exit to L1`;
      },
      (m, vcpu) => {
        if (!m.test_and_clear_bit(KVM_APIC_INIT, m.vcpu(vcpu) + V.pending_events)) {
          return 'sipi';
        }
        m.local(2, EXIT_REASON.INIT_SIGNAL);
        return isL2WaitingForSipi(m, vcpu) ? RETURN : 'signal_to_l1';
      },
    ),
    sipi: step(
      (m, vcpu) => {
        if (!m.test_bit(KVM_APIC_SIPI, m.vcpu(vcpu) + V.pending_events)) {
          return `no SIPI is pending for vcpu ${vcpu}`;
        }
        return isL2WaitingForSipi(m, vcpu)
          ? `L2 on vcpu ${vcpu} waited for this SIPI: it exits to L1`
          : `L2 on vcpu ${vcpu} does not wait for SIPI: it is discarded`;
      },
      (m, vcpu) => {
        if (!m.test_and_clear_bit(KVM_APIC_SIPI, m.vcpu(vcpu) + V.pending_events)) {
          return 'sync';
        }
        if (!isL2WaitingForSipi(m, vcpu)) {
          return 'sync';
        }
        m.local(1, m.load(m.vcpu(vcpu) + V.sipi_vector) & 0xff);
        m.local(2, EXIT_REASON.SIPI_SIGNAL);
        return NEXT;
      },
    ),
    signal_to_l1: step(
      (_m, vcpu, vector, reason) =>
        `nested VM exit of vcpu ${vcpu}: L2 leaves for L1, ${reasonName(reason)}, qualification ${hex(vector)}; vmcs01 is current again`,
      (m, vcpu, vector, reason) => {
        exitToL1(m, vcpu, reason, vector);
        return 'bitmap';
      },
      { via: ['nested_vmx_vmexit'] },
    ),
    sync: silent((m, vcpu) =>
      m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? m.call(vmx_sync_pir_to_irr, vcpu) : 'has_interrupt',
    ),
    synced: silent(() => NEXT, ['kvm_cpu_has_interrupt', 'apic_has_interrupt_for_ppr']),
    has_interrupt: step(
      (m, vcpu) => {
        const pending = vectorsAt(m.words, m.vcpu(vcpu) + V.irr);
        return pending.length === 0
          ? `L1 on vcpu ${vcpu} has no interrupt: L2 goes on`
          : `L1 on vcpu ${vcpu} has interrupts ${vectorSet(pending)}`;
      },
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        const vector = highest(m, base + V.irr);
        m.local(1, vector);
        apic_update_ppr(m, vcpu);
        if (vector < 0 || vector >>> 4 <= (m.load(base + V.ppr) & 0xff) >>> 4) {
          return 'complete';
        }
        return vmx(m).nestedVectorMorphs && m.load(base + V.nested_posted_intr_nv) === vector ? NEXT : 'exit_to_l1';
      },
      { via: ['kvm_cpu_has_interrupt'] },
    ),
    morph: step(
      (_m, vcpu, vector) =>
        `${hex(vector)} is L1's own notification vector: clear it in IRR, pi_pending of vcpu ${vcpu} := 1`,
      (m, vcpu, vector) => {
        m.clear_bit(vector, m.vcpu(vcpu) + V.irr);
        m.store(m.vcpu(vcpu) + V.pi_pending, 1);
        return 'complete';
      },
      { via: ['kvm_apic_clear_irr'] },
    ),
    exit_to_l1: step(
      (_m, vcpu, vector) =>
        `nested VM exit of vcpu ${vcpu}: L2 leaves for L1 with ${hex(vector)}; vmcs01 is current again`,
      (m, vcpu) => {
        exitToL1(m, vcpu, EXIT_REASON.EXTERNAL_INTERRUPT, 0);
        return NEXT;
      },
      { via: ['nested_vmx_vmexit'] },
    ),
    clear_irr: step(
      (_m, vcpu, vector) => `acknowledge ${hex(vector)} for L1: IRR[${hex(vector)}] of vcpu ${vcpu} := 0`,
      (m, vcpu, vector) => {
        m.clear_bit(vector, m.vcpu(vcpu) + V.irr);
        return NEXT;
      },
      { via: ['kvm_apic_ack_interrupt', 'apic_clear_irr'] },
    ),
    set_isr: step(
      (_m, vcpu, vector) => `ISR[${hex(vector)}] of vcpu ${vcpu} := 1; L1 has its external interrupt`,
      (m, vcpu, vector) => {
        m.set_bit(vector, m.vcpu(vcpu) + V.isr);
        m.set_bit(vector, m.vcpu(vcpu) + V.taken);
        m.mark(MARK.delivery);
        return m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? NEXT : 'bitmap';
      },
      { via: ['kvm_apic_ack_interrupt', 'apic_set_isr'] },
    ),
    set_svi: step(
      (_m, vcpu, vector) => `SVI of vmcs01 of vcpu ${vcpu} := ${hex(vector)}`,
      (m, vcpu, vector) => {
        setSvi(m, vcpu, vector);
        return NEXT;
      },
      { via: ['kvm_apic_ack_interrupt', 'apic_set_isr', 'vmx_hwapic_isr_update'] },
    ),
    bitmap: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.load_eoi_exitmap_pending] !== 0 ? NEXT : RETURN)),
    load_eoi_exitmap: step(
      (_m, vcpu) => `vmcs01 of vcpu ${vcpu} is current again: request KVM_REQ_LOAD_EOI_EXITMAP, which waited`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.load_eoi_exitmap_pending, 0);
        m.set_bit(REQ.LOAD_EOI_EXITMAP, m.vcpu(vcpu) + V.requests);
        return RETURN;
      },
      { via: ['leave_guest_mode'] },
    ),
    complete: silent((m, vcpu) => m.call(vmx_complete_nested_posted_interrupt, vcpu)),
  },
});
