import { describe, expect, it } from 'vitest';
import { explainAt } from '../../../extension/scenario/explain.ts';
import { folds, outline } from '../../../extension/scenario/outline.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { MACHINE } from './problems.ts';

/** The explanation of the word that follows the mark `|`. */
function explained(text: string, machine = MACHINE): string | undefined {
  const whole = machine + text;
  const before = whole.slice(0, whole.indexOf('|')).split('\n');
  return explainAt(parse(whole.replace('|', '')), before.length - 1, before[before.length - 1].length)?.text;
}

describe('hover', () => {
  it.each([
    ['vcpu 1 |blocked on cpu 2', /^Halted/],
    ['vcpu |1 blocked on cpu 2', /^vCPU 1 at the start: blocked, CPU 2, x2APIC local APIC\.$/],
    ['vcpu 1: |block', /^The guest executes HLT/],
    ['vcpu 0: ipi fixed |0xfd to 1', /^Vector 0xfd \(253\), `RESCHEDULE_VECTOR`: priority class 15\.$/],
    ['vcpu 0: ipi fixed 0xfd to |1', /^APIC ID 1: vCPU 1\.$/],
    ['vcpu 0: ipi fixed 0xfd to |all', /^Every APIC, with the sender/],
    ['expect vcpu 1: |pid.on 0', /^`pid.on` \(one bit\): Outstanding/],
    ['expect vcpu 1: irr has 0x31 |0x41', /^Vector 0x41/],
    ['expect vcpu 1: mode |IN_GUEST_MODE', /^`mode` \(2 bits\)/],
    ['expect vcpu 1: pid.on 0, |cpu 1', /^`cpu` \(16 bits\)/],
    ['expect |no exit on vcpu 1', /^It must not have happened/],
    ['|expect no exit on vcpu 1', /^What must hold now/],
    ['vcpu 0: wrmsr |APIC_SELF_IPI 1', /^`APIC_SELF_IPI`: offset 0x3f0 of the APIC page, MSR 0x83f\.$/],
    ['vcpu 0: wrmsr |0x80b 0', /^`APIC_EOI`: offset 0x0b0/],
    ['vcpu 0: write |0x0b0 0', /^`APIC_EOI`/],
    ['inhibit |IRQWIN', /^`APICV_INHIBIT_REASON_IRQWIN`: bit 8 in Linux 6\.16\. Intel does not honour it\.$/],
    ['uninhibit |1', /REASON_HYPERV`: bit 1 in Linux 6\.16\.$/],
    [
      'device nic posted to vcpu 2 vector 0x41\ndevice |nic: interrupt',
      /^Line 5: `device nic posted to vcpu 2 vector 0x41`$/,
    ],
    ['expect device nic: |irte.im 1', /^`irte.im` \(one bit\)/],
    ['vcpu 0: |ioapic pin 4 fixed 0x31 to 1 level', /^Redirection entry `0x0100000000008031`[\s\S]*vector +0x31/],
    ['vcpu 0: ioapic pin 4 |0x0100000000008031', /^Redirection entry `0x0100000000008031`/],
    ['vcpu 0: ioapic |write 0x18 0x41', /^IOREGSEL, then IOWIN/],
    ['vcpu 0: |pv-ipi nmi to 1', /KVM_HC_SEND_IPI/],
    ['vcpu 0: lvt |APIC_LVTPC', /PMI/],
    ['irqfd 0 gsi 4 |resample', /resamplefd/],
    ['|irqfd 0 gsi 4', /^An eventfd of the VMM/],
    ['|never exit on vcpu 1', /^Must not hold after any step/],
    ['|race', /^Agents that act at the same time/],
    ['race\n  a: vcpu 0: |eoi', /^The guest ends/],
    ['|operation post(v) {', /^Writes down an operation/],
    ['with |ipiv', /^Intel IPI virtualization/],
  ])('%s', (text, expected) => {
    expect(explained(text)).toMatch(expected);
  });

  it('decodes what a line sends, in the mode of the sender', () => {
    const named = explained('vcpu 0: |ipi fixed 0xfd to 1');
    expect(named).toMatch(/^ICR `0x00000001000000fd` \(x2APIC\)\n\n```text\ndestination +0x1\n/);
    expect(named).toMatch(/\ndelivery_mode +Fixed\nvector +0xfd \(253\)\n```$/);
    expect(explained('vcpu 0: icr |0x00000001000000fd')).toBe(named);
    expect(explained('vcpu 0: |ipi nmi to 1', 'machine intel\nvcpus 2 xapic\n')).toMatch(
      /^ICR `0x0100000000000400` \(xAPIC\)/,
    );
    expect(explained('|msi fixed 0x41 to 1')).toMatch(/^MSI address `0xfee01000`, data `0x0041`\n/);
    expect(explained('msi 0xfee01000 |0x0041')).toBe(explained('|msi fixed 0x41 to 1'));
  });

  it('explains the kernel', () => {
    expect(explained('kernel |2013', 'machine intel\n')).toMatch(/Linux 3\.11/);
    expect(explained('kernel |6.1', 'machine intel\n')).toBe('The rules of Linux 6.1.');
  });

  it('says nothing where it knows nothing', () => {
    for (const text of [
      'vcpu 0: eoi| ',
      'vcpu 0: tpr |0x50',
      '# |comment',
      'vcpu 0: ipi fixed |0x1ff to 1',
      '|bogus',
      'expect vcpu 1: |pid.onn 0',
    ]) {
      expect(explained(text)).toBeUndefined();
    }
  });

  it('works on lines with an error', () => {
    expect(explained('vcpu 1: |ipi fixd 0x41 to 1')).toMatch(/^The same by name/);
  });
});

describe('outline', () => {
  const tree = parse(
    `# one\n# two\n${MACHINE}vcpu 1 preempted # why\n\nvcpu 0:  eoi\nexpect vcpu 0: svi 0\nexpect no exit on vcpu 0\nvcpu 0: oei\nmsi 1 2`,
  );

  it('has the machine and each action with its expectations', () => {
    const shape = outline(tree).map(({ name, children, first, last }) => [
      name,
      first,
      last,
      ...children.map(child => child.name),
    ]);
    expect(shape).toEqual([
      ['machine intel', 2, 6, 'vcpu 1 preempted'],
      ['vcpu 0: eoi', 8, 10, 'expect vcpu 0: svi 0', 'expect no exit on vcpu 0'],
      ['vcpu 0: oei', 11, 11],
      ['msi 1 2', 12, 12],
    ]);
  });

  it('has operations with their code and the race with its agents', () => {
    const race = parse(
      `${MACHINE}operation post(v) {\n  if (1) {\n    set_bit(v->pid.on)\n  }\n}\nvariant a holds\nrace\n  a: post(1)\n  b: vcpu 0: eoi\nfinally (1)\n`,
    );
    const shape = outline(race).map(({ name, kind, first, last, children }) => [
      name,
      kind,
      first,
      last,
      ...children.map(child => child.name),
    ]);
    expect(shape).toEqual([
      ['machine intel', 'machine', 0, 3],
      ['post(v)', 'operation', 4, 8],
      ['race', 'race', 10, 13, 'a: post(1)', 'b: vcpu 0: eoi', 'finally (1)'],
    ]);
    expect(folds(race).map(({ first, last }) => `${first}-${last}`)).toEqual(['0-3', '4-8', '10-13']);
  });

  it('folds comments, the machine and actions', () => {
    expect(folds(tree)).toEqual([
      { first: 0, last: 1, comment: true },
      { first: 2, last: 6, comment: false },
      { first: 8, last: 10, comment: false },
    ]);
  });
});
