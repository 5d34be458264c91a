/** APICv inhibits, and what a vCPU does when they come or go. x86.c, lapic.c, vmx/vmx.c; posted interrupts §12, races R09 and R14. */
import { setSvi } from '../cpu/vmcs.ts';
import { kvm_make_all_cpus_request } from '../kvm/kick.ts';
import { kvm_apic_hw_enabled } from '../lapic/apic.ts';
import { REQ, V, VM } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { avic_refresh_apicv_exec_ctrl } from '../svm/vmcb.ts';
import { hex, highest } from '../text.ts';
import { trace } from '../trace.ts';
import { vmx } from './choices.ts';
import { vmx_refresh_apicv_exec_ctrl } from './controls.ts';

/** Bit of a reason in this kernel, or -1: unknown here, or not honoured on Intel and then never recorded. */
export function inhibitBit(m: Machine, reason: string): number {
  const bit = vmx(m).inhibitReasons.indexOf(reason);
  const honoured = m.config.vendor === 'amd' ? -1 : vmx(m).requiredInhibits;
  return bit >= 0 && (honoured & (1 << bit)) !== 0 ? bit : -1;
}

/**
 * No reason is against it (`kvm_vcpu_apicv_activated`), and the local APIC is enabled. AVIC is off on a vCPU while that runs L2
 * (`avic_vcpu_get_apicv_inhibit_reasons`; until 5.18 in the whole VM, which is not modelled).
 */
function isActivated(m: Machine, vcpu: number): boolean {
  const present = !vmx(m).disabledApicDeactivates || kvm_apic_hw_enabled(m, vcpu);
  const inhibited = m.config.vendor === 'amd' && m.load(m.vcpu(vcpu) + V.guest_mode) !== 0;
  return m.config.apicv && m.load(m.layout.vm + VM.apicv_inhibits) === 0 && present && !inhibited;
}

function lockAddress(m: Machine): number {
  return m.layout.vm + VM.apicv_update_lock;
}

/** The reasons as they will be. */
function changed(m: Machine, bit: number, set: number): number {
  const old = m.words[m.layout.vm + VM.apicv_inhibits];
  return set ? old | (1 << bit) : old & ~(1 << bit);
}

/**
 * `bit`: the reason, by the table of the kernel version. The requests go out before the store; a vCPU that carries one out waits for the lock,
 * so that it cannot see the old reasons.
 */
export const kvm_set_or_clear_apicv_inhibit = operation({
  name: 'kvm_set_or_clear_apicv_inhibit',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['bit', 'set'],
  steps: {
    down_write: step(
      'take apicv_update_lock for writing',
      m => {
        m.xchg(lockAddress(m), 1);
        return NEXT;
      },
      { until: m => m.words[lockAddress(m)] === 0, via: ['down_write'] },
    ),
    trace: trace('kvm_apicv_inhibit_changed', (m, bit, set) => {
      return `${set ? 'set' : 'cleared'} reason=${bit}, inhibits=0x${changed(m, bit, set).toString(16)}`;
    }),
    request: silent((m, bit, set) =>
      (changed(m, bit, set) !== 0) !== (m.words[m.layout.vm + VM.apicv_inhibits] !== 0)
        ? m.call(kvm_make_all_cpus_request, REQ.APICV_UPDATE)
        : NEXT,
    ),
    store: step(
      (m, bit, set) => `apicv_inhibit_reasons: ${vmx(m).inhibitReasons[bit] ?? bit} := ${set}`,
      (m, bit, set) => {
        m.load(m.layout.vm + VM.apicv_inhibits);
        m.store(m.layout.vm + VM.apicv_inhibits, changed(m, bit, set));
        return NEXT;
      },
    ),
    up_write: step(
      'release apicv_update_lock',
      m => {
        m.store(lockAddress(m), 0);
        return RETURN;
      },
      { via: ['up_write'] },
    ),
  },
});

/** Runs on the vCPU's own thread when KVM_REQ_APICV_UPDATE is handled. */
export const kvm_vcpu_update_apicv = operation({
  name: 'kvm_vcpu_update_apicv',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu', 'active'],
  steps: {
    compare: step(
      (m, vcpu) => {
        const active = isActivated(m, vcpu);
        return (m.words[m.vcpu(vcpu) + V.apicv_active] !== 0) === active
          ? `APICv of vcpu ${vcpu} stays ${active ? 'active' : 'inactive'}`
          : `APICv of vcpu ${vcpu} is to be ${active ? 'active' : 'inactive'}`;
      },
      (m, vcpu) => {
        const active = isActivated(m, vcpu) ? 1 : 0;
        m.local(1, active);
        return m.load(m.vcpu(vcpu) + V.apicv_active) === active ? RETURN : NEXT;
      },
      {
        until: m => m.words[lockAddress(m)] === 0,
        via: ['__kvm_vcpu_update_apicv', 'kvm_vcpu_apicv_activated'],
      },
    ),
    set: step(
      (_m, vcpu, active) => `apicv_active of vcpu ${vcpu} := ${active}`,
      (m, vcpu, active) => {
        m.store(m.vcpu(vcpu) + V.apicv_active, active);
        const svi = m.config.vendor === 'intel' && vmx(m).activationWritesSvi;
        return active !== 0 && svi ? NEXT : 'controls';
      },
      { via: ['__kvm_vcpu_update_apicv'] },
    ),
    svi: step(
      (m, vcpu) =>
        `SVI of vcpu ${vcpu} := ${hex(Math.max(highest(m, m.vcpu(vcpu) + V.isr), 0))}, the highest vector in ISR`,
      (m, vcpu) => {
        setSvi(m, vcpu, Math.max(highest(m, m.vcpu(vcpu) + V.isr), 0));
        return NEXT;
      },
      { via: ['__kvm_vcpu_update_apicv', 'kvm_apic_update_apicv', 'vmx_hwapic_isr_update'] },
    ),
    controls: silent((m, vcpu) =>
      m.call(m.config.vendor === 'intel' ? vmx_refresh_apicv_exec_ctrl : avic_refresh_apicv_exec_ctrl, vcpu),
    ),
    deactivated: silent((_m, _vcpu, active) => (active === 0 ? NEXT : RETURN)),
    request_event: step(
      (_m, vcpu) => `request KVM_REQ_EVENT of vcpu ${vcpu}: what was accepted while APICv was active made no request`,
      (m, vcpu) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return RETURN;
      },
      { via: ['__kvm_vcpu_update_apicv'] },
    ),
  },
});

/** A device gets assigned to the VM: vCPUs that sleep already must put themselves on the wake-up list. R05. */
export const kvm_arch_start_assignment = operation({
  name: 'kvm_arch_start_assignment',
  actor: 'kvm',
  source: 'x86.c',
  locals: [],
  steps: {
    count: step(
      m => `assigned_device_count := ${m.words[m.layout.vm + VM.assigned_device_count] + 1} (locked)`,
      m => {
        const address = m.layout.vm + VM.assigned_device_count;
        m.smp_mb();
        m.store(address, m.load(address) + 1);
        return NEXT;
      },
    ),
    unblock: silent(m => (vmx(m).unblockRequest ? m.call(kvm_make_all_cpus_request, REQ.UNBLOCK) : RETURN)),
    done: silent(() => RETURN),
  },
});
