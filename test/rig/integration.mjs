// Runs test/integration inside one extension host: `node test/rig/integration.mjs newest|oldest node|worker`
import path from 'node:path';
import { runTests } from '@vscode/test-electron';
import { build } from 'esbuild';
import { main, Remedy, root } from '../../scripts/run.mjs';

await main(async () => {
  const [vscode, host] = process.argv.slice(2);
  if (!['newest', 'oldest'].includes(vscode) || !['node', 'worker'].includes(host)) {
    throw new Remedy('usage: node test/rig/integration.mjs newest|oldest node|worker');
  }
  const suite = path.join(root, 'out/integration.js');
  // One bundle for both hosts, in the form that the stricter one takes: a single file without Node modules.
  await build({
    absWorkingDir: root,
    entryPoints: ['test/integration/index.ts'],
    outfile: suite,
    bundle: true,
    platform: 'browser',
    format: 'cjs',
    target: 'es2022',
    sourcemap: 'inline',
    external: ['vscode'],
    // `module` does not exist: Mocha's browser build would else replace our exports with its own.
    define: { __HOST__: JSON.stringify(host), module: 'undefined' },
    logLevel: 'warning',
  });
  return runTests({
    vscodeExecutablePath: path.join(import.meta.dirname, 'launcher.mjs'),
    extensionDevelopmentPath: root,
    extensionTestsPath: suite.replace(/\.js$/, ''),
    launchArgs: [path.join(root, 'scenarios')],
    extensionTestsEnv: { IRQSCOPE_VSCODE: vscode, IRQSCOPE_HOST: host },
  });
});
