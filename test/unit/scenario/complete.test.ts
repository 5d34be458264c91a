import { describe, expect, it } from 'vitest';
import { KERNELS } from '../../../extension/scenario/checkMachine.ts';
import { complete } from '../../../extension/scenario/complete.ts';
import { format } from '../../../extension/scenario/format.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { TEMPLATES } from '../../../extension/scenario/templates.ts';
import { ACTIONS, keys } from '../../../extension/scenario/words.ts';
import { diagnose, MACHINE } from './problems.ts';

/** Labels that are offered at the mark `|`, after the machine of the other tests. */
function labels(text: string, machine = MACHINE): string[] {
  const whole = machine + text;
  const at = whole.indexOf('|');
  const before = whole.slice(0, at).split('\n');
  const tree = parse(whole.replace('|', ''));
  return complete(tree, before.length - 1, before[before.length - 1].length).suggestions.map(each => each.label);
}

const ACTING = TEMPLATES.filter(each => !each.machine).map(each => each.label);

describe('templates', () => {
  const plain = (body: readonly string[]) => body.join('\n').replaceAll(/\$\{\d+:([^}]*)\}|\$\d/g, '$1');

  it.each(TEMPLATES)('$label is written without a problem', ({ machine, body }) => {
    const text = machine ? plain(body) : MACHINE + plain(body);
    const files = new Map([['machine.irq', { text: MACHINE }]]);
    expect(diagnose({ text, name: 'main.irq', files })).toEqual([]);
    expect(format(plain(body))).toBe(plain(body));
  });

  it('offer a machine only where there is none', () => {
    expect(labels('|', '')).toEqual(expect.arrayContaining(['scenario', 'machine …']));
    expect(labels('|')).not.toContain('scenario');
  });
});

describe('completion', () => {
  it.each([
    ['vcpu 0: |', keys(ACTIONS)],
    ['vcpu |', ['0', '1', '2', '3']],
    [
      'vcpu 1 |',
      [
        ':',
        'running',
        'exited',
        'preempted',
        'blocked',
        'offline',
        'tpr',
        'irr',
        'isr',
        'tmr',
        'id',
        'ldr',
        'dfr',
        'svr',
        'l2',
        'vmcb12',
        'apic',
        'interrupts',
      ],
    ],
    ['vcpu 1 blocked on |', ['cpu']],
    ['vcpu 1 blocked on cpu |', ['0', '1', '2', '3']],
    ['vcpu 1 blocked interrupts |', ['off', 'on']],
    ['vcpu 0: ipi |', ['fixed', 'lowest', 'smi', 'nmi', 'init', 'startup']],
    ['vcpu 0: ipi fixed 0x41 |', ['to']],
    ['vcpu 0: ipi nmi to |', ['logical', '0', '1', '2', '3', 'self', 'all', 'all-but-self']],
    ['msi fixed 0x41 to |', ['logical', '0', '1', '2', '3']],
    ['msi |', ['fixed', 'lowest', 'smi', 'nmi', 'init', 'startup']],
    ['vcpu 0: enter |', ['on']],
    ['cpu 1: |', ['interrupt']],
    ['assign |', ['device']],
    ['vcpu 0: eoi |', []],
    ['expect vcpu 1: pid.on 0 |', []],
    ['expect no exit on vcpu 1 |', []],
    [
      'expect |',
      ['vcpu', 'cpu', 'device', 'iommu', 'guest', 'pin', 'no', 'exit', 'notification', 'wake-up', 'call', 'trace'],
    ],
    ['expect no |', ['exit', 'notification', 'wake-up', 'call', 'trace']],
    ['expect no wake-up |', ['of']],
    ['expect vcpu 1 |', [':', 'does', 'takes']],
    ['expect vcpu 1: irr |', ['has', 'lacks']],
    ['expect vcpu 1: pid.on |', ['0', '1', 'is not']],
    ['expect vcpu 1: pid.on 1, pid.sn |', ['0', '1', 'is not']],
    [
      'expect vcpu 1: mode IN|',
      ['OUTSIDE_GUEST_MODE', 'IN_GUEST_MODE', 'EXITING_GUEST_MODE', 'READING_SHADOW_PAGE_TABLES', 'is not'],
    ],
    [
      'expect vcpu 1: mode is not |',
      ['OUTSIDE_GUEST_MODE', 'IN_GUEST_MODE', 'EXITING_GUEST_MODE', 'READING_SHADOW_PAGE_TABLES'],
    ],
    ['vcpu 0: io |', []],
    ['vcpu 0: ioapic |', ['pin', 'write', 'read']],
    ['vcpu 0: ioapic pin 4 fixed 0x31 to 1 |', ['level', 'masked']],
    ['vcpu 0: lvt |', ['APIC_LVTT', 'APIC_LVTTHMR', 'APIC_LVTPC', 'APIC_LVT0', 'APIC_LVT1', 'APIC_LVTERR']],
    ['vcpu 0: pv-ipi |', ['fixed', 'lowest', 'smi', 'nmi', 'init', 'startup']],
    ['vcpu 0: pv-ipi nmi to 1 |', ['0', '1', '2', '3']],
    ['irqfd 0 |', [':', 'gsi']],
    ['irqfd 0 gsi 4 |', ['resample']],
    ['irqfd 0: |', ['signal', 'assign', 'deassign']],
    ['vcpu 0: eoi # vcpu |', []],
  ])('%s', (text, expected) => {
    expect(labels(text)).toEqual(expected);
  });

  it('offers fields, and other beginnings, behind a comma', () => {
    const found = labels('expect vcpu 1: pid.on 0, |');
    expect(found).toEqual(expect.arrayContaining(['pid.on', 'irr', 'rvi', 'vcpu', 'no']));
    expect(labels('expect cpu 1: |')).toContain('pending');
    expect(labels('expect cpu 1: |')).not.toContain('irr');
  });

  it('offers vectors of the scenario before those with a name', () => {
    const found = labels('vcpu 0: ipi fixed | to 1\nexpect vcpu 1 takes 0x55\nexpect vcpu 2: isr lacks 0x31');
    expect(found.slice(0, 3)).toEqual(['0x31', '0x55', 'FIRST_EXTERNAL_VECTOR']);
  });

  it('offers features that the machine can have', () => {
    expect(labels('with |', 'machine amd\nvcpus 1\n')).toEqual(expect.arrayContaining(['avic', 'x2avic', '32bit-ids']));
    expect(labels('with |', 'machine amd\nvcpus 1\n')).not.toContain('ipiv');
    const old = labels('with apicv |', 'machine intel\nkernel 2013\nvcpus 1\n');
    expect(old).toContain('split-irqchip');
    for (const word of ['apicv', 'avic', 'vtd-posting', '32bit-ids']) expect(old).not.toContain(word);
    expect(labels('kernel |', 'machine intel\n')).toEqual(KERNELS);
    expect(labels('vcpus 4 |', 'machine intel\n')).toEqual(['xapic', 'x2apic']);
    expect(labels('machine |', '')).toEqual(['intel', 'amd']);
  });

  it('offers registers and reasons by name', () => {
    expect(labels('vcpu 0: wrmsr |')).toContain('APIC_SELF_IPI');
    expect(labels('inhibit |')).toContain('HYPERV');
    expect(labels('inhibit |', 'machine intel\nkernel 2013\nvcpus 1\n')).toEqual([]);
  });

  it('offers statements that may begin this line', () => {
    const early = labels('  vcp| 1');
    expect(early).toEqual(expect.arrayContaining(['cpus', 'host', 'with', 'vcpu', 'msi', 'expect', ...ACTING]));
    for (const written of ['machine', 'kernel', 'vcpus']) expect(early).not.toContain(written);
    const late = labels('vcpu 0: eoi\n|');
    expect(late).toEqual(expect.arrayContaining(['vcpu', 'msi', 'expect', ...ACTING]));
    for (const above of ['machine', 'cpus', 'with']) expect(late).not.toContain(above);
  });

  it('offers devices and what their fields may be', () => {
    const device = 'device nic posted to vcpu 2 vector 0x41\n';
    expect(labels(`${device}expect device |`)).toEqual(['nic']);
    expect(labels(`${device}expect device nic: irte.im |`)).toEqual(['0', '1', 'is not']);
    expect(labels(`${device}expect guest: driver |`)).toContain('physical_flat');
  });

  it('offers the words of races', () => {
    expect(labels('|')).toEqual(expect.arrayContaining(['race', 'operation', 'variant']));
    const race = 'operation post(v) {\n}\nrace\n';
    expect(labels(`${race}  a: |`)).toEqual(expect.arrayContaining(['vcpu', 'msi', 'post']));
    expect(labels(`${race}  a: |`)).not.toContain('expect');
    expect(labels(`${race}  a: vcpu 0: |`)).toContain('eoi');
    expect(labels(`${race}  h interrupts a: vcpu |`)).toContain('3');
  });

  it('offers calls and fields in restated operations', () => {
    const code = labels('operation other() {\n}\noperation post(v) {\n  |');
    expect(code).toEqual(expect.arrayContaining(['other', 'post', 'set_bit', 'if', 'vmx_sync_pir_to_irr']));
    expect(code).not.toContain('vcpu');
    expect(labels('operation post(v) {\n  v->|')).toEqual(expect.arrayContaining(['pid.on', 'irr']));
    expect(labels('operation post(v) {\n  set_bit(1)\n}\n|')).toContain('expect');
  });

  it('says where the word begins', () => {
    expect(complete(parse('vcpu 0: pree'), 0, 12).start).toBe(8);
    expect(complete(parse('expect vcpu 0: pid.o'), 0, 20).start).toBe(15);
  });
});
