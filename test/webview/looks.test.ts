import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Harness } from './harness.ts';
import { SCENES } from './scenes.ts';
import { THEMES } from './themes.ts';

/** Between them they show every part of the view; the first theme sees all scenes. */
const TELLING = ['blocked', 'troubles', 'full', 'tables-intel', 'beside', 'help', 'menu'];
const WIDTHS = [280, 420, 800, 1600];

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
}, 60_000);
afterAll(() => harness?.stop());

describe.each(THEMES)('in theme $name', theme => {
  it.each(SCENES.filter(({ name }) => theme === THEMES[0] || TELLING.includes(name)))(
    '$name is accessible, fits and keeps the policy at every width',
    { timeout: 60_000 },
    async ({ messages, act, words }) => {
      const view = await harness.open({ theme, ...(words && { words }) });
      await view.send(...messages);
      await act?.(view);
      for (const width of WIDTHS) {
        await view.page.setViewportSize({ width, height: 900 });
        await view.settle();
        const overflow = await view.page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect.soft(overflow, `horizontal overflow at ${width}`).toBeLessThanOrEqual(0);
      }
      expect.soft(await view.axe()).toEqual([]);
      expect(await view.complaints()).toEqual([]);
      await view.close();
    },
  );
});
