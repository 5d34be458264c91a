import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type Choice, KERNEL_ORDER } from '../../../extension/engine/choices.ts';
import { AVIC_CHOICES } from '../../../extension/engine/svm/choices.ts';
import { BYPASS_CHOICES } from '../../../extension/engine/vfio/choices.ts';

const file = path.resolve(import.meta.dirname, '../../../docs/iommu-and-avic.md');
const MARKED = /<!-- choices -->\n[\s\S]*<!-- end -->/;

function table(): string {
  const choices: [string, Choice<unknown>][] = [...Object.entries(BYPASS_CHOICES), ...Object.entries(AVIC_CHOICES)];
  const rows = choices.map(([name, { doc, source, from }]) => {
    const values = KERNEL_ORDER.flatMap(kernel => (Object.hasOwn(from, kernel) ? [`${kernel}: ${from[kernel]}`] : []));
    return `| \`${name}\` | ${doc} | ${values.join('; ')} | ${source} |`;
  });
  return ['| choice | about | from version | source |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

test('docs/iommu-and-avic.md has every choice; UPDATE_DOCS=1 writes it', () => {
  const page = readFileSync(file, 'utf8');
  const right = page.replace(MARKED, `<!-- choices -->\n${table()}\n<!-- end -->`);
  if (process.env.UPDATE_DOCS !== undefined) {
    writeFileSync(file, right);
  }
  expect(readFileSync(file, 'utf8')).toBe(right);
  expect(right).toContain('`gaTagBits`');
});
