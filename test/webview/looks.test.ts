import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BLOCKED, FAILING, FIXTURES, FULL, RUNNING } from './fixtures.ts';
import { Harness } from './harness.ts';
import { sample } from './samples.ts';
import { THEMES } from './themes.ts';

/** Set IRQSCOPE_SHOTS to a folder to look at what is tested here. */
const shots = process.env['IRQSCOPE_SHOTS'];
/** Between them they show every part of the view. */
const TELLING = [RUNNING, BLOCKED, FAILING, FULL];
const SAMPLE = sample('01-posted-to-running.irq', 'vmx_deliver_posted_interrupt');
const WIDTHS = [280, 320, 800, 1600];

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
}, 60_000);
afterAll(() => harness?.stop());

describe.each(THEMES)('in theme $name', theme => {
  it.each(shots || theme === THEMES[0] ? [...FIXTURES, SAMPLE] : TELLING)(
    '$name is accessible, fits and keeps the policy at every width',
    { timeout: 60_000 },
    async ({ name, messages }) => {
      const view = await harness.open({ theme });
      for (const width of WIDTHS) {
        await view.page.setViewportSize({ width, height: 900 });
        await view.send(...messages);
        const overflow = await view.page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        );
        expect.soft(overflow, `horizontal overflow at ${width}`).toBeLessThanOrEqual(0);
        if (shots) {
          await mkdir(shots, { recursive: true });
          await view.page.screenshot({
            path: path.join(shots, `${name}-${theme.name}-${width}.png`),
            fullPage: width !== 1600,
          });
        }
      }
      expect.soft(await view.axe()).toEqual([]);
      expect(await view.complaints()).toEqual([]);
      await view.close();
    },
  );
});
