/** Pictures of every view of the inspector in four themes and three widths, to be looked at: `node test/bench/screenshots.mjs [scene…]`. */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { recordingPage } from '../../extension/editor/recordingPage.ts';
import { recordingOf } from '../../extension/session/recording.ts';
import { Harness } from '../webview/harness.ts';
import { SCENES, textOf } from '../webview/scenes.ts';
import { THEMES } from '../webview/themes.ts';

const WIDTHS = [420, 900, 1600];
const out = path.resolve(import.meta.dirname, '../../out/looks');

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
