import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, inspectorFrame, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

const FILE = '01-posted-to-running.irq';

let workbench: Workbench;
let page: Page;
beforeAll(async () => {
  workbench = await openWorkbench({ folder: 'scenarios', size: { width: 1600, height: 1000 } });
  page = workbench.page;
  await openFile(page, FILE);
});
afterAll(() => workbench?.close());

const inspector = () => inspectorFrame(page);
const shows = (text: string | RegExp) => inspector().locator('body', { hasText: text }).waitFor({ timeout: 15_000 });
const sentence = () => inspector().locator('.sentence').innerText();
const statement = () => inspector().locator('.statement').innerText();
const place = async () => `${(await statement()).replace(/line \d+\s*/, '')} | ${await sentence()}`;
const note = () => inspector().locator('.text-note');
const file = () => path.join(workbench.folder, FILE);
/** As another program does it: the editor takes it over. */
const write = (change: (text: string) => string) => writeFileSync(file(), change(readFileSync(file(), 'utf8')));
/** As a user does it, at the end of a line. */
async function type(line: number, text: string): Promise<void> {
  await page.locator(`.monaco-editor[data-uri$="${FILE}"] .view-lines`).click();
  await page.keyboard.press('Control+g');
  await page.locator('.quick-input-widget input.input').fill(`:${line}`);
  await page.keyboard.press('Enter');
  await page.keyboard.press('End');
  await page.keyboard.type(text);
}

test('opened without a debug session it runs the scenario, and steps', async () => {
  await command(page, 'IRQScope: Open Inspector');
  await shows('initial state');
  await shows('live');
  await inspector().locator('h1').click();
  for (let step = 1; step <= 6; step++) {
    await page.keyboard.press('s');
    await shows(new RegExp(`step\\s*${step}\\s*/`));
  }
  expect(await page.locator('.debug-toolbar').count()).toBe(0);
  expect(await page.locator('.tab.dirty').count()).toBe(0);
  await screenshot(page, 'live');
});

test('typing above the place moves its line, and nothing else', async () => {
  const before = await place();
  const line = Number(/line (\d+)/.exec(await statement())?.[1]);
  await type(1, '\n# another line');
  await shows(new RegExp(`line ${line + 1}`));
  expect(await place()).toBe(before);
});
