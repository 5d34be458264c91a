import { describe, expect, it } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Program } from '../../../extension/scenario/program.ts';
import { explore } from '../../../extension/session/explore.ts';
import { Session } from '../../../extension/session/session.ts';

/** The kick takes the vCPU out of its guest for ever: what no end asks for is seen on the way. */
const HARVEST_MISSING = `machine intel
  vcpus 2 x2apic
  with apicv
operation vmx_sync_pir_to_irr(vcpu) {
  return highest(vcpu->irr)
}
shared x
operation goes_on() {
  while (1) {
    set_bit(x)
    clear_bit(x)
  }
}
race
  a: vcpu 0: ipi fixed 0x41 to 1
  b: vcpu 1: exit
  b: vcpu 1: enter
always (1)
`;

function programOf(text: string): Program {
  const { program, diagnostics } = check(parse(text));
  expect(diagnostics).toEqual([]);
  return program as Program;
}

describe('the invariants of the engine in a race', { timeout: 120_000 }, () => {
  it('are asked after each step, and the session shows the one that is broken', () => {
    const program = programOf(HARVEST_MISSING);
    const { verdict, broken, order } = explore(program);
    expect([verdict, broken]).toEqual(['broken', expect.stringMatching(/^pir-without-harvest, vcpu 1: /)]);
    const session = new Session(program, order);
    while (!session.finished) {
      session.move('continue');
    }
    expect(session.troubles.map(({ text }) => text)).toEqual([expect.stringContaining(broken as string)]);
    // At the step that breaks it, not when nothing more can happen.
    expect(session.runner.machine.position).toBeLessThanOrEqual(order.length + 2);
  });

  it.each([
    'invariants off',
    'invariants without pir-without-harvest',
    'invariants without rvi-below-virr, pir-without-harvest',
  ])('are left out by `%s`', statement => {
    expect(explore(programOf(HARVEST_MISSING.replace('race\n', `${statement}\nrace\n`))).verdict).toBe('holds');
  });

  it('keep the others when one is left out', () => {
    const text = HARVEST_MISSING.replace('race\n', 'invariants without asleep-with-work\nrace\n');
    expect(explore(programOf(text)).broken).toMatch(/^pir-without-harvest/);
  });

  it.each(['invariants', 'invariants on', 'invariants without', 'invariants without nonsense', 'invariants off now'])(
    'are not left out by `%s`',
    statement => {
      const { diagnostics } = check(parse(HARVEST_MISSING.replace('race\n', `${statement}\nrace\n`)));
      expect(diagnostics.map(({ code }) => code)).toEqual(['irq601']);
    },
  );

  it.each([
    ['a: vcpu 0: ipi fixed 0x41 to 1', 'b: vcpu 1: block'],
    ['a: vcpu 0: ipi init to 1', 'b: vcpu 1: block'],
    ['a: vcpu 0: ipi nmi to 1', 'b: vcpu 1: block'],
    ['a: vcpu 0: ipi fixed 0x41 to 1', 'b: vcpu 1: preempt\n  b: vcpu 1: enter'],
    ['a: vcpu 0: ipi fixed 0x41 to 1', 'b: vcpu 1: exit\n  b: vcpu 1: enter'],
    ['a: msi fixed 0x41 to 1', 'b: vcpu 1: block'],
    ['a: vcpu 0: ipi fixed 0x41 to 1', 'b: inhibit HYPERV'],
  ])('hold in every order of the engine’s own steps: %s against %s', (a, b) => {
    const race = `race\n  ${a}\n  ${b}\nalways (1)\n`;
    for (const features of ['apicv', 'apicv ipiv']) {
      const text = `machine intel\n  vcpus 2 x2apic\n  with ${features}\n${race}`;
      expect([features, explore(programOf(text)).broken]).toEqual([features, undefined]);
    }
  });
});
