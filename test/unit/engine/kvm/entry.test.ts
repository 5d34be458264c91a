import { describe, expect, test } from 'vitest';
import { MP_STATE, REQ, V } from '../../../../extension/engine/layout.ts';
import { inhibitBit } from '../../../../extension/engine/vmx/apicv.ts';
import { ran, World } from '../world.ts';

// Posted interrupts §4, §5 and §10: the way into the guest, by version.

function entry(kernel: '2013' | '4.19' | '5.15' | '6.16' | '7.1'): string[] {
  const world = new World({ kernel, vcpus: [{}, { state: 'exited' }] });
  return world
    .enter(1)
    .map(({ label }) => label)
    .filter(label =>
      ['local_irq_disable', 'set_mode', 'fence', 'test_on', 'mode', 'requests', 'enter'].includes(label),
    );
}

describe('order', () => {
  test.each(['4.19', '5.15', '6.16', '7.1'] as const)('Linux %s', kernel => {
    expect(entry(kernel)).toEqual(['local_irq_disable', 'set_mode', 'fence', 'test_on', 'mode', 'requests', 'enter']);
  });

  test('2013: mode first, and no sync without EVENT', () => {
    expect(entry('2013')).toEqual(['set_mode', 'fence', 'local_irq_disable', 'mode', 'requests', 'enter']);
  });
});

describe('posts while it enters', () => {
  const steps = ['check_requests', 'local_irq_disable', 'set_mode', 'fence', 'test_on', 'mode', 'requests', 'enter'];
  test.each(steps)('before %s', label => {
    const world = new World({ vcpus: [{}, { state: 'exited' }] });
    const agent = world.begin({ kind: 'enter', vcpu: 1 });
    world.advance(agent, label);
    world.ipi(0, 1, 0x41);
    world.drain();
    expect([world.taken(1), world.vectors(1, 'pid.pir'), world.happened(1, 'exit')]).toEqual([[0x41], [], false]);
    expect([...world.broken].filter(name => name !== 'notification-finds-nobody')).toEqual([]);
  });

  test('race R08: 2013 without EVENT would lose it; the EVENT of the post makes the vCPU turn back', () => {
    const world = new World({ kernel: '2013', vcpus: [{}, { state: 'exited' }] });
    const agent = world.begin({ kind: 'enter', vcpu: 1 });
    world.advance(agent, 'set_mode');
    world.ipi(0, 1, 0x41);
    world.drain();
    expect(ran(world.steps(), 'vcpu_enter_guest', 'cancel')).toBe(true);
    expect(world.taken(1)).toEqual([0x41]);
  });

  test('race R11: the kick of 5.15 costs an exit, the wake-up of 6.16 does not', () => {
    for (const [kernel, exits] of [
      ['5.15', true],
      ['6.16', false],
    ] as const) {
      const world = new World({ kernel, vcpus: [{}, { state: 'exited' }] });
      const sender = world.begin({ kind: 'icr', vcpu: 0, value: { lo: 0x41, hi: 1 } });
      world.advance(sender, 'read_mode');
      world.one(sender);
      world.enter(1);
      world.drain();
      expect([kernel, world.happened(1, 'exit'), world.taken(1)]).toEqual([kernel, exits, [0x41]]);
    }
  });
});

describe('requests', () => {
  test('one that comes after the check cancels the entry', () => {
    const world = new World({ vcpus: [{}, { state: 'exited' }] });
    const agent = world.begin({ kind: 'enter', vcpu: 1 });
    world.advance(agent, 'requests');
    world.set(m => m.set_bit(REQ.EVENT, m.vcpu(1) + V.requests));
    world.drain();
    expect(ran(world.steps(), 'vcpu_enter_guest', 'cancel')).toBe(true);
    expect([world.number(1, 'mode'), world.number(1, 'event')]).toEqual([1, 0]);
  });

  test('a kick cancels it too', () => {
    const world = new World({ vcpus: [{}, { state: 'exited' }] });
    const agent = world.begin({ kind: 'enter', vcpu: 1 });
    world.advance(agent, 'mode');
    world.do({ kind: 'inhibit', bit: inhibitBit(world.m, 'HYPERV'), inhibited: true });
    world.drain();
    expect([world.number(1, 'apicv'), world.number(1, 'mode')]).toEqual([0, 1]);
  });

  test('an EOI-exit bitmap is loaded from the vectors that the IOAPIC handles', () => {
    const world = new World({ vcpus: [{}, { state: 'exited' }] });
    world.set(m => {
      m.set_bit(0x59, m.vcpu(1) + V.ioapic_handled_vectors);
      m.set_bit(REQ.LOAD_EOI_EXITMAP, m.vcpu(1) + V.requests);
    });
    world.enter(1);
    expect(world.vectors(1, 'eoi_exit')).toEqual([0x59]);
  });
});

describe('APICv comes and goes', () => {
  test('what was posted before is injected after', () => {
    const world = new World({ vcpus: [{}, { state: 'exited' }] });
    world.ipi(0, 1, 0x41);
    world.do({ kind: 'inhibit', bit: inhibitBit(world.m, 'BLOCKIRQ'), inhibited: true });
    const steps = world.enter(1);
    expect(ran(steps, 'vmx_refresh_apicv_exec_ctrl', 'msr_bitmap')).toBe(true);
    expect(ran(steps, 'kvm_check_and_inject_events', 'inject')).toBe(true);
    expect([world.taken(1), world.vectors(1, 'isr')]).toEqual([[0x41], [0x41]]);
  });

  test('a second reason changes nothing, and only the last one that goes activates', () => {
    const world = new World({ vcpus: [{}, {}] });
    const set = (name: string, inhibited: boolean) =>
      world.do({ kind: 'inhibit', bit: inhibitBit(world.m, name), inhibited });
    set('HYPERV', true);
    const steps = set('BLOCKIRQ', true);
    expect(ran(steps, 'kvm_make_request')).toBe(false);
    expect(ran(steps, 'kvm_set_or_clear_apicv_inhibit', 'trace')).toBe(true);
    set('HYPERV', false);
    expect(world.number(1, 'apicv')).toBe(0);
    set('BLOCKIRQ', false);
    expect(world.number(1, 'apicv')).toBe(1);
  });

  test.each([
    ['5.15', 'HYPERV', 1],
    ['5.15', 'NESTED', -1],
    ['6.16', 'APIC_BASE_MODIFIED', 6],
    ['6.16', 'IRQWIN', -1],
    ['6.16', 'LOGICAL_ID_ALIASED', -1],
    ['7.1', 'PHYSICAL_ID_TOO_BIG', -1],
    ['2013', 'HYPERV', -1],
  ] as const)('Linux %s: %s is bit %d on Intel', (kernel, reason, bit) => {
    expect(inhibitBit(new World({ kernel }).m, reason)).toBe(bit);
  });
});

describe('a processor that has not been started', () => {
  test('waits for INIT and SIPI, and then enters', () => {
    const world = new World({ vcpus: [{}, { state: 'offline' }] });
    world.enter(1);
    expect([world.number(1, 'state'), world.number(1, 'mode')]).toEqual([3, 0]);
    world.icr(0, 0x4500, 1);
    world.enter(1);
    expect([world.number(1, 'state'), world.m.words[world.m.vcpu(1) + V.mp_state]]).toEqual([
      3,
      MP_STATE.INIT_RECEIVED,
    ]);
    world.icr(0, 0x4608, 1);
    world.enter(1);
    expect([world.number(1, 'state'), world.m.words[world.m.vcpu(1) + V.mp_state]]).toEqual([0, MP_STATE.RUNNABLE]);
  });
});

describe('the lock of APICv updates', () => {
  test('a vCPU that carries the request out waits until the reasons are stored', () => {
    const world = new World({ vcpus: [{}, { state: 'exited' }] });
    const vmm = world.begin({ kind: 'inhibit', bit: inhibitBit(world.m, 'HYPERV'), inhibited: true });
    world.advance(vmm, 'store');
    const target = world.begin({ kind: 'enter', vcpu: 1 });
    world.advance(target, 'compare');
    expect(world.m.ready(target)).toBe(false);
    world.drain();
    expect([world.number(1, 'apicv'), world.number(1, 'state')]).toEqual([0, 0]);
  });
});

describe('KVM_EXIT_IOAPIC_EOI of a split irqchip', () => {
  test.each([
    [true, 1],
    [false, 0],
  ] as const)('wanted: %s', (wanted, state) => {
    const world = new World({ irqchip: 'split', vcpus: [{}, { state: 'exited' }] });
    world.set(m => {
      m.store(m.vcpu(1) + V.pending_ioapic_eoi, 0x59);
      m.set_bit(REQ.IOAPIC_EOI_EXIT, m.vcpu(1) + V.requests);
      if (wanted) {
        m.set_bit(0x59, m.vcpu(1) + V.ioapic_handled_vectors);
      }
    });
    world.enter(1);
    expect([world.number(1, 'state'), world.m.words[world.m.vcpu(1) + V.requests]]).toEqual([state, 0]);
    world.do({ kind: state === 1 ? 'enter' : 'exit', vcpu: 1 });
  });
});
