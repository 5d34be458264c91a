// Format, lint and types of everything, side by side. `node scripts/check.mjs`

import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { main, root, run, seconds } from './run.mjs';

const projects = ['.', 'extension', 'extension/cli', 'webview', 'test', 'scripts'];
const bin = (/** @type {string} */ name) => path.join(root, 'node_modules', name);

/** @returns {Promise<{ passed: number, failed: number }>} */
export async function check() {
  const jobs = [
    {
      name: 'biome',
      args: [bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '--diagnostic-level=warn'],
    },
    ...projects.map(project => ({ name: `types of ${project}`, args: [bin('typescript/bin/tsc'), '-p', project] })),
  ];
  const results = await Promise.all(
    jobs.map(async ({ name, args }) => {
      const start = performance.now();
      const { code, output } = await run(process.execPath, args);
      console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds(start)})`);
      if (code !== 0) console.log(output);
      return code;
    }),
  );
  const failed = results.filter(code => code !== 0).length;
  return { passed: results.length - failed, failed };
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => ((await check()).failed ? 1 : 0));
}
