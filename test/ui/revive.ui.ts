import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FrameLocator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

const FIRST = '01-posted-to-running.irq';
const SECOND = '02-posted-to-exited.irq';

let workbench: Workbench;
let page: Page;
beforeAll(async () => {
  workbench = await openWorkbench({ folder: 'scenarios', size: { width: 1600, height: 1000 } });
  page = workbench.page;
  await catchExtensionService();
  await openFile(page, FIRST);
  await command(page, 'IRQScope: Open Inspector');
  await press('sss');
  await shows(FIRST, 3);
  await page.locator('.monaco-editor .view-lines').first().click();
  await openFile(page, SECOND);
  await command(page, 'IRQScope: Open Inspector');
  await shows(SECOND, 0);
  await press('sssss');
  await shows(SECOND, 5);
});
afterAll(() => workbench?.close());

const inspector = (): FrameLocator =>
  page.locator('iframe.webview.ready:visible').last().contentFrame().frameLocator('iframe#active-frame');
const shows = (name: string, step: number) =>
  inspector()
    .locator('header', { hasText: new RegExp(`${name}[\\s\\S]*step\\s*${step}\\s*/`) })
    .waitFor({ timeout: 40_000 });
const textOf = (selector: string) => inspector().locator(selector).first().innerText();
const place = async () => `${(await textOf('.statement')).replace(/line \d+\s*/, '')} | ${await textOf('.sentence')}`;
const origin = () => textOf('.origin');
async function press(keys: string): Promise<void> {
  await inspector().locator('h1').click();
  for (const key of keys) await page.keyboard.press(key);
}
const eventually = <T>(what: () => Promise<T>) => expect.poll(what, { timeout: 20_000 });
const panel = (name: string) => page.locator('.tab', { hasText: `IRQScope: ${name}` });

/** VS Code in a browser stores what the window remembers every five seconds, when it is idle, and nothing tells when. */
const windowHasRemembered = () => page.waitForTimeout(8000);

/** What the extension remembers is on its way to the window for a moment. */
const extensionHasRemembered = () => page.waitForTimeout(1500);

async function reload(): Promise<void> {
  await windowHasRemembered();
  await page.reload();
  await page.locator('.explorer-folders-view .monaco-list-row').first().waitFor({ timeout: 60_000 });
}

/** What the desktop's command `workbench.action.restartExtensionHost` does; VS Code in a browser has the service, not the command. */
async function restartExtensionHost(): Promise<void> {
  await extensionHasRemembered();
  await page.evaluate(async () => {
    const { extensions } = window as unknown as { readonly extensions: ExtensionService };
    if (!(await extensions.stopExtensionHosts('a test restarts it'))) throw new Error('it does not stop');
    await extensions.startExtensionHosts();
  });
}

interface ExtensionService {
  stopExtensionHosts(reason: string): Promise<boolean>;
  startExtensionHosts(): Promise<void>;
}

/** Catches the service as the workbench of the next load registers it. */
const catchExtensionService = () =>
  page.addInitScript(() => {
    const set = Map.prototype.set;
    Map.prototype.set = function (key: unknown, value: unknown) {
      if (typeof value === 'object' && value !== null && 'startExtensionHosts' in value)
        Object.assign(window, { extensions: value });
      return set.call(this, key, value);
    };
  });

/** What is there again steps, and follows its text. */
async function lives(name: string, step: number): Promise<void> {
  await shows(name, step);
  expect(await origin()).toBe('live');
  const before = await place();
  const line = async () => Number(/line (\d+)/.exec(await textOf('.statement'))?.[1]);
  const next = (await line()) + 1;
  const file = path.join(workbench.folder, name);
  writeFileSync(file, `# new\n${readFileSync(file, 'utf8')}`);
  await eventually(line).toBe(next);
  expect(await place()).toBe(before);
  await press('s');
  await shows(name, step + 1);
}

test('a reload of the window brings every panel back to its place', async () => {
  await reload();
  await lives(SECOND, 5);
  await panel(FIRST).click();
  await lives(FIRST, 3);
  await screenshot(page, 'revived');
});

test('a restart of the extension host brings them back', async () => {
  await restartExtensionHost();
  await shows(FIRST, 4);
  await lives(FIRST, 4);
  await panel(SECOND).click();
  await lives(SECOND, 6);
  expect(await page.locator('.tab', { hasText: 'IRQScope: ' }).count()).toBe(2);
});

test('a debug session that a restart ends leaves its panel where it was', async () => {
  await page.locator('.monaco-editor:visible .view-lines').first().click();
  await page.keyboard.press('F5');
  await page.locator('.debug-top-stack-frame-line').waitFor();
  await eventually(origin).toBe('debug session');
  for (let i = 0; i < 2; i++) await page.keyboard.press('F11');
  await shows(SECOND, 2);
  const before = await place();
  const restarted = restartExtensionHost();
  await page.getByRole('button', { name: 'Restart Anyway' }).click();
  await restarted;
  await eventually(origin).toBe('live');
  expect(await place()).toBe(before);
  await lives(SECOND, 2);
});

test('a debug session that a reload ends, too', async () => {
  await page.locator('.monaco-editor:visible .view-lines').first().click();
  await page.keyboard.press('F5');
  await page.locator('.debug-top-stack-frame-line').waitFor();
  await eventually(origin).toBe('debug session');
  for (let i = 0; i < 4; i++) await page.keyboard.press('F11');
  await shows(SECOND, 4);
  await reload();
  await lives(SECOND, 4);
});
