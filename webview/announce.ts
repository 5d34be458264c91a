import type { Snapshot } from '../extension/session/protocol.ts';
import { actorOf } from './why.tsx';

/** Writes spoken at most: a harvest may touch hundreds of fields. */
const SPOKEN = 4;

/** The step as one utterance for the live region. */
export function announcement({ position, length, step, troubles }: Snapshot): string {
  if (position === 0) return `Initial state, ${length} steps recorded.`;
  const writes = step.writes.slice(0, SPOKEN).map(({ field, before, after }) => `${field} ${before} to ${after}`);
  const more = step.writes.length - writes.length;
  return [
    `Step ${position} of ${length}.`,
    `${actorOf(step)}, ${step.place}.`,
    step.assumed ? `Assumed: ${step.sentence}` : step.sentence,
    ...writes.map(text => `${text}.`),
    ...(more > 0 ? [`${more} more writes.`] : []),
    ...step.marks.map(mark => `${mark}.`),
    ...troubles.filter(trouble => trouble.step === position).map(({ text }) => `Trouble: ${text}.`),
  ].join(' ');
}
