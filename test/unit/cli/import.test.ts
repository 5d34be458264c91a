import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importCommand } from '../../../extension/cli/import.ts';

const LIST = '1. vCPU0 sends IPI vector 0x41 to vCPU1\n2. vCPU1 takes vector 0x41\n';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'irqscope import '));
  writeFileSync(path.join(folder, 'list.txt'), LIST);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(args: readonly string[], stdin = ''): Promise<{ code: number; out: string; err: string }> {
  let out = '';
  let err = '';
  const io = {
    out: (text: string) => {
      out += `${text}\n`;
    },
    err: (text: string) => {
      err += `${text}\n`;
    },
    readStdin: async () => stdin,
  };
  return { code: await importCommand(args, io), out, err };
}

test.each([
  ['a file', () => run([path.join(folder, 'list.txt')])],
  ['standard input', () => run(['-'], LIST)],
  ['standard input without a name', () => run([], LIST)],
])('%s that is understood is exit code 0', async (_what, running) => {
  const { code, out, err } = await running();
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('vcpu 0:  ipi fixed 0x41 to 1');
  expect(out).toContain('expect   vcpu 1 takes 0x41');
});

test('what is not understood is exit code 1, and the scenario all the same', async () => {
  const { code, out, err } = await run(['-'], `${LIST}3. everybody goes home\n`);
  expect(code).toBe(1);
  expect(out).toContain('# not understood: everybody goes home');
  expect(err).toBe('-: 1 of 3 steps were not understood\n');
});

test.each([
  'vCPU0 sends IPI vector 0x1ff to vCPU1',
  'vCPU0 sends IPI vector 256 to vCPU1',
  'vCPU0 sends IPI vector 0x41 to vCPU4000000000',
  'vCPU1 sends IPI vector 0x41 to vCPU 255',
])('what no scenario can have gets no other in its place: %s', async step => {
  const { code, out } = await run(['-'], `${LIST}3. ${step}\n`);
  expect(code).toBe(1);
  expect(out).toMatch(/# not understood: vCPU\d: sends IPI/);
  expect(out.match(/^vcpu/gm)).toHaveLength(1);
});

test.each([
  ['prose', ['-'], 'There are no steps'],
  ['two files', ['a', 'b'], 'name one file'],
])('%s: exit code 2', async (_what, args, words) => {
  const { code, out, err } = await run(args, 'Nothing happens here.');
  expect([code, out]).toEqual([2, '']);
  expect(err).toContain(words);
});
