/**
 * Who holds the machine: while an operation runs that cannot be interrupted, no other agent acts. Code of the scenario may wait in one; it can
 * be interrupted there.
 */
import { AGENT, AGENT_WORDS, G } from './layout.ts';
import type { Machine } from './machine.ts';
import { type Operation, operations } from './operation.ts';

function depthOf(m: Machine, agent: number): number {
  return m.words[m.layout.agents + agent * AGENT_WORDS + AGENT.depth];
}

function operationAt(m: Machine, agent: number, depth: number): Operation {
  return m.operations[m.words[m.frameAddress(agent, depth)] >>> 16];
}

/** Has everybody else to wait until this agent has taken its next step? */
export function holds(m: Machine, agent: number): boolean {
  if (m.words[G.holder] !== agent + 1) {
    return false;
  }
  const depth = depthOf(m, agent);
  const at = m.words[m.frameAddress(agent, depth)] & 0xffff;
  return operationAt(m, agent, depth).steps[at]?.until === undefined;
}

/** Has this agent to wait because of another that holds the machine? */
export function isHeld(m: Machine, agent: number): boolean {
  const holder = m.words[G.holder];
  return holder !== 0 && holder !== agent + 1 && holds(m, holder - 1);
}

/**
 * The agent has called an operation that cannot be interrupted. What code of the scenario calls begins with its first step (`beforeStep`): others
 * may act before.
 */
export function afterCall(m: Machine, agent: number): void {
  const caller = depthOf(m, agent) - 1;
  if (caller > 0) {
    const { id } = operationAt(m, agent, caller);
    if (m.operations[id] !== operations[id]) {
      return;
    }
  }
  m.store(G.holder, agent + 1);
}

/** The agent is about to take a step; only asked where the scenario adds something. While it waited, another one may have held the machine. */
export function beforeStep(m: Machine, agent: number): void {
  if (m.words[G.holder] === agent + 1) {
    return;
  }
  for (let depth = depthOf(m, agent); depth > 0; depth--) {
    if (operationAt(m, agent, depth).uninterruptible) {
      m.store(G.holder, agent + 1);
      return;
    }
  }
}
