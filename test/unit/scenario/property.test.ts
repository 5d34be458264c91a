import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { check, Memo } from '../../../extension/scenario/check.ts';
import { format, print } from '../../../extension/scenario/format.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Program } from '../../../extension/scenario/program.ts';
import { hostile, scenario } from './arbitrary.ts';

const RUNS = { numRuns: 1000 };
// A busy machine is no reason to fail.
vi.setConfig({ testTimeout: 120_000 });

/** Every object that has the form of a range, wherever it stands. */
function* ranges(value: unknown): Generator<{ line: number; start: number; end: number }> {
  if (typeof value !== 'object' || value === null) return;
  if ('line' in value && 'start' in value && 'end' in value)
    yield value as { line: number; start: number; end: number };
  for (const child of Object.values(value)) yield* ranges(child);
}

/** A program without its places and spellings. */
function meaning(program: Program | undefined): unknown {
  return (
    program && {
      ...program,
      sections: program.sections?.map(({ range, ...section }) => section),
      statements: program.statements.map(({ action }) =>
        JSON.parse(JSON.stringify(action, (key, value) => (key === 'range' || key === 'text' ? undefined : value))),
      ),
    }
  );
}

function lines(text: string): string[] {
  return text.split(/\r\n|\n|\r/);
}

describe('any text', () => {
  it('is parsed and checked without an exception, and every range lies inside it', () => {
    fc.assert(
      fc.property(hostile, text => {
        const tree = parse(text);
        const checked = check(tree);
        const all = lines(text);
        for (const { line, start, end } of ranges([tree.lines, tree.nodes, checked])) {
          if (start < 0 || start > end || end > all[line].length) throw new Error(`line ${line}: ${start}-${end}`);
        }
      }),
      RUNS,
    );
  });

  it('has a program exactly when there is no error', () => {
    fc.assert(
      fc.property(hostile, text => {
        const { program, diagnostics } = check(parse(text));
        expect(program !== undefined).toBe(!diagnostics.some(each => each.severity === 'error'));
      }),
      RUNS,
    );
  });

  it('has one node for each line with code', () => {
    fc.assert(
      fc.property(hostile, text => {
        const { nodes, lines: found } = parse(text);
        expect(nodes.map(node => node.range.line)).toEqual(
          found.flatMap(({ code }, i) => (code.length > 0 ? [i] : [])),
        );
      }),
      RUNS,
    );
  });

  it('is formatted once and for all', () => {
    fc.assert(
      fc.property(hostile, text => {
        const once = format(text);
        expect(format(once)).toBe(once);
      }),
      RUNS,
    );
  });

  it('keeps its words, its comments and its lines when it is formatted', () => {
    fc.assert(
      fc.property(hostile, text => {
        const before = parse(text).lines;
        const after = parse(format(text)).lines;
        const words = (found: typeof before) =>
          found.map(line => [line.code.map(token => token.text), line.comment?.text]);
        expect(words(after)).toEqual(words(before));
      }),
      RUNS,
    );
  });
});

/** Descriptions that differ in one thing or another. */
const machinePart = fc
  .tuple(
    fc.constantFrom('machine intel', 'machine amd'),
    fc.constantFrom('kernel 6.16', 'kernel 2013', 'kernel 5.15'),
    fc.constantFrom('vcpus 2', 'vcpus 4', 'vcpus 4 xapic'),
    fc.constantFrom('', 'with apicv', 'with avic', 'with 32bit-ids'),
    fc.constantFrom('', 'vcpu 1 exited', 'vcpu 1 exited apic xapic', 'vcpu 1 running ldr 0x01000000', 'cpus 6'),
    fc.constantFrom('', 'let TARGET = 1', 'let TARGET = 3', 'let TARGT = 2'),
    fc.constantFrom('', 'device nic', 'device disk\ndevice nic', 'guest ext-dest-id'),
  )
  .map(parts => parts.join('\n'));

describe('a change', () => {
  it('gives what reading the whole text anew gives', () => {
    fc.assert(
      fc.property(
        scenario,
        fc.array(fc.tuple(fc.nat(), fc.nat(6), fc.constantFrom('', '\n', '0', 'vcpu 1', ' ', 'amd', '#'))),
        (text, edits) => {
          const memo = new Memo();
          let [now, tree] = [text, parse(text)];
          check(tree, { memo });
          for (const [at, length, put] of edits) {
            const from = at % (now.length + 1);
            now = now.slice(0, from) + put + now.slice(from + length);
            tree = parse(now, tree);
            expect(tree).toEqual(parse(now));
            expect(check(tree, { memo })).toEqual(check(parse(now)));
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('of the machine gives what reading the whole text anew gives', () => {
    const body = scenario.map(text => text.replace(/^(machine.*|vcpus.*|with.*)$/gm, ''));
    fc.assert(
      fc.property(body, fc.array(machinePart, { minLength: 2, maxLength: 6 }), (text, heads) => {
        const memo = new Memo();
        let tree = parse('');
        for (const head of heads) {
          const now = `${head}\n${text}`;
          tree = parse(now, tree);
          expect(check(tree, { memo })).toEqual(check(parse(now)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('reads only the lines that it touches', () => {
    const before = parse('machine intel\nvcpus 2\nvcpu 0: eoi\nvcpu 1: eoi');
    const after = parse('machine intel\nvcpus 2\nvcpu 0: exit\nvcpu 1: eoi', before);
    expect(after.nodes.map((node, i) => node === before.nodes[i])).toEqual([true, true, false, true]);
  });

  it('moves the lines below a new one, with all that is known of them', () => {
    const text =
      'machine intel\nvcpus 2\nlet V = 3\nvcpu 0: ipi fixed V to 1 # why\nexpect vcpu 1: irr has V, no exit on vcpu 0..1';
    const memo = new Memo();
    const before = parse(text);
    const { diagnostics } = check(before, { memo });
    const nodes = [...before.nodes];
    const now = text.replace('let', '\n\nvcpu 1: eoi\nlet').replace('vcpu 1: eoi\n', '');
    const after = parse(now, before);
    expect(after.nodes.map((node, i) => node === nodes[i])).toEqual([true, true, true, true, true]);
    expect(after).toEqual(parse(now));
    const checked = check(after, { memo });
    expect(checked).toEqual(check(parse(now)));
    expect(checked.diagnostics.map(({ code }) => code)).toEqual(diagnostics.map(({ code }) => code));
    expect(checked.diagnostics[0].range.line).toBe(5);
  });
});

describe('a scenario', () => {
  it('means the same after it has been formatted', () => {
    let programs = 0;
    fc.assert(
      fc.property(scenario, text => {
        const before = check(parse(text));
        const after = check(parse(format(text)));
        expect(after.diagnostics.map(each => each.code)).toEqual(before.diagnostics.map(each => each.code));
        expect(meaning(after.program)).toEqual(meaning(before.program));
        if (before.program) programs++;
      }),
      RUNS,
    );
    expect(programs).toBeGreaterThan(20);
  });

  it('is printed as it is formatted', () => {
    fc.assert(
      fc.property(scenario, text => {
        expect(print(parse(text))).toBe(format(text).replaceAll('\r\n', '\n'));
      }),
      RUNS,
    );
  });
});
