import { describe, expect, it } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Action, Condition } from '../../../extension/scenario/program.ts';
import { MACHINE, problems, programOf } from './problems.ts';

const action = (line: string, machine = MACHINE): Action => programOf(`${machine}${line}`).statements[0].action;
const conditions = (line: string): readonly Condition[] => {
  const found = action(line);
  return found.kind === 'expect' ? found.conditions : [];
};
const hex = ({ hi, lo }: { hi: number; lo: number }) =>
  [hi, lo].map(word => word.toString(16).padStart(8, '0')).join('_');
const icr = (line: string, machine?: string) => {
  const found = action(line, machine);
  return found.kind === 'icr' ? hex(found.value) : found.kind;
};

describe('machine', () => {
  it('takes what the text says', () => {
    const { machine } = programOf(
      'machine intel\nkernel 6.12\nvcpus 2 xapic\ncpus 3\nhost xapic\nwith apicv, split-irqchip no-vector-hashing 32bit-ids no-broadcast-quirk',
    );
    expect(machine).toMatchObject({
      vendor: 'intel',
      kernel: '6.12',
      hostApic: 'xapic',
      apicv: true,
      ipiv: false,
      vtdPosting: false,
      irqchip: 'split',
      x2apicApi: 3,
      vectorHashing: false,
      cpus: [{ apicId: 0 }, { apicId: 1 }, { apicId: 2 }],
    });
    expect(machine.vcpus.map(vcpu => vcpu.apic)).toEqual(['xapic', 'xapic']);
  });

  it('takes the features of AMD and of halting', () => {
    const { machine } = programOf('machine amd\nvcpus 1\nwith avic x2avic erratum-1235 halt-polling hlt-in-guest');
    expect(machine).toMatchObject({
      apicv: true,
      x2avic: true,
      erratum1235: true,
      haltPolling: true,
      haltInGuest: true,
    });
    expect(programOf('machine amd\nvcpus 1').machine).not.toHaveProperty('x2avic');
  });

  it('has defaults', () => {
    const { machine } = programOf('machine amd\nvcpus 2');
    expect(machine).toMatchObject({ vendor: 'amd', kernel: '6.16', hostApic: 'x2apic', apicv: false, x2apicApi: -1 });
    expect(machine.cpus).toHaveLength(2);
    expect(machine.vcpus).toEqual([
      { id: 0, apic: 'x2apic', state: 'running', cpu: 0, bsp: true, interruptsEnabled: true, svr: 0x1ff },
      { id: 1, apic: 'x2apic', state: 'running', cpu: 1, bsp: false, interruptsEnabled: true, svr: 0x1ff },
    ]);
  });

  it('has as many CPUs as the text names', () => {
    expect(programOf('machine intel\nvcpus 1\nvcpu 0: enter on cpu 6').machine.cpus).toHaveLength(7);
    expect(programOf('machine intel\nvcpus 1\nvcpu 0 blocked on cpu 0x2').machine.cpus).toHaveLength(3);
  });

  it('takes another kernel from outside, with its rules', () => {
    const tree = parse('machine intel\nkernel 6.16\nvcpus 1\nwith apicv ipiv');
    expect(check(tree, { kernel: '6.1' }).program?.machine.kernel).toBe('6.1');
    expect(check(tree, { kernel: '5.15' }).diagnostics.map(each => each.code)).toEqual(['irq307']);
  });
});

describe('vCPU', () => {
  it('starts as its line says', () => {
    const { machine } = programOf(
      `${MACHINE}vcpu 1 blocked on cpu 3 tpr 0x20 irr 0x55 0x31, isr LOCAL_TIMER_VECTOR ldr 0x10000 dfr 0xffffffff svr 0xff interrupts off\nvcpu 3 offline`,
    );
    expect(machine.vcpus[1]).toEqual({
      id: 1,
      apic: 'x2apic',
      state: 'blocked',
      cpu: 3,
      bsp: false,
      interruptsEnabled: false,
      svr: 0xff,
      tpr: 0x20,
      irr: [0x31, 0x55],
      isr: [0xec],
      ldr: 0x10000,
      dfr: 0xffffffff,
    });
    expect(machine.vcpus[3]).toEqual({
      id: 3,
      apic: 'x2apic',
      state: 'offline',
      cpu: 3,
      bsp: false,
      interruptsEnabled: false,
    });
  });

  it('may run a guest of its guest', () => {
    expect(programOf(`${MACHINE}vcpu 1 running l2 POSTED_INTR_VECTOR`).machine.vcpus[1].l2).toEqual({
      notificationVector: 0xf2,
    });
  });

  it('runs where nothing else is said', () => {
    const { machine } = programOf(`${MACHINE}vcpu 1 tpr 0x10 apic xapic`);
    expect(machine.vcpus[1]).toMatchObject({ state: 'running', cpu: 1, tpr: 0x10, apic: 'xapic' });
  });

  it('shares its CPU only with threads that are off it', () => {
    expect(problems(`${MACHINE}vcpu 1 preempted on cpu 0\nvcpu 2 blocked on cpu 0`)).toEqual([]);
  });
});

describe('interrupt commands', () => {
  it.each([
    ['vcpu 0: icr 0x00000001000000fd', '00000001_000000fd'],
    ['vcpu 0: icr 0x0000_0001_0000_00fd', '00000001_000000fd'],
    ['vcpu 0: icr 4294967549', '00000001_000000fd'],
    ['vcpu 0: ipi fixed 0xfd to 1', '00000001_000000fd'],
    ['vcpu 0: ipi fixed RESCHEDULE_VECTOR to 1', '00000001_000000fd'],
    ['vcpu 0: ipi lowest 0x41 to logical 0x3', '00000003_00000941'],
    ['vcpu 0: ipi nmi to 2', '00000002_00000400'],
    ['vcpu 0: ipi smi to 2', '00000002_00000200'],
    ['vcpu 0: ipi init to all-but-self', '00000000_000c4500'],
    ['vcpu 0: ipi startup 0x08 to all-but-self', '00000000_000c0608'],
    ['vcpu 0: ipi fixed 0xf1 to self', '00000000_000400f1'],
    ['vcpu 0: ipi fixed 0xf1 to all', '00000000_000800f1'],
    ['vcpu 0: ipi fixed 0x41 to 0xffffffff', 'ffffffff_00000041'],
  ])('x2APIC: %s', (line, value) => {
    expect(icr(line)).toBe(value);
  });

  it.each([
    ['vcpu 0: ipi fixed 0x41 to 1', '01000000_00000041'],
    ['vcpu 0: ipi fixed 0x41 to logical 0x6', '06000000_00000841'],
    ['vcpu 0: icr 0x0100000000000041', '01000000_00000041'],
  ])('xAPIC: %s', (line, value) => {
    expect(icr(line, 'machine intel\nvcpus 2 xapic\n')).toBe(value);
  });

  it('follows the mode of the sender', () => {
    const mixed = `${MACHINE}vcpu 0 running apic xapic\n`;
    expect(icr('vcpu 0: ipi fixed 0x41 to 1', mixed)).toBe('01000000_00000041');
    expect(icr('vcpu 1: ipi fixed 0x41 to 0', mixed)).toBe('00000000_00000041');
  });

  it.each([
    ['msi 0xfee0300c 0x0041', '00000000_fee0300c', 0x41],
    ['msi fixed 0x41 to 1', '00000000_fee01000', 0x41],
    ['msi lowest 0x31 to logical 0xff', '00000000_feeff004', 0x131],
    ['msi nmi to 2', '00000000_fee02000', 0x400],
  ])('%s', (line, address, data) => {
    const found = action(line);
    if (found.kind !== 'msi') throw new Error(found.kind);
    expect([hex(found.address), found.data]).toEqual([address, data]);
  });

  it('puts a long destination into the high half of an MSI address', () => {
    const machine = 'machine intel\nvcpus 300\nwith 32bit-ids\n';
    const found = action('msi fixed 0x41 to 0x105', machine);
    expect(found).toEqual({ kind: 'msi', address: { lo: 0xfee05000, hi: 0x100 }, data: 0x41 });
    expect(action('msi 0x100fee05000 0x41', machine)).toEqual(found);
    expect(problems(`${machine}msi 0x1fee05000 0x41`)).toEqual(['irq403 «0x1fee05000 0x41»']);
  });
});

describe('actions', () => {
  it.each([
    ['vcpu 1: enter', { kind: 'enter', vcpu: 1 }],
    ['vcpu 1: enter on cpu 2', { kind: 'enter', vcpu: 1, cpu: 2 }],
    ['vcpu 1: exit', { kind: 'exit', vcpu: 1 }],
    ['vcpu 1: block', { kind: 'block', vcpu: 1 }],
    ['vcpu 1: preempt', { kind: 'preempt', vcpu: 1 }],
    ['vcpu 1: eoi', { kind: 'eoi', vcpu: 1 }],
    ['vcpu 1: tpr 80', { kind: 'tpr', vcpu: 1, value: 80 }],
    ['vcpu 1: cr8 5', { kind: 'cr8', vcpu: 1, value: 5 }],
    ['vcpu 1: mwait', { kind: 'mwait', vcpu: 1 }],
    ['vcpu 1: userspace', { kind: 'userspace', vcpu: 1 }],
    ['vcpu 1: wrmsr APIC_SELF_IPI 0x41', { kind: 'wrmsr', vcpu: 1, msr: 0x83f, value: { lo: 0x41, hi: 0 } }],
    ['vcpu 1: wrmsr 0x830 0x300000041', { kind: 'wrmsr', vcpu: 1, msr: 0x830, value: { lo: 0x41, hi: 3 } }],
    ['cpu 1: interrupt POSTED_INTR_VECTOR', { kind: 'physical', cpu: 1, vector: 0xf2 }],
    ['assign device', { kind: 'assign' }],
    ['inhibit HYPERV', { kind: 'inhibit', bit: 1, inhibited: true }],
    ['uninhibit 1', { kind: 'inhibit', bit: 1, inhibited: false }],
    ['vcpu 1: cli', { kind: 'interrupts', vcpu: 1, enabled: false }],
    ['vcpu 1: sti', { kind: 'interrupts', vcpu: 1, enabled: true }],
  ])('%s', (line, expected) => {
    expect(action(line)).toEqual(expected);
  });

  it('write registers of the APIC page in xAPIC mode', () => {
    const written = { kind: 'page', vcpu: 1, offset: 0xb0, value: 7 };
    expect(action('vcpu 1: write APIC_EOI 7', 'machine intel\nvcpus 2 xapic\n')).toEqual(written);
    expect(action('vcpu 1: write 0x0b0 7', 'machine intel\nvcpus 2 xapic\n')).toEqual(written);
  });

  it('keep their place and text', () => {
    const [, second] = programOf(`${MACHINE}vcpu 1: eoi\n\n  vcpu 2:   tpr 0x20   # why\n`).statements;
    expect(second).toMatchObject({ range: { line: 6, start: 2, end: 20 }, text: 'vcpu 2:   tpr 0x20' });
  });
});

describe('expectations', () => {
  it('name fields of vCPUs and CPUs', () => {
    const found = conditions(
      'expect vcpu 2: irr has 0x41 0x55, pid.on 0, mode IN_GUEST_MODE, cpu 2, cpu 1: pending lacks 0xf2, vcpu is not 3',
    );
    expect(found.map(each => each.text)).toEqual([
      'vcpu 2: irr has 0x41',
      'vcpu 2: irr has 0x55',
      'vcpu 2: pid.on 0',
      'vcpu 2: mode IN_GUEST_MODE',
      'vcpu 2: cpu 2',
      'cpu 1: pending lacks 0xf2',
      'cpu 1: vcpu is not 3',
    ]);
  });

  it('say how a field is tested', () => {
    const [is, not, has, lacks, no] = conditions(
      'expect vcpu 2: pid.nv POSTED_INTR_VECTOR, state is not blocked, irr has 65, isr lacks 0x41, tmr has no 0x41',
    );
    expect(is).toEqual({
      kind: 'field',
      range: { line: 4, start: 15, end: 40 },
      text: 'vcpu 2: pid.nv POSTED_INTR_VECTOR',
      subject: { block: 'vcpu', index: 2 },
      field: 'pid.nv',
      test: 'is',
      value: 0xf2,
    });
    expect(not).toMatchObject({ field: 'state', test: 'is not', value: 3 });
    expect(has).toMatchObject({ field: 'irr', test: 'has', value: 0x41 });
    expect(lacks).toMatchObject({ field: 'isr', test: 'has not' });
    expect(no).toMatchObject({ field: 'tmr', test: 'has not' });
  });

  it('name events', () => {
    const found = conditions(
      'expect no exit on vcpu 1, notification to vcpu 2, wake-up of vcpu 3, vcpu 2 takes 0x41, vcpu 1 takes nothing, vcpu 0 does not take 0x55',
    );
    expect(found.map(({ range: _, ...rest }) => rest)).toEqual([
      { kind: 'event', text: 'no exit on vcpu 1', event: 'exit', vcpu: 1, happens: false },
      { kind: 'event', text: 'notification to vcpu 2', event: 'notification', vcpu: 2, happens: true },
      { kind: 'event', text: 'wake-up of vcpu 3', event: 'wake-up', vcpu: 3, happens: true },
      { kind: 'event', text: 'vcpu 2 takes 0x41', event: 'interrupt', vcpu: 2, vector: 0x41, happens: true },
      { kind: 'event', text: 'vcpu 1 takes nothing', event: 'interrupt', vcpu: 1, happens: false },
      { kind: 'event', text: 'vcpu 0 does not take 0x55', event: 'interrupt', vcpu: 0, vector: 0x55, happens: false },
    ]);
  });
});

describe('text', () => {
  it.each([['\n'], ['\r\n'], ['\r']])('may end its lines with %j', end => {
    const program = programOf(`\ufeff${MACHINE}vcpu 1: eoi`.replaceAll('\n', end));
    expect(program.statements[0].range).toEqual({ line: 4, start: 0, end: 11 });
  });

  it('gives no program when there is an error, and one when there are only warnings', () => {
    expect(check(parse('')).program).toBeUndefined();
    expect(check(parse(`${MACHINE}vcpu 0: oei`)).program).toBeUndefined();
    expect(check(parse(`${MACHINE}vcpu 0: ipi fixed 3 to 1`)).program?.statements).toHaveLength(1);
  });
});
