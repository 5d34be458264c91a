import { appendFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

let workbench: Workbench;
let page: Page;
beforeAll(async () => {
  workbench = await openWorkbench({ folder: 'scenarios', size: { width: 1400, height: 900 } });
  page = workbench.page;
});
afterAll(() => workbench.close());

test('scenarios are tests: run from the Test Explorer, a failure shows beside its line', async () => {
  const file = path.join(workbench.folder, '01-posted-to-running.irq');
  appendFileSync(file, '\nexpect   vcpu 1: isr has 0x77\n');
  await openFile(page, '01-posted-to-running.irq');
  await page.locator('.activitybar .action-label[aria-label^="Testing"]').click();
  const tests = page.locator('.test-explorer .monaco-list-row');
  await tests.filter({ hasText: '01-posted-to-running.irq' }).waitFor();
  await command(page, 'Test: Run All Tests');
  await tests
    .filter({ hasText: '02-posted-to-exited.irq' })
    .locator('.codicon-testing-passed-icon')
    .waitFor({ timeout: 30_000 });
  await tests.filter({ hasText: '01-posted-to-running.irq' }).locator('.codicon-testing-failed-icon').waitFor();
  await screenshot(page, 'test-explorer');
});

test('F5 on a scenario with errors says which line', async () => {
  // A file that Quick Open knows already: one that is new may take a while to be found.
  writeFileSync(path.join(workbench.folder, '06-priorities.irq'), 'machine intel\n  vcpus 2 x2apic\nvcpu 7: eoi\n');
  await openFile(page, '06-priorities.irq');
  await page.keyboard.press('F5');
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.waitFor();
  await expect.poll(() => dialog.innerText()).toContain('line 3');
  await screenshot(page, 'launch-error');
  await page.keyboard.press('Escape');
});
