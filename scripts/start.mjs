// Opens VS Code on scenarios/ with the extension: `npm start`. Node built-ins only until the packages are installed.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { onPath } from '../test/rig/chromium.mjs';
import { ensureServer } from '../test/rig/install.mjs';
import { QUIET_SETTINGS, serverEnvironment, startServer, workbenchUrl } from '../test/rig/server.mjs';
import { ensurePackages, main, Remedy, root, run, step } from './run.mjs';

const scenarios = path.join(root, 'scenarios');

const NEXT = `Then open a scenario (*.irq) and press F5: F10 steps over a line, F11 into its atomic steps, and the debug toolbar
steps back as well. Hover an interrupt value in a C file, a patch or a kernel log to decode it.`;

await main(async () => {
  await ensurePackages();
  await step('building the extension', async () => {
    const { code, output } = await run(process.execPath, ['scripts/build.mjs']);
    if (code !== 0) throw new Remedy(output);
  });
  const desktop = findDesktop();
  await (desktop ? openDesktop(desktop) : serve());
});

/** Desktop VS Code, where there is a screen to show it; inside a remote VS Code, `code` cannot load an extension from source. */
function findDesktop() {
  const screen = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  if (!screen || process.env.VSCODE_IPC_HOOK_CLI) return undefined;
  return onPath('code') ?? onPath('codium');
}

async function openDesktop(/** @type {string} */ program) {
  console.log(`\nOpening ${program} on ${scenarios}.\n${NEXT}`);
  const { code, output } = await run(program, ['--new-window', `--extensionDevelopmentPath=${root}`, scenarios]);
  if (code !== 0) throw new Remedy(`${program} failed:\n${output}`);
}

/** VS Code in the browser, with the packed extension installed the way a user would. */
async function serve() {
  const server = await ensureServer('newest');
  const { packageVsix, vsix } = await import('./package.mjs');
  const dataDir = path.join(root, '.cache/start');
  const extensionsDir = path.join(dataDir, 'extensions');
  await step('installing the extension into VS Code', async () => {
    await packageVsix();
    const { code, output } = await run(
      server.node,
      [
        server.main,
        '--extensions-dir',
        extensionsDir,
        '--server-data-dir',
        dataDir,
        '--install-extension',
        vsix,
        '--force',
        '--accept-server-license-terms',
      ],
      { env: serverEnvironment(dataDir) },
    );
    if (code !== 0) throw new Remedy(`VS Code refused the extension:\n${output}`);
  });
  const token = randomBytes(16).toString('hex');
  const vscode = await startServer({ server, dataDir, extensionsDir, settings: QUIET_SETTINGS, token });
  console.log(`
VS Code ${server.version} with IRQScope is ready. Open this address in a browser:

  ${workbenchUrl(vscode.port, { folder: scenarios, token })}

${NEXT}
Ctrl+C here ends VS Code.`);
  const interrupted = new Promise(resolve => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, resolve);
  });
  await Promise.race([interrupted, vscode.exited]);
  await vscode.stop();
}
