import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

let workbench: Workbench;
let page: Page;
beforeAll(async () => {
  workbench = await openWorkbench({ size: { width: 1400, height: 900 } });
  page = workbench.page;
});
afterAll(() => workbench.close());

test('a scenario is compared with itself on another kernel, steps side by side', async () => {
  await openFile(page, '02-posted-to-exited.irq');
  await command(page, 'IRQScope: Compare Scenario with Another Profile');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'Linux 2013' }).click();
  const diff = page.locator('.monaco-diff-editor');
  await diff.locator('.view-line', { hasText: 'kvm_vcpu_exiting_guest_mode' }).first().waitFor();
  expect(await page.locator('.tab.active').innerText()).toContain('02-posted-to-exited.irq: as it stands ↔ Linux 2013');
  await screenshot(page, 'compare');
});
