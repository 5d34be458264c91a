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

/** Is this agent in the middle of something, and not only about to begin it? It has taken a step then that others could see. */
export function atWork(m: Machine, agent: number): boolean {
  const frames = m.stack(agent);
  return frames.some(({ operation, step }, i) => {
    const at = operation.steps.indexOf(step);
    const taken = operation.steps.slice(0, at < 0 ? undefined : at).some(each => !each.silent);
    // Who is inside of a call has left the steps in front of it behind.
    return taken || (i === 0 && at < 0);
  });
}

/** What an operation that arises of itself is about: the number of the CPU, or the agent whose store buffer it is; 0 for agents of which there is one. */
export function subjectOf(m: Machine, agent: number): number {
  if (agent >= m.ownAgents) {
    return agent - m.ownAgents - m.addition.agents.length;
  }
  return agent < m.iommuAgent ? agent - 1 - m.vcpuCount : 0;
}
