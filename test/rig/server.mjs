// Starts and stops a VS Code server. Node built-ins only.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** No first-run pages, no background downloads, nothing that moves by itself. */
export const QUIET_SETTINGS = {
  'chat.disableAIFeatures': true,
  'chat.agentHost.enabled': false,
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'extensions.ignoreRecommendations': true,
  'telemetry.telemetryLevel': 'off',
  'workbench.editor.useModal': 'off',
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
};

/**
 * @typedef {object} ServerOptions
 * @property {import('./install.mjs').Server} server
 * @property {Record<string, unknown>} [settings] user settings of a fresh data folder
 * @property {string} [dataDir] kept after stop(); without it a temporary folder
 * @property {string} [extensionsDir] installed extensions
 * @property {string} [token] what a page must know to connect; without it every local program may
 * @property {boolean} [development] honour extensionDevelopmentPath and extensionTestsPath of a page; costs the notification toasts
 */

/**
 * @param {ServerOptions} options
 * @returns {Promise<{ readonly port: number, readonly log: () => string, readonly exited: Promise<void>, readonly stop: () => Promise<void> }>}
 */
export async function startServer({
  server,
  settings = QUIET_SETTINGS,
  dataDir,
  extensionsDir,
  token,
  development = false,
}) {
  const data = dataDir ?? mkdtempSync(path.join(tmpdir(), 'irqscope-vscode-'));
  for (const kind of ['User', 'Machine']) {
    const file = path.join(data, 'data', kind, 'settings.json');
    mkdirSync(path.dirname(file), { recursive: true });
    if (kind === 'Machine' || !dataDir || !existsSync(file))
      writeFileSync(file, JSON.stringify(settings, undefined, 2));
  }
  const child = spawn(
    server.node,
    [
      server.main,
      ...['--host', '127.0.0.1', '--port', '0', '--accept-server-license-terms'],
      ...(token ? ['--connection-token', token] : ['--without-connection-token']),
      ...['--server-data-dir', data, '--telemetry-level', 'off', '--disable-update-check'],
      ...['--disable-workspace-trust', '--disable-getting-started-override'],
      ...(development ? ['--enable-smoke-test-driver'] : []),
      ...(extensionsDir ? ['--extensions-dir', extensionsDir] : []),
    ],
    { env: serverEnvironment(data), stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );

  let log = '';
  const killGroup = (/** @type {NodeJS.Signals} */ signal) => {
    try {
      process.kill(-(/** @type {number} */ (child.pid)), signal); // the extension host and the file watcher go with it
    } catch {} // gone already
  };
  const killNow = () => killGroup('SIGKILL');
  process.once('exit', killNow);
  /** @type {Promise<void>} */
  const exited = new Promise(resolve => child.once('exit', () => resolve()));

  const port = await new Promise((/** @type {(port: number) => void} */ resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`VS Code ${server.version} did not start:\n${log}`)), 60_000);
    const read = (/** @type {Buffer} */ chunk) => {
      log += chunk;
      const listening = /Extension host agent listening on (\d+)/.exec(log);
      if (!listening) return;
      clearTimeout(timer);
      resolve(Number(listening[1]));
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('error', reject);
    void exited.then(() => reject(new Error(`VS Code ${server.version} ended at once:\n${log}`)));
  });

  return {
    port,
    log: () => log,
    exited,
    async stop() {
      killGroup('SIGTERM');
      await Promise.race([exited, new Promise(resolve => setTimeout(resolve, 3000))]);
      killNow();
      process.removeListener('exit', killNow);
      if (!dataDir) rmSync(data, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

/** The environment of a server that keeps its files below `data` and asks no marketplace. */
export function serverEnvironment(/** @type {string} */ data) {
  return { ...process.env, EXTENSIONS_GALLERY: '{}', XDG_RUNTIME_DIR: data, XDG_CACHE_HOME: path.join(data, 'cache') };
}

/**
 * The address of a workbench.
 * @param {number} port
 * @param {{ folder: string, developmentPath?: string, testsPath?: string, token?: string }} what absolute paths
 */
export function workbenchUrl(port, { folder, developmentPath, testsPath, token }) {
  const url = new URL(`http://127.0.0.1:${port}/`);
  if (token) url.searchParams.set('tkn', token);
  url.searchParams.set('folder', folder);
  const remote = (/** @type {string} */ file) => new URL(`vscode-remote://127.0.0.1:${port}`).href + encodeURI(file);
  const payload = [
    ...(developmentPath ? [['extensionDevelopmentPath', remote(developmentPath)]] : []),
    ...(testsPath ? [['extensionTestsPath', remote(testsPath)]] : []),
  ];
  if (payload.length) url.searchParams.set('payload', JSON.stringify(payload));
  return url.href;
}
