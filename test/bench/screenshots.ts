/** Pictures of every view of the inspector in four themes and three widths, to be looked at: `node test/bench/screenshots.mjs [scene…]`. */
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { recordingPage } from '../../extension/editor/recordingPage.ts';
import type { ToWebview } from '../../extension/session/protocol.ts';
import { recordingOf } from '../../extension/session/recording.ts';
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
} from '../webview/fixtures.ts';
import { Harness, type View } from '../webview/harness.ts';
import { THEMES } from '../webview/themes.ts';

const WIDTHS = [420, 900, 1600];
const root = path.resolve(import.meta.dirname, '../..');
const german = JSON.parse(readFileSync(path.join(root, 'l10n/bundle.l10n.de.json'), 'utf8'));
const out = path.join(root, 'out/looks');

interface Scene {
  readonly name: string;
  readonly messages: readonly ToWebview[];
  readonly act?: (view: View) => Promise<unknown>;
  /** Translations; English without. */
  readonly words?: Readonly<Record<string, string>>;
}

const textOf = (file: string): string => readFileSync(path.join(root, 'scenarios', file), 'utf8');

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

const SCENES: readonly Scene[] = [
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

const wanted = process.argv.slice(2);
const isWanted = (name: string) => wanted.length === 0 || wanted.includes(name);

mkdirSync(out, { recursive: true });
const harness = await Harness.start();
try {
  for (const theme of THEMES) {
    for (const { name, messages, act, words } of SCENES.filter(scene => isWanted(scene.name))) {
      const view = await harness.open({ theme, ...(words && { words }) });
      for (const width of WIDTHS) {
        await view.page.setViewportSize({ width, height: width === 420 ? 1_100 : 900 });
        if (width === WIDTHS[0]) {
          await view.send(...messages);
          await act?.(view);
        }
        await view.settle();
        await view.page.screenshot({ path: path.join(out, `${name}-${width}-${theme.name}.png`) });
      }
      await view.close();
    }
  }
  if (isWanted('page')) {
    const recording = recordingOf(textOf('01-posted-to-running.irq'), '01-posted-to-running.irq');
    const html = await recordingPage({ recording, ...harness.files });
    for (const scheme of ['light', 'dark'] as const) {
      const view = await harness.openPage(html, scheme);
      for (const width of WIDTHS) {
        await view.page.setViewportSize({ width, height: 900 });
        await view.page.keyboard.press('s');
        await view.settle();
        await view.page.screenshot({ path: path.join(out, `page-${width}-${scheme}.png`) });
      }
      await view.close();
    }
  }
} finally {
  await harness.stop();
}
