import type { Machine } from './machine.ts';

/** Agents by number: 0 the VMM, then a thread for each vCPU, the interrupt hardware of each physical CPU, the IOMMU, its devices and the host's other threads. */
export const VMM = 0;
/** The scenario itself (expectations), and the person who changes a field by hand. */
export const SCENARIO = 0xffff;
export const USER = 0xfffe;

/** `vmm`, `vcpu 2`, `cpu 0`, `iommu`, a device's name, or what the scenario calls it. */
export function nameOfAgent(m: Machine, agent: number): string {
  const threads = m.ownAgents + m.addition.agents.length;
  switch (agent) {
    case VMM:
      return 'vmm';
    case SCENARIO:
      return 'scenario';
    case USER:
      return 'user';
  }
  if (agent >= threads) {
    return `store buffer of ${nameOfAgent(m, agent - threads)}`;
  }
  if (agent >= m.ownAgents) {
    return m.addition.agents[agent - m.ownAgents];
  }
  if (agent >= m.iommuAgent) {
    return agent === m.iommuAgent ? 'iommu' : (m.config.devices?.[agent - m.iommuAgent - 1]?.name ?? 'host threads');
  }
  return agent <= m.vcpuCount ? `vcpu ${agent - 1}` : `cpu ${agent - 1 - m.vcpuCount}`;
}

/** Is this agent in the middle of something, and not only waiting to begin it? */
export function atWork(m: Machine, agent: number): boolean {
  if (m.idle(agent)) {
    return false;
  }
  const [frame] = m.stack(agent);
  const first = frame.operation.steps.find(each => !each.silent);
  return frame.step !== first || first.until === undefined;
}
