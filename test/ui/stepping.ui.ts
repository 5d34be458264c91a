import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectorFrame, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

let workbench: Workbench;
beforeAll(async () => {
  workbench = await openWorkbench({ folder: 'scenarios', size: { width: 1600, height: 1000 } });
});
afterAll(() => workbench.close());

test('F5 and stepping change the descriptor in the inspector, stepping back undoes it', async () => {
  const { page } = workbench;
  await openFile(page, '01-posted-to-running.irq');
  await page.locator('.monaco-editor .view-line').first().click();
  await page.keyboard.press('F5');
  await page.locator('.debug-toolbar').waitFor();
  const inspector = inspectorFrame(page);
  await inspector.locator('body', { hasText: 'initial state' }).waitFor({ timeout: 20_000 });
  await screenshot(page, 'stepping-1-entry');
  for (let i = 0; i < 5; i++) {
    await page.keyboard.press('F11');
    await page.waitForTimeout(300);
  }
  await screenshot(page, 'stepping-2-pir');
  await page.keyboard.press('F10');
  await page.waitForTimeout(1000);
  await screenshot(page, 'stepping-3-line');
  expect(workbench.cspReports).toEqual([]);
});
