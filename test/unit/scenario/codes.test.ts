import { describe, expect, it } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { CODES, type Diagnostic } from '../../../extension/scenario/diagnostics.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { type Edit, remediesFor } from '../../../extension/scenario/remedies.ts';
import { MAX_LENGTH, MAX_LINES } from '../../../extension/scenario/tokens.ts';
import { diagnose, fixed, MACHINE, problems } from './problems.ts';

/** A text for every code, what is underlined, and what the message must say. */
const EXAMPLES: readonly [code: string, text: string, underlined: string, message: RegExp][] = [
  ['irq101', '#'.repeat(MAX_LENGTH + 1), '', /at most 5 million/],
  ['irq102', '\n'.repeat(MAX_LINES), '', /at most 100,000/],
  ['irq103', `${MACHINE}${'eoi '.repeat(501)}`, 'eoi '.repeat(501), /one action per line/],
  ['irq104', 'machine intel\0', '', /not text/],
  ['irq105', `${MACHINE}vcpu 0: eoi §§`, '§§', /no meaning/],
  ['irq201', `${MACHINE}vpcu 0: eoi`, 'vpcu', /Did you mean `vcpu`/],
  ['irq201', `${MACHINE}: eoi`, ':', /Begin with a word/],
  ['irq202', `${MACHINE}msi 0xfee01000`, '', /Write the data/],
  ['irq202', `${MACHINE}vcpu 0 eoi`, 'eoi', /colon/],
  ['irq202', `${MACHINE}expect`, '', /what must hold/],
  ['irq203', `${MACHINE}vcpu 0: eoi 5 6`, '5 6', /ends before/],
  ['irq204', `${MACHINE}vcpu one: eoi`, 'one', /not a number/],
  ['irq204', `${MACHINE}vcpu 0: icr 0xfg`, '0xfg', /not a number|Write a number/],
  ['irq205', `${MACHINE}vcpu 0: q`, 'q', /Write `icr`/],
  ['irq205', `${MACHINE}vcpu 0: ipi fixed RESCHED_VECTOR to 1`, 'RESCHED_VECTOR', /RESCHEDULE_VECTOR/],
  ['irq205', `${MACHINE}expect no exti on vcpu 1`, 'exti', /Did you mean `exit`/],
  ['irq301', 'vcpu 0: eoi', 'vcpu 0: eoi', /machine intel/],
  ['irq301', 'machine intel', 'machine intel', /vcpus 2 x2apic/],
  ['irq205', `${MACHINE}expect call of pi_wakeup_handlr`, 'pi_wakeup_handlr', /Did you mean `pi_wakeup_handler`/],
  ['irq205', `${MACHINE}expect call of frobnicate`, 'frobnicate', /steps of a run/],
  ['irq205', `${MACHINE}expect no trace kvm_entry_`, 'kvm_entry_', /Write `kvm_/],
  [
    'irq202',
    `${MACHINE}race\na: vcpu 0: eoi\nfinally call of pi_wakeup_handler`,
    'call of pi_wakeup_handler',
    /in `expect`/,
  ],
  ['irq302', `${MACHINE}vcpu 1 preempted\nvcpu 1 blocked`, 'vcpu 1 blocked', /Line 5/],
  ['irq302', `${MACHINE}vcpus 3`, 'vcpus 3', /Line 3/],
  ['irq302', `${MACHINE}vcpu 1 preempted tpr 1 tpr 2`, 'tpr', /twice/],
  ['irq303', 'machine intel\nkernel 6.15\nvcpus 1', '6.15', /Did you mean `6.16`/],
  ['irq304', 'machine intel\nvcpus 1025', '1025', /from 1 to 1024/],
  ['irq304', 'machine intel\nvcpus 256 xapic', '256', /from 1 to 255/],
  ['irq304', 'machine intel\nvcpus 0', '0', /from 1/],
  ['irq305', 'machine amd\nvcpus 1\nwith apicv', 'apicv', /Write `avic`/],
  ['irq305', 'machine amd\nvcpus 1\nwith vtd-posting', 'vtd-posting', /Remove it/],
  ['irq306', 'machine intel\nvcpus 1\nwith ipiv', 'ipiv', /Write `apicv ipiv`/],
  ['irq307', 'machine intel\nkernel 5.15\nvcpus 1\nwith apicv ipiv', 'ipiv', /Linux 6\.0.*`kernel 6\.1`/],
  ['irq307', 'machine intel\nkernel 2013\nvcpus 1\nwith apicv vtd-posting', 'vtd-posting', /2013/],
  ['irq308', `${MACHINE}vcpu 0: eoi\nvcpu 1 preempted`, 'vcpu 1 preempted', /line 5 already acts/],
  ['irq309', `${MACHINE}vcpu 1 running on cpu 0`, 'vcpu 1 running on cpu 0', /vCPU 0 has no line/],
  ['irq309', `${MACHINE}vcpu 1 exited on cpu 7\nvcpu 2 running on cpu 7`, 'vcpu 2 running on cpu 7', /both on CPU 7/],
  ['irq310', `${MACHINE}vcpu 4: eoi`, '4', /vCPUs 0 to 3/],
  ['irq311', `${MACHINE}cpus 4\nvcpu 1 preempted on cpu 4`, '4', /CPUs 0 to 3/],
  ['irq311', `${MACHINE}cpus 3`, '3', /vcpu 3 preempted on cpu 0/],
  ['irq304', 'machine amd\nvcpus 513 x2apic\nwith avic x2avic', 'vcpus 513 x2apic', /vcpus 512/],
  ['irq312', `${MACHINE}device nic: interrupt`, 'nic', /no device/],
  ['irq312', `${MACHINE}device nic\ndevice nik: interrupt`, 'nik', /`nic`/],
  ['irq312', 'machine intel\nvcpus 2\nwith split-irqchip\ngsi 4 up', 'gsi 4 up', /user space/],
  ['irq302', `${MACHINE}pin 4 fixed 0x41 to 1\npin 4 0x41`, 'pin 4 0x41', /Pin 4/],
  ['irq304', `${MACHINE}pin 24 fixed 0x41 to 1`, '24', /from 0 to 23/],
  ['irq304', `${MACHINE}gsi 24 up`, '24', /from 0 to 23/],
  ['irq304', `${MACHINE}expect pin 24: mask 1`, '24', /from 0 to 23/],
  ['irq501', `${MACHINE}expect pin 4: masked 1`, 'masked', /`mask`/],
  ['irq304', `${MACHINE}irqfd 1 gsi 4`, '1', /Write `irqfd 0`/],
  ['irq304', `${MACHINE}irqfd 0 gsi 4\nirqfd 1: signal`, '1', /from 0 to 0/],
  ['irq304', `${MACHINE}irqfd 0 gsi 24`, '24', /from 0 to 23/],
  ['irq304', `${MACHINE}vcpu 0: ioapic read 256`, '256', /from 0 to 255/],
  ['irq304', 'machine amd\nvcpus 1\nvcpu 0 vmcb12 0x1000000 0x51', '0x1000000', /V_INTR_MASKING/],
  ['irq305', `${MACHINE}vcpu 0 vmcb12 0x100 0x51`, 'vmcb12', /Write `l2`/],
  ['irq307', 'machine amd\nkernel 4.19\nvcpus 1\nvcpu 0 vmcb12 0x100 0x51', 'vmcb12', /5\.15/],
  ['irq307', 'machine intel\nkernel 2013\nvcpus 2\nvcpu 0: pv-ipi nmi to 1', 'pv-ipi', /4\.19/],
  ['irq312', `${MACHINE}irqfd 0: signal`, '0', /no irqfd/],
  [
    'irq312',
    'machine intel\nvcpus 2\nwith split-irqchip\nvcpu 0: ioapic read 0',
    'vcpu 0: ioapic read 0',
    /user space/,
  ],
  ['irq404', 'machine intel\nvcpus 300\nvcpu 0: pv-ipi nmi to 1 200', '200', /128 APIC IDs/],
  ['irq403', `${MACHINE}vcpu 0: pv-ipi 6 0 0 0x8fd`, '0x8fd', /-EINVAL/],
  ['irq402', `${MACHINE}vcpu 0: pv-ipi fixed 5 to 1`, '5', /illegal/],
  ['irq405', `${MACHINE}vcpu 0: pv-ipi fixed 0x41 to 1..4`, '1..4', /APIC ID 4/],
  ['irq205', `${MACHINE}vcpu 0: lvt APIC_LVT`, 'APIC_LVT', /APIC_LVTT/],
  ['irq202', `${MACHINE}irqfd 0`, '', /Write `gsi`/],
  ['irq404', `${MACHINE}pin 4 fixed 0x41 to 256`, '256', /8 bits/],
  ['irq402', `${MACHINE}pin 4 fixed 5 to 1`, '5', /illegal/],
  ['irq407', `${MACHINE}pin 4 0x10000000000000041`, '0x10000000000000041', /64 bits/],
  ['irq406', `${MACHINE}vcpu 0: read APIC_EOI`, 'read', /Write `rdmsr`/],
  ['irq403', 'machine intel\nvcpus 2 xapic\nvcpu 0: rdmsr APIC_EOI', 'rdmsr', /RDMSR gives #GP/],
  ['irq401', `${MACHINE}vcpu 0: ipi fixed 0x100 to 1`, '0x100', /0 to 0xff/],
  ['irq402', `${MACHINE}vcpu 0: ipi fixed 15 to 1`, '15', /illegal/],
  ['irq403', `${MACHINE}vcpu 0: icr 0x0000000100002041`, '0x0000000100002041', /#GP/],
  ['irq403', `${MACHINE}msi 0x01000000 0x41`, '0x01000000 0x41', /0xfee/],
  ['irq404', 'machine intel\nvcpus 2 xapic\nvcpu 0: ipi fixed 0x41 to 256', '256', /8 bits.*0 to 0xff/],
  ['irq405', `${MACHINE}vcpu 0: ipi fixed 0x41 to 9`, '9', /nobody/],
  ['irq405', `${MACHINE}vcpu 0: ipi fixed 0x41 to logical 0x10`, '0x10', /logical ID.*cluster/],
  ['irq405', 'machine intel\nvcpus 2 xapic\nvcpu 0: ipi fixed 0x41 to logical 2', '2', /ldr 0x01000000/],
  ['irq405', `${MACHINE}msi fixed 0x41 to logical 0x10`, '0x10', /logical ID/],
  ['irq406', `${MACHINE}msi 0x1fee01000 0x41`, '0x1fee01000', /32bit-ids/],
  [
    'irq406',
    'machine intel\nvcpus 2 xapic\nvcpu 0: icr 0x0000000100000041',
    '0x0000000100000041',
    /0x0100000000000041/,
  ],
  ['irq406', `${MACHINE}inhibit IRQWIN`, 'IRQWIN', /Intel does not honour/],
  ['irq406', `${MACHINE}vcpu 0: write APIC_EOI 0`, 'write', /Write `wrmsr`/],
  ['irq403', 'machine intel\nvcpus 2 xapic\nvcpu 0: wrmsr APIC_EOI 0', 'wrmsr', /#GP/],
  ['irq304', 'machine intel\nvcpus 2 xapic\nvcpu 0: write 0xb8 0', '0xb8', /multiples of 16/],
  ['irq304', `${MACHINE}vcpu 0: wrmsr 0x900 0`, '0x900', /0x800 to 0x8ff/],
  ['irq304', `${MACHINE}vcpu 0: cr8 16`, '16', /0 to 15/],
  ['irq205', `${MACHINE}vcpu 0: wrmsr APIC_EIO 0`, 'APIC_EIO', /APIC_EOI/],
  ['irq205', `${MACHINE}inhibit HYPERVV`, 'HYPERVV', /Did you mean `HYPERV`/],
  ['irq307', 'machine intel\nkernel 2013\nvcpus 1\ninhibit HYPERV', 'inhibit', /4\.19/],
  ['irq407', `${MACHINE}vcpu 0: tpr 0x100`, '0x100', /8 bits/],
  ['irq407', `${MACHINE}operation f(v) {\n  v->pid.nv = 300\n}`, '300', /8 bits/],
  ['irq407', `${MACHINE}operation f(v) {\n  xchg(v->pid.on, 2)\n}`, '2', /one bit/],
  ['irq501', `${MACHINE}expect vcpu 1: pid.onn 1`, 'pid.onn', /Did you mean `pid.on`/],
  ['irq502', `${MACHINE}expect vcpu 1: irr 0x41`, 'irr 0x41', /Write `irr has 0x41`/],
  ['irq502', `${MACHINE}expect vcpu 1: pid.on has 1`, 'pid.on has 1', /Write `pid.on is 1`/],
  ['irq502', `${MACHINE}expect vcpu 1: rvi 1 2`, '2', /comma/],
  ['irq503', `${MACHINE}expect vcpu 1: pid.on 2`, '2', /0 or 1/],
  ['irq503', `${MACHINE}expect vcpu 1: mode IN_GUEST`, 'IN_GUEST', /Did you mean `IN_GUEST_MODE`/],
  ['irq504', 'machine intel\nvcpus 2\nexpect vcpu 1: rvi 0', 'rvi', /with apicv/],
  ['irq601', `${MACHINE}operation f {\n}`, 'operation f {', /parameters in parentheses/],
  ['irq601', `${MACHINE}operation f() {\n  1 + 1\n}`, '1', /does nothing/],
  ['irq602', `${MACHINE}shared waiter\noperation f() {\n  waitr = 1\n}`, 'waitr', /Did you mean `waiter`/],
  ['irq602', `${MACHINE}operation f(v) {\n  v->pid.onn = 1\n}`, 'pid.onn', /Did you mean `pid.on`/],
  ['irq603', `${MACHINE}shared a, b\noperation f() {\n  a = b\n}`, 'a', /Load into a local first/],
  ['irq604', `${MACHINE}operation f(v) {\n  g(v)\n}`, 'g', /no operation `g`/],
  ['irq604', `${MACHINE}operation f(v) {\n  switch (v)\n}`, 'switch', /Of C there are `if`/],
  ['irq605', `${MACHINE}operation f(a, b, c, d, e, f, g) {\n}`, 'operation f(a, b, c, d, e, f, g) {', /at most 6/],
  ['irq606', `${MACHINE}race\n  a: vcpu 0: eoi`, 'race', /Nothing is asked/],
  ['irq606', `${MACHINE}finally vcpu 1 takes 0x41`, 'finally vcpu 1 takes 0x41', /no race/],
  ['irq606', `${MACHINE}always vcpu 1 gets 0x41`, 'always vcpu 1 gets 0x41', /no race/],
  ['irq202', `${MACHINE}never`, 'never', /what must hold/],
  ['irq202', `${MACHINE}never call of pi_wakeup_handler`, 'call of pi_wakeup_handler', /`expect`/],
  ['irq501', `${MACHINE}always vcpu 1: pid.onn 1`, 'pid.onn', /Did you mean/],
  ['irq607', `${MACHINE}shared a, a`, 'a', /declared already/],
  ['irq202', `${MACHINE}section`, '', /what the section shows/],
  ['irq202', `${MACHINE}let TARGET`, '', /Write `=`/],
  ['irq202', `${MACHINE}let TARGET = `, '', /Write the value/],
  ['irq204', `${MACHINE}let TARGET = 2\nvcpu TARGT: eoi`, 'TARGT', /Did you mean `TARGET`/],
  ['irq205', `${MACHINE}let TARGET = 0x41\nvcpu 0: ipi fixed TARGT to 1`, 'TARGT', /Did you mean `TARGET`/],
  ['irq205', `${MACHINE}let A = 2\nlet B = AA`, 'AA', /Did you mean `A`/],
  ['irq302', `${MACHINE}let A = 2\nlet A = 3`, 'let A = 3', /Line 5/],
  ['irq302', `${MACHINE}section one  two\nsection one two`, 'section one two', /Line 5 has this title/],
  ['irq308', `${MACHINE}section one\nvcpu 1 blocked`, 'vcpu 1 blocked', /line 5 already acts/],
  ['irq310', `${MACHINE}vcpu 2..5: eoi`, '2..5', /no vCPU 4/],
  ['irq304', `${MACHINE}repeat 0\nend`, '0', /from 1/],
  ['irq401', `${MACHINE}let BIG = 0x100\nvcpu 0: ipi fixed BIG to 1`, 'BIG', /`0x100` is not a vector/],
  ['irq701', `${MACHINE}let target = 2`, 'target', /Write `TARGET`/],
  ['irq701', `${MACHINE}let APIC_EOI = 2`, 'APIC_EOI', /a meaning already/],
  ['irq702', `${MACHINE}repeat 3\nvcpu 0: eoi`, 'repeat 3', /Write `end`/],
  ['irq702', `${MACHINE}vcpu 0: eoi\nend`, 'end', /Write `repeat 3`/],
  ['irq702', `${MACHINE}repeat 2\nsection one`, 'section one', /line 5 repeats/],
  ['irq703', `${MACHINE}repeat 1000\nrepeat 101\nvcpu 0: eoi\nend\nend`, 'repeat 1000', /100,000/],
  ['irq705', `${MACHINE}vcpu 3..1: eoi`, '3..1', /Write `1\.\.3`/],
];

/** They need more than one file: include.test.ts has an example for each. */
const INCLUDING = ['irq801', 'irq802', 'irq803', 'irq804', 'irq805', 'irq806', 'irq807'];

/** Problems that nobody but the writer can solve: what is missing, or what was meant, cannot be known. */
const WITHOUT_REMEDY: readonly (readonly [code: string, text: RegExp])[] = [
  ['irq101', /./],
  ['irq102', /^/],
  ['irq103', /./],
  ['irq104', /./],
  ['irq202', /msi|expect|section|let|finally|irqfd|never/],
  ['irq204', /one|0xfg/],
  ['irq205', /: q$|frobnicate|kvm_entry_/],
  ['irq302', /section one/],
  ['irq401', /BIG/],
  ['irq404', /pv-ipi/],
  ['irq405', /logical|pv-ipi/],
  ['irq406', /IRQWIN/],
  ['irq304', /0xb8/],
  ['irq502', /rvi 1 2/],
  ['irq601', /1 \+ 1/],
  ['irq603', /./],
  ['irq605', /./],
  ['irq606', /./],
  ['irq607', /./],
  ['irq701', /APIC_EOI/],
  ['irq703', /./],
  ['irq604', /switch/],
];

function applied(text: string, edits: readonly Edit[]): string {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const place = (line: number, column: number) => starts[line] + column;
  const sorted = [...edits].sort((a, b) => b.range.line - a.range.line || b.range.start - a.range.start);
  return sorted.reduce(
    (now, { range, text: put }) =>
      now.slice(0, place(range.line, range.start)) + put + now.slice(place(range.line, range.end)),
    text,
  );
}

describe('remedies', () => {
  it.each(EXAMPLES)('%s, case %$', (code, text) => {
    const tree = parse(text);
    const { diagnostics } = check(tree);
    const problem = diagnostics[0];
    const remedies = remediesFor(tree, problem);
    const known = WITHOUT_REMEDY.some(([each, form]) => each === code && form.test(text.replace(MACHINE, '')));
    expect([text.replace(MACHINE, '').slice(0, 80), remedies.length > 0]).toEqual([
      text.replace(MACHINE, '').slice(0, 80),
      !known,
    ]);
    for (const { title, edits } of remedies) {
      const after = diagnose(applied(text, edits));
      expect([title, ...after.map(each => each.message)]).not.toContain(problem.message);
      const errors = (all: readonly Diagnostic[]) => all.filter(({ severity }) => severity === 'error').length;
      expect(errors(after)).toBeLessThanOrEqual(errors(diagnostics));
    }
  });
});

describe('diagnostics', () => {
  it.each(EXAMPLES)('%s, case %$', (code, text, underlined, message) => {
    const found = diagnose(text);
    expect(found.map(each => each.code)).toEqual([code]);
    expect(problems(text)).toEqual([`${code} «${underlined}»`]);
    expect(found[0].message).toMatch(message);
    expect(found[0].severity).toBe(CODES[found[0].code][0]);
  });

  it('has an example for every code', () => {
    const many = `${MACHINE}${'§\n'.repeat(1001)}`;
    expect(diagnose(many).map(each => each.code)).toEqual([...Array(1000).fill('irq105'), 'irq106']);
    // The first is about many problems, the second about what is asked from outside.
    const codes = new Set(EXAMPLES.map(([code]) => code)).add('irq106').add('irq704');
    for (const code of INCLUDING) codes.add(code);
    expect([...codes].sort()).toEqual(Object.keys(CODES));
  });

  it('says which sections there are when another is asked for', () => {
    const { diagnostics } = check(parse(`${MACHINE}section one\nvcpu 0: eoi`), { section: 'on' });
    expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([
      ['irq704', 'The scenario has no section `on`. Did you mean `one`?'],
    ]);
  });

  it('tells a line with two problems once', () => {
    expect(problems(`${MACHINE}vcpu zero: epi fixd to`)).toEqual(['irq204 «zero»']);
  });

  it('does not hide the rest behind a broken line', () => {
    expect(problems(`${MACHINE}vcpu 1 runing on cpu 0\nvcpu 0: oei\nvcpu 0: eoi\nexpect vcpu 9: rvi 0`)).toEqual([
      'irq205 «runing»',
      'irq205 «oei»',
      'irq310 «9»',
    ]);
  });

  it.each([
    ['machine intl\nvcpuss 2\nvcpu 0 eoi', 'machine intel\nvcpus 2\nvcpu 0: eoi'],
    ['machine amd\nvcpus 2\nwith apicv', 'machine amd\nvcpus 2\nwith avic'],
    ['machine intel\nvcpus 2\nwith ipiv', 'machine intel\nvcpus 2\nwith apicv ipiv'],
    [`${MACHINE}vcpu 0: eoi now`, `${MACHINE}vcpu 0: eoi`],
    [`${MACHINE}expect vcpu 1: irr is 0x41`, `${MACHINE}expect vcpu 1: irr has 0x41`],
    [`${MACHINE}expect vcpu 1: irr is not 0x41`, `${MACHINE}expect vcpu 1: irr lacks 0x41`],
    [`${MACHINE}let first = 1`, `${MACHINE}let FIRST = 1`],
    [`${MACHINE}vcpu 3..1: eoi`, `${MACHINE}vcpu 1..3: eoi`],
    ['machine intel', 'machine intel\n  vcpus 2  x2apic'],
  ])('can be fixed: %j', (text, expected) => {
    expect(fixed(text)).toBe(expected);
    expect(problems(expected)).toEqual([]);
  });
});
