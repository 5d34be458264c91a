import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { commandNames, irqscope } from '../../../extension/cli/commands.ts';

const root = path.join(import.meta.dirname, '../../..');
const text = readFileSync(path.join(root, 'docs/cli.md'), 'utf8');
const sections = new Map(text.split(/^## /m).map(part => [part.slice(0, part.indexOf('\n')), part]));

async function output(args: readonly string[]): Promise<string> {
  let all = '';
  const print = (line: string) => {
    all += `${line}\n`;
  };
  await irqscope(args, { out: print, err: print, readStdin: async () => '' }, '0');
  return all;
}

describe.each(commandNames())('%s', name => {
  test('has a section that names every option of its usage', async () => {
    const usage = await output([name, '--help']);
    const section = sections.get(name) ?? '';
    expect(section).toContain(`    irqscope ${name}`);
    expect((usage.match(/--[a-z]+(?:-[a-z]+)*/g) ?? []).filter(option => !section.includes(option))).toEqual([]);
  });
});

// Those that a shell would have to cut or feed are left out.
const examples = [...text.matchAll(/^ {4}\$ irqscope ([^|<\n]*[^|<\n ])\n((?: {4}.*\n|\n(?= {4}))+)/gm)].map(
  ([, line, shown]) => [line.replaceAll("'", ''), shown] as const,
);

test('there are examples', () => {
  expect(examples.map(([line]) => line.split(' ')[0])).toEqual(expect.arrayContaining(['run', 'decode', 'explore']));
});

test.each(examples)('the example %s prints what is shown', async (line, shown) => {
  const printed = await output(line.split(' ').map(arg => (arg.includes('/') ? path.join(root, arg) : arg)));
  const expected = shown.replaceAll(/^ {4}/gm, '').trimEnd();
  expect(printed.replaceAll(`${root}/`, '').replaceAll(/ +$/gm, '').trimEnd()).toBe(expected);
});
