// Bundles every part of IRQScope into dist/. `node scripts/build.mjs [--watch]`
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { ensurePackages, main, root } from './run.mjs';
import { toolkitWithoutStyleProbe } from './toolkitPlugin.mjs';

// In a fresh clone this is the first script that somebody runs who wants nothing but the command line.
if (!existsSync(path.join(root, 'node_modules/esbuild'))) await main(ensurePackages);
if (process.exitCode) process.exit();
const { build, context } = await import('esbuild');

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
 * What both extension hosts take: a CommonJS module that requires nothing but vscode and other chunks.
 * @type {import('esbuild').BuildOptions}
 */
const either = { ...common, platform: 'browser', format: 'cjs' };

/** Files that load on first need, and what they become beside the entries of the hosts: each is one chunk for both hosts. */
const CHUNKS = new Map([
  ['lazy.ts', 'core'],
  ['lazyLanguage.ts', 'language'],
  ['lazyDecode.ts', 'decode'],
]);

/**
 * Replaces an import of a file by a require of a chunk.
 * @param {ReadonlyMap<string, string>} files
 * @returns {import('esbuild').Plugin}
 */
const required = files => ({
  name: 'required chunks',
  setup({ onResolve }) {
    onResolve({ filter: /\.ts$/ }, ({ path: wanted, kind }) => {
      const chunk = kind === 'entry-point' ? undefined : files.get(path.posix.basename(wanted));
      return chunk === undefined ? undefined : { path: `./${chunk}.js`, external: true };
    });
  },
});

/**
 * What is in the core chunk already must not come a second time with another.
 * @type {import('esbuild').Plugin}
 */
const notTwice = {
  name: 'nothing twice',
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path: file }) => {
      const name = path.relative(root, file).split(path.sep).join('/');
      return /^extension\/(?:engine\/|session\/|scenario\/(?:parse|check)\.ts$)/.test(name)
        ? { errors: [{ text: `${name} is in the core chunk: import what needs it from ./lazy.ts` }] }
        : undefined;
    });
  },
};

/**
 * The browser host requires nothing and knows no `import()`. A module with a `then` is what its `then` comes to (as in any JavaScript), so
 * `import('./lazy.ts')` can stay what it is.
 * @type {import('esbuild').Plugin}
 */
const readChunks = {
  name: 'chunks that are read',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\/lazy\w*\.ts$/ }, ({ path: wanted, kind }) => {
      const name = CHUNKS.get(path.posix.basename(wanted));
      return name !== undefined && kind === 'dynamic-import'
        ? { path: name, namespace: 'chunk' }
        : { errors: [{ text: `${wanted} is a chunk: load it with import()` }] };
    });
    onLoad({ filter: /.*/, namespace: 'chunk' }, ({ path: name }) => ({
      contents: `import { chunk } from './browserChunks.ts';
        export const then = (resolve, reject) => chunk('${name}').then(resolve, reject);`,
      resolveDir: path.join(root, 'extension/editor'),
    }));
  },
};

/** @type {import('esbuild').BuildOptions[]} */
const bundles = [
  {
    ...node,
    entryPoints: ['extension/editor/nodeHost.ts'],
    outfile: 'dist/extension.js',
    external: ['vscode'],
    plugins: [required(CHUNKS)],
    supported: { 'dynamic-import': false },
  },
  {
    ...either,
    entryPoints: ['extension/editor/browserHost.ts'],
    outfile: 'dist/web.js',
    external: ['vscode'],
    plugins: [readChunks],
  },
  { ...either, entryPoints: ['extension/editor/lazy.ts'], outfile: 'dist/core.js' },
  {
    ...either,
    entryPoints: ['extension/editor/lazyLanguage.ts'],
    outfile: 'dist/language.js',
    external: ['vscode'],
    plugins: [required(new Map([['lazy.ts', 'core']])), notTwice],
    supported: { 'dynamic-import': false },
  },
  { ...either, entryPoints: ['extension/editor/lazyDecode.ts'], outfile: 'dist/decode.js' },
  {
    ...node,
    entryPoints: ['extension/worker/thread.ts'],
    outfile: 'dist/worker.js',
    plugins: [required(new Map([['serve.ts', 'core']]))],
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
