import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { junit } from '../../../extension/cli/junit.ts';
import { runCommand } from '../../../extension/cli/run.ts';
import { FAILING, TO_RUNNING } from '../session/scenarios.ts';

let folder: string;
const parts = 'machine intel\nvcpus 1\nsection fine\nexpect vcpu 0: ppr 0\nsection bad part\nexpect vcpu 0: ppr 1\n';
const files = { parts, good: TO_RUNNING, bad: FAILING, broken: 'machine intel\nvcpu 0: jump\n', empty: '' };
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'irqscope run '));
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(path.join(folder, `${name}.irq`), text);
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
  const code = await runCommand(
    args.map(arg => (arg in files || arg === 'missing' ? path.join(folder, `${arg}.irq`) : arg)),
    io,
  );
  return { code, out, err };
}

test('a scenario that holds', async () => {
  const { code, out } = await run('good');
  expect(code).toBe(0);
  expect(out).toMatch(/^ok .*good\.irq \(Linux 6\.16; \d+ steps, 2 expectations\)\n1 passed, 0 failed\n$/);
});

test('a failed expectation names line, expected and found', async () => {
  const { code, out } = await run('good', 'bad');
  expect(code).toBe(1);
  const line = FAILING.split('\n').findIndex(each => each.startsWith('expect')) + 1;
  expect(out).toContain(`bad.irq:${line}: expected vcpu 1: isr has 0x42, but vcpu 1.isr is {0x41}`);
  expect(out).toContain('1 passed, 1 failed');
});

test.each([
  ['a broken file', ['broken'], ':2:'],
  ['an empty file', ['empty'], ':1:'],
  ['a file that does not exist', ['missing'], 'no such file'],
  ['no file at all', [], 'at least one'],
  ['an unknown profile', ['good', '--profile', '9.9'], '6.16'],
])('%s is exit code 2 with words', async (_what, args, words) => {
  const { code, err } = await run(...args);
  expect(code).toBe(2);
  expect(err).toContain(words);
});

test('--profile runs the same lines on another kernel', async () => {
  expect((await run('good', '--profile', '2013')).out).toContain('Linux 3.11 (2013)');
});

test('--steps prints every step below its line', async () => {
  const { out } = await run('good', '--steps');
  expect(out).toContain('vmx_deliver_posted_interrupt');
  expect(out).toContain('vcpu 1.pid.pir[0x41]: 0 -> 1');
});

test('--json is one document', async () => {
  const [good, bad] = JSON.parse((await run('good', 'bad', '--json')).out);
  expect(good).toMatchObject({ failures: [], problems: [] });
  expect(bad.failures[0]).toMatchObject({ expected: 'vcpu 1: isr has 0x42', found: 'vcpu 1.isr is {0x41}' });
  expect(good.executed).toEqual(good.statements);
});

test('--junit writes a report', async () => {
  const report = path.join(folder, 'report.xml');
  await run('good', 'bad', 'broken', '--junit', report);
  const xml = readFileSync(report, 'utf8');
  expect(xml).toContain('tests="3" failures="1" errors="1"');
  expect(xml).toContain('<failure message="expected vcpu 1: isr has 0x42');
});

test('sections are reported by themselves, and one can be run alone', async () => {
  const { code, out } = await run('parts');
  expect(code).toBe(1);
  expect(out).toMatch(/FAIL .*parts\.irq .*\n {2}ok {3}fine\n {2}FAIL bad part\n {5}.*parts\.irq:6: expected/);
  expect((await run('parts', '--section', 'fine')).code).toBe(0);
  const { code: none, err } = await run('parts', '--section', 'finne');
  expect([none, err]).toEqual([2, expect.stringContaining('Did you mean `fine`?')]);
});

test('a report escapes what XML cannot hold', () => {
  const outcome = {
    file: 'a<&">.irq',
    problems: [{ line: 1, text: 'bell \x07 & <tag>' }],
    profile: '',
    steps: 0,
    expectations: 0,
    failures: [],
    sections: [],
    statements: [],
    executed: new Set<number>(),
  };
  const xml = junit([outcome]);
  expect(xml).toContain('name="a&lt;&amp;&quot;&gt;.irq"');
  expect(xml).toContain('bell \ufffd &amp; &lt;tag&gt;');
});

test('a race whose variant is called broken does not fail for losing', async () => {
  const file = path.join(import.meta.dirname, '../../../scenarios/museum/r35-init-vs-hlt.irq');
  const { code, out } = await run(file);
  expect(out).toContain('1 passed, 0 failed');
  expect(code).toBe(0);
});

test('what one file cannot do does not keep the others from running', async () => {
  const deep = `machine intel\n vcpus 2 x2apic\nshared x\noperation f() {\n x = ${'('.repeat(900)}1${')'.repeat(900)}\n}\nrace\n a: f()\nfinally (x == 1)\n`;
  const own = `machine intel\n vcpus 2 x2apic\noperation g() {\n g()\n}\nrace\n a: g()\nalways (1)\n`;
  writeFileSync(path.join(folder, 'deep.irq'), deep);
  writeFileSync(path.join(folder, 'own.irq'), own);
  const report = path.join(folder, 'all.xml');
  const [first, second] = ['deep.irq', 'own.irq'].map(name => path.join(folder, name));
  const { code, out, err } = await run(first, second, 'missing', 'good', '--junit', report);
  expect(code).toBe(2);
  expect(err).toMatch(/deep\.irq:5:\d+: error irq601: .*nested/);
  expect(err).toMatch(/own\.irq:3:\d+: error irq604: .*calls itself/);
  expect(out).toContain('1 passed, 3 failed');
  expect(readFileSync(report, 'utf8')).toContain('tests="4" failures="0" errors="3"');
});
