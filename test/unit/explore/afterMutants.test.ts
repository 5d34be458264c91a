import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { lineMutants, verdictOf } from './afterMutants.ts';

const folder = path.resolve(import.meta.dirname, '../../../scenarios/museum');
const golden = path.resolve(import.meta.dirname, '../../golden/museum-mutants.txt');

const HEADER = `What becomes of the "after" of each museum race when one line of it is taken away.
A test then always succeeds, a local value is 0, any other step does nothing.

loss        an order of the code loses
buffers     it loses only with store buffers
equivalent  no order breaks what the race says must hold
open        no order comes to an end, so what must hold finally is never asked
`;

function listOf(file: string): string {
  const text = readFileSync(path.join(folder, file), 'utf8');
  const lines = lineMutants(text).map(mutant => `  ${verdictOf(mutant).padEnd(12)}${mutant.was}`);
  return `${file}\n${lines.join('\n')}\n`;
}

describe('a line less in the after of the museum', { timeout: 120_000 }, () => {
  const files = readdirSync(folder).filter(file => file.endsWith('.irq'));

  it('is known for every line of every race', async () => {
    await expect([HEADER, ...files.map(listOf)].join('\n')).toMatchFileSnapshot(golden);
  });

  it.each(files)('%s: at least one line that nothing else stands in for', file => {
    expect(listOf(file)).toMatch(/^ {2}(?:loss|buffers) /m);
  });
});
