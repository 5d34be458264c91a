import { describe, expect, it } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Program } from '../../../extension/scenario/program.ts';
import { explore } from '../../../extension/session/explore.ts';
import { Runner } from '../../../extension/session/runner.ts';

const MACHINE = 'machine intel\n  vcpus 2 x2apic\n  with apicv\n';

function programOf(text: string): Program {
  const { program, diagnostics } = check(parse(text));
  expect(diagnostics).toEqual([]);
  return program as Program;
}

/** The verdict, which is the same with and without reduction. */
function verdictOf(text: string): string {
  const program = programOf(text);
  const { verdict } = explore(program);
  expect(explore(program, { reduce: false }).verdict).toBe(verdict);
  return verdict;
}

/** The processor waits for `x`, then counts `y` up to 2 while nobody acts. */
const waiting = (reader: string, more = '') => `${MACHINE}shared x, y
operation posted_interrupt_processing() by cpu {
  wait_until(x)
  atomic_inc(y)
  ${more}
  atomic_inc(y)
}
operation other() {
  xchg(x, 1)
  ${reader}
}
race
  a: posted_interrupt_processing()
  b: other()
finally (y == 2)
`;

describe('a restated operation that cannot be interrupted', () => {
  it('lets others act while it waits, and nobody afterwards', () => {
    expect(verdictOf(waiting(''))).toBe('holds');
    expect(verdictOf(waiting('int v = y\n  assert(v != 1)'))).toBe('holds');
    expect(verdictOf(waiting('int v = y\n  assert(v != 0)'))).toBe('broken');
    expect(verdictOf(waiting('int v = y\n  assert(v != 2)'))).toBe('broken');
  });

  it('is open to others at each of its waits', () => {
    expect(verdictOf(waiting('int v = y\n  assert(v != 1)', 'wait_until(x == 2)'))).toBe('broken');
    expect(verdictOf(waiting('wait_until(y == 1)\n  xchg(x, 2)', 'wait_until(x == 2)'))).toBe('holds');
  });

  it('holds the machine again behind a wait in which another one held it', () => {
    const text = `${MACHINE}shared x, y, z
operation posted_interrupt_processing() by cpu {
  wait_until(x)
  atomic_inc(y)
  atomic_inc(y)
}
operation eoi_virtualization() by cpu {
  wait_until(z)
  atomic_inc(y)
  atomic_inc(y)
}
operation other() {
  xchg(z, 1)
  xchg(x, 1)
  int v = y
  assert(v != 1 && v != 3)
}
race
  a: posted_interrupt_processing()
  b: eoi_virtualization()
  c: other()
finally (y == 4)
`;
    expect(verdictOf(text)).toBe('holds');
  });

  it('runs to its end in a session', () => {
    const runner = new Runner(programOf(waiting('int v = y\n  assert(v != 1)')));
    for (let steps = 0; !runner.finished; steps++) {
      expect(steps).toBeLessThan(100);
      runner.step();
    }
    expect(runner.race?.verdicts()).toMatchObject([{ holds: true }]);
  });
});
