/** Agents as threads, and the kernel's call path as their call stack. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import { type Frame, SCENARIO } from '../../engine/machine.ts';
import { kernelName } from '../../engine/names.ts';
import { callPath } from '../../engine/stack.ts';
import type { Statement } from '../../scenario/program.ts';
import { sourceOf } from '../explain.ts';
import type { Session } from '../session.ts';

/** The thread that the scenario itself is: its one frame is the statement. */
export const SCENARIO_THREAD = 1;

export function threadOf(agent: number): number {
  return agent + 2;
}

export function agentOf(thread: number): number {
  return thread - 2;
}

/** The agents that are in the middle of something or could begin; between statements the scenario alone. */
export function threadsOf(session: Session): DebugProtocol.Thread[] {
  const { machine, betweenStatements } = session.runner;
  const threads: DebugProtocol.Thread[] = [];
  for (let agent = 0; agent < machine.agentCount && !betweenStatements; agent++) {
    if (!machine.idle(agent) || machine.ready(agent)) {
      threads.push({ id: threadOf(agent), name: machine.agentName(agent) });
    }
  }
  return threads.length === 0 ? [{ id: SCENARIO_THREAD, name: 'scenario' }] : threads;
}

/** The thread whose turn it is. */
export function currentThread(session: Session): number {
  const { runner } = session;
  const agent = runner.betweenStatements ? -1 : runner.nextAgent();
  return agent < 0 || agent === SCENARIO ? SCENARIO_THREAD : threadOf(agent);
}

/** A frame of the debugger's stack, innermost first, before it gets an id. */
export interface StackFrame {
  readonly name: string;
  /** Operation frames carry their locals. */
  readonly frame?: Frame;
  /** 1-based line of the scenario in which a restated operation's next step stands. */
  readonly line?: number;
  /** Callers that only pass on. */
  readonly subtle: boolean;
}

/** `statement`: the outermost frame; undefined at the end of the scenario. */
export function stackOf(session: Session, thread: number, statement: Statement | undefined): StackFrame[] {
  const frames: StackFrame[] = [];
  if (thread !== SCENARIO_THREAD) {
    const { machine } = session.runner;
    const agent = agentOf(thread);
    const stack = machine.stack(agent);
    const inKernel = (name: string) => kernelName(machine.config, name);
    let looped = false;
    const next = stack.length === 0 ? machine.nextFrame(agent) : undefined;
    const all = next === undefined ? stack : [next];
    for (const frame of all) {
      const { operation, step } = frame;
      if (looped && operation.actor === 'kvm') {
        continue;
      }
      looped ||= operation.inLoop;
      const source = sourceOf(session.runner, operation);
      const inner = step.silent || frame === (next ?? stack[0]) ? [...step.via].reverse() : [];
      frames.push(
        ...inner.map(name => ({ name: inKernel(name), frame, subtle: false })).filter(({ name }) => name !== ''),
      );
      const line = step?.line === undefined ? {} : { line: step.line + 1 };
      const own = inKernel(operation.name);
      if (own !== '' || frame === all[0]) {
        const name = own || callPath(machine, all.slice(all.indexOf(frame))).at(-1);
        frames.push({ name: `${name}  (${source})`, frame, subtle: false, ...line });
      }
      frames.push(...[...operation.via].reverse().map(name => ({ name: inKernel(name), subtle: true })));
    }
  }
  frames.push({ name: statement === undefined ? 'end of the scenario' : statement.text.trim(), subtle: false });
  return frames;
}
