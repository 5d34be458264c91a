import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, hoverUntil, inspectorFrame, openFile, openWorkbench, type Workbench } from '../rig/workbench.ts';

let workbench: Workbench;
beforeAll(async () => {
  workbench = await openWorkbench({ host: 'worker' });
});
afterAll(() => workbench?.close());

test('hovers answer in the worker host', async () => {
  const { page } = workbench;
  const editor = await openFile(page, 'hover/ipi.c');
  expect(await hoverUntil(page, editor, '0x00000001000000fdULL', 'ICR')).toContain('0xfd');
});

test('the inspector opens in the worker host, and a breach of its content security policy would be noticed', async () => {
  const { page, cspReports } = workbench;
  await command(page, 'IRQScope: Open Inspector');
  const body = inspectorFrame(page).locator('body');
  await body.locator('h1, h2, p').first().waitFor();
  expect(cspReports).toEqual([]);
  await body.evaluate(element => {
    const style = document.createElement('style');
    style.textContent = 'p { color: red; }';
    element.append(style);
  });
  await expect.poll(() => cspReports.length).toBe(1);
});
