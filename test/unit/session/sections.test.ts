import { expect, it } from 'vitest';
import { junit } from '../../../extension/cli/junit.ts';
import { judgeScenario } from '../../../extension/session/outcome.ts';
import { Session } from '../../../extension/session/session.ts';
import { programOf } from '../scenario/problems.ts';

const TEXT = `machine intel
  vcpus 2 x2apic
  with apicv
vcpu 1: exit
section stays
vcpu 0: ipi fixed 0x41 to 1
expect vcpu 1: irr lacks 0x41, pid.on 1
section wrong
expect vcpu 1: pid.on 1
section fresh
expect vcpu 1: pid.on 0, state exited, pid.pir lacks 0x41
`;

it('begin from the initial state, whatever happened before', () => {
  const { sections, failures, expectations, executed } = judgeScenario(TEXT);
  expect(
    sections.map(({ title, line, expectations: count, failures: found }) => [title, line, count, found.length]),
  ).toEqual([
    ['stays', 5, 1, 0],
    ['wrong', 8, 1, 1],
    ['fresh', 10, 1, 0],
  ]);
  expect(failures.map(({ line, expected }) => [line, expected])).toEqual([[9, 'vcpu 1: pid.on 1']]);
  expect(expectations).toBe(3);
  expect([...executed].sort((a, b) => a - b)).toEqual([4, 5, 6, 7, 8, 9, 10, 11]);
});

it('come to the same alone', () => {
  for (const section of judgeScenario(TEXT).sections) {
    const alone = judgeScenario(TEXT, undefined, section.title);
    expect(alone.sections).toEqual([section]);
    expect(alone.steps).toBe(section.steps);
  }
});

it('are no results without a text that can be run', () => {
  expect(judgeScenario(TEXT, undefined, 'none').problems[0].text).toMatch(/no section `none`/);
  expect(judgeScenario('machine intel\nvcpus 1\nvcpu 0: eoi').sections).toEqual([]);
});

it('leave memory as it was at the start, and can be undone', () => {
  const session = new Session(programOf(TEXT));
  session.rules = [];
  const { machine } = session.runner;
  const initial = machine.words.slice();
  const states: Int32Array[] = [initial];
  while (!session.finished) {
    session.move('stepInto');
    states.push(machine.words.slice());
  }
  for (let step = states.length - 1; step >= 0; step--) {
    session.seek(step);
    expect(machine.words).toEqual(states[step]);
  }
  const starts = session.program.sections?.map(({ first }) => first) ?? [];
  session.goTo(starts[2]);
  session.move('stepInto');
  const differing = [...machine.words.keys()].filter(address => machine.words[address] !== initial[address]);
  // Where the run is, and how many expectations have failed.
  expect(differing).toHaveLength(2);
  expect(session.explain()).toMatchObject({ place: 'section', sentence: expect.stringContaining('as at the start') });
});

it('are test cases of their own in a report', () => {
  const report = junit([{ file: 'a.irq', ...judgeScenario(TEXT) }]);
  expect(report).toContain('tests="3" failures="1" errors="0"');
  expect(report).toContain('name="a.irq: wrong"');
});
