/** Lets one agent carry out an operation of KVM to its end; hands each atomic step to whoever wants to read it. */
import type { Machine } from '../../engine/machine.ts';
import type { Operation } from '../../engine/operation.ts';
import { callPath } from '../../engine/stack.ts';

/** One step of a replay, for the report of a disagreement. */
export type OnStep = (agent: string, place: string, sentence: string) => void;

export interface Agent {
  /** Returns the operation's result. */
  run(operation: Operation, a?: number, b?: number, c?: number, d?: number): number;
}

/** `agent`: number of the machine's agent, which must be idle. */
export function agentOf(m: Machine, agent: number, onStep?: OnStep): Agent {
  return {
    run(operation, a = 0, b = 0, c = 0, d = 0) {
      if (onStep === undefined) {
        return m.finish(agent, operation, a, b, c, d);
      }
      m.start(agent, operation, a, b, c, d);
      while (!m.idle(agent)) {
        explainedStep(m, agent, onStep);
      }
      return m.resultOf(agent);
    },
  };
}

function explainedStep(m: Machine, agent: number, onStep: OnStep): void {
  const frames = m.stack(agent);
  const { step, locals } = frames[0];
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = locals;
  m.agent = agent;
  const sentence = typeof step.say === 'string' ? step.say : step.say(m, a, b, c, d, e, f, g, h);
  onStep(m.agentName(agent), callPath(m, frames).slice(-2).join(' > '), sentence);
  m.step(agent);
}
