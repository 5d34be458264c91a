import { afterAll, beforeAll, expect, test } from 'vitest';
import { hoversAt, hoverUntil, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

let workbench: Workbench;
beforeAll(async () => {
  workbench = await openWorkbench();
});
afterAll(() => workbench?.close());

test('hovering an ICR value in C decodes it, and a plain name shows nothing', async () => {
  const { page } = workbench;
  const editor = await openFile(page, 'hover/ipi.c');
  const text = await hoverUntil(page, editor, '0x00000001000000fdULL', 'ICR');
  await screenshot(page, 'hover-c');
  expect(text).toContain('0xfd');
  expect(await hoversAt(page, editor, 'reschedule_one')).toBe('');
});

test('hovering a line of a kernel log decodes the message that the lines around it print', async () => {
  const { page } = workbench;
  const editor = await openFile(page, 'hover/kernel.log');
  const text = await hoverUntil(page, editor, 'vector : 65', '0x41');
  await screenshot(page, 'hover-log');
  expect(text).toContain('vector');
});
