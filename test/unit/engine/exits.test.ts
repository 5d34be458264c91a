import { describe, expect, test } from 'vitest';
import { describeChange } from '../../../extension/engine/fieldAccess.ts';
import { describeMessage } from '../../../extension/engine/lapic/message.ts';
import { ACTIVITY, D, V } from '../../../extension/engine/layout.ts';
import { SVM_EXIT } from '../../../extension/engine/svm/exits.ts';
import { createMachine } from '../../../extension/engine/x86.ts';
import { DEVICE, machineConfig, ran, World } from './world.ts';

// What the processor records about a VM exit. SDM vol. 3, basic VM-exit information; VT-d and AVIC §B2.

function info(world: World, vcpu: number): number[] {
  const base = world.m.vcpu(vcpu);
  const words = [V.exit_reason, V.exit_qualification, V.exit_info_1_high, V.exit_info_2, V.exit_info_2 + 1];
  return words.map(word => world.m.words[base + word]);
}

describe('Intel', () => {
  test('an intercepted WRMSR has qualification 0: the MSR stands in RCX', () => {
    const world = new World();
    world.ipi(0, 1, 0x41);
    expect(world.exits(0)).toEqual([[32, 0]]);
  });

  test('an exit that the scenario asks for is neutral: CPUID', () => {
    const world = new World();
    world.do({ kind: 'exit', vcpu: 0 });
    expect(world.exits(0)).toEqual([[10, 0]]);
  });
});

describe('AMD', () => {
  const amd = { vendor: 'amd' } as const;

  test('MSR exit of a write: EXITINFO1 is 1', () => {
    const world = new World({ ...amd, apicv: false });
    world.ipi(0, 1, 0x41);
    expect(info(world, 0)).toEqual([SVM_EXIT.MSR, 1, 0, 0, 0]);
  });

  test('incomplete IPI: EXITINFO1 is ICR, EXITINFO2 the failure and the table index', () => {
    const world = new World({ ...amd, x2avic: true, vcpus: [{}, {}, { state: 'blocked' }] });
    world.ipi(0, 2, 0x41);
    expect(info(world, 0)).toEqual([SVM_EXIT.AVIC_INCOMPLETE_IPI, 0x41, 2, 2, 1]);
  });

  test('CPUID is 0x72', () => {
    const world = new World(amd);
    world.do({ kind: 'exit', vcpu: 0 });
    expect(info(world, 0)).toEqual([SVM_EXIT.CPUID, 0, 0, 0, 0]);
  });
});

describe('the ICR fast path', () => {
  test.each([
    ['5.15', true],
    ['6.1', true],
    ['6.12', false],
    ['6.16', false],
    ['7.1', false],
  ] as const)('Linux %s leaves guest mode for the whole loop: %s', (kernel, whole) => {
    const world = new World({ kernel });
    const steps = world.ipi(0, 1, 0x41).filter(({ agent }) => agent === 'vcpu 0');
    expect(ran(steps, 'vcpu_enter_guest', 'set_mode')).toBe(whole);
    expect(ran(steps, 'vcpu_enter_guest', 'check_requests')).toBe(whole);
    expect(world.taken(1)).toEqual([0x41]);
  });
});

describe('sentences', () => {
  test.each([
    [0x400, 'NMI to 0x1, physical'],
    [0x500, 'INIT to 0x1, physical'],
    [0x200, 'SMI to 0x1, physical'],
    [0x606, 'SIPI 0x06 to 0x1, physical'],
    [0x41, 'Fixed 0x41 to 0x1, physical'],
  ])('message 0x%s: %s', (irq, text) => {
    expect(describeMessage(irq, 1)).toBe(text);
  });
});

describe('AVIC trace events', () => {
  test.each([
    ['running', 'avic_ring_doorbell'],
    ['blocked', 'kvm_vcpu_wake_up'],
  ] as const)('a target that is %s', (state, how) => {
    const world = new World({ vendor: 'amd', vcpus: [{}, { state }] });
    const steps = world.ipi(0, 1, 0x41);
    expect(ran(steps, 'svm_complete_interrupt_delivery', 'trace')).toBe(true);
    expect(steps.some(({ operation }) => operation === how)).toBe(true);
    expect(ran(steps, 'avic_ring_doorbell', 'trace')).toBe(state === 'running');
  });
});

test('fields of the other vendor are not named', () => {
  for (const vendor of ['intel', 'amd'] as const) {
    const m = createMachine(machineConfig({ vendor, devices: DEVICE }));
    const names = describeChange(m, m.device(0) + D.irte, 0, -1).map(({ name }) => name);
    expect(names.some(name => name.endsWith('irte.guest_mode'))).toBe(vendor === 'amd');
    expect(names.some(name => name.endsWith('irte.im'))).toBe(vendor === 'intel');
  }
});

test('without APICv a physical interrupt is a plain exit', () => {
  const world = new World({ apicv: false, vcpus: [{}, {}] });
  const steps = world.do({ kind: 'physical', cpu: 1, vector: 0xfd });
  expect(ran(steps, 'external interrupt in the guest', 'acknowledge')).toBe(true);
  expect(ran(steps, 'posted-interrupt processing')).toBe(false);
  expect(world.exits(0)).toEqual([[1, 0]]);
});

test('MWAIT is intercepted unless the VMM has disabled the idle exits', () => {
  const world = new World({ vcpus: [{}, {}] });
  world.do({ kind: 'mwait', vcpu: 1 });
  expect([world.exits(0), world.number(1, 'activity'), world.number(1, 'state')]).toEqual([[[36, 0]], 0, 0]);
  const allowed = new World({ haltInGuest: true, vcpus: [{}, {}] });
  allowed.do({ kind: 'mwait', vcpu: 1 });
  expect([allowed.exits(0), allowed.number(1, 'activity')]).toEqual([[], ACTIVITY.mwait]);
});

describe('case B19: IDs that alias each other, or were changed, inhibit APICv from the start', () => {
  test.each(['intel', 'amd'] as const)('%s', vendor => {
    const same = new World({ vendor, apic: 'xapic', vcpus: [{}, { aid: 0 }] });
    expect([0, 1].map(vcpu => same.number(vcpu, 'apicv'))).toEqual([0, 0]);
    same.ipi(0, 0, 0x41);
    expect([0, 1].map(vcpu => same.vectors(vcpu, 'pid.pir'))).toEqual([[], []]);
    const different = new World({ vendor, apic: 'xapic', vcpus: [{}, {}] });
    expect([0, 1].map(vcpu => different.number(vcpu, 'apicv'))).toEqual([1, 1]);
  });
});
