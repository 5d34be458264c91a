import { describe, expect, test } from 'vitest';
import { rdmsr } from '../../../../extension/engine/guest/msr.ts';
import { ACTIVITY, CTRL, V } from '../../../../extension/engine/layout.ts';
import { call, ran, World } from '../world.ts';

// Posted interrupts §6 and §7: what the processor does, beyond the worked cases.

describe('the micro-trace of §7.1', () => {
  test('0x31 and 0x55 with VTPR 0x20', () => {
    const world = new World({ vcpus: [{}, { state: 'exited', tpr: 0x20 }] });
    world.enter(1);
    world.set(m => {
      m.set_bit(0x31, m.vcpu(1) + V.pi_desc);
      m.set_bit(0x55, m.vcpu(1) + V.pi_desc);
      m.set_bit(0, m.vcpu(1) + V.pi_desc + 8);
    });
    const state = () => [
      world.vectors(1, 'isr'),
      world.number(1, 'svi'),
      world.number(1, 'ppr'),
      world.number(1, 'rvi'),
    ];
    world.do({ kind: 'physical', cpu: 1, vector: 0xf2 });
    expect([world.taken(1), state()]).toEqual([[0x55], [[0x55], 0x55, 0x50, 0x31]]);
    world.do({ kind: 'eoi', vcpu: 1 });
    expect([world.taken(1), state()]).toEqual([
      [0x31, 0x55],
      [[0x31], 0x31, 0x30, 0],
    ]);
  });

  test('a notification with an empty PIR leaves RVI alone', () => {
    const world = new World({ vcpus: [{}, { state: 'exited', irr: [0x31], tpr: 0x50 }] });
    world.enter(1);
    world.do({ kind: 'physical', cpu: 1, vector: 0xf2 });
    expect([world.number(1, 'rvi'), world.vectors(1, 'irr'), world.taken(1)]).toEqual([0x31, [0x31], []]);
  });

  test('M4: requested and in service at once: again after EOI', () => {
    const world = new World({ vcpus: [{}, {}] });
    world.ipi(0, 1, 0x41);
    world.forget();
    world.ipi(0, 1, 0x41);
    expect([world.taken(1), world.vectors(1, 'irr'), world.vectors(1, 'isr')]).toEqual([[], [0x41], [0x41]]);
    world.do({ kind: 'eoi', vcpu: 1 });
    expect(world.taken(1)).toEqual([0x41]);
  });

  test('another vector than 0xf2 exits, whatever PID.NV says', () => {
    for (const vector of [0xf1, 0xf0, 0xfd, 0x30]) {
      const world = new World({ vcpus: [{}, {}] });
      world.set(m => m.store(m.vcpu(1) + V.pi_desc + 8, vector << 16));
      const from = world.m.length;
      world.do({ kind: 'physical', cpu: 1, vector });
      expect([vector, world.exits(from)]).toEqual([vector, [[1, 0]]]);
    }
  });
});

describe('RFLAGS.IF and the instruction after STI', () => {
  test('recognised, and delivered when IF is set, after one more instruction', () => {
    const world = new World({ vcpus: [{}, { interruptsEnabled: false }] });
    world.ipi(0, 1, 0x41);
    expect([world.number(1, 'recognized'), world.taken(1)]).toEqual([1, []]);
    const steps = world.do({ kind: 'interrupts', vcpu: 1, enabled: true });
    expect(steps.map(({ label }) => label).slice(0, 3)).toEqual(['set', 'shadow', 'set_visr']);
    expect(world.taken(1)).toEqual([0x41]);
  });
});

describe('HLT and MWAIT in guest mode', () => {
  test.each([
    ['mwait', 0x50, ACTIVITY.active, []],
    ['block', 0x50, ACTIVITY.hlt, []],
    ['mwait', 0, ACTIVITY.active, [0x41]],
    ['block', 0, ACTIVITY.active, [0x41]],
  ] as const)('%s with TPR 0x%s', (kind, tpr, activity, taken) => {
    const world = new World({ haltInGuest: true, vcpus: [{}, { state: 'exited', tpr }] });
    world.enter(1);
    world.do({ kind, vcpu: 1 });
    expect(world.number(1, 'activity')).not.toBe(ACTIVITY.active);
    world.ipi(0, 1, 0x41);
    expect([world.number(1, 'activity'), world.taken(1)]).toEqual([activity, taken]);
  });

  test('HLT survives a VM exit, MWAIT does not', () => {
    for (const [kind, activity] of [
      ['block', ACTIVITY.hlt],
      ['mwait', ACTIVITY.active],
    ] as const) {
      const world = new World({ haltInGuest: true, vcpus: [{}, {}] });
      world.do({ kind, vcpu: 1 });
      world.do({ kind: 'physical', cpu: 1, vector: 0xfd });
      expect(world.number(1, 'activity')).toBe(activity);
    }
  });
});

describe('without virtual-interrupt delivery', () => {
  const classic = () => new World({ apicv: false, vcpus: [{}, { state: 'exited', tpr: 0x60 }] });

  test('TPR threshold: exit 43 only when TPR no longer hides the interrupt', () => {
    const world = classic();
    world.enter(1);
    world.ipi(0, 1, 0x41);
    expect([world.number(1, 'tpr_threshold'), world.taken(1)]).toEqual([4, []]);
    let from = world.m.length;
    world.do({ kind: 'tpr', vcpu: 1, value: 0x50 });
    expect(world.exits(from)).toEqual([]);
    from = world.m.length;
    world.do({ kind: 'cr8', vcpu: 1, value: 4 });
    expect(world.exits(from)).toEqual([]);
    from = world.m.length;
    world.do({ kind: 'cr8', vcpu: 1, value: 3 });
    expect([world.exits(from), world.taken(1)]).toEqual([[[43, 0]], [0x41]]);
    expect(world.number(1, 'tpr_threshold')).toBe(0);
  });

  test('interrupt window: exit 7 as soon as IF = 1, then the injection', () => {
    const world = new World({ apicv: false, vcpus: [{}, { state: 'exited', interruptsEnabled: false }] });
    world.enter(1);
    world.ipi(0, 1, 0x41);
    const window = () => (world.m.words[world.m.vcpu(1) + V.controls] >>> CTRL.interrupt_window_exiting) & 1;
    expect([window(), world.taken(1)]).toEqual([1, []]);
    const from = world.m.length;
    world.do({ kind: 'interrupts', vcpu: 1, enabled: true });
    expect([world.exits(from), world.taken(1), window()]).toEqual([[[7, 0]], [0x41], 0]);
  });

  test('EOI by MSR and by page: exits 32 and 44', () => {
    for (const [apic, reason] of [
      ['x2apic', 32],
      ['xapic', 44],
    ] as const) {
      const world = new World({ apicv: false, apic, vcpus: [{}, {}] });
      world.ipi(0, 1, 0x41);
      const from = world.m.length;
      world.do({ kind: 'eoi', vcpu: 1 });
      expect([world.exits(from)[0][0], world.vectors(1, 'isr')]).toEqual([reason, []]);
    }
  });
});

describe('interrupt-window exiting with virtual-interrupt delivery', () => {
  test('nothing is recognised, and exit 7 comes first', () => {
    const world = new World({ vcpus: [{}, { state: 'exited', irr: [0x41], interruptsEnabled: false }] });
    world.set(m => m.set_bit(CTRL.interrupt_window_exiting, m.vcpu(1) + V.controls));
    world.enter(1);
    expect(world.number(1, 'recognized')).toBe(0);
    const from = world.m.length;
    const steps = world.do({ kind: 'interrupts', vcpu: 1, enabled: true });
    expect(world.exits(from)).toEqual([[7, 0]]);
    expect(ran(steps, 'handle_interrupt_window', 'clear')).toBe(true);
    expect(world.taken(1)).toEqual([0x41]);
  });
});

describe('MSRs of x2APIC mode', () => {
  test.each([
    [0x808, 0x50, 0, 'virtual'],
    [0x808, 0x150, 0, 'fault'],
    [0x808, 0x50, 1, 'fault'],
    [0x80b, 0, 0, 'virtual'],
    [0x80b, 1, 0, 'fault'],
    [0x83f, 0x41, 0, 'virtual'],
    [0x83f, 0x41, 1, 'fault'],
    [0x830, 0x41, 1, 'exit'],
    [0x80f, 0x1ff, 0, 'exit'],
    [0x802, 0, 0, 'exit'],
  ] as const)('WRMSR %s := 0x%s, high 0x%s: %s', (msr, lo, hi, outcome) => {
    const world = new World({ vcpus: [{}, {}] });
    const from = world.m.length;
    world.wrmsr(1, msr, lo, hi);
    const exited = world.exits(from).some(([reason]) => reason === 32);
    expect([exited, world.happened(1, 'fault')]).toEqual([outcome === 'exit', outcome === 'fault' || msr === 0x802]);
  });

  test('in xAPIC mode every x2APIC MSR faults, and in x2APIC mode the page is dead', () => {
    const xapic = new World({ apic: 'xapic', vcpus: [{}] });
    xapic.wrmsr(0, 0x808, 0);
    expect(xapic.happened(0, 'fault')).toBe(true);
    const x2apic = new World({ vcpus: [{}] });
    x2apic.page(0, 0x80, 0x50);
    expect(x2apic.number(0, 'tpr')).toBe(0);
  });
});

describe('RDMSR', () => {
  const passes = (world: World) => {
    const found: number[] = [];
    for (let msr = 0x800; msr <= 0x83f; msr++) {
      const from = world.forget();
      call(world, 0, rdmsr, msr);
      if (world.exits(from).length === 0) {
        found.push(msr);
      }
    }
    return found;
  };
  const line = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

  test('with APICv every register that can be read passes, but not the current count 839H', () => {
    expect(passes(new World({ vcpus: [{}] }))).toEqual([
      ...[0x802, 0x803, 0x808, 0x80a, 0x80d, 0x80f],
      ...line(0x810, 0x828),
      ...[0x82f, 0x830],
      ...line(0x832, 0x838),
      0x83e,
    ]);
  });

  test('without it only TPR passes; and nothing in xAPIC mode', () => {
    expect(passes(new World({ apicv: false, vcpus: [{}] }))).toEqual([0x808]);
    const world = new World({ apic: 'xapic', vcpus: [{}] });
    expect([call(world, 0, rdmsr, 0x808), world.happened(0, 'fault')]).toEqual([-1, true]);
  });

  test('PPR follows the processor', () => {
    const world = new World({ vcpus: [{}, {}] });
    world.ipi(0, 1, 0x41);
    expect([call(world, 1, rdmsr, 0x80a), call(world, 1, rdmsr, 0x80b), world.happened(1, 'fault')]).toEqual([
      0x40,
      -1,
      true,
    ]);
  });
});
