import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { commandNames, irqscope } from '../../../extension/cli/commands.ts';
import { visible } from '../../../extension/cli/io.ts';

let folder: string;
const files = { broken: 'machine intel\nvcpu 0: jump\n', empty: '', fine: 'machine intel\nvcpus 1\n' };
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'irqscope commands '));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(folder, name), text);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io = {
    out: (text: string) => {
      out += `${text}\n`;
    },
    err: (text: string) => {
      err += `${text}\n`;
    },
    readStdin: async () => '',
  };
  const paths = args.map(arg => (Object.hasOwn(files, arg) || arg === 'missing' ? path.join(folder, arg) : arg));
  const code = await irqscope(paths, io, '1.2.3');
  return { code, out, err };
}

describe.each(commandNames())('%s', name => {
  it.each([
    [name, '--help'],
    [name, '-h'],
    ['help', name],
    [name, 'x', '--help'],
  ])('%s %s prints its usage', async (...args) => {
    const { code, out, err } = await run(...args);
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(new RegExp(`^usage: irqscope ${name}\\b`));
    expect(out.trim().split('\n')).toHaveLength(1);
  });
});

test('the whole usage names every command', async () => {
  const { code, out } = await run('-h');
  expect(code).toBe(0);
  for (const name of commandNames()) {
    expect(out).toContain(`  irqscope ${name}`);
  }
  expect(await run('--version')).toMatchObject({ code: 0, out: 'irqscope 1.2.3\n' });
});

test.each([
  [[], 'usage:'],
  [['jump'], "no command 'jump'"],
  [['constructor'], "no command 'constructor'"],
  [['run', '--nonsense'], 'irqscope run: '],
  [['diagram', 'fine', '--line', 'x'], '--line x: write the number of a line'],
  [['diagram', 'fine', '--line', '0'], '--line 0: write the number of a line'],
  [['conform', 'empty'], 'empty: no case found'],
  [['explore', 'missing'], 'missing: no such file'],
])('%j is exit code 2 with words', async (args, words) => {
  const { code, err } = await run(...args);
  expect(code).toBe(2);
  expect(err).toContain(words);
});

test('a diagram as a picture', async () => {
  const { code, out, err } = await run('diagram', path.resolve('scenarios/01-posted-to-running.irq'), '--svg');
  expect([code, err]).toEqual([0, '']);
  expect(out).toMatch(
    /^<svg xmlns=.*<title id="title">01-posted-to-running\.irq, steps 1 to \d+<\/title>.*<\/svg>\n$/s,
  );
});

test.each([
  ['compare', 'broken', '--profiles', '6.16,5.15'],
  ['diagram', 'broken'],
  ['explore', 'broken'],
  ['run', 'broken'],
])('%s prints a problem as compilers do', async (...args) => {
  const { code, err } = await run(...args);
  expect(code).toBe(2);
  expect(err).toMatch(/broken:2:9: error irq\d+: /);
});

test('explore counts the files that it could not use', async () => {
  const { out } = await run('explore', 'broken', 'missing');
  expect(out).toBe('0 as expected, 0 not, 2 files not usable\n');
});

test('a terminal gets nothing that it would obey', () => {
  expect(visible('a\x1b[31mred\x07\r\x9bx\u202e\n\tb')).toBe('a\\x1b[31mred\\x07\\x0d\\u009bx\\u202e\n\tb');
  const value = { text: '\x1b \x7f \x9b \u2066 \\' };
  expect(JSON.parse(visible(JSON.stringify(value)))).toEqual(value);
});

test('decode --files scans what it can read, and says what it cannot', async () => {
  writeFileSync(path.join(folder, 'ipi.c'), 'apic_icr_write(APIC_DM_NMI | 2, id);\n');
  const { code, out, err } = await run('decode', '--files', 'missing', path.join(folder, 'ipi.c'));
  expect(code).toBe(2);
  expect(err).toContain('missing: no such file');
  expect(out).toMatch(/ipi\.c:1:16: APIC_DM_NMI \| 2: NMI/);
  expect((await run('decode', '--files', folder)).code).toBe(0);
});
