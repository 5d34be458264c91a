import { describe, expect, test } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { judgeScenario } from '../../../extension/session/outcome.ts';
import { Session } from '../../../extension/session/session.ts';

const MACHINE = 'machine intel\n  vcpus 2 x2apic\n  with apicv\n';
const IPI = 'vcpu 1: exit\nvcpu 0: ipi fixed 0x41 to 1\nvcpu 1: enter\n';

function start(text: string): Session {
  const { program, diagnostics } = check(parse(MACHINE + text));
  if (program === undefined) throw new Error(diagnostics.map(({ message }) => message).join('\n'));
  return new Session(program);
}

/** `line: what`, the machine's lines not counted. */
function failures(text: string): readonly string[] {
  const { problems, failures: found } = judgeScenario(MACHINE + text);
  return [...problems, ...found].map(({ line, text: what }) => `${line - 3}: ${what.replace(/^step \d+: /, '')}`);
}

describe('always and never outside of a race', () => {
  test('name the statement whose step breaks them', () => {
    expect(failures(`always vcpu 1: pid.on 0\n${IPI}`)).toEqual([
      '3: always vcpu 1: pid.on 0 (line 4) is broken by this step: vcpu 1.pid.on is 1',
    ]);
    expect(failures(`never vcpu 1: pid.on 1\n${IPI}`)).toEqual([
      '3: never vcpu 1: pid.on 1 (line 4) is broken by this step: vcpu 1.pid.on is 1',
    ]);
    expect(failures(`never exit on vcpu 1\n${IPI}`)).toHaveLength(1);
    expect(failures(`always vcpu 1: pid.sn 0, pid.nv POSTED_INTR_VECTOR\nnever wake-up of vcpu 0\n${IPI}`)).toEqual([]);
  });

  test('see what no expect sees, and count as expectations', () => {
    const text = `${IPI}expect vcpu 1: pid.on 0\n`;
    expect(failures(text)).toEqual([]);
    const { failures: found, expectations } = judgeScenario(`${MACHINE}always vcpu 1: pid.on 0\n${text}`);
    expect(expectations).toBe(2);
    expect(found).toMatchObject([{ line: 6, expected: 'always vcpu 1: pid.on 0', found: 'vcpu 1.pid.on is 1' }]);
  });

  test('ask of several conditions each, or that they do not hold at once', () => {
    expect(failures(`always vcpu 1: pid.sn 0, pid.on 0\n${IPI}`)).toHaveLength(1);
    expect(failures(`never vcpu 1: pid.sn 1, pid.on 1\n${IPI}`)).toEqual([]);
  });

  test('are told once, and again when they were kept in between', () => {
    const again = `vcpu 1: eoi\n${IPI}`;
    expect(failures(`always vcpu 1: pid.on 0\n${IPI}`)).toHaveLength(1);
    expect(failures(`always vcpu 1: pid.on 0\n${IPI}${again}`)).toHaveLength(2);
  });

  test('what the start breaks is told at the first step, or at the section', () => {
    expect(failures('always vcpu 1: pid.on 1\nvcpu 1: exit')).toEqual([
      '2: always vcpu 1: pid.on 1 (line 4) is broken by this step: vcpu 1.pid.on is 0',
    ]);
    const sections = 'always vcpu 1: pid.on 1\nsection one\nvcpu 1: exit\nsection two\nvcpu 1: exit';
    expect(failures(sections).map(each => each.slice(0, 2))).toEqual(['2:', '4:']);
  });

  test('stand for their section', () => {
    const two = `section one\nnever vcpu 1: pid.on 1\nvcpu 1: exit\nsection two\n${IPI}`;
    expect(failures(two)).toEqual([]);
    expect(failures(`never vcpu 1: pid.on 1\n${two}`)).toHaveLength(1);
    const { sections } = judgeScenario(`${MACHINE}never vcpu 1: pid.on 1\n${two}`);
    expect(sections.map(({ failures: found, expectations }) => [found.length, expectations])).toEqual([
      [0, 2],
      [1, 1],
    ]);
  });

  test('take expressions and variables of the scenario', () => {
    expect(failures(`always (vcpu(1)->pid.on == 0)\n${IPI}`)).toHaveLength(1);
    expect(failures(`shared limit = 1\nnever (vcpu(1)->pid.on > limit)\n${IPI}`)).toEqual([]);
    expect(failures(`shared limit\nnever (vcpu(1)->pid.on > limit)\n${IPI}`)).toHaveLength(1);
  });

  test('a run stops at the step, forwards and from what is recorded', () => {
    const session = start(`always vcpu 1: pid.on 0\n${IPI}`);
    const stop = session.move('continue');
    expect([stop.reason, stop.text]).toEqual([
      'failure',
      'always vcpu 1: pid.on 0 (line 4) is broken by this step: vcpu 1.pid.on is 1',
    ]);
    const at = session.position;
    expect(session.explain().marks).toContain('failure');
    expect(session.explain().reads.map(({ field }) => field)).not.toContain('vcpu 1.pid.sn');
    expect(session.troubles).toMatchObject([{ step: at, line: 6 }]);
    session.move('stepBack');
    expect(session.troubles).toEqual([]);
    expect(session.move('continue')).toMatchObject({ reason: 'failure' });
    expect(session.position).toBe(at);
    expect(session.move('continue').reason).toBe('end');
    expect(session.lineOf(at)).toBe(6);
  });

  test('the failed statement is no impossible one', () => {
    const session = start(`always vcpu 1: pid.on 0\n${IPI}`);
    session.rules = [{ id: 1, kind: 'trouble', name: 'impossible' }];
    expect(session.move('continue').reason).toBe('end');
  });
});

test('never in a race', () => {
  const race = 'race\n  a: vcpu 0: ipi fixed 0x41 to 1\n';
  expect(failures(`${race}never vcpu 1: pid.on 1\n`)).toHaveLength(1);
  expect(failures(`${race}never vcpu 1: pid.sn 1\n`)).toEqual([]);
});
