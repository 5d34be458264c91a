import { describe, expect, test } from 'vitest';
import { REQ, V } from '../../../../extension/engine/layout.ts';
import { vmx_sync_pir_to_irr } from '../../../../extension/engine/vmx/sync.ts';
import { call, World } from '../world.ts';

// Posted interrupts §5: the harvest, step by step, by version.

function harvesting(kernel: '2013' | '4.19' | '6.1' | '6.12' | '6.16' | '7.1', inhibited = false): World {
  const world = new World({ kernel, vcpus: [{}, { state: 'exited', irr: [0x33] }] });
  world.set(m => {
    m.set_bit(0x21, m.vcpu(1) + V.pi_desc);
    m.set_bit(0xa0, m.vcpu(1) + V.pi_desc);
    m.set_bit(0, m.vcpu(1) + V.pi_desc + 8);
    m.store(m.vcpu(1) + V.apicv_active, inhibited ? 0 : 1);
  });
  return world;
}

test('2013: the sync leaves RVI alone, the entry writes it after the injection', () => {
  const world = new World({ kernel: '2013', vcpus: [{}, { state: 'exited' }] });
  world.ipi(0, 1, 0x41);
  const steps = world.enter(1).map(({ operation, label }) => `${operation}.${label}`);
  const update = steps.indexOf('vmx_hwapic_irr_update.set_rvi');
  expect(update).toBeGreaterThan(steps.indexOf('kvm_apic_update_irr.merge'));
  expect(steps).not.toContain('vmx_sync_pir_to_irr.set_rvi');
  expect(world.taken(1)).toEqual([0x41]);
});

describe('order of the steps', () => {
  const words = ['read_word', 'read_irr', 'exchange_word', 'merge'];
  test.each([
    ['2013', ['test_on', ...words, ...words]],
    ['4.19', ['test_on', 'clear_on', ...words, ...words, 'set_rvi']],
    ['6.12', ['test_on', 'clear_on', ...words, ...words, 'set_rvi']],
    [
      '6.16',
      [
        ...['test_on', 'clear_on', 'read_pir', 'read_pir', 'read_pir', 'read_pir', 'exchange', 'exchange'],
        ...['read_irr', 'merge', 'read_irr', 'merge', 'set_rvi'],
      ],
    ],
  ] as const)('Linux %s', (kernel, labels) => {
    const world = harvesting(kernel);
    const from = world.m.length;
    expect(call(world, 1, vmx_sync_pir_to_irr)).toBe(0xa0);
    expect(world.steps(from).map(({ label }) => label)).toEqual(labels);
    expect([world.vectors(1, 'irr'), world.vectors(1, 'pid.pir'), world.number(1, 'pid.on')]).toEqual([
      [0x21, 0x33, 0xa0],
      [],
      0,
    ]);
  });

  test('nothing is left on the stack of the harvest', () => {
    for (const kernel of ['6.12', '6.16'] as const) {
      const world = harvesting(kernel);
      call(world, 1, vmx_sync_pir_to_irr);
      const base = world.m.vcpu(1) + V.pir_vals;
      expect([...world.m.words.subarray(base, base + 8)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
    }
  });
});

describe('race R10: IRR is written by others while PIR is merged', () => {
  test.each([
    ['6.1', [0x21, 0x33, 0xa0]],
    ['6.12', [0x21, 0x22, 0x33, 0xa0]],
    ['6.16', [0x21, 0x22, 0x33, 0xa0]],
  ] as const)('Linux %s', (kernel, irr) => {
    const world = harvesting(kernel, true);
    const agent = world.m.vcpuAgent(1);
    world.m.start(agent, vmx_sync_pir_to_irr, 1);
    world.advance(agent, 'merge');
    world.set(m => m.set_bit(0x22, m.vcpu(1) + V.irr));
    world.drain();
    expect(world.vectors(1, 'irr')).toEqual(irr);
  });
});

describe('APICv inhibited: what came is for KVM to inject', () => {
  test.each([
    ['4.19', 0],
    ['6.16', 1],
  ] as const)('Linux %s: EVENT %d', (kernel, event) => {
    const world = harvesting(kernel, true);
    call(world, 1, vmx_sync_pir_to_irr);
    expect((world.m.words[world.m.vcpu(1) + V.requests] >>> REQ.EVENT) & 1).toBe(event);
    expect(world.number(1, 'rvi')).toBe(0x33);
  });

  test('no EVENT when the highest vector was there before', () => {
    const world = new World({ vcpus: [{}, { state: 'exited', irr: [0xb0] }] });
    world.set(m => {
      m.set_bit(0x21, m.vcpu(1) + V.pi_desc);
      m.set_bit(0, m.vcpu(1) + V.pi_desc + 8);
      m.store(m.vcpu(1) + V.apicv_active, 0);
    });
    expect([call(world, 1, vmx_sync_pir_to_irr), world.number(1, 'event')]).toEqual([0xb0, 0]);
  });
});

test('ON is cleared before PIR is read: a post in between notifies again', () => {
  const world = harvesting('6.16');
  const agent = world.m.vcpuAgent(1);
  world.m.start(agent, vmx_sync_pir_to_irr, 1);
  world.advance(agent, 'exchange');
  const from = world.m.length;
  world.ipi(0, 1, 0x22);
  expect(world.number(1, 'pid.on')).toBe(1);
  expect(world.steps(from).some(({ label }) => label === 'read_mode')).toBe(true);
  world.drain();
  call(world, 1, vmx_sync_pir_to_irr);
  expect(world.vectors(1, 'irr')).toContain(0x22);
});
