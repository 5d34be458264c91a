import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Program } from '../../../extension/scenario/program.ts';
import { explore } from '../../../extension/session/explore.ts';

/** `RUNS` and `SEED` of the environment: more of them, or others. */
const { RUNS: runs = '300', SEED: seed = '9' } = process.env;
const RUNS = Number(runs);
const SEED = Number(seed);

const variable = fc.constantFrom('x', 'y', 'z');
const value = fc.integer({ min: 0, max: 2 });

/** One statement, and what may follow from what it has read. */
const statement: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(variable, value).map(([x, v]) => `${x} = ${v}`) },
  { weight: 3, arbitrary: variable.map(x => `v = ${x}`) },
  { weight: 2, arbitrary: variable.map(x => `if (${x}) {\n    v = v + 1\n  }`) },
  { weight: 2, arbitrary: fc.tuple(variable, variable).map(([x, y]) => `if (${x}) {\n    ${y} = 1\n  }`) },
  { weight: 2, arbitrary: fc.tuple(variable, value).map(([x, v]) => `v = xchg(${x}, ${v})`) },
  { weight: 1, arbitrary: variable.map(x => `atomic_inc(${x})`) },
  { weight: 1, arbitrary: fc.constant('smp_mb()') },
  { weight: 1, arbitrary: variable.map(x => `wait_until(${x})`) },
  { weight: 1, arbitrary: variable.map(x => `${x} = v`) },
  { weight: 1, arbitrary: variable.map(x => `spin_lock(${x})\n  spin_unlock(${x})`) },
  {
    weight: 1,
    arbitrary: fc.tuple(variable, variable).map(([x, y]) => `atomic {\n    wait_until(${x})\n    ${y} = 2\n  }`),
  },
  { weight: 1, arbitrary: variable.map(x => `v = ${x}[v]`.replace(/.\[v\]/, 'a[v & 3]')) },
  { weight: 1, arbitrary: fc.constant('a[v & 3] = v') },
  { weight: 1, arbitrary: fc.tuple(variable, value).map(([x, v]) => `while (${x} == ${v}) {\n    cpu_relax()\n  }`) },
);

const condition = fc.oneof(
  fc.tuple(variable, value, variable, value).map(([x, v, y, w]) => `finally (!(${x} == ${v} && ${y} == ${w}))`),
  fc.tuple(variable, value, variable, value).map(([x, v, y, w]) => `always (!(${x} == ${v} && ${y} == ${w}))`),
  fc.tuple(variable, value).map(([x, v]) => `always (${x} == ${v} || !done(a0))`),
  fc.tuple(variable, value).map(([x, v]) => `eventually within 3 of a1 (${x} == ${v})`),
);

const race = fc
  .tuple(
    fc.array(fc.array(statement, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 3 }),
    fc.option(fc.tuple(variable, value), { nil: undefined }),
    condition,
    fc.boolean(),
  )
  .map(([agents, asserted, holds, interrupts]) => {
    const operations = agents.map((body, i) => {
      const assertion = i === 0 && asserted !== undefined ? `  assert(v != ${asserted[1]} + 1)\n` : '';
      return `operation f${i}() {\n  int v = 0\n${body.map(each => `  ${each}\n`).join('')}${assertion}}\n`;
    });
    const labels = agents.map((_, i) => (i === 2 && interrupts ? '  a2 interrupts a1: f2()\n' : `  a${i}: f${i}()\n`));
    return `machine intel\n  vcpus 1 x2apic\nshared x, y, z, a[4]\n${operations.join('')}race\n${labels.join('')}${holds}\n`;
  });

describe('a race that nobody thought of', { timeout: 120_000 }, () => {
  it('is decided alike with and without reduction', () => {
    const verdicts = { holds: 0, broken: 0, unknown: 0 };
    let fewer = 0;
    fc.assert(
      fc.property(race, text => {
        const { program, diagnostics } = check(parse(text));
        expect(diagnostics).toEqual([]);
        const plain = explore(program as Program, { reduce: false });
        const reduced = explore(program as Program);
        verdicts[plain.verdict]++;
        fewer += plain.verdict === 'holds' && reduced.states < plain.states ? 1 : 0;
        expect([reduced.verdict, reduced.broken, reduced.order.length]).toEqual([
          plain.verdict,
          plain.broken,
          plain.order.length,
        ]);
      }),
      { numRuns: RUNS, seed: SEED },
    );
    // Neither all of one kind nor without anything to leave out.
    expect(Math.min(verdicts.holds, verdicts.broken)).toBeGreaterThan(30);
    expect(fewer).toBeGreaterThan(30);
  });
});
