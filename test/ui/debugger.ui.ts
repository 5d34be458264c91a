import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  chooseFromMenu,
  command,
  inspectorFrame,
  openFile,
  openWorkbench,
  screenshot,
  type Workbench,
} from '../rig/workbench.ts';

const FILE = '01-posted-to-running.irq';
/** Machines that test are busy machines. */
const PATIENT = { timeout: 30_000 };

let workbench: Workbench;
let page: Page;
let editor: Locator;
beforeAll(async () => {
  workbench = await openWorkbench({ size: { width: 1500, height: 1500 } });
  page = workbench.page;
  editor = await openFile(page, FILE);
  await page.keyboard.press('F5');
  await page.locator('.debug-top-stack-frame-line').waitFor({ timeout: 60_000 });
  await page.keyboard.press('Control+Shift+D');
});
afterAll(() => workbench.close());

const variable = (name: string) =>
  page.locator('.debug-variables .monaco-list-row', { hasText: new RegExp(`^${name}\\s*[:=]`) }).first();
const output = (text: string | RegExp) => page.locator('.repl .monaco-list-row', { hasText: text }).last();

/** From the menu of a variable, until `outcome` is there: after a stop VS Code asks for all variables anew, and rows move below the mouse. */
async function choose(name: string, label: string, outcome: Locator): Promise<void> {
  const attempt = async () => {
    await page.keyboard.press('Escape');
    await chooseFromMenu(page, variable(name), label);
    return outcome.waitFor({ timeout: 5000 }).then(
      () => true,
      () => false,
    );
  };
  await expect.poll(attempt, PATIENT).toBe(true);
}

async function type(text: string): Promise<void> {
  await page.keyboard.insertText(text);
  await page.keyboard.press('Enter');
}

async function focusConsole(): Promise<void> {
  await command(page, 'Debug Console: Focus on Debug Console View');
  await page.locator('.repl-input-wrapper .monaco-editor.focused').waitFor();
}

/** Puts the cursor on a line. */
async function goTo(line: number): Promise<void> {
  await page.keyboard.press('Control+1');
  await page.keyboard.press('Control+g');
  await page.locator('.quick-input-widget input.input').waitFor();
  await page.keyboard.type(`${line}`);
  await page.keyboard.press('Enter');
  await expect
    .poll(() => page.locator('.statusbar-item', { hasText: /^Ln / }).innerText(), PATIENT)
    .toContain(`Ln ${line},`);
}

/** Restarts the session and waits for the new one, which has computed no step yet. */
async function restart(): Promise<void> {
  await command(page, 'Debug: Restart');
  await inspectorFrame(page)
    .locator('header', { hasText: /step\s*0\s*\/\s*0\+/ })
    .waitFor(PATIENT);
}

/** The line at which VS Code shows the run. */
async function stopsAt(text: RegExp): Promise<void> {
  const top = editor.locator('.debug-top-stack-frame-line').first();
  const line = editor.locator('.view-line', { hasText: text }).first();
  const distance = async () => Number((await top.boundingBox())?.y) - Number((await line.boundingBox())?.y);
  await expect.poll(distance, PATIENT).toBe(0);
}

test('a function that does not exist: the breakpoint says so, and which one was meant', async () => {
  await page.locator('.pane-header', { hasText: /Breakpoints/i }).hover();
  await page.locator('.action-label[aria-label*="Function Breakpoint"]').click();
  await page.locator('.debug-breakpoints input').waitFor();
  await type('vmx_delivr_posted_interrupt');
  const row = page.locator('.debug-breakpoints .monaco-list-row', { hasText: 'vmx_delivr' });
  await row.hover();
  const meant = 'did you mean vmx_deliver_posted_interrupt?';
  await page.locator('.monaco-hover', { hasText: meant }).first().waitFor();
  await command(page, 'Notifications: Show Notifications');
  await page
    .locator('.notification-list-item', { hasText: `This breakpoint never stops: no step of the engine` })
    .waitFor();
  await screenshot(page, 'function-breakpoint');
  await command(page, 'Notifications: Clear All Notifications');
  await row.hover();
  await row.locator('.action-label[aria-label*="Remove"]').click();
});

test('the debug console: fields are offered, a statement is done at once, the keyboard stays', async () => {
  await focusConsole();
  await page.keyboard.type('vcpu 1.pid');
  await page.locator('.suggest-widget .monaco-list-row', { hasText: 'pid.pir' }).first().waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  const scope = page.locator('.debug-variables .monaco-list-row[aria-label="Scope vCPU 1"]');
  await scope.click();
  await expect.poll(() => variable('isr').innerText(), PATIENT).toContain('{}');
  await focusConsole();
  await type('send fixed 0x61 to 1');
  await output(/\d+ steps; to walk through them/).waitFor();
  await expect.poll(() => variable('isr').innerText(), PATIENT).toContain('{0x61}');
  await type('expect vcpu 1: isr has 0x41');
  await output('vcpu 1.isr is {0x61}').waitFor();
  await type('vcpu 0: dance');
  await output('`dance` is not').waitFor();
  await screenshot(page, 'debug-console');
  await page.locator('.debug-toolbar .codicon-debug-step-back').click();
  await expect.poll(() => variable('isr').innerText(), PATIENT).toContain('{}');
});

test('break on value change, from the variable’s menu', async () => {
  const row = page.locator('.debug-breakpoints .monaco-list-row', { hasText: 'vcpu 1.svi' });
  await choose('svi', 'Break on Value Change', row);
  await command(page, 'Debug: Continue');
  await expect.poll(() => variable('svi').innerText(), PATIENT).toContain('0x61');
  await row.hover();
  await row.locator('.action-label[aria-label*="Remove"]').click();
});

test('jump to cursor goes back too; run to cursor; restart', async () => {
  await restart();
  await stopsAt(/^vcpu\s0:\s+icr/);
  await goTo(25);
  await command(page, 'Debug: Run to Cursor');
  await stopsAt(/^vcpu\s1:\s+eoi/);
  await goTo(20);
  await command(page, 'Debug: Jump to Cursor');
  await stopsAt(/^vcpu\s0:\s+icr/);
});

test('a failed expectation shows as an exception with what was found', async () => {
  await choose('tpr', 'Set Value', page.locator('.debug-variables [aria-label^="tpr"] input'));
  await type('0xf0');
  await expect.poll(() => variable('tpr').innerText(), PATIENT).toContain('0xf0');
  await command(page, 'Debug: Continue');
  const widget = page.locator('.exception-widget');
  await widget.waitFor();
  expect(await widget.innerText()).toContain('Expectation failed');
  expect(await widget.innerText()).toMatch(/expected vcpu 1: ppr 0, but vcpu 1.ppr is 0xf0/);
  await screenshot(page, 'exception');
});
