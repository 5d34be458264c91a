// Times the decoder on real files: `node test/bench/decode.mjs PATH…`. Prints; asserts nothing about time.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { build } from 'esbuild';

const root = path.resolve(import.meta.dirname, '../..');
const starts = process.argv.slice(2);
if (starts.length === 0) throw new Error('usage: node test/bench/decode.mjs PATH…');

const { outputFiles } = await build({
  absWorkingDir: root,
  bundle: true,
  format: 'esm',
  platform: 'node',
  write: false,
  stdin: {
    contents: `export * from './extension/decode/find.ts'; export * from './extension/decode/candidate.ts';
      export * from './extension/decode/lines.ts'; export * from './extension/decode/print.ts'; export * from './extension/decode/annotate.ts';
      export * from './extension/decode/macros.ts'; export * from './extension/decode/definitions.ts';`,
    resolveDir: root,
  },
});
const decode = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);

/** @returns {Generator<string>} */
function* sources(/** @type {string} */ start) {
  if (!statSync(start).isDirectory()) {
    yield start;
    return;
  }
  for (const entry of readdirSync(start, { withFileTypes: true })) {
    const full = path.join(start, entry.name);
    if (entry.isDirectory()) yield* sources(full);
    else if (/\.[ch]$/.test(entry.name)) yield full;
  }
}

const files = starts.flatMap(start => [...sources(start)]);
const times = [];
for (const file of files) {
  const lines = decode.linesOf(readFileSync(file, 'utf8'));
  const definitions = decode.definitionsOf(lines);
  for (let n = 0; n < lines.count; n++) {
    const start = performance.now();
    const found = decode.candidateAt(decode.findCandidates(lines, n, 'c', definitions), lines.at(n).length >> 1);
    if (found) decode.toMarkdown(found.explain());
    times.push(performance.now() - start);
  }
}
times.sort((a, b) => a - b);
const at = (/** @type {number} */ share) =>
  times[Math.min(times.length - 1, Math.floor(times.length * share))].toFixed(4);
console.log(
  `hover   ${times.length} lines: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, p99.9 ${at(0.999)} ms, most ${at(1)} ms`,
);

const before = performance.now();
let found = 0;
for (const file of files) found += decode.annotate(readFileSync(file, 'utf8'), 'c').length;
console.log(`scan    ${files.length} files, ${found} values: ${(performance.now() - before).toFixed(0)} ms`);

const names = decode.macros().map((/** @type {{ name: string }} */ each) => each.name);
const pattern = `\\b(?:${names.join('|')})\\b|0xfee[0-9a-f]{5}`;
const begin = performance.now();
const { status } = spawnSync('rg', ['-c', '-g', '*.[ch]', pattern, ...starts], { maxBuffer: 1 << 28 });
console.log(
  status === 0 ? `rg      the same names: ${(performance.now() - begin).toFixed(0)} ms` : 'rg is not installed',
);
