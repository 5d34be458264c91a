import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fitted, listed } from '../../../extension/cli/columns.ts';
import { irqscope } from '../../../extension/cli/commands.ts';

const GOOD = 'machine intel\n vcpus 2 x2apic\n with apicv\nvcpu 0: ipi fixed 0x41 to 1\nexpect vcpu 1 takes 0x41\n';
const SECTIONS = `${GOOD.split('\n').slice(0, 3).join('\n')}\nsection one\nvcpu 0: exit\nsection two\nvcpu 1: exit\n`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'irqscope-misuse-'));
  mkdirSync(path.join(folder, 'none'));
  for (const [name, text] of Object.entries({ 'good.irq': GOOD, 'sections.irq': SECTIONS })) {
    writeFileSync(path.join(folder, name), text);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const at = (name: string) => path.join(folder, name);

async function irq(args: readonly string[], columns?: number): Promise<{ code: number; out: string; err: string }> {
  const [out, err]: string[][] = [[], []];
  const io = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text), columns };
  const code = await irqscope(args, { ...io, readStdin: async () => '' }, '0');
  return { code, out: out.join('\n'), err: err.join('\n') };
}

describe('every misuse is exit code 2, names what was wrong and what to write instead', () => {
  test.each([
    ['a command that does not exist', () => ['rnu'], "no command 'rnu'; did you mean run?"],
    [
      'an option that does not exist',
      () => ['run', at('good.irq'), '--josn'],
      "no option '--josn'; did you mean --json?",
    ],
    ['an option without its value', () => ['run', at('good.irq'), '--profile'], '--profile needs a value'],
    ['no file', () => ['run'], 'name at least one scenario file: irqscope run FILE'],
    ['a missing file', () => ['run', at('gone.irq')], 'gone.irq: error: no such file'],
    ['a folder without scenarios', () => ['run', at('none')], 'no scenario (.irq) is in this folder'],
    ['a newer kernel', () => ['run', at('good.irq'), '--profile', '6.17'], 'the nearest is 6.16; write one of 2013'],
    ['an old kernel', () => ['run', at('good.irq'), '--profile', 'v4.9.1'], 'the nearest is 2013'],
    ['a report in no folder', () => ['run', at('good.irq'), '--junit', at('no/x.xml')], 'there is no folder'],
    ['a report in place of a folder', () => ['run', at('good.irq'), '--junit', at('none')], 'this is a folder'],
    ['a section that does not exist', () => ['run', at('sections.irq'), '--section', 'zzz'], 'Write `one` or `two`.'],
    ['a section where there are none', () => ['run', at('good.irq'), '--section', 'x'], 'It has no sections at all'],
    ['diagram of a missing file', () => ['diagram', at('gone.irq')], 'gone.irq: no such file'],
    ['diagram of a folder', () => ['diagram', at('none')], 'this is a folder: name a file'],
    ['import of a folder', () => ['import', at('none')], 'this is a folder: name a file'],
    [
      'compare with an unknown kernel',
      () => ['compare', at('good.irq'), '--profiles', '6.2,6.16'],
      'the nearest is 6.1;',
    ],
    [
      'compare with a typing error',
      () => ['compare', at('good.irq'), '--profiles', '6.16,amdd'],
      'the nearest is amd;',
    ],
    ['compare of a missing file', () => ['compare', at('gone.irq'), '--profiles', '6.1,6.16'], 'no such file'],
  ])('%s', async (_what, args, words) => {
    const { code, err } = await irq(args());
    expect(err).toContain(words);
    expect(err).not.toMatch(/ENOENT|EISDIR|ERR_/);
    expect(code).toBe(2);
  });

  test('a report that cannot be written does not hide what ran', async () => {
    const { out } = await irq(['run', at('good.irq'), '--junit', at('no/x.xml')]);
    expect(out).toContain('1 passed, 0 failed');
  });
});

test('a folder stands for the scenarios in it', async () => {
  const { code, out } = await irq(['run', folder]);
  expect(out).toMatch(/good\.irq [\s\S]*sections\.irq [\s\S]*2 passed, 0 failed/);
  expect(code).toBe(0);
});

test('compare takes APIC virtualization and the APIC mode as profiles', async () => {
  const { code, out } = await irq(['compare', at('good.irq'), '--profiles', 'apicv,no-apicv']);
  expect(out).toMatch(/apicv \| .*no-apicv/);
  expect(out).toContain('first difference: line 4: exits: 1 | 2');
  expect(code).toBe(1);
  expect((await irq(['compare', at('good.irq'), '--profiles', 'x2apic,xapic'])).code).toBe(0);
});

describe('coverage', () => {
  test('a table of lines and rules, with what was not reached', async () => {
    const { code, out } = await irq(['run', at('good.irq'), '--coverage']);
    expect(code).toBe(0);
    expect(out).toMatch(/2\/2 {2}.*good\.irq$/m);
    expect(out).toMatch(/^ +\d+\/\d+ +\d+\/\d+ {2}Linux\/arch\/x86\/kvm\/vmx\/vmx\.c$/m);
    expect(out).toMatch(/not reached[\s\S]*pi_wakeup_handler/);
    const table = out.split('\n').filter(line => !line.includes(folder));
    expect(Math.max(...table.map(line => line.length))).toBeLessThanOrEqual(80);
  });

  test('as JSON, beside the files', async () => {
    const { out } = await irq(['run', at('good.irq'), '--coverage', '--json']);
    const { files, rules } = JSON.parse(out);
    expect(files).toHaveLength(1);
    const posting = rules
      .flatMap((page: { rules: { name: string }[] }) => page.rules)
      .find(({ name }: { name: string }) => name === 'vmx_deliver_posted_interrupt');
    expect(posting).toMatchObject({
      count: 1,
      steps: [{ label: 'test_and_set_pir', count: 1 }, { count: 1 }, { count: 0 }],
    });
  });

  test('without it JSON is an array, as before', async () => {
    expect(JSON.parse((await irq(['run', at('good.irq'), '--json'])).out)).toHaveLength(1);
  });
});

describe('a terminal', () => {
  test('of 80 columns gets steps that fit; a file gets them whole', async () => {
    const wide = (await irq(['run', at('good.irq'), '--steps'])).out;
    const narrow = (await irq(['run', at('good.irq'), '--steps'], 80)).out;
    const widest = (text: string) =>
      Math.max(
        ...text
          .split('\n')
          .filter(line => !line.includes(folder))
          .map(l => l.length),
      );
    expect(widest(wide)).toBeGreaterThan(80);
    expect(widest(narrow)).toBeLessThanOrEqual(80);
    expect(narrow.replace(/\s+/g, ' ')).toBe(wide.replace(/\s+/g, ' '));
  });

  test('any line fits, and loses nothing but blanks', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.integer({ min: 40, max: 120 }), (line, columns) => {
        const text = fitted(line, columns);
        for (const each of text.split('\n')) if (!line.includes('\n')) expect(each.length).toBeLessThanOrEqual(columns);
        expect(text.replace(/\s/g, '')).toBe(line.replace(/\s/g, ''));
      }),
    );
  });

  test('names in lines', () => {
    expect(listed(['aaaa', 'bbbb', 'cccc'], '  ', 13)).toEqual(['  aaaa, bbbb,', '  cccc']);
    expect(listed([], '  ', 13)).toEqual([]);
  });
});

test('the report is written beside the output', async () => {
  await irq(['run', at('good.irq'), '--json', '--junit', at('x.xml')]);
  expect(readFileSync(at('x.xml'), 'utf8')).toContain('tests="1" failures="0" errors="0"');
});
