import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { check, Memo } from '../../../extension/scenario/check.ts';
import { complete } from '../../../extension/scenario/complete.ts';
import { CODES, type Diagnostic } from '../../../extension/scenario/diagnostics.ts';
import { explainAt } from '../../../extension/scenario/explain.ts';
import { collect, withFiles } from '../../../extension/scenario/files.ts';
import { format, print } from '../../../extension/scenario/format.ts';
import { outline } from '../../../extension/scenario/outline.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { resolved } from '../../../extension/scenario/path.ts';
import { placesOf } from '../../../extension/scenario/rename.ts';
import { definitionOf, mentions, symbolAt } from '../../../extension/scenario/symbols.ts';
import { type FileText, placeOf, type Source } from '../../../extension/scenario/tree.ts';
import { hostile, scenario } from './arbitrary.ts';
import { programOf } from './problems.ts';

// A busy machine is no reason to fail.
vi.setConfig({ testTimeout: 120_000 });

const MACHINE =
  'machine intel\n  vcpus 4 x2apic\n  with apicv\nlet TARGET = 2\ndevice nic posted to vcpu 2 vector 0x41\n';

type Given = Readonly<Record<string, string | FileText>>;

function source(text: string, given: Given = {}, name = 'main.irq'): Source {
  const files = Object.entries(given).map(
    ([path, file]) => [path, typeof file === 'string' ? { text: file } : file] as const,
  );
  return { text, name, files: new Map(files) };
}

/** `file:line code «text»` of each diagnostic. */
function problems(text: string, given: Given = {}): string[] {
  return check(parse(source(text, given))).diagnostics.map(({ file, range, code }) => {
    const place = given[file ?? ''];
    const whole = file === undefined ? text : typeof place === 'string' ? place : '';
    return `${file ?? ''}:${range.line + 1} ${code} «${whole.split('\n')[range.line].slice(range.start, range.end)}»`;
  });
}

function first(text: string, given: Given = {}): Diagnostic {
  return check(parse(source(text, given))).diagnostics[0];
}

function fixed(text: string, given: Given = {}): string {
  const { fix } = first(text, given);
  if (!fix) throw new Error('no fix');
  const lines = text.split('\n');
  const { line, start, end } = fix.range;
  lines[line] = lines[line].slice(0, start) + fix.text + lines[line].slice(end);
  return lines.join('\n');
}

const ACT = '\nvcpu 0: eoi';

describe('include', () => {
  it('takes machine, values and devices from another file', () => {
    const text = 'include "machine.irq"\nvcpu TARGET exited\nvcpu TARGET: enter\ndevice nic: interrupt';
    const program = programOf(source(text, { 'machine.irq': MACHINE }));
    expect(program.machine.vcpus.map(({ state }) => state)).toEqual(['running', 'running', 'exited', 'running']);
    expect(program.statements.map(({ action, range }) => [action.kind, range.line])).toEqual([
      ['enter', 2],
      ['signal', 3],
    ]);
    expect(program.files).toEqual(['machine.irq']);
  });

  it('takes restated operations, and tells where their lines stand', () => {
    const given = {
      'ops.irq': 'include "machine.irq"\nshared x\n\noperation set(v) {\n  x = 1  # so be it\n}\n',
      'machine.irq': MACHINE,
    };
    const text = 'include "ops.irq"\nrace\n  a: set(1)\nfinally (x == 1)\n';
    const { additions, files } = programOf(source(text, given));
    const [operation] = additions?.operations ?? [];
    const [statement] = operation.body;
    expect(files).toEqual(['ops.irq', 'machine.irq']);
    expect(placeOf(files, statement.line)).toEqual({ file: 'ops.irq', line: 4 });
    expect(placeOf(files, 2)).toEqual({ line: 2 });
  });

  it('is the same as the description in its place', () => {
    const below = 'vcpu 1 exited\nvcpu 0: ipi fixed 0x41 to 1\nexpect vcpu 1: pid.on 1, pid.pir has 0x41\n';
    const whole = programOf(`${MACHINE}${below}`);
    const shared = programOf(source(`include "machine.irq"\n${below}`, { 'machine.irq': MACHINE }));
    expect(shared.machine).toEqual(whole.machine);
    expect(shared.statements.map(({ action }) => action.kind)).toEqual(
      whole.statements.map(({ action }) => action.kind),
    );
  });

  it('finds files from the folder of the file that includes, and takes each once', () => {
    const given = {
      'a/first.irq': 'include "../b/machine.irq"',
      'a/second.irq': 'include "../b/machine.irq"\nlet OTHER = 1',
      'b/machine.irq': MACHINE,
    };
    const text = `include "a/first.irq"\ninclude "./a/second.irq"\nvcpu OTHER: eoi`;
    expect(problems(text, given)).toEqual([]);
    expect(resolved('a/b/c.irq', '../../x//./y.irq')).toBe('x/y.irq');
    expect(resolved('a.irq', '../../x.irq')).toBe('../../x.irq');
  });

  it.each([
    ['irq801', 'include ""', '""', /empty/],
    ['irq801', 'include "/etc/machine.irq"', '"/etc/machine.irq"', /absolute/],
    ['irq801', 'include "C:\\machine.irq"', '"C:\\machine.irq"', /absolute/],
    ['irq801', 'include "https://example.org/machine.irq"', '"https://example.org/machine.irq"', /absolute/],
    ['irq801', 'include "a\\b.irq"', '"a\\b.irq"', /separated by/],
    ['irq801', 'include "machine.txt"', '"machine.txt"', /end with/],
    ['irq801', 'include "ma?chine.irq"', '"ma?chine.irq"', /No file/],
    ['irq802', 'include "gone.irq"', '"gone.irq"', /Did you mean `one.irq`/],
    ['irq803', 'include "secret.irq"', '"secret.irq"', /not allowed/],
    ['irq804', 'include "main.irq"', '"main.irq"', /includes itself/],
    ['irq202', 'include', '', /Write the file/],
    ['irq202', 'include machine.irq', 'machine.irq', /quotation marks/],
    ['irq202', 'include "machine.irq', '"machine.irq', /closing/],
    ['irq203', 'include "machine.irq" twice', 'twice', /ends before/],
    ['irq308', 'vcpu 0: eoi\ninclude "machine.irq"', 'include "machine.irq"', /already acts/],
  ] as const)('%s: %j', (code, text, underlined, message) => {
    const given = {
      'gone.irq': { missing: ['one.irq', 'other.irq'] },
      'secret.irq': { unreadable: 'it is not allowed' },
      'machine.irq': MACHINE,
    };
    const line = text.split('\n').length;
    expect(problems(`${text}${ACT}`, given)).toEqual([`:${line} ${code} «${underlined}»`]);
    expect(first(`${text}${ACT}`, given).message).toMatch(message);
  });

  it('does not go on about what the missing file would have described', () => {
    expect(problems('include "gone.irq"\nvcpu TARGET: eoi\ndevice nic: interrupt\nvcpu two: eoi')).toEqual([
      ':1 irq803 «"gone.irq"»',
      ':4 irq204 «two»',
    ]);
  });

  it('tells what is wrong in a file there, and how much of it at the line that includes it', () => {
    const given = { 'machine.irq': `${MACHINE}vcpu 9 exited\nvcpu 0: eoi\nexpect no exit on vcpu 1\nwhat` };
    expect(problems(`include "machine.irq"${ACT}`, given)).toEqual([
      ':1 irq807 «"machine.irq"»',
      'machine.irq:6 irq310 «9»',
      'machine.irq:7 irq806 «vcpu 0: eoi»',
      'machine.irq:9 irq201 «what»',
    ]);
    expect(first(`include "machine.irq"${ACT}`, given).message).toMatch(
      /^`machine.irq` has 3 errors, the first in line 6: There is no vCPU 9/,
    );
  });

  it('names both places of what is described twice, and of a cycle', () => {
    const twice = check(parse(source(`include "machine.irq"\nvcpus 2${ACT}`, { 'machine.irq': MACHINE })));
    expect(twice.diagnostics.map(({ message }) => message)).toEqual([
      'Line 2 of `machine.irq` has `vcpus` already. Keep one of the two.',
    ]);
    const given = { 'a.irq': 'include "b.irq"', 'b.irq': `${MACHINE}include "a.irq"` };
    expect(problems(`include "a.irq"${ACT}`, given)).toEqual([':1 irq807 «"a.irq"»', 'b.irq:6 irq804 «"a.irq"»']);
    expect(problems(`include "machine.irq"\ninclude "machine.irq"${ACT}`, { 'machine.irq': MACHINE })).toEqual([
      ':2 irq302 «include "machine.irq"»',
    ]);
  });

  it('is bounded in depth, number and size', () => {
    const chain = Object.fromEntries(
      Array.from({ length: 12 }, (_, i) => [`${i}.irq`, i < 11 ? `include "${i + 1}.irq"` : MACHINE]),
    );
    expect(problems(`include "0.irq"${ACT}`, chain)).toEqual([':1 irq807 «"0.irq"»', '7.irq:1 irq805 «"8.irq"»']);
    const many = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`${i}.irq`, `let A${i} = ${i}`]));
    const lines = Array.from({ length: 40 }, (_, i) => `include "${i}.irq"`).join('\n');
    expect(new Set(problems(`${MACHINE}${lines}${ACT}`, many).map(each => each.split(' ')[1]))).toEqual(
      new Set(['irq805']),
    );
    const large = {
      'large.irq': `# ${'x'.repeat(1000)}\n`.repeat(4980),
      'machine.irq': `${MACHINE}${'# much more\n'.repeat(2000)}`,
    };
    expect(problems(`include "large.irq"\ninclude "machine.irq"${ACT}`, large)).toEqual([':2 irq805 «"machine.irq"»']);
  });

  it('reports a file that is no text at its own beginning', () => {
    expect(problems(`include "machine.irq"${ACT}`, { 'machine.irq': 'machine intel\0' })).toEqual([
      ':1 irq807 «"machine.irq"»',
      'machine.irq:1 irq104 «»',
    ]);
  });

  it('has an example for every code about files', () => {
    const own = Object.keys(CODES).filter(code => code.startsWith('irq8'));
    expect(own).toEqual(['irq801', 'irq802', 'irq803', 'irq804', 'irq805', 'irq806', 'irq807']);
  });

  it.each([
    ['include machine.irq', 'include "machine.irq"'],
    ['include a/machine.irq', 'include "a/machine.irq"'],
    ['include "machine.irq', 'include "machine.irq"'],
    ['include "machine"', 'include "machine.irq"'],
    ['include "a\\machine.irq"', 'include "a/machine.irq"'],
    ['include "a/machne.irq"', 'include "a/machine.irq"'],
    ['include "machine.irq" # it', 'include "machine.irq" # it'],
    ['include "machine.irq" 2', 'include "machine.irq"'],
  ])('can be fixed: %s', (text, expected) => {
    const given = { 'machine.irq': MACHINE, 'a/machine.irq': MACHINE, 'a/machne.irq': { missing: ['machine.irq'] } };
    const now = text === expected ? text : fixed(`${text}${ACT}`, given).replace(ACT, '');
    expect(now).toBe(expected);
    expect(problems(`${now}${ACT}`, given)).toEqual([]);
  });

  it('is read under another kernel, from outside', () => {
    const tree = parse(source(`include "machine.irq"${ACT}`, { 'machine.irq': `${MACHINE}kernel 6.16` }));
    expect(check(tree, { kernel: '5.15' }).program?.machine.kernel).toBe('5.15');
  });
});

describe('reading what is included', () => {
  it('asks for each file once, and for what those include', async () => {
    const asked: string[] = [];
    const files: Record<string, string> = {
      'a.irq': 'include "deep/b.irq"\ninclude "c.irq"',
      'deep/b.irq': 'include "../c.irq"\n include "../a.irq"',
    };
    const read = async (name: string): Promise<FileText> => {
      asked.push(name);
      return files[name] === undefined ? { missing: [] } : { text: files[name] };
    };
    const found = await collect(parse('include "a.irq"\ninclude "nothing.txt"'), read);
    expect(asked).toEqual(['a.irq', 'deep/b.irq', 'c.irq']);
    expect([...found.keys()]).toEqual(asked);
  });

  it('ends with files without end, and leaves a text alone that includes nothing', async () => {
    const read = async (name: string): Promise<FileText> => ({ text: `include "x${name}"` });
    const found = await collect(parse('include "a.irq"'), read);
    expect(found.size).toBeLessThan(50);
    expect(await withFiles('machine intel', 'main.irq', read)).toBe('machine intel');
    expect(await withFiles('\ufeff include "a.irq"', 'main.irq', read)).toMatchObject({ name: 'main.irq' });
  });
});

describe('the editor, with included files', () => {
  const text = 'include "machine.irq"\nvcpu TARGET: eoi\ndevice nic: interrupt\nvcpu ';
  const tree = parse(source(text, { 'machine.irq': MACHINE }));

  it('offers vCPUs, names and devices that are declared there', () => {
    expect(complete(tree, 3, 5).suggestions.map(({ label }) => label)).toEqual(['0', '1', '2', '3', 'TARGET']);
    expect(complete(tree, 2, 7).suggestions.map(({ label }) => label)).toEqual(['nic']);
    const statements = complete(parse(source('include "machine.irq"\n', { 'machine.irq': MACHINE })), 1, 0);
    const labels = statements.suggestions.map(({ label }) => label);
    expect(labels).toContain('vcpu');
    expect(labels).not.toContain('machine');
  });

  it('explains them, with the place', () => {
    expect(explainAt(tree, 1, 6)?.text).toMatch(/`TARGET` is `2` here.*vCPU 2 at the start/);
    expect(explainAt(tree, 2, 8)?.text).toMatch(/^Line 5 of `machine.irq`/);
    expect(explainAt(tree, 0, 2)?.text).toMatch(/another scenario/);
    expect(explainAt(tree, 0, 12)?.text).toBe(
      '`machine.irq`: the machine is Intel, Linux 6.16, with 4 vCPUs; here are declared value `TARGET`, device `nic`.',
    );
  });

  it('leads to the line that declares them', () => {
    for (const [symbol, line] of [
      ['constant TARGET', 3],
      ['device nic', 4],
      ['vcpu 1', 1],
      ['operation set', 7],
    ] as const) {
      const given = { 'machine.irq': `${MACHINE}shared x\n\noperation set(v) {\n  x = 1\n}\n` };
      const range = definitionOf(parse(source(text, given)), symbol);
      expect(placeOf(['machine.irq'], range?.line ?? 0)).toEqual({ file: 'machine.irq', line });
    }
  });

  it('finds what is mentioned', () => {
    expect(symbolAt(tree, 1, 6)).toBe('constant TARGET');
    expect(mentions(tree, 'constant TARGET').map(({ line }) => line)).toEqual([1]);
    expect(placesOf(tree, { kind: 'device', text: 'nic' }).map(({ line }) => line)).toEqual([2]);
    expect(outline(tree).map(({ name }) => name)[0]).toBe('include "machine.irq"');
  });
});

/** Texts that may include each other, and themselves. */
const line = fc.constantFrom(
  'include "a.irq"',
  'include "b.irq" # why',
  'include "main.irq"',
  'include "a/../b.irq"',
  'include "nothing.irq"',
  'include "a.irq',
  'include a.irq',
  '  include',
);
const including = fc
  .tuple(fc.array(line, { maxLength: 3 }), fc.oneof(scenario, hostile))
  .map(([lines, text]) => `${lines.join('\n')}\n${text}`);

describe('any text that includes others', () => {
  it('is checked without an exception; read anew or not, it is the same; formatted once and for all', () => {
    fc.assert(
      fc.property(including, including, including, (main, a, b) => {
        const whole = source(main, { 'a.irq': a, 'b.irq': b });
        const checked = check(parse(whole));
        expect(checked.program !== undefined).toBe(!checked.diagnostics.some(each => each.severity === 'error'));
        for (const { file, range } of checked.diagnostics) {
          const text = file === undefined ? main : file === 'a.irq' ? a : file === 'b.irq' ? b : main;
          expect(range.line).toBeLessThan(text.split(/\r\n|\n|\r/).length);
        }
        const memo = new Memo();
        const before = parse(source(`vcpu 0: eoi\n${main}`, { 'a.irq': b }));
        check(before, { memo });
        expect(check(parse(whole, before), { memo })).toEqual(checked);
        if (!parse(main).refused) expect(print(parse(main))).toBe(format(main).replaceAll('\r\n', '\n'));
        expect(format(format(main))).toBe(format(main));
      }),
      { numRuns: 500 },
    );
  });
});
