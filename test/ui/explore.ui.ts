import { afterAll, beforeAll, test } from 'vitest';
import { command, inspectorFrame, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

let workbench: Workbench;
beforeAll(async () => {
  workbench = await openWorkbench({ size: { width: 1500, height: 950 } });
});
afterAll(() => workbench.close());

test('the order that loses an interrupt opens as a debug session', async () => {
  const { page } = workbench;
  await openFile(page, 'r02-sn-hides-posts.irq');
  await command(page, 'IRQScope: Explore Every Order of a Race');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'before' }).click();
  await page.locator('.debug-toolbar').waitFor({ timeout: 30_000 });
  await inspectorFrame(page).locator('body', { hasText: 'r02-sn-hides-posts.irq' }).waitFor();
  await page.locator('.debug-top-stack-frame-line').waitFor();
  await screenshot(page, 'explore');
});
