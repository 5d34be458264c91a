import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { root, run } from '../../scripts/run.mjs';
import { startBrowser } from '../rig/browser.mjs';

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

test('npm start prints an address where VS Code shows the scenarios, twice in a row', async () => {
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

test('npm start takes desktop VS Code where there is one and a screen', async () => {
  const bin = mkdtempSync(path.join(tmpdir(), 'irqscope code-'));
  try {
    writeFileSync(path.join(bin, 'code'), '#!/bin/sh\nprintf "%s\\n" "$@" > "$(dirname "$0")/arguments"\n', {
      mode: 0o755,
    });
    const env: NodeJS.ProcessEnv = { ...process.env, DISPLAY: ':0', PATH: `${bin}:${process.env.PATH}` };
    delete env.VSCODE_IPC_HOOK_CLI;
    const { code } = await run(process.execPath, ['scripts/start.mjs'], { env });
    expect(code).toBe(0);
    expect(readFileSync(path.join(bin, 'arguments'), 'utf8').trim().split('\n')).toEqual([
      '--new-window',
      `--extensionDevelopmentPath=${root}`,
      path.join(root, 'scenarios'),
    ]);
  } finally {
    rmSync(bin, { recursive: true });
  }
});
