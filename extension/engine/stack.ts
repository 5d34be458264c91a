/** What an agent is in the middle of. */
import { AGENT, AGENT_WORDS } from './layout.ts';
import type { Machine } from './machine.ts';
import { kernelName } from './names.ts';
import { type Frame, RETURN, silent } from './operation.ts';

/** Where an operation stands that has called its last step's callee: nothing is left but to return. */
const RETURNING = silent(() => RETURN);

/** Innermost first; empty when the agent is idle. */
export function stackOf(m: Machine, agent: number): Frame[] {
  const frames: Frame[] = [];
  for (let depth = m.words[m.layout.agents + agent * AGENT_WORDS + AGENT.depth]; depth > 0; depth--) {
    const address = m.frameAddress(agent, depth);
    const operation = m.operations[m.words[address] >>> 16];
    const step = operation.steps[m.words[address] & 0xffff] ?? RETURNING;
    const locals = m.words.subarray(address + 1, address + 1 + operation.locals.length);
    frames.push({ operation, step, locals: [...locals] });
  }
  return frames;
}

/** Names of the functions that an agent is in, as the machine's kernel has them, outermost first: operations with the wrappers around them. */
export function callPath(m: Machine, frames: readonly Pick<Frame, 'operation' | 'step'>[]): string[] {
  let path: string[] = [];
  [...frames].reverse().forEach(({ operation, step }, i) => {
    if (operation.inLoop) {
      path = [];
    }
    const innermost = i === frames.length - 1;
    path.push(...operation.via, operation.name, ...(step.silent || innermost ? step.via : []));
  });
  const names = path.map(name => kernelName(m.config, name)).filter(name => name !== '');
  return names.filter((name, i) => name !== names[i - 1]);
}
