import type { Snapshot } from '../extension/session/protocol.ts';
import { t } from './l10n.ts';
import { actorOf } from './why.tsx';

/** Writes spoken at most: a harvest may touch hundreds of fields. */
const SPOKEN = 4;

/** The step as one utterance for the live region. */
export function announcement({ position, length, step, troubles }: Snapshot): string {
  if (position === 0) return t('Initial state, {0} steps recorded.', length);
  const writes = step.writes
    .slice(0, SPOKEN)
    .map(({ field, before, after }) => t('{0} {1} to {2}', field, before, after ?? ''));
  const more = step.writes.length - writes.length;
  return [
    t('Step {0} of {1}.', position, length),
    `${actorOf(step)}, ${step.place}.`,
    step.assumed ? t('Assumed: {0}', step.sentence) : step.sentence,
    ...writes.map(text => `${text}.`),
    ...(more > 0 ? [t('{0} more writes.', more)] : []),
    ...step.marks.map(mark => `${mark}.`),
    ...troubles.filter(trouble => trouble.step === position).map(({ text }) => t('Trouble: {0}.', text)),
  ].join(' ');
}
