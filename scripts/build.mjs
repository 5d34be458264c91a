// Bundles every part of IRQScope into dist/. `node scripts/build.mjs [--watch]`
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { build, context } from 'esbuild';
import { toolkitWithoutStyleProbe } from './toolkitPlugin.mjs';

const root = path.resolve(import.meta.dirname, '..');
const watch = process.argv.includes('--watch');
const version = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).version;

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  charset: 'utf8',
  define: { __VERSION__: JSON.stringify(version) },
  legalComments: 'none',
  logLevel: 'silent',
  metafile: true,
  minify: !watch,
  sourcemap: watch && 'linked',
  target: 'es2022',
};

/** @type {import('esbuild').BuildOptions} */
const node = { ...common, platform: 'node', format: 'cjs', target: 'node20' };

/**
 * Only the node host splits: debug adapter, engine and language load on first need and the decoders at the first hover, so that
 * opening a C file costs next to nothing. A browser entry must be one file, so there the same `import()` is bundled in place.
 * @type {import('esbuild').Plugin}
 */
const lazySession = {
  name: 'lazy-session',
  setup({ onResolve }) {
    onResolve({ filter: /\/lazy\.ts$/ }, () => ({ path: './session.js', external: true }));
    onResolve({ filter: /\/lazyDecode\.ts$/ }, () => ({ path: './decode.js', external: true }));
  },
};

/** @type {import('esbuild').BuildOptions[]} */
const bundles = [
  {
    ...node,
    entryPoints: ['extension/editor/extension.ts'],
    outfile: 'dist/extension.js',
    external: ['vscode'],
    plugins: [lazySession],
    supported: { 'dynamic-import': false },
  },
  { ...node, entryPoints: ['extension/editor/lazy.ts'], outfile: 'dist/session.js', external: ['vscode'] },
  { ...node, entryPoints: ['extension/editor/lazyDecode.ts'], outfile: 'dist/decode.js' },
  {
    ...common,
    entryPoints: ['extension/editor/extension.ts'],
    outfile: 'dist/web/extension.js',
    platform: 'browser',
    format: 'cjs',
    external: ['vscode'],
  },
  {
    ...common,
    entryPoints: ['webview/main.tsx'],
    outfile: 'dist/webview/inspector.js',
    platform: 'browser',
    format: 'iife',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    plugins: [toolkitWithoutStyleProbe],
  },
  { ...node, entryPoints: ['extension/cli/main.ts'], outfile: 'dist/cli.js', banner: { js: '#!/usr/bin/env node' } },
];

if (watch) {
  const contexts = await Promise.all(bundles.map(options => context({ ...options, logLevel: 'info' })));
  await Promise.all(contexts.map(each => each.watch()));
} else {
  await buildAll().catch(error => {
    console.error(error.message);
    process.exitCode = 1;
  });
}

async function buildAll() {
  const start = performance.now();
  rmSync(path.join(root, 'dist'), { recursive: true, force: true });
  const results = await Promise.all(bundles.map(options => build(options)));
  for (const { text, location } of results.flatMap(result => result.warnings)) {
    console.warn(`warning: ${location?.file}:${location?.line}: ${text}`);
  }
  chmodSync(path.join(root, 'dist/cli.js'), 0o755);
  /** @type {Record<string, { bytes: number }>} */
  const outputs = Object.assign({}, ...results.map(result => result.metafile?.outputs));
  mkdirSync(path.join(root, '.cache'), { recursive: true });
  writeFileSync(path.join(root, '.cache/bundles.json'), JSON.stringify(outputs, undefined, 1));
  for (const [file, { bytes }] of Object.entries(outputs)) {
    console.log(`${String(bytes).padStart(9)}  ${file}`);
  }
  console.log(`built in ${Math.round(performance.now() - start)} ms`);
}
