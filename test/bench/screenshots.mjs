// Pictures of every view of the inspector in out/looks: node test/bench/screenshots.mjs [scene…]
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
// Where `../..` is the repository, as from test/webview.
const outfile = path.join(here, '../../.cache/bench/screenshots.mjs');

await build({
  entryPoints: [path.join(here, 'screenshots.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  logLevel: 'warning',
});
execFileSync(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: 'inherit' });
