import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../../scripts/run.mjs';
import { startBrowser } from '../rig/browser.mjs';
import { installed } from '../rig/workbench.ts';

/** Runs `npm start` as on a machine without a screen and shows its address to `look`. */
async function start(look: (address: string) => Promise<void>): Promise<void> {
  const env = { ...process.env, DISPLAY: '', WAYLAND_DISPLAY: '' };
  const child = spawn(process.execPath, [path.join(root, 'scripts/start.mjs')], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  try {
    let output = '';
    for await (const chunk of child.stdout) {
      output += chunk;
      const address = /http:\/\/127\.0\.0\.1:\d+\/\S+/.exec(output)?.[0];
      if (address) {
        await look(address);
        break;
      }
    }
    expect(output).toContain('press F5');
  } finally {
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  }
}

// It packs and installs the extension by itself, so once is enough.
test.runIf(installed)('npm start prints an address where VS Code shows the scenarios, twice in a row', async () => {
  const browser = await startBrowser();
  try {
    for (let round = 1; round <= 2; round++) {
      await start(async address => {
        const page = await browser.newPage();
        await page.goto(address);
        const row = page.locator('.explorer-folders-view .monaco-list-row', { hasText: '.irq' });
        await row.first().waitFor({ timeout: 60_000 });
        await page.close();
      });
    }
  } finally {
    await browser.close();
  }
});
