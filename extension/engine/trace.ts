/** Trace events as steps: they touch nothing, but a person who reads `trace-cmd` output wants to see where its lines come from. */
import { MODE_NAMES } from './lapic/message.ts';
import type { Machine } from './machine.ts';
import { NEXT, type Step, step } from './operation.ts';

/** `text`: what the kernel prints after the event's name. */
export function trace(event: string, text: (m: Machine, a: number, b: number, c: number, d: number) => string): Step {
  return step(
    (m, a, b, c, d) => `trace ${event}: ${text(m, a, b, c, d)}`,
    () => NEXT,
    { via: [`trace_${event}`] },
  );
}

/** `apicid 3 vec 251 (Fixed|edge)`; `irq` packed as in `lapic/message.ts`. */
export function acceptedText(m: Machine, vcpu: number, vector: number, irq: number): string {
  const mode = MODE_NAMES[(irq >>> 8) & 7];
  return `apicid ${m.config.vcpus[vcpu].id.toString(16)} vec ${vector} (${mode}|${(irq & 0x8000) !== 0 ? 'level' : 'edge'})`;
}
