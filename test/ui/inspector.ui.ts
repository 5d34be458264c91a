import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectorFrame, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

let workbench: Workbench;
let page: Page;
beforeAll(async () => {
  workbench = await openWorkbench({ folder: 'scenarios', size: { width: 1600, height: 1000 } });
  page = workbench.page;
  await openFile(page, '01-posted-to-running.irq');
  await page.keyboard.press('F5');
  await page.locator('.debug-toolbar').waitFor();
  await shows('initial state');
});
afterAll(() => workbench?.close());

const inspector = () => inspectorFrame(page);
const shows = (text: string | RegExp) => inspector().locator('body', { hasText: text }).waitFor({ timeout: 15_000 });
const atStep = (n: number) => shows(new RegExp(`step\\s*${n}\\s*/`));
/** The editor follows after a pause, and the keyboard goes there and back; nothing tells when that is over. */
const editorHasFollowed = () => page.waitForTimeout(1500);
const focusIsInEditor = () => page.evaluate(() => document.activeElement?.closest('.monaco-editor') !== null);

test('its keys step, and Escape gives the keyboard back to the scenario', async () => {
  await inspector().locator('h1').click();
  for (const [key, step] of [
    ['s', 1],
    ['s', 2],
    ['ArrowRight', 3],
    ['b', 2],
  ] as const) {
    await page.keyboard.press(key);
    await atStep(step);
  }
  await editorHasFollowed();
  await page.keyboard.press('Escape');
  await expect.poll(focusIsInEditor).toBe(true);
});

// While the keyboard comes back a key may be lost; none may change the text.
test('keys typed faster than VS Code stops do not end up in the scenario', async () => {
  await editorHasFollowed();
  await inspector().locator('h1').click();
  await page.keyboard.type('s'.repeat(12), { delay: 30 });
  await shows(/step\s*([7-9]|1\d)\s*\//);
  await page.keyboard.type('bbb', { delay: 600 });
  expect(await page.locator('.tab.dirty').count()).toBe(0);
});

test('its buttons and its timeline move the debug session', async () => {
  await inspector().getByRole('button', { name: 'Step over (n)' }).click();
  await shows(/line \d+expect|line \d+\s*expect/);
  await inspector().getByRole('slider', { name: 'Step' }).press('Home');
  await shows('initial state');
  expect(await page.locator('.debug-top-stack-frame-line').count()).toBe(1);
});

test('a click on a field goes back to the step that wrote it', async () => {
  await inspector().getByRole('button', { name: 'Step over (n)' }).click();
  await shows(/line \d+\s*expect/);
  await inspector().locator('#vcpu-1 [data-field="pid.on"]').click();
  await shows(/write\s*vcpu 1\.pid\.on\s*1/);
  await inspector().locator('#vcpu-1 [data-field="pid.on"]').click();
  await shows(/write\s*vcpu 1\.pid\.on\s*0/);
  await inspector().getByRole('slider', { name: 'Step' }).press('Home');
  await shows('initial state');
});

test('hidden and shown again it shows where the session has come to', async () => {
  await inspector().getByRole('button', { name: 'Step into (s)' }).click();
  await atStep(1);
  await editorHasFollowed();
  await openFile(page, '02-posted-to-exited.irq');
  await page.locator('iframe.webview.ready').waitFor({ state: 'hidden' });
  await page.keyboard.press('F11');
  await page.locator('.tab', { hasText: 'IRQScope: 01-posted-to-running.irq' }).click();
  await atStep(2);
});

test('the side bar shows each vCPU on a line', async () => {
  await page.keyboard.press('Control+Shift+D');
  const view = page.locator('.pane-header', { hasText: 'vCPUs' });
  if ((await view.getAttribute('aria-expanded')) === 'false') await view.click();
  const row = page.locator('.monaco-list-row', { hasText: 'vcpu 1' }).filter({ hasText: 'running' });
  await row.first().waitFor();
  await screenshot(page, 'glance');
});

test.each(['Light Modern', 'Dark High Contrast', 'Light High Contrast', 'Dark Modern'])(
  'follows the theme %s',
  async theme => {
    const background = () =>
      page.locator('.monaco-workbench').evaluate(element => getComputedStyle(element).backgroundColor);
    const before = await background();
    await page.keyboard.press('Control+k');
    await page.keyboard.press('Control+t');
    const input = page.locator('.quick-input-widget input.input');
    await input.fill(theme);
    await page.keyboard.press('Enter');
    await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
    await expect.poll(background).not.toBe(before);
    await screenshot(page, `inspector-${theme}`);
  },
);

test('a table opens with its rows, says what a value means and leads to the step that wrote it', async () => {
  await inspector().getByRole('slider', { name: 'Step' }).press('End');
  await inspector().getByRole('button', { name: /^VMCS/ }).click();
  const grid = inspector().getByRole('grid', { name: 'VMCS' });
  await grid.getByRole('row').nth(2).waitFor();
  const reason = grid.getByRole('row').nth(1).locator('[data-ask$="exit_reason"]');
  expect(await reason.textContent()).toBe('0x0020 MSR_WRITE');
  await reason.click();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowRight');
  await inspector().locator('.tip', { hasText: 'Basic reason of the last VM exit' }).waitFor();
  await screenshot(page, 'tables');
  await page.keyboard.press('Enter');
  await shows(/VM exit/);
  await grid.locator('ins', { hasText: '0x0020 MSR_WRITE' }).waitFor();
  await inspector().getByRole('button', { name: /^VMCS/ }).click();
  await grid.waitFor({ state: 'detached' });
});

test('nothing in it breaks the content security policy', () => {
  expect(workbench.cspReports).toEqual([]);
});
