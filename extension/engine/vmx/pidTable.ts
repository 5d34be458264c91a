/** The PID-pointer table of IPI virtualization. vmx/vmx.c, x86.c; IPI sheet §3 and §5. */
import { pidAddress } from '../address.ts';
import type { MachineConfig } from '../config.ts';
import type { Machine } from '../machine.ts';
import { vmxChoices } from './choices.ts';

/** 4 times KVM_MAX_VCPUS 1024. */
export const KVM_MAX_VCPU_IDS = 4096;
const PID_TABLE_ENTRY_VALID = 1;
const PAGE_SIZE = 4096;

/** kvm->arch.max_vcpu_ids */
export function maxVcpuIds(config: MachineConfig): number {
  return config.maxVcpuId ?? KVM_MAX_VCPU_IDS;
}

/** VMCS 0x0008, LAST_PID_POINTER_INDEX. */
export function lastPidPointerIndex(config: MachineConfig): number {
  return maxVcpuIds(config) - 1;
}

/** Bytes of the table that the processor may read. */
export function pidTableBytes(config: MachineConfig): number {
  return maxVcpuIds(config) * 8;
}

/** The allocation is 2^order pages. */
export function vmx_get_pid_table_order(config: MachineConfig): number {
  return Math.max(0, Math.ceil(Math.log2(pidTableBytes(config) / PAGE_SIZE)));
}

/** In-kernel local APIC and `enable_ipiv`, which needs APICv and a kernel that knows it. A userspace irqchip cannot be described: it has no local APIC here. */
export function vmx_can_use_ipiv(config: MachineConfig): boolean {
  return config.vendor === 'intel' && config.apicv && config.ipiv && vmxChoices(config).ipiVirtualization;
}

/** What the end of `vmx_vcpu_create` writes, once: the entry of this vcpu_id. */
export function writePidTableEntry(m: Machine, vcpu: number): void {
  const { hi, lo } = pidAddress(vcpu);
  const entry = m.layout.pidTable + 2 * m.config.vcpus[vcpu].id;
  m.store(entry, lo | PID_TABLE_ENTRY_VALID);
  m.store(entry + 1, hi);
}

/** Why `KVM_ENABLE_CAP(KVM_CAP_MAX_VCPU_ID)` fails, or undefined. `before`: the value in force; 0 = never set, no vCPU yet. */
export function max_vcpu_id_cap_error(value: Word64, before: number, bspId: number): string | undefined {
  if (value.hi !== 0 || value.lo > KVM_MAX_VCPU_IDS) {
    return `at most ${KVM_MAX_VCPU_IDS}`;
  }
  if (bspId >= value.lo) {
    return `the boot vCPU's id ${bspId} needs more`;
  }
  return before !== 0 && before !== value.lo ? `settable once, and it is ${before}` : undefined;
}

/** Why creating a vCPU with this id fails, or undefined. The id is 64 bits wide in `KVM_CREATE_VCPU`. */
export function vcpu_id_error(id: Word64, config: MachineConfig): string | undefined {
  return id.hi !== 0 || id.lo >= maxVcpuIds(config) ? `vcpu_id must be below ${maxVcpuIds(config)}` : undefined;
}

interface Word64 {
  readonly hi: number;
  readonly lo: number;
}
