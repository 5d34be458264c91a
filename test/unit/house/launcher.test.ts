import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../../..');
const { bin } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { bin: { irqscope: string } };
let clone = '';

beforeEach(() => {
  clone = mkdtempSync(path.join(tmpdir(), 'a clone '));
  mkdirSync(path.join(clone, path.dirname(bin.irqscope)), { recursive: true });
  copyFileSync(path.join(root, bin.irqscope), path.join(clone, bin.irqscope));
});
afterEach(() => rmSync(clone, { recursive: true }));

const irqscope = (...args: string[]) =>
  spawnSync(process.execPath, [path.join(clone, bin.irqscope), ...args], { encoding: 'utf8' });

// npm links nothing that is missing when `npx irqscope` is first called, and keeps to that.
it('is a file of the sources, and says what to do before the first build', () => {
  expect(irqscope('run')).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('npm run build') });
});

it('hands everything on to what was built', () => {
  mkdirSync(path.join(clone, 'dist'));
  writeFileSync(path.join(clone, 'dist/cli.js'), 'console.log(process.argv.slice(2).join()); process.exitCode = 1;');
  expect(irqscope('run', 'a b')).toMatchObject({ status: 1, stdout: 'run,a b\n', stderr: '' });
});
