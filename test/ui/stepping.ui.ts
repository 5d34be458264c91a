import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { inspectorFrame, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

let workbench: Workbench;
let page: Page;
beforeAll(async () => {
  workbench = await openWorkbench({ folder: 'scenarios', size: { width: 1600, height: 1000 } });
  page = workbench.page;
});
afterAll(() => workbench.close());
afterEach(async () => {
  await page.keyboard.press('Shift+F5');
  await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
});

const inspectorShows = (text: string | RegExp) =>
  inspectorFrame(page).locator('body', { hasText: text }).waitFor({ timeout: 15_000 });
const debugLine = () => page.locator('.debug-top-stack-frame-line');

async function start(file: string): Promise<void> {
  await openFile(page, file);
  await page.keyboard.press('F5');
  await page.locator('.debug-toolbar').waitFor();
  await inspectorShows('initial state');
  // The inspector knows of the run before VS Code knows that it has stopped; keys pressed in between go nowhere.
  await debugLine().waitFor();
}

/** Presses F11 until the inspector's sentence is about `what`. */
async function stepInUntil(what: string): Promise<void> {
  const why = inspectorFrame(page).locator('body');
  for (let i = 1; i < 60; i++) {
    await page.keyboard.press('F11');
    await inspectorShows(new RegExp(`step\\s*${i}\\s*/`));
    if ((await why.innerText()).includes(what)) return;
  }
  throw new Error(`no step says "${what}"`);
}

test('F5 opens the inspector; F11 changes the descriptor before one’s eyes; stepping back undoes it', async () => {
  await start('01-posted-to-running.irq');
  expect(await debugLine().count()).toBe(1);
  await stepInUntil('set PIR[0x41]');
  await inspectorShows('vmx_deliver_posted_interrupt');
  const receiver = inspectorFrame(page).locator('[data-vcpu="1"]');
  await receiver.locator('.line', { hasText: 'PIR' }).filter({ hasText: '0x41' }).waitFor();
  await screenshot(page, 'step-into');
  await page.locator('.debug-toolbar .codicon-debug-step-back').click();
  await receiver.locator('.line', { hasText: 'PIR' }).filter({ hasText: 'empty' }).waitFor();
});

test('F10 runs a line with all that follows from it; the call stack names kernel functions', async () => {
  await start('01-posted-to-running.irq');
  await stepInUntil('set PIR[0x41]');
  await page.keyboard.press('Control+Shift+D');
  const stack = page.locator('.debug-call-stack');
  await stack.locator('.stack-frame', { hasText: 'vmx_deliver_posted_interrupt' }).first().waitFor();
  await stack.locator('.stack-frame', { hasText: 'kvm_irq_delivery_to_apic' }).first().waitFor();
  await screenshot(page, 'call-stack');
  await page.keyboard.press('F10');
  await stack.locator('.stack-frame', { hasText: 'expect' }).first().waitFor();
  await inspectorShows('0x41');
  const variables = page.locator('.debug-variables');
  await variables
    .locator('.monaco-list-row', { hasText: /why.*holds|why.*deliver/ })
    .first()
    .waitFor();
  const scope = variables.locator('.monaco-list-row[aria-label="Scope vCPU 1"]');
  await scope.waitFor();
  const isr = variables.locator('.monaco-list-row', { hasText: /isr.*0x41/ });
  for (let i = 0; i < 6 && (await isr.count()) === 0; i++) {
    if ((await scope.getAttribute('aria-expanded')) === 'false') {
      await scope.click();
    }
    await isr
      .first()
      .waitFor({ timeout: 1500 })
      .catch(() => {});
  }
  expect(await isr.count()).toBeGreaterThan(0);
  await screenshot(page, 'variables');
  await page.locator('.debug-toolbar .codicon-debug-reverse-continue').click();
  await inspectorShows('initial state');
});

test('continue stops at a breakpoint and at a failed expectation', async () => {
  await page.keyboard.press('Control+Shift+E');
  const editor = await openFile(page, '01-posted-to-running.irq');
  const text = await editor.locator('.view-line').allInnerTexts();
  const line = text.findIndex(each => each.startsWith('expect')) + 1;
  await page.keyboard.press('Control+g');
  await page.keyboard.type(`${line + 1}`);
  await page.keyboard.press('Enter');
  await page.keyboard.press('F9');
  await start('01-posted-to-running.irq');
  await page.keyboard.press('F5');
  await inspectorShows(`line ${line + 1}`);
  await page.keyboard.press('F9');
});

test('no breach of the content security policy was reported', () => {
  expect(workbench.cspReports).toEqual([]);
});
