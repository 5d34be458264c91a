import { describe, expect, test } from 'vitest';
import { REQ, V } from '../../../../extension/engine/layout.ts';
import { ran, World } from '../world.ts';

// Posted interrupts §11: L1 has a descriptor and a notification vector of its own for L2.

const NV2 = 0x66;

/** L1's software has posted `vectors` for L2 into its own descriptor. */
function posted(state: 'running' | 'exited' | 'blocked', vectors: readonly number[]): World {
  const world = new World({ vcpus: [{}, { state, l2: { notificationVector: NV2 } }] });
  world.set(m => {
    for (const vector of vectors) {
      m.set_bit(vector, m.nested(1) + V.pi_desc);
    }
    m.set_bit(0, m.nested(1) + V.pi_desc + 8);
  });
  return world;
}

const takenByL2 = (world: World, vector: number) => world.m.test_bit(vector, world.m.nested(1) + V.taken);

test('L2 runs: 0xf0 does all of it, without an exit', () => {
  const world = posted('running', [0x51]);
  world.ipi(0, 1, NV2);
  expect([takenByL2(world, 0x51), world.happened(1, 'exit'), world.number(1, 'l2.pid.on')]).toEqual([true, false, 0]);
});

test('L2 does not run: KVM completes the post at the next entry', () => {
  const world = posted('exited', [0x51, 0x31]);
  const sent = world.ipi(0, 1, NV2);
  expect(ran(sent, 'kvm_vcpu_wake_up', 'read_task')).toBe(true);
  expect([world.number(1, 'pi_pending'), world.number(1, 'event')]).toEqual([1, 1]);
  const all = world.enter(1);
  const steps = all.filter(({ operation }) => operation === 'vmx_complete_nested_posted_interrupt');
  expect(steps.map(({ label }) => label)).toEqual(['pending', 'clear_on', 'highest', 'raise_rvi']);
  expect(all.filter(({ label }) => label === 'exchange' || label === 'merge')).toHaveLength(4);
  expect([takenByL2(world, 0x51), world.vectors(1, 'l2.irr'), world.vectors(1, 'l2.pid.pir')]).toEqual([
    true,
    [0x31],
    [],
  ]);
});

test('ON of L1 is clear: somebody has done it', () => {
  const world = posted('exited', [0x51]);
  world.set(m => m.clear_bit(0, m.nested(1) + V.pi_desc + 8));
  world.ipi(0, 1, NV2);
  const steps = world.enter(1).filter(({ operation }) => operation === 'vmx_complete_nested_posted_interrupt');
  expect(steps.map(({ label }) => label)).toEqual(['pending', 'clear_on']);
  expect(world.vectors(1, 'l2.pid.pir')).toEqual([0x51]);
});

test('race R25: a halted L2 is woken by what L1 posts', () => {
  const world = posted('running', [0x51]);
  world.do({ kind: 'block', vcpu: 1 });
  expect(world.number(1, 'state')).toBe(3);
  world.ipi(0, 1, NV2);
  expect(world.number(1, 'state')).toBe(5);
  world.enter(1);
  expect([world.number(1, 'state'), takenByL2(world, 0x51)]).toEqual([0, true]);
});

describe('another vector is an interrupt of L1', () => {
  test('0xf2 is not the vector of vmcs02: exit, sync, EVENT, and L2 is left', () => {
    const world = posted('running', []);
    const from = world.m.length;
    const steps = world.ipi(0, 1, 0x41);
    expect(world.exits(from).filter(([reason]) => reason === 1)).toEqual([[1, 0]]);
    expect(ran(steps, 'vmx_sync_pir_to_irr', 'request_event')).toBe(true);
    expect([world.number(1, 'l2'), world.taken(1), world.number(1, 'svi')]).toEqual([0, [0x41], 0x41]);
  });

  test('and L1 takes interrupts as usual afterwards', () => {
    const world = posted('running', []);
    world.ipi(0, 1, 0x41);
    world.do({ kind: 'eoi', vcpu: 1 });
    world.ipi(0, 1, NV2);
    expect([world.vectors(1, 'isr'), world.taken(1), world.number(1, 'pi_pending')]).toEqual([[NV2], [0x41, NV2], 0]);
  });
});

test.each([
  ['5.15', false],
  ['6.1', false],
  ['6.16', true],
] as const)('Linux %s: an interrupt of L1 costs a cancelled entry of L2: %s', (kernel, cancelled) => {
  const world = new World({ kernel, vcpus: [{}, { l2: { notificationVector: NV2 } }] });
  const steps = world.ipi(0, 1, 0x41).filter(({ agent }) => agent === 'vcpu 1');
  expect(ran(steps, 'vcpu_enter_guest', 'cancel')).toBe(cancelled);
  expect([world.number(1, 'l2'), world.taken(1)]).toEqual([0, [0x41]]);
});

test('6.16: with KVM_REQ_EVENT the check harvests PIR by itself', () => {
  const world = posted('exited', []);
  world.ipi(0, 1, 0x41);
  world.set(m => m.set_bit(REQ.EVENT, m.vcpu(1) + V.requests));
  const steps = world.enter(1).map(({ label }) => label);
  expect(steps.indexOf('exit_to_l1')).toBeGreaterThan(steps.indexOf('merge'));
  expect(steps.indexOf('exit_to_l1')).toBeLessThan(steps.indexOf('set_mode'));
  expect(world.number(1, 'l2')).toBe(0);
});
