/** The VMX side of a vCPU as it stands before the first step: VMCS, descriptor, PID-pointer table, L2. vmx/vmx.c; posted interrupts §9. */
import { HOST_VECTORS } from '../fields.ts';
import { CTRL, PID_CONTROL, PID_NDST, POSTED_INTR_SN, V, VM } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { highest } from '../text.ts';
import { vmx } from './choices.ts';
import { initVmcs } from './controls.ts';
import { ndstOf, vmx_needs_pi_wakeup } from './piDesc.ts';
import { vmx_can_use_ipiv, writePidTableEntry } from './pidTable.ts';

/** Once, before the vCPUs. */
export function vmx_vm_init(m: Machine): void {
  if (m.config.vtdPosting) {
    m.store(m.layout.vm + VM.assigned_device_count, 1);
  }
}

/** After the local APIC has its registers. */
export function vmx_vcpu_create(m: Machine, vcpu: number): void {
  const base = m.vcpu(vcpu);
  m.store(base + V.pre_pcpu, -1);
  m.store(base + V.nested_posted_intr_nv, -1);
  if (m.config.apicv) {
    const service = Math.max(highest(m, base + V.isr), 0);
    const request = Math.max(highest(m, base + V.irr), 0);
    m.store(base + V.apicv_active, 1);
    m.store(base + V.guest_intr_status, (service << 8) | request);
    resetDescriptor(m, vcpu);
  }
  initVmcs(m, vcpu);
  if (vmx_can_use_ipiv(m.config)) {
    writePidTableEntry(m, vcpu);
  }
  if (m.config.vcpus[vcpu].l2 !== undefined) {
    enterL2(m, vcpu, m.config.vcpus[vcpu].l2.notificationVector);
  }
}

/** SN, NV and NDST as the thread's state implies, after RESET too; posted interrupts §9. The descriptor of 2013 has none of them. */
function resetDescriptor(m: Machine, vcpu: number): void {
  if (vmx(m).wakeupVector === 'none') {
    return;
  }
  const { state, cpu } = m.config.vcpus[vcpu];
  const blocked = state === 'blocked' && vmx_needs_pi_wakeup(m);
  const afterReset = state === 'offline' && vmx(m).wakeupVector === 'vmx_vcpu_pi_put';
  const suppressed = afterReset || (state === 'preempted' && vmx_needs_pi_wakeup(m));
  const nv = blocked ? HOST_VECTORS.POSTED_INTR_WAKEUP_VECTOR : HOST_VECTORS.POSTED_INTR_VECTOR;
  const base = m.vcpu(vcpu);
  if (blocked) {
    m.store(base + V.on_wakeup_list, 1);
    m.store(base + V.pre_pcpu, vmx(m).wakeupVector === 'pi_pre_block' ? cpu : -1);
  }
  m.store(base + V.pi_desc + PID_CONTROL, (nv << 16) | (suppressed ? 1 << POSTED_INTR_SN : 0));
  m.store(base + V.pi_desc + PID_NDST, ndstOf(m, cpu));
}

/** The vCPU runs L2 with posted interrupts: vmcs02 has the vector 0xf0, L1's descriptor and L2's virtual-APIC page. */
function enterL2(m: Machine, vcpu: number, notificationVector: number): void {
  const base = m.vcpu(vcpu);
  m.store(base + V.vmxon, 1);
  m.store(base + V.guest_mode, 1);
  m.store(base + V.nested_posted_intr_nv, notificationVector);
  const vmcs02 = m.nested(vcpu);
  for (const word of [V.apicbase, V.id, V.svr, V.apicv_active, V.controls, V.posted_intr_desc_addr]) {
    m.store(vmcs02 + word, m.words[base + word]);
  }
  m.store(vmcs02 + V.controls, m.words[base + V.controls] & ~(1 << CTRL.ipi_virtualization));
  m.store(vmcs02 + V.posted_intr_nv, HOST_VECTORS.POSTED_INTR_NESTED_VECTOR);
  for (let i = 0; i < 2; i++) {
    m.store(vmcs02 + V.msr_read + i, m.words[base + V.msr_read + i]);
    m.store(vmcs02 + V.msr_write + i, m.words[base + V.msr_write + i]);
  }
}
