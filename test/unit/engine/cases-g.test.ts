import { describe, expect, test } from 'vitest';
import { kvm_arch_vcpu_load } from '../../../extension/engine/kvm/enter.ts';
import { V } from '../../../extension/engine/layout.ts';
import { inhibitBit } from '../../../extension/engine/vmx/apicv.ts';
import { vmx_sync_pir_to_irr } from '../../../extension/engine/vmx/sync.ts';
import { call, type Options, ran, World } from './world.ts';

// Worked cases G, posted interrupts and virtual-interrupt delivery, each by its id.

const TWO = [{}, { cpu: 4 }] as const;

function post(m: World['m'], vcpu: number, vector: number): void {
  m.set_bit(vector, m.vcpu(vcpu) + V.pi_desc);
}

function setOn(m: World['m'], vcpu: number): void {
  m.set_bit(0, m.vcpu(vcpu) + V.pi_desc + 8);
}

function exitedWith(options: Options, irr: number[], isr: number[] = [], tpr = 0): World {
  return new World({ vcpus: [{}, { state: 'exited', irr, isr, tpr }], ...options });
}

describe('software posting', () => {
  test('G1: a post to a running vCPU is delivered without an exit', () => {
    const world = new World({ vcpus: TWO });
    const steps = world.ipi(0, 1, 0x41);
    const order = steps
      .filter(({ operation }) =>
        ['vmx_deliver_posted_interrupt', 'kvm_vcpu_trigger_posted_interrupt', 'posted-interrupt processing'].includes(
          operation,
        ),
      )
      .map(({ label }) => label);
    expect(order).toEqual([
      'test_and_set_pir',
      'test_and_set_on',
      'read_mode',
      'read_cpu',
      'send',
      'acknowledge',
      'compare_nv',
      'clear_on',
      'eoi',
      'move_pir',
      'raise_rvi',
    ]);
    expect(ran(steps, 'vmx_deliver_interrupt', 'trace')).toBe(true);
    expect(world.happened(1, 'notification')).toBe(true);
    expect(world.happened(1, 'exit')).toBe(false);
    expect(world.taken(1)).toEqual([0x41]);
    expect([world.number(1, 'pid.on'), world.number(1, 'rvi'), world.vectors(1, 'pid.pir')]).toEqual([0, 0, []]);
    expect(world.m.test_bit(0xf2, world.m.cpu(4))).toBe(false);
  });

  test('G1: class 4 is not above VPPR 0x40: it stays in VIRR with RVI 0x41', () => {
    const world = new World({ vcpus: [{}, { state: 'exited', tpr: 0x40 }] });
    world.enter(1);
    world.ipi(0, 1, 0x41);
    expect([world.vectors(1, 'irr'), world.number(1, 'rvi'), world.taken(1)]).toEqual([[0x41], 0x41, []]);
  });

  test('G2: ON is set already: PIR only', () => {
    const world = new World({ vcpus: [{}, { state: 'exited' }] });
    world.set(m => setOn(m, 1));
    const from = world.m.length;
    const steps = world.ipi(0, 1, 0x42);
    expect(world.vectors(1, 'pid.pir')).toEqual([0x42]);
    expect(ran(steps, 'kvm_vcpu_trigger_posted_interrupt')).toBe(false);
    expect(world.notifications(from)).toBe(0);
  });

  test('G3: PIR has the vector already: nothing', () => {
    const world = new World({ vcpus: [{}, { state: 'exited' }] });
    world.set(m => post(m, 1, 0x41));
    const steps = world.ipi(0, 1, 0x41);
    expect(ran(steps, 'vmx_deliver_posted_interrupt', 'test_and_set_on')).toBe(false);
    expect(world.number(1, 'pid.on')).toBe(0);
    expect(ran(steps, 'vmx_deliver_interrupt', 'trace')).toBe(true);
  });

  test('G4: out of guest mode: no EVENT, RVI at entry', () => {
    const world = new World({ vcpus: [{}, { state: 'exited' }] });
    const steps = world.ipi(0, 1, 0x41);
    expect(ran(steps, 'kvm_vcpu_wake_up', 'read_task')).toBe(true);
    expect(world.happened(1, 'wakeup')).toBe(false);
    expect([world.number(1, 'event'), world.number(1, 'pid.on')]).toEqual([0, 1]);
    world.enter(1);
    expect(world.taken(1)).toEqual([0x41]);
  });

  test('G4, 2013: EVENT and a kick', () => {
    const world = new World({ kernel: '2013', vcpus: [{}, { state: 'exited' }] });
    const steps = world.ipi(0, 1, 0x41);
    expect(ran(steps, 'kvm_vcpu_kick')).toBe(true);
    expect(world.number(1, 'event')).toBe(1);
    world.enter(1);
    expect(world.taken(1)).toEqual([0x41]);
  });

  test('G5: blocked without device and IPIv: woken by software', () => {
    const world = new World({ vcpus: [{}, {}] });
    world.do({ kind: 'block', vcpu: 1 });
    expect([world.number(1, 'state'), world.number(1, 'pid.nv')]).toEqual([3, 0xf2]);
    const from = world.forget();
    world.ipi(0, 1, 0x41);
    expect(world.happened(1, 'wakeup')).toBe(true);
    expect(world.notifications(from)).toBe(0);
    world.enter(1);
    expect(world.taken(1)).toEqual([0x41]);
  });

  test('G6: a vCPU posts to itself on the fast path: no IPI', () => {
    const world = new World();
    const from = world.m.length;
    const steps = world.ipi(1, 1, 0x41);
    expect(ran(steps, 'kvm_vcpu_trigger_posted_interrupt', 'spare')).toBe(true);
    expect(world.notifications(from)).toBe(0);
    expect(world.taken(1)).toEqual([0x41]);
  });

  test('G6, 5.15: the exception does not exist yet', () => {
    const world = new World({ kernel: '5.15' });
    const from = world.m.length;
    world.ipi(1, 1, 0x41);
    expect(world.notifications(from)).toBe(1);
    expect(world.taken(1)).toEqual([0x41]);
  });

  test('G7: APICv inhibited: vIRR, EVENT, kick, and no kvm_apicv_accept_irq', () => {
    const world = new World({ vcpus: [{}, {}] });
    world.do({ kind: 'inhibit', bit: inhibitBit(world.m, 'BLOCKIRQ'), inhibited: true });
    expect(world.number(1, 'apicv')).toBe(0);
    world.forget();
    const steps = world.ipi(0, 1, 0x41);
    expect(ran(steps, 'vmx_deliver_interrupt', 'set_irr')).toBe(true);
    expect(ran(steps, 'vmx_deliver_interrupt', 'request_event')).toBe(true);
    expect(ran(steps, 'kvm_vcpu_kick', 'send')).toBe(true);
    expect(ran(steps, 'vmx_deliver_interrupt', 'trace')).toBe(false);
    expect(ran(steps, 'vmx_deliver_posted_interrupt')).toBe(false);
    expect(world.taken(1)).toEqual([0x41]);
  });

  test("G8: L1's notification vector while L2 runs: pi_pending, EVENT, IPI 0xf0", () => {
    const world = new World({ vcpus: [{}, { l2: { notificationVector: 0x66 } }] });
    const { m } = world;
    world.set(() => {
      m.set_bit(0x51, m.nested(1) + V.pi_desc);
      m.set_bit(0, m.nested(1) + V.pi_desc + 8);
    });
    const steps = world.ipi(0, 1, 0x66);
    expect(
      steps.filter(({ operation }) => operation === 'vmx_deliver_nested_posted_interrupt').map(({ label }) => label),
    ).toEqual(['test', 'set_pi_pending', 'request_event']);
    expect(ran(steps, 'posted-interrupt processing', 'move_pir')).toBe(true);
    expect(m.test_bit(0x51, m.nested(1) + V.taken)).toBe(true);
    expect([world.vectors(1, 'irr'), world.taken(1), world.vectors(1, 'pid.pir')]).toEqual([[], [], []]);
    expect(world.happened(1, 'exit')).toBe(false);
  });
});

describe('vmx_sync_pir_to_irr', () => {
  test('G9: ON set: PIR moves into VIRR', () => {
    const world = exitedWith({}, [0x33]);
    world.set(m => {
      setOn(m, 1);
      post(m, 1, 0x21);
      post(m, 1, 0xa0);
    });
    call(world, 1, vmx_sync_pir_to_irr);
    expect(world.number(1, 'pid.on')).toBe(0);
    expect(world.vectors(1, 'irr')).toEqual([0x21, 0x33, 0xa0]);
    expect(world.number(1, 'rvi')).toBe(0xa0);
    expect(world.vectors(1, 'pid.pir')).toEqual([]);
  });

  test('G10: ON clear: PIR is not looked at', () => {
    const world = exitedWith({}, [0x33]);
    world.set(m => post(m, 1, 0x21));
    call(world, 1, vmx_sync_pir_to_irr);
    expect([world.number(1, 'rvi'), world.vectors(1, 'pid.pir'), world.vectors(1, 'irr')]).toEqual([
      0x33,
      [0x21],
      [0x33],
    ]);
  });

  test('G11: load clears SN, finds PIR, sets ON; then sync harvests', () => {
    const world = new World({ vtdPosting: true, vcpus: [{}, { state: 'preempted' }] });
    world.set(m => post(m, 1, 0x21));
    call(world, 1, kvm_arch_vcpu_load, 1);
    expect([world.number(1, 'pid.sn'), world.number(1, 'pid.on')]).toEqual([0, 1]);
    call(world, 1, vmx_sync_pir_to_irr);
    expect(world.vectors(1, 'irr')).toEqual([0x21]);
  });

  test.each([
    ['6.12', 0x45],
    ['6.16', 0],
    ['7.1', 0x45],
  ] as const)('G12, %s: ON set and PIR empty: RVI becomes 0x%s', (kernel, rvi) => {
    const world = exitedWith({ kernel }, [0x45]);
    world.set(m => setOn(m, 1));
    call(world, 1, vmx_sync_pir_to_irr);
    expect(world.number(1, 'rvi')).toBe(rvi);
    expect(world.vectors(1, 'irr')).toEqual([0x45]);
  });
});

describe('virtual-interrupt delivery', () => {
  test('G13: TPR hides RVI 0x31 until CR8 = 2', () => {
    const world = exitedWith({}, [0x31], [], 0x60);
    world.enter(1);
    expect([world.taken(1), world.number(1, 'rvi')]).toEqual([[], 0x31]);
    world.forget();
    world.do({ kind: 'cr8', vcpu: 1, value: 2 });
    expect(world.taken(1)).toEqual([0x31]);
    expect(world.happened(1, 'exit')).toBe(false);
  });

  test('G14: delivered exactly if the class of the vector is above that of TPR, at entry and by CR8', {
    timeout: 60_000,
  }, () => {
    const wrong: string[] = [];
    for (let vector = 0x21; vector <= 0xff; vector++) {
      for (let tpr = 0; tpr <= 255; tpr += vector % 16 === 1 ? 1 : 15) {
        const above = vector >>> 4 > tpr >>> 4;
        const world = exitedWith({}, [vector], [], tpr);
        world.enter(1);
        if (world.taken(1).includes(vector) !== above || world.number(1, 'rvi') !== (above ? 0 : vector)) {
          wrong.push(`entry ${vector} ${tpr}`);
        }
      }
    }
    for (let vector = 0x21; vector <= 0xff; vector += 13) {
      for (let cr8 = 15; cr8 >= 0; cr8--) {
        const world = exitedWith({}, [vector], [], 0xf0);
        world.enter(1);
        world.do({ kind: 'cr8', vcpu: 1, value: cr8 });
        const above = vector >>> 4 > cr8;
        if (world.taken(1).includes(vector) !== above || world.number(1, 'rvi') !== (above ? 0 : vector)) {
          wrong.push(`cr8 ${vector} ${cr8}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  test('G15: RVI without its VIRR bit is delivered; RVI follows VIRR', () => {
    const world = exitedWith({ kernel: '2013' }, [0x31]);
    world.set(m => m.store(m.vcpu(1) + V.guest_intr_status, 0x55));
    world.enter(1);
    expect(world.taken(1)).toEqual([0x55]);
    expect([world.number(1, 'rvi'), world.vectors(1, 'irr'), world.vectors(1, 'isr')]).toEqual([0x31, [0x31], [0x55]]);
  });

  test('G16 and G17: nesting by class, and two EOIs', () => {
    const world = exitedWith({}, [0x53, 0x61], [0x55]);
    world.enter(1);
    const state = () => ['svi', 'ppr', 'rvi'].map(path => world.number(1, path));
    expect(world.taken(1)).toEqual([0x61]);
    expect(state()).toEqual([0x61, 0x60, 0x53]);
    world.do({ kind: 'eoi', vcpu: 1 });
    expect(state()).toEqual([0x55, 0x50, 0x53]);
    expect(world.taken(1)).toEqual([0x61]);
    world.do({ kind: 'eoi', vcpu: 1 });
    expect(world.taken(1)).toEqual([0x53, 0x61]);
    expect(world.happened(1, 'exit')).toBe(false);
  });

  test('G18: EOI-exit bitmap: exit 45 before anything else is evaluated', () => {
    const world = exitedWith({}, [0x31], [0x41]);
    world.set(m => m.set_bit(0x41, m.vcpu(1) + V.eoi_exit_bitmap));
    world.enter(1);
    const from = world.forget();
    const steps = world.do({ kind: 'eoi', vcpu: 1 });
    expect(world.exits(from)).toEqual([[45, 0x41]]);
    const eoi = steps.findIndex(({ label }) => label === 'test_bitmap');
    expect(steps[eoi + 1].operation).toBe('VM exit');
    expect(world.taken(1)).toEqual([0x31]);
    const entry = steps.findIndex(({ operation }) => operation === 'VM entry');
    expect(steps.findIndex(({ operation }) => operation === 'virtual-interrupt delivery')).toBeGreaterThan(entry);
  });

  test.each([false, true])('G19: PIR, ON and the vector sent by hand; guest halted: %s', halted => {
    const world = new World({ haltInGuest: true, vcpus: [{}, {}] });
    if (halted) {
      world.do({ kind: 'block', vcpu: 1 });
      expect(world.number(1, 'activity')).toBe(1);
    }
    world.set(m => {
      post(m, 1, 0x51);
      setOn(m, 1);
    });
    const from = world.forget();
    world.do({ kind: 'physical', cpu: 1, vector: 0xf2 });
    expect(world.taken(1)).toEqual([0x51]);
    expect([world.number(1, 'rvi'), world.number(1, 'activity'), world.exits(from)]).toEqual([0, 0, []]);
  });

  test.each([false, true])('G20: TPR hides it: VIRR and RVI only; guest halted: %s', halted => {
    const world = new World({ haltInGuest: true, vcpus: [{}, { state: 'exited', tpr: 0x50 }] });
    world.enter(1);
    if (halted) {
      world.do({ kind: 'block', vcpu: 1 });
    }
    world.set(m => {
      post(m, 1, 0x51);
      setOn(m, 1);
    });
    world.do({ kind: 'physical', cpu: 1, vector: 0xf2 });
    expect([world.vectors(1, 'irr'), world.number(1, 'rvi'), world.taken(1)]).toEqual([[0x51], 0x51, []]);
    expect(world.number(1, 'activity')).toBe(halted ? 1 : 0);
  });

  test('G21: VM entry in HLT with a deliverable RVI leaves HLT', () => {
    const world = exitedWith({ haltInGuest: true }, [0xf1]);
    world.set(m => m.store(m.vcpu(1) + V.activity, 1));
    world.enter(1);
    expect([world.taken(1), world.number(1, 'activity')]).toEqual([[0xf1], 0]);
  });

  test.each([
    ['NV 0x1ff', (m: World['m']) => m.store(m.vcpu(1) + V.posted_intr_nv, 0x1ff)],
    ['a descriptor at …20', (m: World['m']) => m.store(m.vcpu(1) + V.posted_intr_desc_addr, 0x20)],
    ['an address that is too wide', (m: World['m']) => m.store(m.vcpu(1) + V.posted_intr_desc_addr + 1, 1 << 14)],
    ['no acknowledge on exit', (m: World['m']) => m.clear_bit(1, m.vcpu(1) + V.controls)],
    ['no virtual-interrupt delivery', (m: World['m']) => m.clear_bit(9, m.vcpu(1) + V.controls)],
  ] as const)('G22: VM entry fails with %s', (_name, spoil) => {
    const world = exitedWith({}, []);
    world.set(spoil);
    const steps = world.enter(1);
    expect(ran(steps, 'VM entry', 'check')).toBe(true);
    expect(ran(steps, 'VM entry', 'enter')).toBe(false);
    expect([world.number(1, 'mode'), world.number(1, 'state')]).toEqual([0, 1]);
  });
});
