import { afterAll, beforeAll, expect, test } from 'vitest';
import { colours, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

let workbench: Workbench;
beforeAll(async () => {
  workbench = await openWorkbench();
});
afterAll(() => workbench?.close());

test('a scenario is recognised and coloured', async () => {
  const { page } = workbench;
  const editor = await openFile(page, '01-posted-to-running.irq');
  await page.locator('.statusbar-item', { hasText: 'IRQ scenario' }).waitFor();
  await expect.poll(async () => (await colours(editor)).length, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
  await screenshot(page, 'scenario');
});
