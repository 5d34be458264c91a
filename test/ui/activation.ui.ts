import { afterAll, beforeAll, test } from 'vitest';
import { command, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

let workbench: Workbench;
beforeAll(async () => {
  workbench = await openWorkbench({ size: { width: 1280, height: 1600 } }); // the list draws what is in sight
});
afterAll(() => workbench?.close());

test('a C file activates the extension, and VS Code says how long that took', async () => {
  const { page } = workbench;
  await openFile(page, 'hover/ipi.c');
  await command(page, 'Developer: Show Running Extensions');
  const row = page.locator('.runtime-extensions-editor .extension', { hasText: /irqscope/i });
  const time = row.locator('.activation-time', { hasText: /Activation: \d+ms/ });
  await time.waitFor();
  await screenshot(page, 'running-extensions');
  console.log(await time.innerText());
});
