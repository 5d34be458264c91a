import { describe, expect, test } from 'vitest';
import { C, V } from '../../../../extension/engine/layout.ts';
import { vmx_sync_pir_to_irr } from '../../../../extension/engine/vmx/sync.ts';
import { call, DEVICE, type Options, ran, World } from '../world.ts';

// Posted interrupts §9: NV, NDST and SN in each state, and who delivers.

const VTD: Options = { vtdPosting: true, devices: DEVICE, vcpus: [{}, {}] };

function descriptor(world: World): number[] {
  return ['pid.nv', 'pid.ndst', 'pid.sn', 'wakeup_list'].map(path => world.number(1, path));
}

describe('state of the descriptor', () => {
  test.each([
    ['6.16', 'vtd', 'preempt', [0xf2, 1, 1, 0]],
    ['6.16', 'vtd', 'block', [0xf1, 1, 0, 1]],
    ['6.16', 'none', 'preempt', [0xf2, 1, 0, 0]],
    ['6.16', 'none', 'block', [0xf2, 1, 0, 0]],
    ['6.16', 'ipiv', 'preempt', [0xf2, 1, 1, 0]],
    ['6.16', 'ipiv', 'block', [0xf1, 1, 0, 1]],
    ['7.1', 'vtd', 'userspace', [0xf2, 1, 1, 0]],
    ['5.15', 'vtd', 'block', [0xf1, 1, 0, 1]],
    ['5.15', 'ipiv', 'block', [0xf2, 1, 0, 0]],
    ['4.19', 'vtd', 'preempt', [0xf2, 1, 1, 0]],
  ] as const)('Linux %s, %s: %s', (kernel, posters, kind, expected) => {
    const options: Options = posters === 'vtd' ? VTD : { ipiv: posters === 'ipiv', vcpus: [{}, {}] };
    const world = new World({ ...options, kernel });
    world.do({ kind, vcpu: 1 });
    expect(descriptor(world)).toEqual(expected);
    // A scenario that begins there has the same descriptor.
    if (kind !== 'userspace') {
      const state = kind === 'block' ? 'blocked' : 'preempted';
      expect(descriptor(new World({ ...options, kernel, vcpus: [{}, { state }] }))).toEqual(expected);
    }
  });

  test.each([
    ['6.16', 1],
    ['5.15', 0],
  ] as const)('Linux %s, after RESET: SN %d', (kernel, sn) => {
    const world = new World({ ...VTD, kernel, vcpus: [{}, { state: 'offline' }] });
    expect(descriptor(world)).toEqual([0xf2, 1, sn, 0]);
    world.device(1, 0x41);
    expect([world.vectors(1, 'pid.pir'), world.number(1, 'pid.on')]).toEqual([[0x41], 1 - sn]);
  });

  test('a guest with IF = 0 does not wait for interrupts', () => {
    const world = new World({ ...VTD, vcpus: [{}, { interruptsEnabled: false }] });
    world.do({ kind: 'block', vcpu: 1 });
    expect(descriptor(world)).toEqual([0xf2, 1, 0, 0]);
  });

  test('2013: the descriptor has neither NV nor SN nor NDST', () => {
    const world = new World({ kernel: '2013', vcpus: [{}, {}] });
    world.do({ kind: 'preempt', vcpu: 1 });
    expect(descriptor(world)).toEqual([0, 0, 0, 0]);
  });

  test('xAPIC host: NDST in bits 15:8', () => {
    const world = new World({ ...VTD, hostApic: 'xapic', vcpus: [{}, { cpu: 5 }] });
    expect(world.number(1, 'pid.ndst')).toBe(0x500);
    world.do({ kind: 'preempt', vcpu: 1 });
    world.enter(1, 6);
    expect(world.number(1, 'pid.ndst')).toBe(0x600);
    world.device(1, 0x41);
    expect(world.taken(1)).toEqual([0x41]);
  });
});

describe('compare-and-exchange loops', () => {
  test('ON that is set meanwhile survives the change of NV, and the self-IPI follows', () => {
    const world = new World(VTD);
    const agent = world.begin({ kind: 'block', vcpu: 1 });
    world.advance(agent, 'set_nv');
    world.device(1, 0x41); // IRQs are off: 0xf2 stays pending
    expect([world.number(1, 'pid.on'), world.number(1, 'pid.nv')]).toEqual([1, 0xf1]);
    expect(world.steps().filter(({ label }) => label === 'set_nv')).toHaveLength(2);
    expect(ran(world.steps(), 'pi_enable_wakeup_handler', 'self_ipi')).toBe(true);
    expect(world.number(1, 'state')).toBe(5);
  });

  test('and the change of NDST at load', () => {
    const world = new World(VTD);
    world.do({ kind: 'preempt', vcpu: 1 });
    world.set(m => m.clear_bit(1, m.vcpu(1) + V.pi_desc + 8));
    const agent = world.begin({ kind: 'enter', vcpu: 1, cpu: 4 });
    world.advance(agent, 'set_control');
    world.device(1, 0x41);
    world.drain();
    expect([world.number(1, 'pid.ndst'), world.taken(1)]).toEqual([4, [0x41]]);
  });
});

describe('4.19 and 5.15: hooks around the block', () => {
  test('blocking is refused when ON is set by then', () => {
    const world = new World({ ...VTD, kernel: '5.15' });
    const agent = world.begin({ kind: 'block', vcpu: 1 });
    world.advance(agent, 'set_control');
    world.device(1, 0x41);
    world.drain();
    expect(ran(world.steps(), 'pi_pre_block', 'test_on')).toBe(true);
    expect(ran(world.steps(), '__pi_post_block', 'leave_list')).toBe(true);
    expect(ran(world.steps(), 'kvm_vcpu_block', 'schedule')).toBe(false);
    expect([descriptor(world), world.taken(1)]).toEqual([[0xf2, 1, 0, 0], [0x41]]);
  });

  test('a device wakes it by 0xf1, on the list of the CPU where it fell asleep; post_block puts all back', () => {
    const world = new World({ ...VTD, kernel: '5.15' });
    world.do({ kind: 'block', vcpu: 1 });
    const steps = world.device(1, 0x41);
    expect(steps.filter(({ operation }) => operation === 'pi_wakeup_handler').map(({ agent }) => agent)).toEqual([
      'cpu 1',
    ]);
    world.enter(1, 4);
    expect([descriptor(world), world.taken(1)]).toEqual([[0xf2, 4, 0, 0], [0x41]]);
  });
});

describe('the wake-up handler', () => {
  test('wakes those on the list of its own CPU whose ON is set, clears nothing', () => {
    const world = new World({ vtdPosting: true, vcpus: [{}, { cpu: 1 }, { cpu: 2 }, { cpu: 3 }] });
    for (const vcpu of [1, 2, 3]) {
      world.do({ kind: 'block', vcpu });
    }
    world.set(m => {
      for (const vcpu of [1, 2]) {
        m.set_bit(0x41, m.vcpu(vcpu) + V.pi_desc);
        m.set_bit(0, m.vcpu(vcpu) + V.pi_desc + 8);
      }
    });
    world.do({ kind: 'physical', cpu: 1, vector: 0xf1 });
    expect([1, 2, 3].map(vcpu => world.number(vcpu, 'state'))).toEqual([5, 3, 3]);
    expect([world.number(1, 'pid.on'), world.number(1, 'wakeup_list')]).toEqual([1, 1]);
    world.do({ kind: 'physical', cpu: 2, vector: 0xf1 });
    world.do({ kind: 'physical', cpu: 3, vector: 0xf1 });
    expect([1, 2, 3].map(vcpu => world.number(vcpu, 'state'))).toEqual([5, 5, 3]);
  });

  test('0xf1 that hits a CPU in guest mode makes it exit; NV of the VMCS is 0xf2', () => {
    const world = new World({ vtdPosting: true, vcpus: [{}, { cpu: 1 }, { state: 'preempted', cpu: 1 }] });
    world.do({ kind: 'block', vcpu: 1 });
    world.enter(2, 1);
    world.set(m => {
      m.set_bit(0x41, m.vcpu(1) + V.pi_desc);
      m.set_bit(0, m.vcpu(1) + V.pi_desc + 8);
    });
    const from = world.forget();
    const steps = world.do({ kind: 'physical', cpu: 1, vector: 0xf1 });
    expect(world.exits(from)).toEqual([[1, 0]]);
    // mode first, then the handler with interrupts off.
    const labels = steps.map(({ label }) => label);
    expect(labels.indexOf('set_mode')).toBeLessThan(labels.indexOf('wakeup'));
    expect(labels.indexOf('wakeup')).toBeLessThan(labels.indexOf('local_irq_enable'));
    expect(labels).toContain('wakeup');
    expect([world.number(1, 'state'), world.number(2, 'state')]).toEqual([5, 0]);
  });

  test('0xf2 and 0xf0 in the host do nothing', () => {
    const world = new World(VTD);
    world.do({ kind: 'block', vcpu: 1 });
    world.set(m => m.set_bit(0, m.vcpu(1) + V.pi_desc + 8));
    for (const vector of [0xf2, 0xf0]) {
      world.do({ kind: 'physical', cpu: 1, vector });
      expect([world.number(1, 'state'), world.m.test_bit(vector, world.m.cpu(1) + C.irr)]).toEqual([3, false]);
    }
  });
});

describe('blocking and waking', () => {
  test('woken between the check and schedule(): it does not sleep', () => {
    const world = new World({ vcpus: [{}, {}] });
    const agent = world.begin({ kind: 'block', vcpu: 1 });
    world.advance(agent, 'schedule');
    world.ipi(0, 1, 0x41);
    world.drain();
    expect([world.number(1, 'state'), world.taken(1)]).toEqual([0, [0x41]]);
    expect(ran(world.steps(), 'kvm_vcpu_block', 'switch')).toBe(false);
  });

  test('posted before it registers: the check finds it', () => {
    const world = new World({ vcpus: [{}, {}] });
    const agent = world.begin({ kind: 'block', vcpu: 1 });
    world.advance(agent, 'register');
    world.ipi(0, 1, 0x41);
    world.drain();
    expect([world.happened(1, 'wakeup'), world.taken(1)]).toEqual([false, [0x41]]);
  });

  test('halt polling finds it before the thread registers', () => {
    const world = new World({ haltPolling: true, vcpus: [{}, {}] });
    const agent = world.begin({ kind: 'block', vcpu: 1 });
    world.advance(agent, 'test_on');
    world.ipi(0, 1, 0x41);
    world.drain();
    expect(ran(world.steps(), 'kvm_vcpu_block')).toBe(false);
    expect(world.taken(1)).toEqual([0x41]);
  });

  test('TPR and IF decide whether an interrupt ends a halt', () => {
    for (const [vcpu, sleeps] of [
      [{ tpr: 0x50 }, true],
      [{ interruptsEnabled: false }, true],
      [{ tpr: 0x30 }, false],
    ] as const) {
      const world = new World({ vcpus: [{}, { state: 'exited', ...vcpu }] });
      world.enter(1);
      world.do({ kind: 'block', vcpu: 1 });
      world.ipi(0, 1, 0x41);
      world.enter(1);
      expect([vcpu, world.number(1, 'state')]).toEqual([vcpu, sleeps ? 3 : 0]);
    }
  });

  test('an empty harvest in 6.16 answers "nothing" although IRR has a vector', () => {
    const world = new World({ vcpus: [{}, { state: 'exited', irr: [0x45] }] });
    world.set(m => m.set_bit(0, m.vcpu(1) + V.pi_desc + 8));
    expect(call(world, 1, vmx_sync_pir_to_irr)).toBe(-1);
  });
});
