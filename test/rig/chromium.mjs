// Finds or installs the browser that shows the workbench. Node built-ins only.
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { Remedy, run, step } from '../../scripts/run.mjs';

/** The file behind a program name, or undefined. */
export function onPath(/** @type {string} */ program) {
  for (const dir of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(dir, program);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {} // not here
  }
  return undefined;
}

const find = () =>
  process.env.CHROMIUM ??
  ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'].map(onPath).find(Boolean);

/** Path of a Chromium; installs Debian's where that is allowed, else says what to do. */
export async function ensureChromium() {
  const found = find();
  if (found) return found;
  const apt = onPath('apt-get');
  if (apt && process.getuid?.() === 0) {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await step('installing Chromium with apt-get', async () => {
      await run(apt, ['update', '-qq'], { env });
      const { code, output } = await run(apt, ['install', '-y', '--no-install-recommends', 'chromium'], { env });
      if (code !== 0) console.error(output);
    });
    const installed = find();
    if (installed) return installed;
  }
  throw new Remedy(
    'The tests drive VS Code in Chromium, and there is none. Install it and run the same command again:\n' +
      '  sudo apt-get install chromium          (Debian, Ubuntu)\n' +
      '  CHROMIUM=/path/to/chrome npm test      (any other Chromium or Chrome)',
  );
}
