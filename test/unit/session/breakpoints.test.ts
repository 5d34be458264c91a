import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Program } from '../../../extension/scenario/program.ts';
import { Breakpoints } from '../../../extension/session/dap/breakpoints.ts';
import { exceptionInfo } from '../../../extension/session/dap/trouble.ts';
import { compile, UserError } from '../../../extension/session/expression.ts';
import { Session } from '../../../extension/session/session.ts';
import { MACHINE, sessionOf, TO_RUNNING } from './scenarios.ts';

const TWICE = `${MACHINE}
vcpu 0:  ipi fixed 0x41 to 1
vcpu 1:  eoi
vcpu 0:  ipi fixed 0x42 to 1
vcpu 1:  eoi
`;

describe('expressions', () => {
  const session = sessionOf(TO_RUNNING);
  session.move('stepOver');
  const { machine } = session.runner;
  const print = (text: string) => compile(text, machine).print(machine);

  test.each([
    ['vcpu 1.isr', '{0x41}'],
    ['vcpu 1 isr', '{0x41}'],
    ['vcpu 1: isr[0x41]', 'true'],
    ['vcpu 1.isr has 66', 'false'],
    ['vcpu 1.svi == 0x41', 'true'],
    ['vcpu 1.mode == IN_GUEST_MODE', 'true'],
    ['vcpu 1.mode != OUTSIDE_GUEST_MODE && !(vcpu 1.pid.on)', 'true'],
    ['vcpu 1.pid.on || vcpu 1.svi > 0x40', 'true'],
    ['cpu 1.pending', '{}'],
    ['vcpu 1.pid.nv', '0xf2 POSTED_INTR_VECTOR'],
  ])('%s is %s', (text, expected) => {
    expect(print(text)).toBe(expected);
  });

  test.each([
    ['', 'missing'],
    ['vcpu', 'number'],
    ['vcpu 9.irr', 'no vcpu 9'],
    ['vcpu 1.irq', 'no field'],
    ['vcpu 1.tpr has 0x41', 'set of vectors'],
    ['vcpu 1.irr == 3', 'has 0x41'],
    ['vcpu 1.irr has 0x141', '0xff'],
    ['vcpu 1.mode == ASLEEP', 'ASLEEP'],
    ['vcpu 1.tpr == 0x100000000', '32 bits'],
    ['vcpu 1.tpr 3', 'too much'],
    ['(vcpu 1.tpr', "')'"],
    ['vcpu 1.tpr $ 3', '$'],
  ])('%s is refused with a remedy', (text, expected) => {
    expect(() => compile(text, machine)).toThrow(UserError);
    expect(() => compile(text, machine)).toThrow(expected);
  });

  test('no text does anything but compile or be refused', () => {
    const words = fc.constantFrom(
      'vcpu',
      'cpu',
      '1',
      '0x41',
      '.irr',
      'pid.on',
      '==',
      '&&',
      '!',
      '(',
      ')',
      '[',
      ']',
      'has',
      ':',
      ' ',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(words, { maxLength: 12 }).map(all => all.join(' ')),
        ),
        text => {
          try {
            compile(text, machine).print(machine);
          } catch (error) {
            expect(error).toBeInstanceOf(UserError);
          }
        },
      ),
    );
  });
});

describe('breakpoints', () => {
  test('a function stops where its first step is next, on either way', () => {
    const session = sessionOf(TWICE);
    const [answer] = new Breakpoints().setFunctions([{ name: 'vmx_deliver_posted_interrupt' }], session);
    expect(answer).toMatchObject({ verified: true });
    const stops: number[] = [];
    for (let stop = session.move('continue'); stop.reason === 'breakpoint'; stop = session.move('continue')) {
      stops.push(session.position);
      expect(session.runner.machine.nextFrame(1)?.operation.name).toBe('vmx_deliver_posted_interrupt');
    }
    expect(stops).toHaveLength(2);
    session.move('reverseContinue');
    expect(session.position).toBe(stops[1]);
  });

  test('data stops after the step that changed it', () => {
    const session = sessionOf(TO_RUNNING);
    new Breakpoints().setData([{ dataId: 'vcpu 1.pid.on' }], session);
    expect(session.move('continue').reason).toBe('breakpoint');
    expect(session.explain().writes).toContainEqual({ field: 'vcpu 1.pid.on', before: '0', after: '1' });
    session.move('continue');
    expect(session.explain().writes).toContainEqual({ field: 'vcpu 1.pid.on', before: '1', after: '0' });
    expect(session.move('continue').reason).toBe('end');
  });

  test('data with a condition stops when it becomes what is wanted', () => {
    const session = sessionOf(TO_RUNNING);
    new Breakpoints().setData([{ dataId: 'vcpu 1.pid.on', condition: 'vcpu 1.pid.on == 0' }], session);
    session.move('continue');
    expect(session.explain().writes).toContainEqual({ field: 'vcpu 1.pid.on', before: '1', after: '0' });
  });

  test('lines: conditions, hit counts and log messages', () => {
    const eois = TWICE.split('\n').flatMap((line, i) => (line.includes('eoi') ? [i + 1] : []));
    const session = sessionOf(TWICE);
    const said: string[] = [];
    session.log = text => said.push(text);
    const breakpoints = new Breakpoints();
    breakpoints.setLines(
      {
        source: { path: '/a.irq' },
        breakpoints: [
          { line: eois[0], condition: 'vcpu 1.isr has 0x42' },
          { line: eois[1], logMessage: 'in service {vcpu 1.isr}, SVI {vcpu 1.svi}' },
        ],
      },
      session,
      '/a.irq',
    );
    expect(session.move('continue').reason).toBe('end');
    expect(said).toEqual(['in service {0x42}, SVI 0x42']);
    const counted = sessionOf(TWICE);
    new Breakpoints().setFunctions([{ name: 'EOI virtualization', hitCondition: '2' }], counted);
    expect(counted.move('continue').reason).toBe('breakpoint');
    expect(counted.lineOf(counted.position + 1) || counted.statement?.range.line).toBe(eois[1] - 1);
  });

  test.each([
    ['/w/a.irq', '/w/a.irq', true],
    ['/w/a.irq', 'a.irq', true],
    ['/w/a.irq', 'file:///w/a.irq', true],
    ['c:\\w\\a.irq', 'C:\\w\\a.irq', true],
    ['vscode-vfs://github/w/a.irq', 'vscode-vfs://github/w/a.irq', true],
    ['/w/b.irq', '/w/a.irq', false],
    ['/w/xa.irq', 'a.irq', false],
  ])('breakpoints of %s belong to %s: %s', (file, program, same) => {
    const session = sessionOf(TWICE);
    const breakpoints = new Breakpoints();
    const set = (source: string, lines: readonly number[]) =>
      breakpoints.setLines({ source: { path: source }, breakpoints: lines.map(line => ({ line })) }, session, program);
    set(program, [8]);
    const [answer] = set(file, [7]);
    expect(answer.verified).toBe(same);
    expect(session.rules.filter(({ kind }) => kind === 'line')).toMatchObject([{ line: same ? 6 : 7 }]);
  });

  test.each([
    ['vmx_delivr_posted_interrupt', 'did you mean vmx_deliver_posted_interrupt'],
    ['deliver_posted', 'vmx_deliver_posted_interrupt'],
    ['no_such_function', 'write one as the call stack shows it'],
    ['pi_wakeup_handler()', 'did you mean pi_wakeup_handler?'],
  ])('%s is no function of the engine: %s', (name, expected) => {
    const [answer] = new Breakpoints().setFunctions([{ name }], sessionOf(TWICE));
    expect(answer).toMatchObject({ verified: false });
    expect(answer.message).toContain(expected);
  });

  test('a function of another kernel says what stands in its place', () => {
    const old = sessionOf(TWICE.replace('6.16', '2013'));
    const [moved, gone] = new Breakpoints().setFunctions(
      [{ name: 'rcuwait_wake_up' }, { name: 'kvm_vcpu_trigger_posted_interrupt' }],
      old,
    );
    expect(moved.message).toBe(
      'Linux 3.11 (2013) has no function rcuwait_wake_up: there it is called wake_up_interruptible',
    );
    expect(gone.message).toContain('its steps stand in another one');
    expect(new Breakpoints().setFunctions([{ name: 'wake_up_interruptible' }], old)[0].verified).toBe(true);
  });

  test.each([
    [{ name: 'no_such_function' }, 'no step of the engine'],
    [{ name: 'EOI virtualization', hitCondition: 'often' }, '>= 3'],
    [{ name: 'EOI virtualization', condition: 'vcpu 7.irr' }, 'no vcpu 7'],
  ])('what cannot be set says why', (asked, expected) => {
    const [answer] = new Breakpoints().setFunctions([asked], sessionOf(TWICE));
    expect(answer).toMatchObject({ verified: false });
    expect(answer.message).toContain(expected);
  });

  test('troubles: a reserved bit', () => {
    const session = sessionOf(`${MACHINE}vcpu 0: icr 0x0000000100002041\n`);
    new Breakpoints().setFilters({ filters: ['fault'] }, session);
    const stop = session.move('continue');
    expect(stop).toMatchObject({ reason: 'failure', rules: [{ kind: 'trouble', name: 'fault' }] });
    const info = exceptionInfo(stop, session);
    expect(info.description).toBe('vcpu 0 gets #GP(0), in: vcpu 0: icr 0x0000000100002041');
    expect(info.details?.stackTrace).toContain('at kvm_inject_gp');
  });

  test('troubles: a dropped message', () => {
    const session = sessionOf(`${MACHINE}vcpu 0: ipi fixed 0x41 to 9\n`);
    new Breakpoints().setFilters({ filters: ['dropped'] }, session);
    expect(session.move('continue').reason).toBe('failure');
    const careless = sessionOf(`${MACHINE}vcpu 0: ipi fixed 0x41 to 9\n`);
    new Breakpoints().setFilters({ filters: [] }, careless);
    expect(careless.move('continue').reason).toBe('end');
  });

  test('troubles: an illegal vector, before the local APIC accepts it', () => {
    const session = sessionOf(`${MACHINE}vcpu 0: icr 0x0000000100000008\n`);
    new Breakpoints().setFilters({ filters: ['illegal-vector'] }, session);
    expect(session.move('continue').reason).toBe('failure');
    expect(session.runner.machine.nextFrame(1)?.operation.name).toBe('__apic_accept_irq');
    expect(session.move('continue').reason).toBe('end');
  });

  test('troubles: an invariant, at the step that breaks it', () => {
    const session = sessionOf(TO_RUNNING);
    const { machine } = session.runner;
    const [answer, unknown] = new Breakpoints().setFilters(
      {
        filters: [],
        filterOptions: [
          { filterId: 'invariant', condition: 'pir-without-harvest' },
          { filterId: 'invariant', condition: 'nonsense' },
        ],
      },
      session,
    );
    expect(answer).toMatchObject({ verified: true });
    expect(unknown.message).toContain('asleep-with-work');
    while (!session.explain().writes.some(({ field }) => field === 'cpu 1.pending[0xf2]')) {
      session.move('stepInto');
    }
    // Lose the notification that is on its way.
    session.change(() => machine.clear_bit(0xf2, machine.cpu(1)));
    const stop = session.move('continue');
    expect(stop.text).toContain('pir-without-harvest');
  });
});

test('a breakpoint in an included file says where it belongs', () => {
  const files = new Map([['../machines/two.irq', { text: MACHINE }]]);
  const text = 'include "../machines/two.irq"\nvcpu 0:  eoi\n';
  const { program } = check(parse({ text, name: 'main.irq', files }));
  const session = new Session(program as Program);
  const refused = (path: string) =>
    new Breakpoints().setLines({ source: { path }, breakpoints: [{ line: 1 }] }, session, '/a/b/main.irq')[0];
  expect(refused('/a/machines/two.irq')).toMatchObject({
    verified: false,
    message: expect.stringMatching(/^this file is included/),
  });
  expect(refused('/a/machines/three.irq').message).toBe('this file is not the scenario that runs');
  expect(refused('/a/b/main.irq')).toMatchObject({ verified: true, line: 2 });
});
