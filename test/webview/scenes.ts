/** Every view of the inspector, for pictures and for what must hold of each of them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ToWebview } from '../../extension/session/protocol.ts';
import { snapshotOf, timelineOf } from '../../extension/session/snapshot.ts';
import { sessionOf } from '../unit/session/scenarios.ts';
import {
  BLOCKED,
  cpu,
  EMPTY,
  FAILING,
  type Fixture,
  FULL,
  HOSTILE,
  MANY,
  OLD,
  snapshot,
  step,
  timeline,
  vcpu,
} from './fixtures.ts';
import type { View } from './harness.ts';

const root = path.resolve(import.meta.dirname, '../..');
const german = JSON.parse(readFileSync(path.join(root, 'l10n/bundle.l10n.de.json'), 'utf8'));

export interface Scene {
  readonly name: string;
  readonly messages: readonly ToWebview[];
  readonly act?: (view: View) => Promise<unknown>;
  /** Translations; English without. */
  readonly words?: Readonly<Record<string, string>>;
}

export const textOf = (file: string): string => readFileSync(path.join(root, 'scenarios', file), 'utf8');

/** What the host sends of a sample that was run to its end and then back to `share` of the way. */
function sampleAt(file: string, share: number): readonly ToWebview[] {
  const session = sessionOf(textOf(file));
  session.rules = [];
  session.move('continue');
  session.seek(Math.round(session.length * share));
  const title = path.basename(file);
  return [
    { type: 'snapshot', snapshot: snapshotOf(session, { title, uri: `file:///${title}` }, 1) },
    { type: 'timeline', from: 1, ...timelineOf(session, 1, session.length) },
  ];
}

const press = (key: string) => (view: View) => view.page.keyboard.press(key);
const of = ({ messages }: Fixture) => messages;

const FIRST = sampleAt('01-posted-to-running.irq', 0.15);
const THOUSAND = 1_024;
const LONG = 1_000_000;

export const SCENES: readonly Scene[] = [
  { name: 'start', messages: of(EMPTY) },
  { name: 'few', messages: FIRST },
  { name: 'few-later', messages: sampleAt('01-posted-to-running.irq', 0.6) },
  { name: 'initial', messages: sampleAt('01-posted-to-running.irq', 0) },
  { name: 'blocked', messages: of(BLOCKED) },
  { name: '2013', messages: of(OLD) },
  { name: 'many', messages: of(MANY) },
  {
    name: 'thousand',
    messages: [
      {
        type: 'snapshot',
        snapshot: snapshot({
          position: LONG / 2,
          length: LONG,
          finished: false,
          step: step({ number: LONG / 2, writes: [{ field: 'vcpu 500.irr', before: 'empty', after: '0x41' }] }),
          vcpus: Array.from({ length: THOUSAND }, (_, i) => vcpu(i, i === 500 ? { changed: ['irr'] } : {})),
          cpus: Array.from({ length: THOUSAND }, (_, i) => cpu(i)),
        }),
      },
      timeline(500, ['vcpu 0', 'vcpu 1', 'cpu 1', 'vcpu 500'], LONG / 2 - 250),
    ],
  },
  { name: 'troubles', messages: of(FAILING) },
  { name: 'full', messages: of(FULL) },
  { name: 'hostile', messages: of(HOSTILE) },
  { name: 'tables-intel', messages: sampleAt('side-by-side/device.irq', 0.5) },
  { name: 'tables-amd', messages: sampleAt('side-by-side/erratum-1235.irq', 0.5) },
  { name: 'help', messages: FIRST, act: press('?') },
  { name: 'menu', messages: FIRST, act: view => view.page.getByRole('button', { name: 'Copy or save' }).click() },
  {
    name: 'beside',
    messages: FIRST,
    act: async view => {
      await view.page.keyboard.press('m');
      await view.send(...sampleAt('01-posted-to-running.irq', 0.6));
    },
  },
  {
    name: 'profiles',
    messages: FIRST,
    act: async view => {
      await view.page.keyboard.press('v');
      await view.send({ type: 'profiles', labels: ['Linux 3.11 · Intel', 'Linux 5.15 · Intel', 'Linux 6.16 · AMD'] });
    },
  },
  { name: 'german', messages: FIRST, words: german },
  { name: 'german-help', messages: FIRST, words: german, act: press('?') },
  {
    name: 'focus',
    messages: FIRST,
    act: async view => {
      await view.page.keyboard.press('j');
      await view.page.keyboard.press('ArrowDown');
      await view.page.keyboard.press('ArrowDown');
    },
  },
];
