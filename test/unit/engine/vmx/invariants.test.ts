import { describe, expect, test } from 'vitest';
import type { KernelVersion } from '../../../../extension/engine/config.ts';
import { brokenInvariants } from '../../../../extension/engine/invariants.ts';
import { V } from '../../../../extension/engine/layout.ts';
import { KERNEL_VERSIONS } from '../../../../extension/engine/profile.ts';
import { inhibitBit } from '../../../../extension/engine/vmx/apicv.ts';
import { vmx_sync_pir_to_irr } from '../../../../extension/engine/vmx/sync.ts';
import { call, DEVICE, type Options, World } from '../world.ts';

const names = (world: World) => brokenInvariants(world.m).map(({ name }) => name);

describe('each invariant can break', () => {
  test('pir-without-harvest: a bit without ON, without SN', () => {
    const world = new World({ vcpus: [{}, {}] });
    world.set(m => m.set_bit(0x41, m.vcpu(1) + V.pi_desc));
    expect(names(world)).toEqual(['pir-without-harvest']);
  });

  test('pir-without-harvest, R02: Linux 4.19 clears SN and does not look', () => {
    for (const [kernel, broken] of [
      ['4.19', ['pir-without-harvest']],
      ['5.15', []],
    ] as const) {
      const world = new World({ kernel, vtdPosting: true, devices: DEVICE, vcpus: [{}, {}] });
      world.do({ kind: 'preempt', vcpu: 1 });
      world.device(1, 0x41);
      world.enter(1);
      expect([kernel, names(world)]).toEqual([kernel, broken]);
    }
  });

  test('pir-without-harvest, R09: Linux 4.19 does not sync while APICv is inhibited', () => {
    for (const [kernel, broken] of [
      ['4.19', ['pir-without-harvest']],
      ['5.15', []],
    ] as const) {
      const world = new World({ kernel, vtdPosting: true, devices: DEVICE, vcpus: [{}, {}] });
      world.do({ kind: 'inhibit', bit: inhibitBit(world.m, 'HYPERV'), inhibited: true });
      world.device(1, 0x41);
      expect([kernel, names(world)]).toEqual([kernel, broken]);
      expect(world.taken(1)).toEqual(kernel === '4.19' ? [] : [0x41]);
    }
  });

  test('asleep-with-work, R05: the device came after the vCPU fell asleep, and nobody unblocked it', () => {
    const world = new World({ devices: DEVICE, vcpus: [{}, {}] });
    world.do({ kind: 'block', vcpu: 1 });
    world.device(1, 0x41);
    expect(names(world)).toEqual(['asleep-with-work']);
    const cured = new World({ devices: DEVICE, vcpus: [{}, {}] });
    cured.do({ kind: 'block', vcpu: 1 });
    cured.do({ kind: 'assign' });
    cured.enter(1);
    cured.do({ kind: 'block', vcpu: 1 });
    cured.device(1, 0x41);
    expect([names(cured), cured.number(1, 'state')]).toEqual([[], 5]);
  });

  test.each(['nmi_pending', 'smi_pending', 'pending_events', 'pv_unhalted'] as const)(
    'asleep-with-work: %s is a reason to run, as kvm_vcpu_check_block finds',
    word => {
      const world = new World({ vcpus: [{}, {}] });
      world.do({ kind: 'block', vcpu: 1 });
      expect(names(world)).toEqual([]);
      world.m.store(world.m.vcpu(1) + V[word], 1);
      expect(names(world)).toEqual(['asleep-with-work']);
    },
  );

  test('in-service-outlives-eoi, R14: activation without SVI', () => {
    for (const [kernel, broken] of [
      ['6.16', ['in-service-outlives-eoi']],
      ['7.1', []],
    ] as const) {
      const world = new World({ kernel, vcpus: [{}, {}] });
      world.do({ kind: 'inhibit', bit: inhibitBit(world.m, 'HYPERV'), inhibited: true });
      world.ipi(0, 1, 0xe0);
      world.do({ kind: 'inhibit', bit: inhibitBit(world.m, 'HYPERV'), inhibited: false });
      expect([kernel, names(world)]).toEqual([kernel, broken]);
    }
  });

  test('rvi-below-virr, R01: an empty harvest in Linux 6.16', () => {
    for (const [kernel, broken] of [
      ['6.16', true],
      ['6.12', false],
      ['7.1', false],
    ] as const) {
      const world = new World({ kernel, vcpus: [{}, { state: 'exited', irr: [0x45] }] });
      world.set(m => m.set_bit(0, m.vcpu(1) + V.pi_desc + 8));
      world.enter(1);
      expect([kernel, world.broken.has('rvi-below-virr')]).toEqual([kernel, broken]);
    }
  });

  test('notification-finds-nobody: the vCPU has moved', () => {
    const world = new World({ vtdPosting: true, devices: DEVICE, vcpus: [{}, {}] });
    world.do({ kind: 'userspace', vcpu: 1 });
    world.device(1, 0x41);
    expect(world.broken.has('notification-finds-nobody')).toBe(true);
    const later = new World({ kernel: '7.1', vtdPosting: true, devices: DEVICE, vcpus: [{}, {}] });
    later.do({ kind: 'userspace', vcpu: 1 });
    later.device(1, 0x41);
    expect(later.broken.has('notification-finds-nobody')).toBe(false);
  });
});

describe('they hold after every step of what usually happens', () => {
  const worlds: readonly (readonly [string, Options])[] = [
    ['apicv', {}],
    ['ipiv', { ipiv: true }],
    ['vtd-posting', { vtdPosting: true, devices: DEVICE }],
    ['xapic', { apic: 'xapic' }],
    ['hlt in guest', { haltInGuest: true }],
    ['halt polling', { haltPolling: true }],
  ];
  const cases = KERNEL_VERSIONS.flatMap(kernel => worlds.map(([name, options]) => [kernel, name, options] as const));

  test.each(cases)('Linux %s, %s', (kernel: KernelVersion, _name, options) => {
    if (kernel === '2013' && (options.ipiv === true || options.vtdPosting === true)) {
      return;
    }
    const world = new World({ kernel, ...options, vcpus: [{}, {}, { state: 'exited' }, {}] });
    const send = (to: number, vector: number) => {
      world.ipi(0, to, vector);
      if (options.devices !== undefined) {
        world.device(to, vector + 1);
      }
    };
    send(1, 0x41);
    world.do({ kind: 'eoi', vcpu: 1 });
    send(2, 0x51);
    world.enter(2);
    world.do({ kind: 'eoi', vcpu: 2 });
    if (options.haltInGuest !== true) {
      world.do({ kind: 'block', vcpu: 3 });
      send(3, 0x61);
      world.enter(3, 5);
      world.do({ kind: 'eoi', vcpu: 3 });
    }
    // R02: what a device posts under SN is lost in 4.19, and a software post of it afterwards too.
    if (!(kernel === '4.19' && options.vtdPosting === true)) {
      world.do({ kind: 'preempt', vcpu: 1 });
      send(1, 0x71);
      world.enter(1, 1);
      world.do({ kind: 'eoi', vcpu: 1 });
    }
    world.do({ kind: 'tpr', vcpu: 1, value: 0x90 });
    send(1, 0x81);
    world.do({ kind: 'tpr', vcpu: 1, value: 0 });
    world.ipi(1, 1, 0x91);
    world.broken.delete('notification-finds-nobody');
    expect([...world.broken]).toEqual([]);
    for (const vcpu of [1, 2, 3]) {
      expect([
        vcpu,
        world.vectors(vcpu, 'pid.pir'),
        world.vectors(vcpu, 'irr').filter(vector => vector > 0x91),
      ]).toEqual([vcpu, [], []]);
    }
    expect(call(world, 2, vmx_sync_pir_to_irr)).toBeDefined();
  });
});
