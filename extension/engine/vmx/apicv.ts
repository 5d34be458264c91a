/** APICv inhibits, and what a vCPU does when they come or go. x86.c, lapic.c, vmx/vmx.c; posted interrupts §12, races R09 and R14. */
import { setSvi } from '../cpu/vmcs.ts';
import { kvm_make_all_cpus_request } from '../kvm/kick.ts';
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

/** kvm_vcpu_apicv_activated */
function isActivated(m: Machine): boolean {
  return m.config.apicv && m.load(m.layout.vm + VM.apicv_inhibits) === 0;
}

/** Locals of `kvm_set_or_clear_apicv_inhibit`. */
const OLD = 2;

/**
 * `bit`: the reason, by the table of the kernel version. Both the store and the requests happen under apicv_update_lock, which a vCPU takes
 * before it looks: it cannot see the one without the other.
 */
export const kvm_set_or_clear_apicv_inhibit = operation({
  name: 'kvm_set_or_clear_apicv_inhibit',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['bit', 'set', 'old'],
  steps: {
    store: step(
      (m, bit, set) => `apicv_inhibit_reasons: ${vmx(m).inhibitReasons[bit] ?? bit} := ${set}`,
      (m, bit, set) => {
        const address = m.layout.vm + VM.apicv_inhibits;
        const old = m.load(address);
        m.local(OLD, old);
        m.store(address, set ? old | (1 << bit) : old & ~(1 << bit));
        return NEXT;
      },
    ),
    trace: trace('kvm_apicv_inhibit_changed', (m, bit, set) => {
      const inhibits = m.words[m.layout.vm + VM.apicv_inhibits];
      return `${set ? 'set' : 'cleared'} reason=${bit}, inhibits=0x${inhibits.toString(16)}`;
    }),
    changed: silent((m, _bit, _set, old) =>
      (old !== 0) !== (m.words[m.layout.vm + VM.apicv_inhibits] !== 0)
        ? m.call(kvm_make_all_cpus_request, REQ.APICV_UPDATE)
        : RETURN,
    ),
    done: silent(() => RETURN),
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
        const active = isActivated(m);
        return (m.words[m.vcpu(vcpu) + V.apicv_active] !== 0) === active
          ? `APICv of vcpu ${vcpu} stays ${active ? 'active' : 'inactive'}`
          : `APICv of vcpu ${vcpu} is to be ${active ? 'active' : 'inactive'}`;
      },
      (m, vcpu) => {
        const active = isActivated(m) ? 1 : 0;
        m.local(1, active);
        return m.load(m.vcpu(vcpu) + V.apicv_active) === active ? RETURN : NEXT;
      },
      { via: ['__kvm_vcpu_update_apicv', 'kvm_vcpu_apicv_activated'] },
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
        m.store(address, m.load(address) + 1);
        return NEXT;
      },
    ),
    unblock: silent(m => (vmx(m).wakeupVector === 'none' ? RETURN : m.call(kvm_make_all_cpus_request, REQ.UNBLOCK))),
    done: silent(() => RETURN),
  },
});
