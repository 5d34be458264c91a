// npm run bench: the engine's figures, and the same deliveries by plain C, in one run; then the inspector's, from a real browser.
// One of them: npm run bench -- engine, npm run bench -- inspector.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { benchInspector } from './inspector.mjs';

const here = import.meta.dirname;
const out = path.join(here, '../../.cache/bench');
mkdirSync(out, { recursive: true });

async function benchEngine() {
  await build({
    entryPoints: [path.join(here, 'bench.ts')],
    outfile: path.join(out, 'bench.mjs'),
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
  execFileSync('gcc', ['-O2', '-Wall', '-Wextra', '-o', path.join(out, 'delivery'), path.join(here, 'delivery.c')], {
    stdio: 'inherit',
  });

  const json = (/** @type {string} */ program, /** @type {string[]} */ args) =>
    JSON.parse(execFileSync(program, args, { encoding: 'utf8' }));

  const engine = json(process.execPath, [path.join(out, 'bench.mjs')]);
  const c = json(path.join(out, 'delivery'), [String(engine.deliveries)]);
  if (engine.checksum !== c.checksum || engine.accepted !== c.accepted) {
    console.error('the engine and the C program do not agree: they follow different rules', engine, c);
    process.exit(1);
  }

  const rows = [
    ['atomic steps a second, recorded with undo', `${(engine.stepsPerSecond / 1e6).toFixed(2)} M`, '>= 5 M'],
    ['journal bytes a step', engine.bytesPerStep.toFixed(1), '<= 64'],
    ['seek in a million steps, median', `${engine.seekMedian.toFixed(3)} ms`, ''],
    ['seek in a million steps, worst of 300', `${engine.seekWorst.toFixed(3)} ms`, '<= 16 ms'],
    ['delivery, not recorded', `${engine.nsPerDelivery.toFixed(1)} ns`, ''],
    ['the same in C, gcc -O2', `${c.nsPerDelivery.toFixed(1)} ns`, ''],
    ['ratio', (engine.nsPerDelivery / c.nsPerDelivery).toFixed(2), '<= 3'],
  ];
  for (const [what, figure, goal] of rows) {
    console.log(`${what.padEnd(44)}${figure.padStart(12)}   ${goal}`);
  }
}

const [only] = process.argv.slice(2);
if (only !== 'inspector') await benchEngine();
if (only !== 'engine') await benchInspector();
