import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

const COMMIT_MESSAGE = `  vCPU0                          vCPU1
  -----                          -----
                                 halts
  sends IPI vector 0x41 to vCPU1
                                 enters guest
                                 takes 0x41
                                 dances
`;

const SOON = { timeout: 20_000 };

let workbench: Workbench;
beforeAll(async () => {
  workbench = await openWorkbench();
  writeFileSync(path.join(workbench.folder, 'pasted.irq'), COMMIT_MESSAGE);
  writeFileSync(path.join(workbench.folder, 'message.txt'), COMMIT_MESSAGE);
});
afterAll(() => workbench.close());

const saved = (name: string) => readFileSync(path.join(workbench.folder, name), 'utf8');

test('a diagram that was pasted into a scenario becomes one', async () => {
  const { page } = workbench;
  const editor = await openFile(page, 'pasted.irq');
  await editor.click();
  await page.keyboard.press('Control+a');
  await command(page, 'IRQScope: Turn Selected Text into a Scenario');
  await editor.locator('.view-line', { hasText: 'machine' }).first().waitFor();
  await screenshot(page, 'diagram-imported');
  await page.keyboard.press('Control+s');
  await expect.poll(() => saved('pasted.irq'), SOON).toContain('vcpu 0:  ipi fixed 0x41 to 1');
  expect(saved('pasted.irq')).toContain('# not understood: vCPU1: dances');
  await expect.poll(() => editor.locator('.squiggly-error').count(), SOON).toBe(0);
});

test('elsewhere it opens as a new scenario', async () => {
  const { page } = workbench;
  await openFile(page, 'message.txt');
  await command(page, 'IRQScope: Turn Selected Text into a Scenario');
  const untitled = page.locator('.editor-instance .monaco-editor[data-uri^="untitled:"]');
  await untitled
    .locator('.view-line', { hasText: /expect.*takes.*0x41/ })
    .first()
    .waitFor();
  expect(saved('message.txt')).toBe(COMMIT_MESSAGE);
});

test('the run up to the present step is copied as a diagram', async () => {
  const { page } = workbench;
  writeFileSync(path.join(workbench.folder, 'copied.txt'), '');
  const scenario = await openFile(page, '01-posted-to-running.irq');
  await page.keyboard.press('F5');
  const stopsAt = (text: RegExp) =>
    expect
      .poll(async () => {
        const marked = await scenario.locator('.debug-top-stack-frame-line').first().boundingBox();
        const line = await scenario.locator('.view-line', { hasText: text }).first().boundingBox();
        return marked !== null && line !== null && Math.abs(marked.y - line.y) < 3;
      }, SOON)
      .toBe(true);
  await stopsAt(/icr\s0x/);
  await page.keyboard.press('F10');
  await stopsAt(/expect\s+notification/);
  await scenario.click();
  await command(page, 'IRQScope: Copy Run as Diagram');
  await page.locator('.statusbar-item', { hasText: 'Copied the run as a diagram' }).waitFor();
  await page.keyboard.press('Shift+F5');
  await page.locator('.debug-toolbar').waitFor({ state: 'hidden' });

  const editor = await openFile(page, 'copied.txt');
  await editor.click();
  await page.keyboard.press('Control+v');
  await editor.locator('.view-line', { hasText: 'recognised' }).first().waitFor();
  await screenshot(page, 'diagram-copied');
  await page.keyboard.press('Control+s');
  await expect.poll(() => saved('copied.txt'), SOON).toMatch(/^vcpu 0 +cpu 1\n------ +-----\nWRMSR:\n vcpu 0 writes/);
  expect(saved('copied.txt')).toMatch(/set PIR\[0x41\]/);
  expect(saved('copied.txt')).not.toContain('EOI virtualization');
});
