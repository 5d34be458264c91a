import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { runCommand } from '../../../../extension/cli/run.ts';

// What `irqscope run --steps` prints for the scenarios of the interaction matrix: target state by sender. UPDATE_GOLDEN=1 rewrites.

const root = path.resolve(import.meta.dirname, '../../../..');
const matrix = path.join(root, 'scenarios/matrix');
const golden = path.join(root, 'test/golden/matrix');
const names = readdirSync(matrix)
  .filter(name => name.endsWith('.irq'))
  .sort();

async function transcript(name: string): Promise<{ code: number; text: string }> {
  const lines: string[] = [];
  const io = {
    out: (text: string) => lines.push(text),
    err: (text: string) => lines.push(`error: ${text}`),
    readStdin: () => Promise.resolve(''),
  };
  const code = await runCommand([path.relative(process.cwd(), path.join(matrix, name)), '--steps'], io);
  return { code, text: `${lines.join('\n').replaceAll(path.relative(process.cwd(), matrix), 'scenarios/matrix')}\n` };
}

describe('matrix scenarios', () => {
  test('every target state has its scenario', () => {
    expect(names.map(name => name.replace(/^\d-(.*)\.irq$/, '$1'))).toEqual([
      'running',
      'notified',
      'exited',
      'preempted',
      'blocked',
      'l2',
      'inhibited',
    ]);
  });

  test.each(names)('%s', async name => {
    const { code, text } = await transcript(name);
    const file = path.join(golden, name.replace('.irq', '.txt'));
    if (process.env.UPDATE_GOLDEN !== undefined) {
      mkdirSync(golden, { recursive: true });
      writeFileSync(file, text);
    }
    expect(existsSync(file), `${file} is missing: run with UPDATE_GOLDEN=1`).toBe(true);
    expect(text).toBe(readFileSync(file, 'utf8'));
    expect(code).toBe(0);
  });
});
