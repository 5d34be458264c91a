import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { inspectorFrame, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

const MANY = `machine intel
  kernel  6.16
  vcpus   64  x2apic
  with    apicv

vcpu 0:  ipi fixed 0x41 to 60
expect   vcpu 60 takes 0x41
`;

const SOON = { timeout: 20_000 };

let workbench: Workbench;
let page: Page;
beforeAll(async () => {
  workbench = await openWorkbench({ folder: 'scenarios', size: { width: 1600, height: 1000 } });
  page = workbench.page;
  writeFileSync(path.join(workbench.folder, 'many.irq'), MANY);
  await openFile(page, 'many.irq');
  await page.keyboard.press('F5');
  await page.locator('.debug-toolbar').waitFor();
  await inspector().locator('body', { hasText: 'initial state' }).waitFor(SOON);
});
afterAll(() => workbench?.close());

const inspector = () => inspectorFrame(page);

test('a vCPU that changes below the fold is pointed at, and t goes there', async () => {
  await inspector().getByRole('button', { name: 'Step over (n)' }).click();
  await inspector()
    .locator('.statement', { hasText: /expect/ })
    .waitFor(SOON);
  const outOfSight = inspector().locator('.out-of-sight');
  await expect.poll(() => outOfSight.textContent(SOON), SOON).toMatch(/^vCPU 60 changed ↓/);
  await screenshot(page, 'inspector-out-of-sight');
  await page.waitForTimeout(1500); // the keyboard goes to the editor and back; nothing tells when that is over
  await inspector().locator('h1').click();
  await page.keyboard.press('t');
  await inspector().locator('#vcpu-60:focus').waitFor(SOON);
  await expect.poll(() => outOfSight.count(), SOON).toBe(0);
});

test('the timeline names its letters and zooms with Ctrl and the wheel', async () => {
  const marks = inspector().locator('.marks');
  await expect.poll(() => marks.textContent(), SOON).toContain('notification');
  const slider = inspector().getByRole('slider', { name: 'Step' });
  await slider.scrollIntoViewIfNeeded();
  const ruler = () => slider.locator('canvas').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL());
  const before = await ruler();
  const box = await slider.boundingBox();
  if (box === null) throw new Error('there is no timeline');
  await page.mouse.move(box.x + 80, box.y + 30);
  await page.keyboard.down('Control');
  for (let i = 0; i < 3; i++) await page.mouse.wheel(0, -100);
  await page.keyboard.up('Control');
  await expect.poll(ruler, SOON).not.toBe(before);
  expect(workbench.cspReports).toEqual([]);
});
