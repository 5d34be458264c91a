// Installs what the tests need and runs them: `npm test`, or only some: `npm test -- unit ui`.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { ensurePackages, main, Remedy, root, run, seconds } from './run.mjs';

/** @typedef {{ passed: number, failed: number }} Count */

const MINUTE = 60_000;
const UI_CONFIG = ['--config', 'test/ui/vitest.config.mjs'];
const START = 'test/ui/start.ui.ts';
/** A browser on two busy cores is late at times. */
const BROWSER = ['--hookTimeout=60000', '--expect.poll.timeout=5000', '--retry=2'];

/** @type {Readonly<Record<string, () => Promise<Count>>>} */
const legs = {
  async check() {
    return (await import('./check.mjs')).check();
  },
  async build() {
    const { code } = await run(process.execPath, ['scripts/build.mjs'], { echo: true });
    if (code !== 0) throw new Remedy('the build failed');
    await (await import('./package.mjs')).packageVsix();
    return (await import('./budgets.mjs')).checkBudgets();
  },
  unit: () => vitest('unit', ['--dir', 'test/unit']),
  webview: () => vitest('webview', ['--dir', 'test/webview', '--no-file-parallelism', ...BROWSER]),
  'integration newest node': () => integration('newest', 'node'),
  'integration newest worker': () => integration('newest', 'worker'),
  'integration oldest node': () => integration('oldest', 'node'),
  'integration oldest worker': () => integration('oldest', 'worker'),
  'ui development': () => ui('development'),
  'ui installed': () => ui('installed'),
  // Last, because it builds anew.
  start: () => vitest('start', [...UI_CONFIG, START]),
};

/** @returns {Promise<Count>} */
async function vitest(
  /** @type {string} */ name,
  /** @type {string[]} */ args,
  /** @type {NodeJS.ProcessEnv} */ env = {},
) {
  const report = path.join(root, '.cache', `${name}.json`);
  rmSync(report, { force: true });
  const bin = path.join(root, 'node_modules/vitest/vitest.mjs');
  const { code } = await run(
    process.execPath,
    [bin, 'run', ...args, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    { env: { ...process.env, ...env }, echo: true, timeout: 20 * MINUTE },
  );
  if (!existsSync(report)) return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(report, 'utf8'));
  return counted(numPassedTests, numFailedTests, code);
}

/** @returns {Promise<Count>} */
async function integration(/** @type {string} */ vscode, /** @type {string} */ host) {
  mustBeBuilt();
  const { code, output } = await run(process.execPath, ['test/rig/integration.mjs', vscode, host], {
    echo: true,
    timeout: 8 * MINUTE,
  });
  const { passed, failed } = JSON.parse(/^RESULT (.*)$/m.exec(output)?.[1] ?? '{"passed":0,"failed":0}');
  return counted(passed, failed, code);
}

/** @returns {Promise<Count>} */
async function ui(/** @type {string} */ mode) {
  mustBeBuilt();
  return vitest('ui', [...UI_CONFIG, '--exclude', START], { IRQSCOPE_UI: mode });
}

function mustBeBuilt() {
  if (!existsSync(path.join(root, 'dist/irqscope.vsix'))) throw new Remedy('there is no build to test');
}

/** A leg that crashed, or in which nothing ran, has failed whatever it counted. */
const counted = (/** @type {number} */ passed, /** @type {number} */ failed, /** @type {number} */ code) => ({
  passed,
  failed: failed || (code !== 0 || passed === 0 ? 1 : 0),
});

/** A leg that throws has failed; the others still run. */
async function runLeg(/** @type {string} */ leg) {
  try {
    return await legs[leg]();
  } catch (error) {
    console.error(error instanceof Remedy ? error.message : error);
    return { passed: 0, failed: 1 };
  }
}

await main(async () => {
  const wanted = process.argv.slice(2);
  const matches = (/** @type {string} */ leg) =>
    wanted.length === 0 || wanted.some(name => leg === name || leg.startsWith(`${name} `));
  const chosen = Object.keys(legs).filter(matches);
  if (chosen.length === 0) throw new Remedy(`no such tests; there are: ${Object.keys(legs).join(', ')}`);
  const inHost = (/** @type {string} */ leg) => /^(integration|ui|start)\b/.test(leg);
  const needsBuild = chosen.some(inHost) && !chosen.includes('build');

  await ensurePackages();
  if (chosen.some(leg => inHost(leg) || leg === 'webview')) {
    await (await import('../test/rig/chromium.mjs')).ensureChromium();
  }
  if (chosen.some(inHost)) {
    const { ensureServer } = await import('../test/rig/install.mjs');
    await ensureServer('newest');
    if (chosen.some(leg => leg.includes('oldest'))) await ensureServer('oldest');
  }

  const start = performance.now();
  const total = { passed: 0, failed: 0 };
  /** @type {string[]} */
  const summary = [];
  for (const leg of needsBuild ? ['build', ...chosen] : chosen) {
    console.log(`\n=== ${leg}`);
    const legStart = performance.now();
    const { passed, failed } = await runLeg(leg);
    total.passed += passed;
    total.failed += failed;
    summary.push(
      `${failed ? 'FAIL' : 'ok  '} ${leg.padEnd(26)} ${String(passed).padStart(5)} passed ${String(failed).padStart(3)} failed  ${seconds(legStart)}`,
    );
  }
  console.log(`\n${summary.join('\n')}\nin ${seconds(start)}\n\n${total.passed} passed, ${total.failed} failed`);
  return total.failed ? 1 : 0;
});
