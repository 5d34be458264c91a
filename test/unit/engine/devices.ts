import type { DeviceConfig, MachineConfig, VcpuConfig, VcpuState } from '../../../extension/engine/config.ts';
import { device_interrupt } from '../../../extension/engine/iommu/device.ts';
import { requestFor } from '../../../extension/engine/iommu/request.ts';
import { D, EVENT, IOMMU, V } from '../../../extension/engine/layout.ts';
import type { Machine } from '../../../extension/engine/machine.ts';
import type { Operation } from '../../../extension/engine/operation.ts';
import { vectorsAt } from '../../../extension/engine/text.ts';
import { createMachine } from '../../../extension/engine/x86.ts';

/** Machines with a device behind an IOMMU, and what happened on them. */
export function vcpu(id: number, state: VcpuState, cpu = id, more: Partial<VcpuConfig> = {}): VcpuConfig {
  return { id, apic: 'x2apic', state, cpu, bsp: id === 0, interruptsEnabled: true, ...more };
}

export function nic(more: Partial<DeviceConfig> = {}): DeviceConfig {
  return { name: 'nic', irte: 5, sourceId: 0x0100, host: { cpu: 0, vector: 0x31 }, assigned: true, ...more };
}

/** Fixed, edge, physical, to an xAPIC-sized ID. */
export function msiTo(id: number, vector: number): { lo: number; hi: number; data: number } {
  return { lo: (0xfee00000 | (id << 12)) >>> 0, hi: 0, data: vector };
}

export function machine(more: Partial<MachineConfig> & Pick<MachineConfig, 'vcpus'>): Machine {
  const cpus = Math.max(...more.vcpus.map(({ cpu }) => cpu)) + 2;
  return createMachine({
    vendor: 'intel',
    kernel: '6.16',
    hostApic: 'x2apic',
    apicv: true,
    ipiv: false,
    vtdPosting: true,
    irqchip: 'kernel',
    x2apicApi: -1,
    vectorHashing: true,
    cpus: Array.from({ length: cpus }, (_, apicId) => ({ apicId })),
    devices: [nic()],
    ...more,
  });
}

/** What each step was: operation and label. */
export type Trail = string[];

/** Steps whoever is ready, hardware first, until nobody is. */
export function settle(m: Machine, trail: Trail = []): Trail {
  const agents = [
    ...m.config.cpus.map((_, cpu) => m.cpuAgent(cpu)),
    m.iommuAgent,
    ...(m.deviceCount > 0 ? [m.kthreadAgent] : []),
    0,
    ...m.config.vcpus.map((_, index) => m.vcpuAgent(index)),
    ...(m.config.devices ?? []).map((_, index) => m.deviceAgent(index)),
  ];
  for (let count = 0; ; count++) {
    if (count > 2000) {
      throw new Error(`no end: ${trail.slice(-12).join(' > ')}`);
    }
    const agent = agents.find(each => m.ready(each));
    if (agent === undefined) {
      return trail;
    }
    m.step(agent);
    m.close();
    const code = m.codeOf(m.position);
    const label = code && [...code.operation.labels].find(([, at]) => code.operation.steps[at] === code.step)?.[0];
    trail.push(`${code?.operation.name}.${label}`);
  }
}

export function run(m: Machine, agent: number, what: Operation, ...args: number[]): Trail {
  m.start(agent, what, ...args);
  return settle(m);
}

/** The device signals its interrupt through its own entry. */
export function interrupt(m: Machine, index = 0): Trail {
  const { irte } = (m.config.devices ?? [])[index];
  const { address, data } = requestFor(irte);
  const amd = m.config.vendor === 'amd';
  return run(m, m.deviceAgent(index), device_interrupt, index, amd ? 0xfee00000 | 0 : address | 0, amd ? irte : data);
}

export function irte(m: Machine, index = 0): number[] {
  return [0, 1, 2, 3].map(i => m.words[m.device(index) + D.irte + i] >>> 0);
}

export function happened(m: Machine, index: number): { exit: boolean; notification: boolean; wakeup: boolean } {
  const events = m.words[m.vcpu(index) + V.events];
  const has = (bit: number) => (events & (1 << bit)) !== 0;
  return { exit: has(EVENT.exit), notification: has(EVENT.notification), wakeup: has(EVENT.wakeup) };
}

export function taken(m: Machine, index: number): number[] {
  return vectorsAt(m.words, m.vcpu(index) + V.taken);
}

export function word(m: Machine, index: number, field: keyof typeof V): number {
  return m.words[m.vcpu(index) + V[field]];
}

export function iommu(m: Machine, field: keyof typeof IOMMU): number {
  return m.words[m.layout.iommu + IOMMU[field]];
}
