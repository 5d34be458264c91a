import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ToWebview } from '../../extension/session/protocol.ts';
import { snapshotOf, timelineOf } from '../../extension/session/snapshot.ts';
import { sessionOf } from '../unit/session/scenarios.ts';
import type { Fixture } from './fixtures.ts';

const folder = path.resolve(import.meta.dirname, '../../scenarios');

/** What the host sends when a sample that ships has been stepped into up to `place` for the first time. */
export function sample(file: string, place: string): Fixture {
  const session = sessionOf(readFileSync(path.join(folder, file), 'utf8'));
  while (!session.finished && session.explain().place !== place) session.move('stepInto');
  return { name: `${path.basename(file, '.irq')}-${place}`, messages: messagesOf(session, file) };
}

function messagesOf(session: ReturnType<typeof sessionOf>, title: string): readonly ToWebview[] {
  return [
    { type: 'snapshot', snapshot: snapshotOf(session, { title, uri: `file:///scenarios/${title}` }, 1) },
    { type: 'timeline', from: 1, ...timelineOf(session, 1, session.length) },
  ];
}
