/** A VM whose vCPUs are all outside guest mode: what KVM's in-kernel irqchip does to them, nothing else. */
import type { MachineConfig, VcpuConfig } from '../../../extension/engine/config.ts';
import { ioapic_mmio_read, ioapic_mmio_write } from '../../../extension/engine/ioapic/registers.ts';
import { kvm_set_irq } from '../../../extension/engine/ioapic/routing.ts';
import { rte } from '../../../extension/engine/ioapic/state.ts';
import { kvm_irq_delivery_to_apic } from '../../../extension/engine/lapic/delivery.ts';
import { kvm_apic_send_ipi } from '../../../extension/engine/lapic/icr.ts';
import { kvm_set_msi } from '../../../extension/engine/lapic/msi.ts';
import { kvm_lapic_reg_write } from '../../../extension/engine/lapic/registerWrite.ts';
import { IO, V } from '../../../extension/engine/layout.ts';
import { type Machine, VMM } from '../../../extension/engine/machine.ts';
import type { Operation } from '../../../extension/engine/operation.ts';
import { vectorsAt } from '../../../extension/engine/text.ts';
import { createMachine } from '../../../extension/engine/x86.ts';
import { agentOf } from '../../../extension/session/conform/agent.ts';

export type VmOptions = Partial<Omit<MachineConfig, 'vcpus'>> & {
  readonly vcpus?: readonly Partial<VcpuConfig>[];
  /** Applies to every vCPU. */
  readonly each?: Partial<VcpuConfig>;
};

/** The base VM of the worked cases: V0 to V3 in xAPIC flat mode, LDR of Vn = 1 << n. */
export function vm({ vcpus = [{}, {}, {}, {}], each = {}, ...options }: VmOptions = {}): Machine {
  return createMachine({
    vendor: 'intel',
    kernel: '6.16',
    hostApic: 'xapic',
    apicv: false,
    ipiv: false,
    vtdPosting: false,
    irqchip: 'kernel',
    x2apicApi: -1,
    vectorHashing: true,
    vcpus: vcpus.map((vcpu, i) => ({
      id: i,
      apic: 'xapic',
      state: 'exited',
      cpu: i,
      bsp: i === 0,
      ldr: i < 8 ? (1 << i) << 24 : 0,
      interruptsEnabled: false,
      ...each,
      ...vcpu,
    })),
    cpus: vcpus.map((_, i) => ({ apicId: i })),
    ...options,
  });
}

/** x2APIC vCPUs with IDs 0 to `count` - 1. */
export function x2apicVm(count: number, options: VmOptions = {}): Machine {
  return vm({ vcpus: Array.from({ length: count }, () => ({ apic: 'x2apic' as const })), ...options });
}

/** Runs an operation on a vCPU's thread, or on the VMM's. */
export function run(m: Machine, agent: number, operation: Operation, a = 0, b = 0, c = 0, d = 0): number {
  return agentOf(m, agent).run(operation, a, b, c, d);
}

export function onVcpu(m: Machine, vcpu: number, operation: Operation, a = 0, b = 0, c = 0, d = 0): number {
  return run(m, m.vcpuAgent(vcpu), operation, a, b, c, d);
}

export function msi(m: Machine, lo: number, data: number, hi = 0): number {
  return run(m, VMM, kvm_set_msi, lo | 0, hi | 0, data);
}

/** An IPI of vCPU `src`; `high` as ICR2 has it, or all of ICR 63:32 in x2APIC mode. */
export function ipi(m: Machine, src: number, low: number, high = 0): number {
  return onVcpu(m, src, kvm_apic_send_ipi, src, low | 0, high | 0);
}

/** A message that is no IPI. */
export function deliver(m: Machine, irq: number, dest: number): number {
  return run(m, VMM, kvm_irq_delivery_to_apic, -1, irq, dest | 0);
}

export function line(m: Machine, gsi: number, level: number, lineStatus = 1): number {
  return run(m, VMM, kvm_set_irq, gsi, 0, level, lineStatus);
}

export function writeRegister(m: Machine, vcpu: number, register: number, value: number): number {
  return onVcpu(m, vcpu, kvm_lapic_reg_write, vcpu, register, value | 0);
}

/** Writes RTE words as a guest does: select, then the window. */
export function writeRte(m: Machine, pin: number, low: number, high?: number): void {
  const write = (offset: number, value: number) => onVcpu(m, 0, ioapic_mmio_write, offset, value | 0);
  if (high !== undefined) {
    write(0x00, 0x11 + 2 * pin);
    write(0x10, high);
  }
  write(0x00, 0x10 + 2 * pin);
  write(0x10, low);
}

export function readIoapic(m: Machine, register: number): number {
  onVcpu(m, 0, ioapic_mmio_write, 0x00, register);
  return ioapic_mmio_read(m, 0x10);
}

/** vCPUs that have the vector in IRR. */
export function received(m: Machine, vector: number): number[] {
  return Array.from({ length: m.vcpuCount }, (_, i) => i).filter(i => irr(m, i).includes(vector));
}

export const irr = (m: Machine, vcpu: number) => vectorsAt(m.words, m.vcpu(vcpu) + V.irr);
export const isr = (m: Machine, vcpu: number) => vectorsAt(m.words, m.vcpu(vcpu) + V.isr);
export const tmr = (m: Machine, vcpu: number) => vectorsAt(m.words, m.vcpu(vcpu) + V.tmr);
export const field = (m: Machine, vcpu: number, word: number) => m.words[m.vcpu(vcpu) + word];
export const remoteIrr = (m: Machine, pin: number) => (m.words[rte(m, pin)] >>> 14) & 1;
export const ioapic = (m: Machine, word: keyof typeof IO) => m.words[m.layout.ioapic + IO[word]];
