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

const SOON = { timeout: 20_000 };
const inspector = () => inspectorFrame(page);
const shows = (text: string | RegExp, options = SOON) =>
  inspector().locator('body', { hasText: text }).waitFor(options);
/** A machine that is busy with other things plays no faster than it can. */
const PLAYED = { timeout: 90_000 };
const position = async (): Promise<number> => Number(await inspector().locator('.position b').textContent());
const button = (name: string | RegExp) => inspector().getByRole('button', { name });
/** The editor follows after a pause, and the keyboard goes there and back; nothing tells when that is over. */
const editorHasFollowed = () => page.waitForTimeout(1500);
const toStart = async (): Promise<void> => {
  await inspector().getByRole('slider', { name: 'Step' }).press('Home');
  await shows('initial state');
  await editorHasFollowed();
};

test('it plays at the pace that was chosen, and the debug session follows', async () => {
  await inspector().getByRole('combobox', { name: 'Pace of playing' }).selectOption('25/s');
  await button('Play (p)').click();
  await shows('End of the run.', PLAYED);
  await expect.poll(() => button('Play (p)').count(), SOON).toBe(1);
  await editorHasFollowed();
  expect(await position()).toBeGreaterThan(20);
  await toStart();
});

test('slow playing is paused by the key, wherever VS Code has put the keyboard, and nothing is typed', async () => {
  await inspector().getByRole('combobox', { name: 'Pace of playing' }).selectOption('2/s');
  await inspector().locator('h1').click();
  await page.keyboard.press('p');
  await expect.poll(position, SOON).toBeGreaterThan(3);
  await page.keyboard.press('p');
  await expect.poll(() => button('Play (p)').count(), SOON).toBe(1);
  const paused = await position();
  await editorHasFollowed();
  expect(await position()).toBe(paused);
  expect(await page.locator('.tab.dirty').count()).toBe(0);
  await toStart();
});

test('Shift and a click on a field run on to the step that reads it next', async () => {
  await inspector()
    .locator('#vcpu-1 [data-field="pid.on"]')
    .click({ modifiers: ['Shift'] });
  await shows(/Step \d+ reads vcpu 1\.pid\.on/);
  await shows(/read\s*vcpu 1\.pid\.on/);
  await screenshot(page, 'inspector-reader');
  await toStart();
});

test('a pinned moment stands beside the present one', async () => {
  await inspector().locator('h1').click();
  await page.keyboard.press('m');
  await shows('No vCPU and no CPU differs.');
  await button('Step over (n)').click();
  await inspector().locator('.differences tr', { hasText: 'vcpu 1 ISR' }).waitFor(SOON);
  expect(await inspector().locator('#vcpu-1 .there').count()).toBeGreaterThan(0);
  await screenshot(page, 'inspector-pinned');
  await button('unpin (m)').click();
  await expect.poll(() => inspector().locator('.beside').count(), SOON).toBe(0);
  await editorHasFollowed();
  await toStart();
});

test('another profile shows the same moment, and the session stays where it is', async () => {
  await button('Step over (n)').click();
  await shows(/line \d+\s*expect/);
  await editorHasFollowed();
  const here = await position();
  await inspector().locator('h1').click();
  await page.keyboard.press('v');
  await button('without APIC virtualization').click();
  await shows(/The first difference is in line \d+/);
  expect(await position()).toBe(here);
  await screenshot(page, 'inspector-profile');
  await button('Step over (n)').click();
  await expect.poll(position, SOON).toBeGreaterThan(here);
  await inspector().locator('.beside').getByRole('button', { name: 'close' }).click();
  await expect.poll(() => inspector().locator('.beside').count(), SOON).toBe(0);
});

test('without a debug session it plays the text', async () => {
  await toStart();
  await page.keyboard.press('Shift+F5');
  await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
  await inspector().locator('.top', { hasNotText: 'debug session' }).waitFor(SOON);
  await inspector().getByRole('slider', { name: 'Step' }).press('Home');
  await shows('initial state');
  expect(await inspector().getByRole('combobox', { name: 'Pace of playing' }).inputValue()).toBe('2');
  await inspector().getByRole('combobox', { name: 'Pace of playing' }).selectOption('25/s');
  await button('Play (p)').click();
  await shows('End of the run.', PLAYED);
  await inspector().locator('h1').click();
  await page.keyboard.press('v');
  await button('AMD').click();
  await shows('Beside: AMD');
  await screenshot(page, 'inspector-live-beside');
});

test('nothing of this breaks the content security policy', () => {
  expect(workbench.cspReports).toEqual([]);
});
