import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { command, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

let workbench: Workbench;
beforeAll(async () => {
  workbench = await openWorkbench();
  for (const name of ['mine.irq', 'indented.irq']) writeFileSync(path.join(workbench.folder, name), '');
});
afterAll(() => workbench.close());

/** The lines that an editor shows, with ordinary blanks. */
async function linesOf(editor: ReturnType<Workbench['page']['locator']>): Promise<string[]> {
  const lines = await editor.locator('.view-line').all();
  const placed = await Promise.all(
    lines.map(async line => ({ top: (await line.boundingBox())?.y ?? 0, text: await line.innerText() })),
  );
  return placed.sort((a, b) => a.top - b.top).map(({ text }) => text.replaceAll('\u00a0', ' ').trimEnd());
}

test('a scenario is written with completion, corrected with a quick fix and laid out', async () => {
  const { page } = workbench;
  const editor = await openFile(page, 'mine.irq');
  const offered = page.locator('.suggest-widget.visible .monaco-list-row');
  await editor.click();

  // As slowly as people type, so that the list is open when Enter ends a line.
  const type = (text: string) => page.keyboard.type(text, { delay: 80 });
  await type('machine intel\nvcpus 2\nvcpu 0: ');
  await offered.filter({ hasText: 'ipi' }).first().waitFor();
  await screenshot(page, 'writing-completion');
  await type('ip');
  await page.keyboard.press('Enter');
  await type(' fixed 0x41 to 1\nexpect vcpu 1: pid.on 0\nvcpu 1: oei');
  await page.keyboard.press('Escape');

  await editor.locator('.squiggly-error').first().waitFor();
  await page.keyboard.press('Control+.');
  const fix = page.locator('.action-widget .monaco-list-row', { hasText: "Change to 'eoi'" });
  await fix.waitFor();
  await screenshot(page, 'writing-fix');
  await page.keyboard.press('Enter');
  await editor.locator('.squiggly-error').first().waitFor({ state: 'detached' });

  await command(page, 'Format Document');
  await expect
    .poll(() => linesOf(editor), { timeout: 20_000 })
    .toEqual([
      'machine intel',
      '  vcpus  2',
      'vcpu 0:  ipi fixed 0x41 to 1',
      'expect   vcpu 1: pid.on 0',
      'vcpu 1:  eoi',
    ]);
  await editor.locator('.codelens-decoration', { hasText: 'Run' }).waitFor();
  await screenshot(page, 'writing-done');
});

test('Enter indents what belongs to a block, and comes back behind it', async () => {
  const { page } = workbench;
  const editor = await openFile(page, 'indented.irq');
  await editor.click();
  const lines = [
    'machine intel',
    'vcpus 2',
    '',
    'repeat 3',
    'vcpu 0: tpr 0',
    'repeat 2',
    'expect vcpu 0: tpr 0',
    'end',
    'end',
    'section one',
    'vcpu 0: eoi',
  ];
  for (const line of lines) {
    await page.keyboard.type(line, { delay: 80 });
    await page.keyboard.press('Escape', { delay: 80 });
    await page.keyboard.press('Enter');
  }
  await page.keyboard.type('# two words');
  for (let i = 0; i < 'words'.length; i++) await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Enter');
  await expect
    .poll(() => linesOf(editor), { timeout: 20_000 })
    .toEqual([
      'machine intel',
      '  vcpus 2',
      '',
      'repeat 3',
      '  vcpu 0: tpr 0',
      '  repeat 2',
      '    expect vcpu 0: tpr 0',
      '  end',
      'end',
      'section one',
      'vcpu 0: eoi',
      '# two',
      '# words',
    ]);
  await screenshot(page, 'writing-indented');
});
