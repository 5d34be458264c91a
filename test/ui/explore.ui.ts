import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { command, inspectorFrame, openFile, openWorkbench, screenshot, type Workbench } from '../rig/workbench.ts';

/** More states than can be explored while a test runs. */
const ENDLESS = `machine intel
  vcpus 2 x2apic
shared x, y
operation f(n) {
  int i = 0
  while (i < 1000) {
    int v = x                    # load
    y = v + n                    # store
    x = v + i                    # store
    i = i + 1
  }
}
race
  a: f(1)
  b: f(2)
  c: f(3)
finally (x != 5000)
`;

let workbench: Workbench;
afterEach(() => workbench.close());

test.each(['node', 'worker'] as const)('the order that loses an interrupt opens in the %s host', async host => {
  workbench = await openWorkbench({ host, size: { width: 1500, height: 950 } });
  const { page } = workbench;
  await openFile(page, 'r02-sn-hides-posts.irq');
  await command(page, 'IRQScope: Explore Every Order of a Race');
  await page.locator('.quick-input-widget .monaco-list-row', { hasText: 'before' }).click();
  await page.locator('.debug-toolbar').waitFor({ timeout: 30_000 });
  await inspectorFrame(page).locator('body', { hasText: 'r02-sn-hides-posts.irq' }).waitFor();
  await page.locator('.debug-top-stack-frame-line').waitFor();
  await screenshot(page, `explore-${host}`);
});

test.each(['node', 'worker'] as const)(
  'an exploration tells its progress and is cancelled in the %s host',
  async host => {
    workbench = await openWorkbench({ host });
    const { page, folder } = workbench;
    writeFileSync(path.join(folder, 'endless.irq'), ENDLESS);
    await openFile(page, 'endless.irq');
    await command(page, 'IRQScope: Explore Every Order of a Race');
    // Not the toast: it does not show in development.
    await command(page, 'Notifications: Show Notifications');
    const notification = page.locator('.notifications-center .notification-list-item', {
      hasText: 'Exploring endless.irq',
    });
    await notification.filter({ hasText: /[1-9]\d* states, \d+ orders left/ }).waitFor({ timeout: 30_000 });
    await screenshot(page, `explore-progress-${host}`);
    await notification.hover();
    await notification.getByRole('button', { name: 'Cancel' }).click();
    await notification.waitFor({ state: 'detached' });
    await expect.poll(() => page.locator('.notifications-center', { hasText: 'not complete' }).count()).toBe(0);
  },
);
