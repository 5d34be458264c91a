import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { recordingPage } from '../../extension/editor/recordingPage.ts';
import { recordingOf } from '../../extension/session/recording.ts';
import { FAILING } from '../unit/session/scenarios.ts';
import { Harness, type View } from './harness.ts';

vi.setConfig({ testTimeout: 30_000 });

const sample = path.resolve(import.meta.dirname, '../../scenarios/01-posted-to-running.irq');

let harness: Harness;
let view: View;
beforeAll(async () => {
  harness = await Harness.start();
}, 60_000);
afterAll(() => harness?.stop());
afterEach(async () => {
  expect(await view.complaints()).toEqual([]);
  await view.close();
});

const open = async (text: string, title = 'a.irq'): Promise<void> => {
  view = await harness.openPage(await recordingPage({ recording: recordingOf(text, title), ...harness.files }));
};
const position = async (): Promise<number> => Number.parseInt((await view.text('.position b')) ?? '', 10);
const press = async (key: string): Promise<number> => {
  await view.page.keyboard.press(key);
  await view.settle();
  return position();
};

describe('a run as a page of its own', () => {
  it('steps forwards and backwards without a host', async () => {
    await open(readFileSync(sample, 'utf8'), '01-posted-to-running.irq');
    expect(await position()).toBe(0);
    expect(await press('s')).toBe(1);
    expect(await press('s')).toBe(2);
    expect(await press('b')).toBe(1);
    const nextLine = await press('n');
    expect(nextLine).toBeGreaterThan(5);
    expect(await view.text('.statement')).toMatch(/line \d+\s*expect/);
    expect(await press('$')).toBe(
      await view.page.getByRole('slider', { name: 'Step' }).getAttribute('aria-valuemax').then(Number),
    );
    expect(await press('r')).toBe(0);
    await expect.poll(() => view.page.getByRole('button', { name: /^line/ }).count()).toBe(0);
  });

  it('goes back to who wrote a field', async () => {
    await open(readFileSync(sample, 'utf8'));
    await press('$');
    await view.page.locator('#vcpu-1 [data-field="pid.on"]').click();
    await view.settle();
    expect(await view.text('.touches')).toContain('vcpu 1.pid.on');
  });

  it('goes on to who reads a field next, and stays where it is when nobody does', async () => {
    await open(readFileSync(sample, 'utf8'));
    await view.page.locator('#vcpu-1 [data-field="pid.on"]').click({ modifiers: ['Shift'] });
    await view.settle();
    const reader = await position();
    expect(reader).toBeGreaterThan(0);
    expect(await view.text('.notice')).toBe(`Step ${reader} reads vcpu 1.pid.on.`);
    expect(await view.text('.touches')).toMatch(/read\s*vcpu 1\.pid\.on/);
    await press('$');
    const end = await position();
    await view.page.locator('#vcpu-1 [data-field="pid.on"]').click({ modifiers: ['Shift'] });
    await view.settle();
    expect([await position(), await view.text('.notice')]).toEqual([
      end,
      `No step from here to step ${end} reads vcpu 1.pid.on.`,
    ]);
  });

  it('plays to a trouble and to the end', async () => {
    await open(FAILING);
    await view.page.getByRole('combobox', { name: 'Pace of playing' }).selectOption('25/s');
    await view.page.locator('h1').click();
    await press('p');
    await view.page.locator('.notice', { hasText: 'Stopped at a trouble.' }).waitFor();
    expect(await view.text('.troubles')).toContain(`step ${await position()}`);
    await press('p');
    await view.page.locator('.notice', { hasText: 'End of the run.' }).waitFor();
    expect(await position()).toBe(
      await view.page.getByRole('slider', { name: 'Step' }).getAttribute('aria-valuemax').then(Number),
    );
  });

  it('compares with a pinned moment, and has no other profile', async () => {
    await open(readFileSync(sample, 'utf8'));
    await press('m');
    await press('n');
    expect(await view.text('.differences')).toMatch(/vcpu 1 ISR\s+empty\s+0x41/);
    await press('m');
    await expect.poll(() => view.page.locator('.beside').count()).toBe(0);
    await press('v');
    expect(await view.text('dialog')).toContain('There is no other profile');
  });

  it('continues to a trouble', async () => {
    await open(FAILING);
    const trouble = await press('c');
    expect(await view.text('.troubles')).toContain(`step ${trouble}`);
    expect(await press('c')).toBeGreaterThan(trouble);
    expect(await press('r')).toBe(trouble);
  });

  it('carries hostile text as text', async () => {
    await open(`${FAILING}# x`, '</script><script>window.hacked=1</script><!--');
    expect(await view.text('h1')).toContain('</script><script>window.hacked=1</script><!--');
    expect(await view.page.evaluate(() => window.hacked)).toBeUndefined();
  });

  it('is accessible', async () => {
    await open(FAILING);
    await press('c');
    expect(await view.axe()).toEqual([]);
  });
});
