// The inspector with 1,024 vCPUs and a million steps in a real browser, beside the same page with 2 vCPUs and 100 steps.
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
// Where `../..` is the repository, as from test/webview.
const outfile = path.join(here, '../../.cache/bench/inspector.mjs');

export async function benchInspector() {
  await build({
    entryPoints: [path.join(here, 'inspector.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    logLevel: 'warning',
  });
  const { small, large, many } = JSON.parse(
    execFileSync(process.execPath, [outfile], { encoding: 'utf8', timeout: 300_000 }),
  );
  const ms = (/** @type {number} */ figure) => `${figure.toFixed(1)} ms`;
  const mb = (/** @type {number} */ bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  /** @type {[what: string, of: (figures: any) => number, print: (figure: number) => string, goal: string][]} */
  const rows = [
    ['page and script loaded', f => f.load, ms, ''],
    ['first picture, from message to frame', f => f.paint, ms, '<= 200 ms'],
    ['a step, scripting, median', f => f.steps.script.median, ms, '<= 8 ms'],
    ['a step, scripting, 95 %', f => f.steps.script.p95, ms, '<= 8 ms'],
    ['a step, scripting, worst', f => f.steps.script.max, ms, ''],
    ['a step, style and layout, median', f => f.steps.layout.median, ms, ''],
    ['a step, style and layout, worst', f => f.steps.layout.max, ms, ''],
    ['a jump with its timeline, scripting, median', f => f.jumps.script.median, ms, '<= 8 ms'],
    ['a jump with its timeline, scripting, 95 %', f => f.jumps.script.p95, ms, ''],
    ['a jump with its timeline, scripting, worst', f => f.jumps.script.max, ms, ''],
    ['message of a step', f => f.bytes.delta, n => `${n} B`, ''],
    ['message of a whole picture', f => f.bytes.snapshot, n => `${n} B`, ''],
    ['elements in the page', f => f.elements, String, ''],
    ['heap', f => f.heap, mb, ''],
    [`heap after ${many} more steps`, f => f.heapAfter, mb, 'no growth'],
  ];
  const scale = (/** @type {any} */ f) => `${f.scale.vcpus} vCPUs`;
  console.log(
    `\n${'inspector in Chromium'.padEnd(46)}${scale(large).padStart(12)}${scale(small).padStart(12)}   ratio   goal`,
  );
  for (const [what, of, print, goal] of rows) {
    const ratio = (of(large) / of(small)).toFixed(1);
    console.log(
      `${what.padEnd(46)}${print(of(large)).padStart(12)}${print(of(small)).padStart(12)}${ratio.padStart(8)}   ${goal}`,
    );
  }
}
