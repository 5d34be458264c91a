import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { FrameLocator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { clickUntil, command, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

const FIRST = '01-posted-to-running.irq';
const SECOND = '02-posted-to-exited.irq';

let workbench: Workbench;
let page: Page;
beforeAll(async () => {
  const settings = { 'files.autoSave': 'off' };
  workbench = await openWorkbench({ folder: 'scenarios', size: { width: 1600, height: 1000 }, settings });
  page = workbench.page;
  await openFile(page, FIRST);
});
afterAll(() => workbench?.close());

/** The inspector that can be seen; with several groups, the last. */
const inspector = (): FrameLocator =>
  page.locator('iframe.webview.ready:visible').last().contentFrame().frameLocator('iframe#active-frame');
const shows = (text: string | RegExp) => inspector().locator('body', { hasText: text }).waitFor({ timeout: 20_000 });
const eventually = <T>(what: () => Promise<T>) => expect.poll(what, { timeout: 15_000 });
const textOf = (selector: string) => inspector().locator(selector).first().innerText();
/** Statement and sentence: where the run stands, without numbers. */
const place = async () => `${(await textOf('.statement')).replace(/line \d+\s*/, '')} | ${await textOf('.sentence')}`;
const line = async () => Number(/line (\d+)/.exec(await textOf('.statement'))?.[1]);
const note = () => inspector().locator('.text-note');
const noteText = () => note().innerText();
const origin = () => textOf('.origin');
const press = async (keys: string) => {
  await inspector().locator('h1').click();
  for (const key of keys) await page.keyboard.press(key);
};
const step = (n: number) => shows(new RegExp(`step\\s*${n}\\s*/`));
const tabs = () => page.locator('.tab', { hasText: 'IRQScope: ' });
const toolbar = () => page.locator('.debug-toolbar:visible');
/** One after the other: while a session ends, the button is still that session's. */
const stopSessions = () =>
  clickUntil(toolbar().locator('.codicon-debug-stop'), () => toolbar().waitFor({ state: 'hidden', timeout: 3000 }));
const tabOf = (name: string) => page.locator('.tab', { hasText: new RegExp(`^${name}`) }).first();
/** To the text of a scenario that is open. */
const goTo = (name: string) => tabOf(name).click();
async function close(name: string): Promise<void> {
  await tabOf(name).click({ button: 'middle' });
  await tabOf(name).waitFor({ state: 'hidden' });
}
const file = (name: string) => path.join(workbench.folder, name);
/** As another program does it. */
const change = (name: string, how: (text: string) => string) =>
  writeFileSync(file(name), how(readFileSync(file(name), 'utf8')));

async function save(): Promise<void> {
  await page.locator('.monaco-editor:visible .view-lines').first().click();
  await page.keyboard.press('Control+s');
  await page.locator('.tab.dirty').waitFor({ state: 'hidden' });
}

/** As a user does it. */
async function typeAt(where: number, text: string): Promise<void> {
  await page.locator('.monaco-editor:visible .view-lines').first().click();
  await page.keyboard.press('Control+g');
  const input = page.locator('.quick-input-widget input.input');
  await input.fill(`:${where}`);
  await page.keyboard.press('Enter');
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  await page.keyboard.press('End');
  await page.keyboard.type(text);
}

test('opened from the title of a scenario it runs it and steps, without a debug session', async () => {
  await page.getByRole('button', { name: 'Open Inspector' }).first().click();
  await shows('initial state');
  expect(await origin()).toBe('live');
  await press('ssssss');
  await step(6);
  expect(await page.locator('.debug-toolbar:visible').count()).toBe(0);
  expect(await page.locator('.tab.dirty').count()).toBe(0);
  await screenshot(page, 'live');
});

test('typing above the place moves its line, and nothing else', async () => {
  const before = { place: await place(), line: await line() };
  await typeAt(1, '\n# another line');
  await eventually(line).toBe(before.line + 1);
  expect(await place()).toBe(before.place);
});

test('while the text has an error the last good run stays, and says which line is wrong', async () => {
  const before = await place();
  await typeAt(16, '\nvcpu 0: nonsense');
  await eventually(noteText).toMatch(/line 17[\s\S]*nonsense[\s\S]*last run without errors/);
  expect(await place()).toBe(before);
  await screenshot(page, 'live-error');
  await press('s');
  await step(7);
  await press('b');
  await step(6);
  await typeAt(17, '');
  for (let i = 0; i < '\nvcpu 0: nonsense'.length; i++) await page.keyboard.press('Backspace');
  await note().waitFor({ state: 'hidden' });
  expect(await place()).toBe(before);
});

test('a deleted statement leaves the nearest earlier one, and comes back', async () => {
  await press('nnss');
  await eventually(place).toMatch(/writes 0x00 to EOI/);
  const before = await place();
  await save();
  const text = readFileSync(file(FIRST), 'utf8');
  change(FIRST, all => all.replace(/^vcpu 1: {2}eoi\n/m, ''));
  await eventually(place).toMatch(/holds: .*svi 0x41/);
  writeFileSync(file(FIRST), text.replace('A posted', '# A posted'));
  await eventually(place).toBe(before);
});

test('a debug session takes the panel over, and gives it back at the same place', async () => {
  await page.locator('.monaco-editor:visible .view-lines').first().click();
  await page.keyboard.press('F5');
  await page.locator('.debug-toolbar:visible').waitFor();
  await eventually(origin).toBe('debug session');
  await shows('initial state');
  await page.locator('.debug-top-stack-frame-line').waitFor();
  await page.keyboard.press('F10');
  await page.keyboard.press('F10');
  await eventually(place).toMatch(/expect/);
  const before = await place();
  await typeAt(1, '\n# and another');
  await eventually(noteText).toContain('as it was at the start');
  expect(await place()).toBe(before);
  await screenshot(page, 'live-debugged');
  await page.keyboard.press('Shift+F5');
  await eventually(origin).toBe('live');
  await note().waitFor({ state: 'hidden' });
  expect(await place()).toBe(before);
  await save();
});

test('each scenario has its own panel, and only one', async () => {
  await openFile(page, SECOND);
  await command(page, 'IRQScope: Open Inspector');
  await shows(SECOND);
  await shows('initial state');
  expect(await tabs().count()).toBe(2);
  await press('sss');
  await step(3);
  await tabs().filter({ hasText: FIRST }).click();
  await shows(FIRST);
  expect(await place()).toMatch(/expect/);
  await goTo(SECOND);
  await command(page, 'IRQScope: Open Inspector');
  await step(3);
  expect(await tabs().count()).toBe(2);
});

test('two debug sessions drive their own panels', async () => {
  await page.keyboard.press('F5');
  await page.locator('.debug-top-stack-frame-line').waitFor();
  await shows('initial state');
  await page.keyboard.press('F11');
  await step(1);
  await goTo(FIRST);
  const lens = page.locator('.codelens-decoration a:visible', { hasText: /^Debug$/ }).first();
  await eventually(async () => {
    await page.keyboard.press('Control+Home');
    return lens.isVisible();
  }).toBe(true);
  await lens.click();
  await shows(FIRST);
  await eventually(origin).toBe('debug session');
  await shows('initial state');
  await page.locator('.debug-top-stack-frame-line').waitFor();
  await press('n');
  await eventually(place).toMatch(/^expect/);
  await tabs().filter({ hasText: SECOND }).click();
  await step(1);
  expect(await origin()).toBe('debug session');
  await stopSessions();
  await eventually(origin).toBe('live');
});

test('a file that is renamed takes its panel along', async () => {
  await tabs().filter({ hasText: SECOND }).click();
  const before = await place();
  await goTo(SECOND);
  await page.locator('.explorer-folders-view .monaco-list-row', { hasText: SECOND }).click();
  await page.keyboard.press('F2');
  await page.locator('.explorer-folders-view input').fill('renamed.irq');
  await page.keyboard.press('Enter');
  await tabs().filter({ hasText: 'renamed.irq' }).click();
  await shows('renamed.irq');
  expect(await place()).toBe(before);
  expect(await tabs().filter({ hasText: SECOND }).count()).toBe(0);
  change('renamed.irq', text => `# new\n${text}`);
  const where = await line();
  await eventually(line).toBe(where + 1);
});

test('a file that is deleted leaves its last run and a sentence, until it is there again', async () => {
  await close('renamed.irq');
  const before = await place();
  const text = readFileSync(file('renamed.irq'), 'utf8');
  rmSync(file('renamed.irq'));
  await eventually(noteText).toBe('renamed.irq was deleted or renamed. This is its last run.');
  expect(await place()).toBe(before);
  await screenshot(page, 'live-deleted');
  await inspector().getByRole('button', { name: /^line/ }).click();
  await press('s');
  await shows('renamed.irq');
  writeFileSync(file('renamed.irq'), text);
  await note().waitFor({ state: 'hidden' });
});

test('nothing of that breaks the content security policy', () => {
  expect(workbench.cspReports).toEqual([]);
});
