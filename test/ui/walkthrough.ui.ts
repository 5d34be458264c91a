import type { Page } from 'playwright-core';
import { afterAll, beforeAll, test } from 'vitest';
import { command, inspectorFrame, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

let workbench: Workbench;
let page: Page;
beforeAll(async () => {
  workbench = await openWorkbench({ size: { width: 1400, height: 900 } });
  page = workbench.page;
});
afterAll(() => workbench.close());

const editor = () => page.locator('.monaco-editor[data-uri$="/scenario.irq"]');

async function appendLines(text: string): Promise<void> {
  await editor().click();
  await page.keyboard.press('Control+End');
  await page.keyboard.insertText(`\n${text}`);
  await page.keyboard.press('Control+s');
}

async function runTests(icon: 'passed' | 'failed'): Promise<void> {
  await command(page, 'Test: Run Tests in Current File');
  await editor()
    .locator(`.codicon-testing-${icon}-icon, .testing-run-glyph.codicon-testing-${icon}-icon`)
    .first()
    .waitFor({ timeout: 30_000 });
}

test('write, step, break and fix a scenario as the walkthrough says', async () => {
  await command(page, 'Welcome: Open Walkthrough');
  await page.locator('.quick-input-widget input.input').fill('IRQScope');
  await page.keyboard.press('Enter');
  await page
    .locator('.getting-started-category', { hasText: 'IRQScope' })
    .or(page.locator('.gettingStartedContainer', { hasText: 'Write a scenario' }))
    .first()
    .waitFor();
  await page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame').locator('h2').waitFor();
  await screenshot(page, 'walkthrough');

  await command(page, 'IRQScope: New Scenario');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'An IPI to a running vCPU' }).click();
  await editor().locator('.view-line', { hasText: 'machine' }).waitFor();

  await page.keyboard.press('F5');
  await page.locator('.debug-toolbar').waitFor();
  await inspectorFrame(page).locator('body', { hasText: 'initial state' }).waitFor();
  await page.keyboard.press('Shift+F5');
  await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });

  await appendLines('expect   vcpu 1: isr lacks 0x41');
  await runTests('failed');
  await screenshot(page, 'walkthrough-broken');

  await page.keyboard.press('Control+Shift+k');
  await appendLines('vcpu 1:  eoi\nexpect   vcpu 1: isr lacks 0x41');
  await runTests('passed');
  await screenshot(page, 'walkthrough-fixed');
});
