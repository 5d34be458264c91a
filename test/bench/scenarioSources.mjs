import path from 'node:path';
import { build } from 'esbuild';

/** The exports of these modules of the scenario language, from source. */
export async function scenarioSources(...modules) {
  const root = path.resolve(import.meta.dirname, '../..');
  const { outputFiles } = await build({
    absWorkingDir: root,
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    stdin: {
      contents: modules.map(name => `export * from './extension/scenario/${name}.ts';`).join('\n'),
      resolveDir: root,
      loader: 'ts',
    },
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
}
