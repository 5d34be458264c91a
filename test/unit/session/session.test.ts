import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile } from '../../../extension/session/expression.ts';
import type { Motion } from '../../../extension/session/protocol.ts';
import { DEFAULT_RULES } from '../../../extension/session/session.ts';
import { FAILING, MACHINE, sessionOf, TO_RUNNING } from './scenarios.ts';

const look = (session: ReturnType<typeof sessionOf>, expression: string) =>
  compile(expression, session.runner.machine).print(session.runner.machine);

describe('stepping', () => {
  test('into: one atomic action, explained', () => {
    const session = sessionOf(TO_RUNNING);
    while (session.explain().place !== 'vmx_deliver_posted_interrupt') {
      session.move('stepInto');
    }
    const step = session.explain();
    expect(step.agent).toBe('vcpu 0');
    expect(step.source).toBe('vmx/vmx.c, Linux 6.16');
    expect(step.path).toEqual(expect.arrayContaining(['kvm_irq_delivery_to_apic', '__apic_accept_irq']));
    expect(step.writes).toContainEqual({ field: 'vcpu 1.pid.pir[0x41]', before: '0', after: '1' });
    expect(step.reads).toContainEqual({ field: 'vcpu 1.pid.pir[0x41]', before: '0' });
    expect(look(session, 'vcpu 1.pid.pir')).toBe('{0x41}');
    session.move('stepBack');
    expect(look(session, 'vcpu 1.pid.pir')).toBe('{}');
  });

  test('over: the whole line, with all that follows from it', () => {
    const session = sessionOf(TO_RUNNING);
    expect(session.move('stepOver')).toEqual({ reason: 'step' });
    expect(look(session, 'vcpu 1.isr')).toBe('{0x41}');
    expect(session.statement?.text).toContain('expect');
    session.move('stepBack');
    expect(session.position).toBe(0);
  });

  test('out: to the end of the operation', () => {
    const session = sessionOf(TO_RUNNING);
    while (session.explain().place !== 'vmx_deliver_posted_interrupt') {
      session.move('stepInto');
    }
    const inside = session.runner.machine.stack(session.runner.nextAgent()).length;
    session.move('stepOut');
    expect(session.runner.machine.stack(1).length).toBeLessThan(inside);
    expect(look(session, 'vcpu 1.pid.on')).toBe('1');
  });

  test('continue stops at a breakpoint, at a failure and at the end', () => {
    const session = sessionOf(FAILING);
    const expectLine = FAILING.split('\n').findIndex(line => line.startsWith('expect'));
    session.rules = [...DEFAULT_RULES, { id: 1, kind: 'line', line: expectLine }];
    expect(session.move('continue').reason).toBe('breakpoint');
    const failure = session.move('continue');
    expect(failure).toMatchObject({ reason: 'failure' });
    expect(failure.text).toContain('vcpu 1.isr is {0x41}');
    expect(session.troubles).toMatchObject([{ line: expectLine + 1 }]);
    expect(session.move('continue').reason).toBe('end');
    expect(session.move('reverseContinue').reason).toBe('breakpoint');
    expect(session.troubles).toEqual([]);
    expect(session.move('reverseContinue').reason).toBe('start');
  });

  test('a statement that cannot be carried out says why and what to write', () => {
    const session = sessionOf(`${MACHINE}vcpu 1 blocked\nvcpu 1: eoi\nvcpu 1: enter\n`);
    expect(session.move('stepOver').text).toContain('vcpu 1: enter');
    expect(session.move('stepOver').text).toContain('nothing has woken it');
  });

  test('a field changed by hand is a step: it can be undone, and what follows is new', () => {
    const session = sessionOf(TO_RUNNING);
    session.move('stepOver');
    const { machine } = session.runner;
    const { length } = machine;
    session.move('stepBack');
    session.change(() => machine.set_bit(8, machine.vcpu(1)));
    expect(session.length).toBeLessThan(length);
    expect(session.explain()).toMatchObject({ agent: 'user', number: 1 });
    session.move('stepBack');
    expect(session.position).toBe(0);
  });
});

const MOTIONS: readonly Motion[] = ['stepInto', 'stepOver', 'stepOut', 'stepBack', 'continue', 'reverseContinue'];
const samples = path.join(import.meta.dirname, '../../../scenarios');

describe.each(readdirSync(samples).filter(name => name.endsWith('.irq')))('%s', name => {
  const text = readFileSync(path.join(samples, name), 'utf8');

  test('holds', () => {
    const session = sessionOf(text);
    expect(session.move('continue')).toEqual({ reason: 'end' });
    expect(session.length).toBeGreaterThan(10);
  });

  test('any walk leads to the same states as a straight run', { timeout: 60_000 }, () => {
    const straight = sessionOf(text);
    const states = [straight.runner.machine.words.slice()];
    while (!straight.finished) {
      straight.move('stepInto');
      states.push(straight.runner.machine.words.slice());
    }
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...MOTIONS), { maxLength: 25 }), motions => {
        const session = sessionOf(text);
        for (const motion of motions) {
          session.move(motion);
          expect(session.runner.machine.words).toEqual(states[session.position]);
          session.explain();
          expect(session.runner.machine.words).toEqual(states[session.position]);
        }
      }),
      { numRuns: 12 },
    );
  });
});
