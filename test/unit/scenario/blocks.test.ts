import { describe, expect, it } from 'vitest';
import { check, Memo } from '../../../extension/scenario/check.ts';
import { complete } from '../../../extension/scenario/complete.ts';
import { explainAt } from '../../../extension/scenario/explain.ts';
import { format } from '../../../extension/scenario/format.ts';
import { folds, type Item, outline } from '../../../extension/scenario/outline.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { definitionOf, fieldsAhead, mentions, symbolAt } from '../../../extension/scenario/symbols.ts';
import { MACHINE, problems, programOf } from './problems.ts';

/** `line kind` of each statement, line 1 being the first below the machine. */
function sequence(text: string, section?: string): string[] {
  const { program, diagnostics } = check(parse(MACHINE + text), section === undefined ? {} : { section });
  if (!program) throw new Error(diagnostics.map(each => each.message).join('\n'));
  return program.statements.map(({ range, action }) => `${range.line - 3} ${action.kind}`);
}

const SECTIONS = `vcpu 0: exit
section one
vcpu 1: eoi
section two
vcpu 2: eoi
vcpu 3: eoi`;

describe('sections', () => {
  it('begin anew, each with what stands above the first', () => {
    expect(sequence(SECTIONS)).toEqual([
      ...['2 section', '1 exit', '3 eoi'],
      ...['4 section', '1 exit', '5 eoi', '6 eoi'],
    ]);
    expect(programOf(MACHINE + SECTIONS).sections?.map(({ title, first, end }) => [title, first, end])).toEqual([
      ['one', 0, 3],
      ['two', 3, 7],
    ]);
  });

  it('can be taken alone', () => {
    expect(sequence(SECTIONS, 'two')).toEqual(['4 section', '1 exit', '5 eoi', '6 eoi']);
  });

  it('leave a text without them as it is', () => {
    expect(programOf(`${MACHINE}vcpu 1: eoi`)).not.toHaveProperty('sections');
  });

  it('have any title', () => {
    const { sections } = programOf(`${MACHINE}section  Alice's (0x41) : "why"?   now # because`);
    expect(sections?.map(({ title }) => title)).toEqual([`Alice's (0x41) : "why"? now`]);
  });

  it('keep blanks in their titles that are none in a scenario', () => {
    const text = `${MACHINE}section a\ufeffb\u00a0 c`;
    expect(programOf(text).sections?.map(({ title }) => title)).toEqual(['a\ufeffb\u00a0 c']);
    expect(format(text).split('\n')[4]).toBe('section a\ufeffb\u00a0 c');
  });

  it('have the race that stands in them, and no other has it', () => {
    const race = 'race\n  a: vcpu 0: eoi\nalways vcpu 1: rvi 0\n';
    const text = `${MACHINE}section one\n${race}section two\nvcpu 1: eoi`;
    const of = (section: string) => check(parse(text), { section }).program;
    expect(of('one')?.race?.agents).toHaveLength(1);
    expect(of('two')).not.toHaveProperty('race');
  });
});

describe('repeat', () => {
  it('carries statements out again, in order', () => {
    expect(sequence('repeat 2\nvcpu 0: exit\nrepeat 2\nvcpu 1: eoi\nend\nend\nvcpu 0: enter')).toEqual([
      ...['2 exit', '4 eoi', '4 eoi'],
      ...['2 exit', '4 eoi', '4 eoi'],
      '7 enter',
    ]);
  });

  it('holds nothing, once, or as much as there may be', () => {
    expect(sequence('repeat 5\nend\nvcpu 0: eoi')).toEqual(['3 eoi']);
    expect(sequence('repeat 1\nvcpu 0: eoi\nend')).toEqual(['2 eoi']);
    expect(sequence('repeat 100_000\nvcpu 0: eoi\nend')).toHaveLength(100_000);
    expect(problems(`${MACHINE}vcpu 0: eoi\nrepeat 100_000\nvcpu 0: eoi\nend`)).toEqual(['irq703 «repeat 100_000»']);
  });

  it('tells once that there is too much', () => {
    const many = 'repeat 100_000\nvcpu 0: eoi\nend\n';
    expect(problems(`${MACHINE}${many.repeat(3)}`)).toEqual(['irq703 «vcpu 0: eoi»']);
  });
});

describe('ranges', () => {
  it('mean each vCPU or CPU', () => {
    const vcpus = programOf(`${MACHINE}vcpu 1..3 exited\nvcpu 0..2: eoi`);
    expect(vcpus.machine.vcpus.map(({ state, cpu }) => `${state} ${cpu}`)).toEqual([
      ...['running 0', 'exited 1', 'exited 2', 'exited 3'],
    ]);
    expect(vcpus.statements.map(({ action }) => action)).toEqual([0, 1, 2].map(vcpu => ({ kind: 'eoi', vcpu })));
    expect(programOf(`${MACHINE}cpu 0..1: interrupt 0xf2`).statements.map(({ action }) => action)).toEqual(
      [0, 1].map(cpu => ({ kind: 'physical', cpu, vector: 0xf2 })),
    );
  });

  it('are one expectation with conditions for each', () => {
    const { statements } = programOf(`${MACHINE}expect vcpu 1..2: pid.on 0, rvi 0, no exit on vcpu 0..1`);
    expect(statements).toHaveLength(1);
    const [{ action }] = statements;
    expect(action.kind === 'expect' && action.conditions.map(({ text }) => text)).toEqual([
      ...['vcpu 1: pid.on 0', 'vcpu 2: pid.on 0', 'vcpu 1: rvi 0', 'vcpu 2: rvi 0'],
      ...['no exit on vcpu 0', 'no exit on vcpu 1'],
    ]);
  });

  it('are blamed once', () => {
    expect(problems(`${MACHINE}expect vcpu 2..9: pid.onn 0`)).toEqual(['irq501 «pid.onn»']);
    expect(problems(`${MACHINE}vcpu 1..9 exited`)).toEqual(['irq310 «1..9»']);
    expect(problems(`${MACHINE}vcpu 0..2: ipi fixed 3 to 1`)).toEqual(['irq402 «3»']);
    expect(problems(`${MACHINE}vcpu 0..99999999999999999999: eoi`)).toEqual(['irq310 «0..99999999999999999999»']);
    expect(problems(`${MACHINE}vcpu 0..x: eoi`)).toEqual(['irq204 «0..x»']);
  });
});

describe('let', () => {
  it('gives names to values of every kind', () => {
    const named = programOf(`${MACHINE}let V = 0x41
let SAME = V
let ALL = 1..2
let LAST = 3
let MODE = IN_GUEST_MODE
let REG = APIC_SELF_IPI
vcpu LAST exited
vcpu 0: ipi fixed SAME to LAST
vcpu 0: wrmsr REG V
msi fixed V to 1
expect vcpu ALL: irr lacks V, mode MODE, vcpu 0..LAST takes V`);
    const plain = programOf(`${MACHINE}vcpu 3 exited
vcpu 0: ipi fixed 0x41 to 3
vcpu 0: wrmsr APIC_SELF_IPI 0x41
msi fixed 0x41 to 1
expect vcpu 1..2: irr lacks 0x41, mode IN_GUEST_MODE, vcpu 0..3 takes 0x41`);
    expect(named.machine).toEqual(plain.machine);
    const actions = ({ statements }: typeof plain) =>
      statements.map(({ action }) =>
        JSON.parse(JSON.stringify(action, (key, value) => (key === 'range' || key === 'text' ? undefined : value))),
      );
    expect(actions(named)).toEqual(actions(plain));
  });

  it('counts above and below its line, in the machine and in restated code', () => {
    const { machine, additions } = programOf(`machine intel
vcpus N
let N = 3
operation f(v) {
  set_bit(v->irr[N])
}`);
    expect(machine.vcpus).toHaveLength(3);
    expect(additions?.operations).toHaveLength(1);
  });

  it('keeps the place of the name', () => {
    const [statement] = programOf(`${MACHINE}let V = 0x41\nvcpu 0: ipi fixed V to 1`).statements;
    expect(statement.text).toBe('vcpu 0: ipi fixed V to 1');
  });

  it('is heard anew when only the value changes', () => {
    const memo = new Memo();
    const text = (value: string) => `${MACHINE}let V = ${value}\nvcpu 0: tpr V`;
    let tree = parse(text('0x20'));
    expect(check(tree, { memo }).diagnostics).toEqual([]);
    tree = parse(text('0x200'), tree);
    expect(check(tree, { memo }).diagnostics.map(({ code }) => code)).toEqual(['irq407']);
    tree = parse(text('0x30'), tree);
    expect(check(tree, { memo }).program?.statements[0].action).toEqual({ kind: 'tpr', vcpu: 0, value: 0x30 });
  });
});

describe('the editor', () => {
  const text = `${MACHINE}let TARGET = 2
section one
repeat 2
vcpu TARGET: eoi
expect vcpu TARGET: rvi 0
end
vcpu 1: eoi
section two
vcpu 0: eoi`;
  const tree = parse(text);

  it('shows sections, repetitions and names in the outline', () => {
    const shape = (items: readonly Item[]): unknown[] =>
      items.map(({ name, kind, first, last, children }) => [kind, name, first, last, ...shape(children)]);
    expect(shape(outline(tree))).toEqual([
      ['machine', 'machine intel', 0, 3],
      ['constant', 'TARGET = 2', 4, 4],
      [
        ...['section', 'one', 5, 10],
        [
          'repeat',
          'repeat 2',
          6,
          9,
          ['action', 'vcpu TARGET: eoi', 7, 8, ['expect', 'expect vcpu TARGET: rvi 0', 8, 8]],
        ],
        ['action', 'vcpu 1: eoi', 10, 10],
      ],
      ['section', 'two', 11, 12, ['action', 'vcpu 0: eoi', 12, 12]],
    ]);
    expect(folds(tree).map(({ first, last }) => [first, last])).toEqual([
      [0, 3],
      [5, 10],
      [6, 9],
      [7, 8],
      [11, 12],
    ]);
  });

  it('finds a name where it is defined and used', () => {
    expect(symbolAt(tree, 7, 6)).toBe('constant TARGET');
    expect(mentions(tree, 'constant TARGET').map(({ line }) => line)).toEqual([4, 7, 8]);
    expect(definitionOf(tree, 'constant TARGET')?.line).toBe(4);
    expect(fieldsAhead(tree, 7).map(({ expression }) => expression)).toEqual(['vcpu 2.rvi']);
  });

  it('explains a name by its value', () => {
    expect(explainAt(tree, 7, 6)?.text).toBe(
      '`TARGET` is `2` here. vCPU 2 at the start: running, CPU 2, x2APIC local APIC.',
    );
    expect(explainAt(tree, 5, 1)?.text).toMatch(/^Begins a test of its own/);
  });

  it('offers names where values stand', () => {
    const labels = (line: string) => {
      const all = parse(`${text}\n${line}`);
      return complete(all, all.lines.length - 1, line.length).suggestions.map(({ label }) => label);
    };
    for (const line of [
      'vcpu ',
      'vcpu 0: ipi fixed ',
      'vcpu 0: tpr ',
      'expect vcpu 1: rvi ',
      'expect no exit on vcpu ',
      'repeat ',
    ])
      expect(labels(line), line).toContain('TARGET');
    for (const line of ['', 'vcpu 0: ', 'expect vcpu 1: ', 'vcpu 0: ipi '])
      expect(labels(line), line).not.toContain('TARGET');
    expect(labels('')).toEqual(expect.arrayContaining(['let', 'section', 'repeat', 'end']));
    expect(labels('section ')).toEqual([]);
  });

  it('lays out comments in what is repeated once and for all', () => {
    const once = format('repeat 2\nguest no-x2apic\n# why');
    expect(once).toBe('repeat 2\n  guest  no-x2apic\n  # why');
    expect(format(once)).toBe(once);
  });

  it('lays out what is repeated', () => {
    expect(
      format('let   A=1 # a\nrepeat   2\nvcpu 0:eoi\n# b\nrepeat 3\nexpect vcpu 0:rvi 0\nend\nend\nsection  (a ,  b)'),
    ).toBe(
      'let A = 1  # a\nrepeat 2\n  vcpu 0:  eoi\n  # b\n  repeat 3\n    expect   vcpu 0: rvi 0\n  end\nend\nsection (a , b)',
    );
  });
});
