/** The state and the run leave the inspector as pictures, in real VS Code. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, inspectorFrame, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

const SOON = { timeout: 20_000 };

let workbench: Workbench;
let page: Page;
beforeAll(async () => {
  workbench = await openWorkbench({ folder: 'scenarios', size: { width: 1600, height: 1000 } });
  page = workbench.page;
  await openFile(page, '01-posted-to-running.irq');
  await page.keyboard.press('F5');
  await shows('initial state');
  await inspector().getByRole('button', { name: 'Step over (n)' }).click();
  await shows(/line \d+\s*expect/);
});
afterAll(() => workbench?.close());

const inspector = () => inspectorFrame(page);
const shows = (text: string | RegExp) => inspector().locator('body', { hasText: text }).waitFor({ timeout: 15_000 });

/** The editor follows after a pause, and the keyboard goes there and back; nothing tells when that is over. */
const editorHasFollowed = () => page.waitForTimeout(1500);

/** Confirms the proposed name in VS Code's own file dialog, and reads what was written. */
async function saved(name: string): Promise<string> {
  const file = path.join(workbench.folder, name);
  await page.locator('.quick-input-widget input').first().waitFor();
  await expect.poll(() => page.locator('.quick-input-widget input').first().inputValue(), SOON).toContain(name);
  await page.keyboard.press('Enter');
  await expect.poll(() => existsSync(file) && readFileSync(file, 'utf8').length > 0, SOON).toBe(true);
  return readFileSync(file, 'utf8');
}

test('the menu of the toolbar saves the state as SVG beside the scenario', async () => {
  await editorHasFollowed();
  await inspector().getByRole('button', { name: 'Copy or save' }).click();
  await screenshot(page, 'pictures-menu');
  await inspector().getByRole('menuitem', { name: 'Save state as SVG' }).click();
  const svg = await saved('01-posted-to-running.svg');
  expect(svg).toContain('vCPU 1');
  expect(svg).toContain('POSTED_INTR_VECTOR');
});

test('a command saves the run as SVG', async () => {
  await command(page, 'IRQScope: Save Run as SVG Diagram');
  const svg = await saved('01-posted-to-running-run.svg');
  expect(svg).toContain('vmx_deliver_posted_interrupt');
});

test('a command copies the state as PNG', async () => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await command(page, 'IRQScope: Copy State as PNG');
  await shows('copied as PNG');
  const types = await page.evaluate(async () => {
    const [item] = await navigator.clipboard.read();
    return item.types;
  });
  expect(types).toContain('image/png');
});
