import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Program } from '../../../extension/scenario/program.ts';
import { stackOf, threadOf } from '../../../extension/session/dap/stack.ts';
import { explore, exploring } from '../../../extension/session/explore.ts';
import { Session } from '../../../extension/session/session.ts';

const MACHINE = 'machine intel\n  vcpus 2 x2apic\n  with apicv\n';
const posting = readFileSync(path.resolve(import.meta.dirname, '../../bench/explore/posting.irq'), 'utf8');

function programOf(text: string): Program {
  const { program, diagnostics } = check(parse(text));
  expect(diagnostics).toEqual([]);
  return program as Program;
}

/** `count` agents that each store once to a variable of their own, and then to one that all share. */
function stores(count: number): string {
  const names = Array.from({ length: count }, (_, i) => `x${i}`);
  const operations = names.map(name => `operation f_${name}() {\n  set_bit(${name})\n  atomic_inc(all)\n}\n`);
  const agents = names.map(name => `  a_${name}: f_${name}()\n`);
  return `${MACHINE}shared all, ${names.join(', ')}\n${operations.join('')}race\n${agents.join('')}finally (all == ${count})\n`;
}

describe('the search', () => {
  it('counts every state of independent agents, and leaves out orders of steps that nobody else sees', () => {
    // Three places for each agent; the shared counter follows from them.
    expect(explore(programOf(stores(4)), { reduce: false })).toMatchObject({
      verdict: 'holds',
      states: 3 ** 4,
      ends: 1,
    });
    // First steps in one fixed order, then every subset of the second steps.
    expect(explore(programOf(stores(4)))).toMatchObject({ verdict: 'holds', states: 4 + 2 ** 4, ends: 1 });
  });

  it('says how far it came when states need more memory than there is', () => {
    const { verdict, complete, states, left } = explore(programOf(posting), { bytes: 1 << 20 });
    expect({ verdict, complete }).toEqual({ verdict: 'unknown', complete: false });
    expect(states).toBeGreaterThan(1000);
    expect(left).toBeGreaterThan(100);
  });

  it('can be left after any piece', () => {
    const work = exploring(programOf(posting));
    const { done, value } = work.next();
    expect(done).toBe(false);
    expect(value).toMatchObject({ depth: expect.any(Number), left: expect.any(Number) });
  });

  it('finds the shortest of two ways to lose', () => {
    const { order, broken } = explore(
      programOf(`${MACHINE}shared x
operation slow() {
  atomic_inc(x)
  atomic_inc(x)
  atomic_inc(x)
}
operation fast() {
  atomic_dec(x)
}
race
  s: slow()
  f: fast()
always (x != 3)
always (x != -1)
`),
    );
    expect([order.length, broken]).toEqual([1, 'always (x != -1)']);
  });

  it('does not call a race held in which no order ends', () => {
    const text = `${MACHINE}shared x\noperation f() {\n  while (1) {\n    set_bit(x)\n    clear_bit(x)\n  }\n}\nrace\n  a: f()\nfinally (x)\n`;
    expect(explore(programOf(text))).toMatchObject({ verdict: 'unknown', neverAsked: true });
    expect(explore(programOf(text.replace('finally (x)', 'always (x <= 1)')))).toMatchObject({ verdict: 'holds' });
  });

  it('takes an agent that spins for one that waits', () => {
    const text = `${MACHINE}shared x, y\noperation f() {\n  while (!x)\n    cpu_relax()\n  set_bit(y)\n}\noperation g() {\n  set_bit(x)\n}\nrace\n  a: f()\n  b: g()\nfinally (y)\n`;
    expect(explore(programOf(text)).verdict).toBe('holds');
    expect(explore(programOf(text.replace('  set_bit(x)\n', '  clear_bit(x)\n'))).verdict).toBe('broken');
    for (const [changed, troubles] of [
      [text, 0],
      [text.replace('  set_bit(x)\n', '  clear_bit(x)\n'), 1],
    ] as const) {
      const session = new Session(programOf(changed));
      while (!session.finished) {
        session.move('continue');
      }
      expect(session.troubles.length).toBe(troubles);
    }
  });

  it('lets a handler interrupt its thread only between two steps, and wholly', () => {
    const text = `${MACHINE}shared x, seen
operation thread() {
  atomic_inc(x)
  int v = x
  assert(v != 2)
}
operation handler() by host {
  atomic_inc(x)
  atomic_dec(x)
}
race
  t: thread()
  h: handler()
always (x <= 2)
`;
    expect(explore(programOf(text)).verdict).toBe('broken');
    expect(explore(programOf(text.replace('  h: ', '  h interrupts t: '))).verdict).toBe('holds');
  });

  it('reads code as it stands in the kernel', () => {
    const text = `${MACHINE}shared pending, lock, last = -1
operation f(v) {
  bool was = false;
  u64 n = 0;                         // a local
  raw_spin_lock(&lock);
  was = test_and_set_bit(3, &pending); /* locked */
  if (unlikely(!was)) {
    n = atomic_read(&pending);
    WRITE_ONCE(last, n);
  } else
    goto out;
  WARN_ON_ONCE(n != 8);
out:
  raw_spin_unlock(&lock);
}
race
  a: f(0)
  b: f(1)
finally (pending == 8 && last == 8 && lock == 0)
`;
    expect(explore(programOf(text)).verdict).toBe('holds');
    expect(explore(programOf(text.replace('n != 8', 'n == 8'))).broken).toBe('the assertion on line 15');
  });

  it('breaks what takes longer than it may', () => {
    const text = `${MACHINE}shared x, y\noperation f() {\n  while (!x)\n    atomic_inc(y)\n}\noperation g() {\n  set_bit(x)\n}\nrace\n  a: f()\n  b: g()\neventually within 4 of a (x)\n`;
    const { verdict, order } = explore(programOf(text));
    expect([verdict, order.length]).toEqual(['broken', 4]);
  });

  it('asks the engine’s own conditions where vCPUs act', () => {
    const text = `${MACHINE}operation vmx_sync_pir_to_irr(vcpu) {\n  return highest(vcpu->irr)\n}\nrace\n  a: vcpu 0: ipi fixed 0x41 to 1\n  b: vcpu 1: exit\n  b: vcpu 1: enter\nalways (1)\n`;
    const { verdict, broken } = explore(programOf(text));
    expect(verdict).toBe('broken');
    expect(broken).toMatch(/^pir-without-harvest, vcpu 1: /);
  });

  it('shows the line of a restated step in the stack', () => {
    const session = new Session(programOf(stores(2)));
    session.move('stepInto');
    const { machine } = session.runner;
    const [top] = stackOf(session, threadOf(machine.addedAgent(0)), session.statement);
    expect(top).toMatchObject({ name: expect.stringContaining('f_x0'), line: 7 });
  });
});
