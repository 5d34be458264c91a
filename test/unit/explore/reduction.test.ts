import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Program } from '../../../extension/scenario/program.ts';
import { explore, exploring } from '../../../extension/session/explore.ts';
import { EXHIBITS } from './mutants.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const read = (...names: string[]) => readFileSync(path.join(root, ...names), 'utf8');
const examples = (page: string) =>
  [...read('docs', page).matchAll(/^```irq\n(.*?)^```$/gms)]
    .map(([, text], i) => ({ name: `${page}, example ${i + 1}`, text }))
    .filter(({ text }) => /^race$/m.test(text));

/** Machines at work: the engine's own operations against each other. */
const ENGINE = [
  ['apicv', 'a: vcpu 0: ipi fixed 0x41 to 1', 'b: vcpu 1: block'],
  ['apicv ipiv', 'a: vcpu 0: ipi fixed 0x41 to 1', 'b: vcpu 1: preempt\n  b: vcpu 1: enter'],
  ['apicv', 'a: vcpu 0: ipi init to 1', 'b: vcpu 1: block'],
  ['apicv', 'a: vcpu 0: ipi fixed 0x41 to 1', 'b: inhibit HYPERV'],
  ['apicv', 'a: msi fixed 0x41 to 1', 'b: vcpu 1: exit\n  b: vcpu 1: enter'],
].map(([features, a, b]) => ({
  name: `${features}: ${a} against ${b.replace('\n ', ',')}`,
  text: `machine intel\n  vcpus 2 x2apic\n  with ${features}\nrace\n  ${a}\n  ${b}\nfinally vcpu 1: pid.pir lacks 0x41\n`,
}));

const RACES = [
  ...readdirSync(path.join(root, 'scenarios/museum'))
    .filter(file => file.endsWith('.irq'))
    .map(file => ({ name: file, text: read('scenarios/museum', file) })),
  ...examples('reviewing-a-patch.md'),
  ...examples('scenario-language.md'),
  ...EXHIBITS.map(({ name, text }) => ({ name, text })),
  ...ENGINE,
];

function variantsOf(text: string): readonly (readonly [variant: string | undefined, program: Program])[] {
  const tree = parse(text);
  const { program, diagnostics } = check(tree);
  expect(diagnostics).toEqual([]);
  const names = (program as Program).variants?.map(({ name }) => name) ?? [];
  return names.length === 0
    ? [[undefined, program as Program]]
    : names.map(variant => [variant, check(tree, { variant }).program as Program]);
}

describe('partial-order reduction', { timeout: 120_000 }, () => {
  const counts: { readonly race: string; readonly reduced: number; readonly all: number }[] = [];

  it.each(RACES)('decides as the plain search does: $name', ({ name, text }) => {
    for (const [variant, program] of variantsOf(text)) {
      const reduced = explore(program);
      const plain = explore(program, { reduce: false });
      expect([variant, reduced.verdict, reduced.broken, reduced.order.length]).toEqual([
        variant,
        plain.verdict,
        plain.broken,
        plain.order.length,
      ]);
      expect([plain.complete, reduced.complete, reduced.shortest]).toEqual([true, true, true]);
      const race = variant === undefined ? name : `${name} (${variant})`;
      counts.push({ race, reduced: reduced.states, all: plain.states });
    }
  });

  afterAll(() => {
    const rows = counts.map(
      ({ race, reduced, all }) => `${String(reduced).padStart(8)} of ${String(all).padStart(8)}  ${race}`,
    );
    const sum = (of: 'reduced' | 'all') => counts.reduce((total, each) => total + each[of], 0);
    console.log(`states with and without reduction\n${rows.join('\n')}\n${sum('reduced')} of ${sum('all')} in all`);
  });

  it('needs fewer states where every race holds', () => {
    const text = (count: number) => {
      const names = Array.from({ length: count }, (_, i) => `x${i}`);
      const operations = names.map(
        name => `operation f_${name}() {\n  set_bit(${name})\n  clear_bit(${name})\n  ${name} = 2\n}\n`,
      );
      const agents = names.map(name => `  a_${name}: f_${name}()\n`);
      return `machine intel\n  vcpus 2 x2apic\n  with apicv\nshared ${names.join(', ')}\n${operations.join('')}race\n${agents.join('')}finally (x0 == 2)\n`;
    };
    const [[, program]] = variantsOf(text(6));
    // Four steps each, the last of them the store that becomes visible: one order is enough.
    expect(explore(program)).toMatchObject({ verdict: 'holds', states: 6 * 4 + 1, ends: 1 });
    expect(explore(program, { reduce: false })).toMatchObject({ verdict: 'holds', states: 5 ** 6 });
  });

  /** Three agents that change one variable, each change in the sight of a condition. */
  const SHARED = `machine intel
  vcpus 2 x2apic
shared x
operation f(k) {
  int i = 0
  while (i < 3) {
    int v = x
    cmpxchg(x, v, v * 2 + k)
    i = i + 1
  }
}
race
  a: f(1)
  b: f(3)
  c: f(9)
always (x != 1000000)
`;

  it('is given up where it leaves nothing out', () => {
    const [[, program]] = variantsOf(SHARED);
    const work = exploring(program);
    const counts: number[] = [];
    for (let piece = work.next(); ; piece = work.next()) {
      counts.push(piece.value.states);
      if (piece.done) {
        break;
      }
    }
    const plain = explore(program, { reduce: false });
    expect(plain.states).toBeGreaterThan(10_000);
    expect([counts.at(-1), explore(program).steps]).toEqual([plain.states, plain.steps]);
    // It begins anew.
    expect(counts.some((count, i) => count < counts[i - 1])).toBe(true);
  });

  it('tells the states of the search that found it sooner, when a race is broken', () => {
    const program = check(parse(read('scenarios/museum/r12-notified-while-unloaded.irq')), { variant: 'before' })
      .program as Program;
    const plain = explore(program, { reduce: false });
    expect(explore(program)).toMatchObject({ verdict: 'broken', states: plain.states, steps: plain.steps });
  });
});
