/** What an agent is in the middle of. */
import { AGENT, AGENT_WORDS } from './layout.ts';
import type { Machine } from './machine.ts';
import type { Frame } from './operation.ts';

/** Innermost first; empty when the agent is idle. */
export function stackOf(m: Machine, agent: number): Frame[] {
  const frames: Frame[] = [];
  for (let depth = m.words[m.layout.agents + agent * AGENT_WORDS + AGENT.depth]; depth > 0; depth--) {
    const address = m.frameAddress(agent, depth);
    const code = m.codeAt(m.words[address]);
    if (code !== undefined) {
      const locals = m.words.subarray(address + 1, address + 1 + code.operation.locals.length);
      frames.push({ ...code, locals: [...locals] });
    }
  }
  return frames;
}
