import { appendFileSync } from 'node:fs';
import path from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

const FILE = '07-sections.irq';

let workbench: Workbench;
let page: Page;
beforeAll(async () => {
  workbench = await openWorkbench({ size: { width: 1400, height: 900 } });
  page = workbench.page;
  appendFileSync(path.join(workbench.folder, FILE), 'expect        vcpu TARGET: isr has 0x77\n');
  await openFile(page, FILE);
  await showTests();
});
afterAll(() => workbench.close());

const row = (text: string | RegExp): Locator =>
  page.locator('.test-explorer .monaco-list-row', { hasText: text }).first();
const editor = () => page.locator(`.monaco-editor[data-uri$="/${FILE}"]`).first();
const verdict = (of: Locator, icon: 'passed' | 'failed') =>
  of.locator(`.codicon-testing-${icon}-icon`).waitFor({ timeout: 20_000 });

async function showTests(): Promise<void> {
  const explorer = page.locator('.test-explorer');
  if (!(await explorer.isVisible())) await page.locator('.activitybar .action-label[aria-label^="Testing"]').click();
  await row(FILE).waitFor();
}

/** Shows the sections of the scenario as rows. */
async function unfold(): Promise<void> {
  const expanded = async () => {
    if ((await row(FILE).getAttribute('aria-expanded')) === 'true') return true;
    await row(FILE).click();
    await page.keyboard.press('ArrowRight');
    return false;
  };
  await expect.poll(expanded, { timeout: 30_000, interval: 500 }).toBe(true);
}

/** One of the buttons that a test shows while the mouse is on it. */
async function press(of: Locator, label: string): Promise<void> {
  const button = of.locator(`.action-label[aria-label*="${label}"]`).first();
  await expect
    .poll(
      async () => {
        await page.mouse.move(5, 5); // the list may have moved below a mouse that stands still
        await of.hover({ timeout: 2000 }).catch(() => {});
        return button.isVisible();
      },
      { timeout: 30_000 },
    )
    .toBe(true);
  await button.click();
}

test('a section is a child of its scenario and runs alone', async () => {
  await unfold();
  await press(row(/^a target in guest mode/), 'Run Test');
  await verdict(row(/^a target in guest mode/), 'passed');
  expect(
    await row(/^a target that sleeps/)
      .locator('.codicon-testing-unset-icon')
      .count(),
  ).toBe(1);
});

test('a scenario without sections has nothing to unfold', async () => {
  expect(await row('01-posted-to-running.irq').getAttribute('aria-expanded')).toBeNull();
  expect(await row(FILE).getAttribute('aria-expanded')).toBe('true');
});

test('a failed expectation tells beside its line what was expected and found', async () => {
  await press(row(/^a target that sleeps/), 'Run Test');
  await verdict(row(/^a target that sleeps/), 'failed');
  await verdict(row(FILE), 'failed');
  await page.keyboard.press('Control+1');
  await page.keyboard.press('Control+End');
  await editor().getByText('vcpu 1.isr is {0x41} != vcpu 1: isr has 0x77').waitFor();
  await screenshot(page, 'section-failed');
});

test('debugging a section steps through it alone; its test has the verdict afterwards', async () => {
  await press(row(/^a target that has left/), 'Debug Test');
  await page.locator('.debug-toolbar').waitFor();
  const line = editor().locator('.debug-top-stack-frame-line');
  await line.waitFor();
  await screenshot(page, 'section-debug');
  await page.keyboard.press('Shift+F5');
  await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });
  await showTests();
  await verdict(row(/^a target that has left/), 'passed');
});

test('continuous run: an edit runs what it concerns, and nothing else', async () => {
  await press(row(FILE), 'Continuous Run');
  await page.keyboard.press('Control+1');
  await page.keyboard.press('Control+End');
  await page.keyboard.press('Shift+ArrowUp');
  await page.keyboard.press('Delete');
  await verdict(row(FILE), 'passed');
  expect(await row('06-priorities.irq').locator('.codicon-testing-unset-icon').count()).toBe(1);
  await screenshot(page, 'continuous-run');
  await press(row(FILE), 'Continuous Run');
});

test('continuous run: an edit of a file that is included counts too', async () => {
  await press(row('matrix/1-running.irq'), 'Continuous Run');
  await openFile(page, 'posting.irq');
  await page.keyboard.press('Control+End');
  await page.keyboard.type('# edited');
  await showTests();
  await verdict(row('matrix/1-running.irq'), 'passed');
  await press(row('matrix/1-running.irq'), 'Continuous Run');
});

test('a machine alone is no test: it is skipped', async () => {
  await press(row('machines/posting.irq'), 'Run Test');
  await row('machines/posting.irq').locator('.codicon-testing-skipped-icon').waitFor();
});

test('coverage: rules of the engine as pages, what was passed and what was not', async () => {
  await command(page, 'Test: Run All Tests with Coverage');
  const covered = page.locator('.monaco-list-row', { hasText: 'irq_comm.c.rules' });
  await covered.waitFor({ timeout: 120_000 });
  expect(await covered.innerText()).toMatch(/\d+\.\d+%/);
  await covered.dblclick();
  const rules = page.locator('.monaco-editor[data-uri*="irq_comm.c.rules"]');
  await rules.locator('.view-line', { hasText: 'kvm_irq_delivery_to_apic' }).first().waitFor();
  await rules.locator('.coverage-deco-gutter.coverage-deco-hit').first().waitFor();
  await rules.locator('.coverage-deco-gutter.coverage-deco-miss').first().waitFor();
  await screenshot(page, 'rule-coverage');
});
