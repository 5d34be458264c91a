#!/usr/bin/env node
// Stands in for the VS Code desktop executable: takes the arguments that @vscode/test-electron passes to it and runs the suite in the
// VS Code server and a headless Chromium. IRQSCOPE_VSCODE names the version, IRQSCOPE_HOST the extension host.
import path from 'node:path';
import { Remedy } from '../../scripts/run.mjs';
import { startBrowser } from './browser.mjs';
import { ensureServer } from './install.mjs';
import { QUIET_SETTINGS, startServer, workbenchUrl } from './server.mjs';

const TIMEOUT_MS = 120_000;
const TIMED_OUT = 124;
const CRASHED = 125;
/** What VS Code itself has to say during a run. */
const NOISE =
  /^(\[AgentHost|\[AccountPolicyGate|\[ChatModelSelection|\[reconnection-grace-time|\[Service Worker\]|Creating a socket|Resolv(ing|ed) connection token|(Ignoring fetching|Updating) additional builtin|No search provider|ChatSessionStore)/;

const named = (/** @type {string} */ flag) =>
  process.argv.find(each => each.startsWith(`--${flag}=`))?.slice(flag.length + 3);
const developmentPath = named('extensionDevelopmentPath');
const testsPath = named('extensionTestsPath');
const folder = process.argv.slice(2).find(each => !each.startsWith('-'));
if (!developmentPath || !testsPath || !folder)
  throw new Remedy('launcher.mjs is for @vscode/test-electron: run `npm test`.');

const inWorker = process.env.IRQSCOPE_HOST === 'worker';
const vscode = await startServer({
  server: await ensureServer(process.env.IRQSCOPE_VSCODE === 'oldest' ? 'oldest' : 'newest'),
  settings: inWorker ? { ...QUIET_SETTINGS, 'remote.extensionKind': { 'irqscope.irqscope': ['web'] } } : QUIET_SETTINGS,
  development: true,
});
const browser = await startBrowser();
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  /** @type {Promise<number>} */
  const result = new Promise(resolve => {
    void page.exposeFunction('codeAutomationExit', resolve);
    page.on('crash', () => resolve(CRASHED));
    setTimeout(() => resolve(TIMED_OUT), TIMEOUT_MS);
  });
  await page.exposeFunction('codeAutomationLog', (/** @type {string} */ _type, /** @type {unknown[]} */ args) => {
    const line = args.map(each => (typeof each === 'string' ? each : JSON.stringify(each))).join(' ');
    if (!NOISE.test(line)) console.log(line);
  });
  await page.goto(workbenchUrl(vscode.port, { folder: path.resolve(folder), developmentPath, testsPath }));
  const code = await result;
  if (code === TIMED_OUT)
    console.error(`timed out after ${TIMEOUT_MS / 1000} s; server log:\n${vscode.log().slice(-4000)}`);
  process.exitCode = code;
} finally {
  await browser.close();
  await vscode.stop();
}
process.exit();
