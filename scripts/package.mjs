// Packs what `npm run build` made into dist/irqscope.vsix.
import path from 'node:path';
import { main, Remedy, root, run } from './run.mjs';

export const vsix = path.join(root, 'dist/irqscope.vsix');

/** Fails with vsce's own words; without a repository field it would ask, so it is told. */
export async function packageVsix() {
  const vsce = path.join(root, 'node_modules/@vscode/vsce/vsce');
  const flags = ['--no-dependencies', '--allow-missing-repository', '--no-rewrite-relative-links', '--out', vsix];
  const { code, output } = await run(process.execPath, [vsce, 'package', ...flags]);
  if (code !== 0) throw new Remedy(`vsce package failed:\n${output}`);
  return output;
}

if (process.argv[1] === import.meta.filename) {
  await main(async () => console.log(await packageVsix()));
}
