import { describe, expect, test } from 'vitest';
import type { KernelVersion } from '../../../../extension/engine/config.ts';
import { V } from '../../../../extension/engine/layout.ts';
import { ran, World } from '../world.ts';

// Posted interrupts §3 and §3.1: what a post does, by kernel generation and by the state of the target.

interface Expected {
  readonly kernel: KernelVersion;
  readonly event: number;
  readonly whenOnIsSet: 'kick' | 'nothing';
  readonly outside: 'kvm_vcpu_kick' | 'kvm_vcpu_wake_up';
  readonly trace: boolean;
}

const GENERATIONS: readonly Expected[] = [
  { kernel: '2013', event: 1, whenOnIsSet: 'kick', outside: 'kvm_vcpu_kick', trace: false },
  { kernel: '4.19', event: 0, whenOnIsSet: 'nothing', outside: 'kvm_vcpu_kick', trace: false },
  { kernel: '5.15', event: 0, whenOnIsSet: 'nothing', outside: 'kvm_vcpu_kick', trace: false },
  { kernel: '6.1', event: 0, whenOnIsSet: 'nothing', outside: 'kvm_vcpu_wake_up', trace: true },
  { kernel: '6.16', event: 0, whenOnIsSet: 'nothing', outside: 'kvm_vcpu_wake_up', trace: true },
  { kernel: '7.1', event: 0, whenOnIsSet: 'nothing', outside: 'kvm_vcpu_wake_up', trace: true },
];

describe.each(GENERATIONS)('Linux $kernel', ({ kernel, event, whenOnIsSet, outside, trace }) => {
  test('to a vCPU in the guest', () => {
    const world = new World({ kernel, vcpus: [{}, { cpu: 3 }] });
    const steps = world.ipi(0, 1, 0x41);
    expect(ran(steps, 'kvm_vcpu_trigger_posted_interrupt', 'send')).toBe(true);
    expect(ran(steps, 'vmx_deliver_interrupt', 'trace')).toBe(trace);
    expect([world.number(1, 'event'), world.taken(1), world.happened(1, 'exit')]).toEqual([event, [0x41], false]);
  });

  test('to a vCPU out of the guest', () => {
    const world = new World({ kernel, vcpus: [{}, { state: 'exited' }] });
    const steps = world.ipi(0, 1, 0x41);
    expect(ran(steps, 'kvm_vcpu_wake_up', 'read_task')).toBe(true);
    expect(ran(steps, 'kvm_vcpu_kick', 'exiting_guest_mode')).toBe(outside === 'kvm_vcpu_kick');
    expect(world.number(1, 'event')).toBe(event);
  });

  test('with ON set', () => {
    const world = new World({ kernel, vcpus: [{}, { state: 'exited' }] });
    world.set(m => m.set_bit(0, m.vcpu(1) + V.pi_desc + 8));
    const steps = world.ipi(0, 1, 0x41);
    expect(ran(steps, 'kvm_vcpu_kick')).toBe(whenOnIsSet === 'kick');
    expect(ran(steps, 'kvm_vcpu_trigger_posted_interrupt')).toBe(false);
  });
});

test('software ignores SN, NV and NDST', () => {
  const world = new World({ vcpus: [{}, { cpu: 3 }] });
  world.set(m => {
    m.store(m.vcpu(1) + V.pi_desc + 8, (0xf1 << 16) | 2);
    m.store(m.vcpu(1) + V.pi_desc + 9, 7);
  });
  world.ipi(0, 1, 0x41);
  expect([world.taken(1), world.number(1, 'pid.sn'), world.number(1, 'pid.nv')]).toEqual([[0x41], 1, 0xf1]);
});

test('IPI virtualization honours SN and goes to NDST with NV', () => {
  const world = new World({ ipiv: true, vcpus: [{}, { cpu: 3 }] });
  world.set(m => {
    m.store(m.vcpu(1) + V.pi_desc + 8, 0xf1 << 16);
    m.store(m.vcpu(1) + V.pi_desc + 9, 7);
  });
  const steps = world.ipi(0, 1, 0x41);
  expect(steps.filter(({ operation }) => operation === 'host interrupt handler').map(({ agent }) => agent)).toEqual([
    'cpu 7',
  ]);
  world.set(m => m.store(m.vcpu(1) + V.pi_desc + 8, (0xf2 << 16) | 2));
  const from = world.m.length;
  world.ipi(0, 1, 0x51);
  expect([world.notifications(from), world.vectors(1, 'pid.pir')]).toEqual([0, [0x41, 0x51]]);
});

test('the two locked steps of IPI virtualization let others come between', () => {
  const world = new World({ ipiv: true, vcpus: [{}, { state: 'exited' }, {}] });
  const sender = world.begin({ kind: 'icr', vcpu: 0, value: { lo: 0x41, hi: 1 } });
  world.advance(sender, 'set_on');
  expect([world.vectors(1, 'pid.pir'), world.number(1, 'pid.on')]).toEqual([[0x41], 0]);
  world.ipi(2, 1, 0x51);
  expect(world.number(1, 'pid.on')).toBe(1);
  const from = world.m.length;
  world.drain();
  expect(world.notifications(from)).toBe(0);
  world.enter(1);
  expect([world.vectors(1, 'irr'), world.taken(1)]).toEqual([[0x41], [0x51]]);
});

describe('fast path of the ICR', () => {
  test.each([
    ['4.19', 0, false],
    ['5.15', 0, true],
    ['6.16', 0, true],
    ['6.16', 0x40000, false],
    ['6.16', 0x800, false],
    ['7.1', 0x40000, true],
    ['7.1', 0x800, true],
    ['7.1', 0xc0000, false],
  ] as const)('Linux %s, bits 0x%s: %s', (kernel, bits, fast) => {
    const world = new World({ kernel, vcpus: [{}, {}] });
    const steps = world.icr(0, 0x41 | bits, (bits & 0x800) !== 0 ? 2 : 1);
    const first = steps.findIndex(({ label }) => label === 'test_and_set_pir');
    expect(ran(steps.slice(0, first), 'vcpu_enter_guest', 'set_mode')).toBe(!fast);
    expect(world.taken((bits & 0xc0000) === 0x40000 ? 0 : 1)).toEqual([0x41]);
  });

  test('a request that comes meanwhile ends it', () => {
    const world = new World({ vcpus: [{}, {}, {}] });
    const sender = world.begin({ kind: 'icr', vcpu: 0, value: { lo: 0x41, hi: 1 } });
    world.advance(sender, 'store');
    world.ipi(2, 0, 0x51, 0x400); // NMI: request and kick
    world.drain();
    expect([world.taken(1), world.number(0, 'mode')]).toEqual([[0x41], 1]);
    expect(ran(world.steps(), 'process_nmi')).toBe(true);
  });
});
