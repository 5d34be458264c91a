import { describe, expect, test } from 'vitest';
import { read_apic_page } from '../../../extension/engine/guest/apicPage.ts';
import { hlt } from '../../../extension/engine/guest/instructions.ts';
import { kvm_apic_set_base } from '../../../extension/engine/lapic/reset.ts';
import { IO, REQ, V } from '../../../extension/engine/layout.ts';
import { inhibitBit } from '../../../extension/engine/vmx/apicv.ts';
import { call, DEVICE, type Options, ran, World } from './world.ts';

// Worked cases G23 to G34: accesses of the guest to its APIC, and KVM around APICv.

describe('the APIC-access page and the MSRs', () => {
  const xapic = () => new World({ apic: 'xapic', vcpus: [{}, {}] });

  test('G23: a self-IPI through 300H', () => {
    const world = new World({ apic: 'xapic', vcpus: [{ state: 'exited', tpr: 0xf0 }] });
    world.enter(0);
    const from = world.m.length;
    world.page(0, 0x300, 0x000400e1);
    expect([world.vectors(0, 'irr'), world.number(0, 'rvi'), world.exits(from)]).toEqual([[0xe1], 0xe1, []]);
  });

  test.each([0x00048041, 0x00040441, 0x00040008])('G24: %s is no self-IPI: exit 56', value => {
    const world = xapic();
    const from = world.m.length;
    const steps = world.page(0, 0x300, value);
    expect(world.exits(from)).toEqual([[56, 0x300]]);
    expect(ran(steps, 'self-IPI virtualization')).toBe(false);
    expect(ran(steps, 'handle_apic_write')).toBe(true);
  });

  test('G25: bits 14 and 11 do not matter', () => {
    const world = xapic();
    const from = world.m.length;
    world.page(0, 0x300, 0x000448e1);
    expect([world.taken(0), world.exits(from)]).toEqual([[0xe1], []]);
  });

  test('G26: WRMSR 83F', () => {
    const world = new World({ vcpus: [{}] });
    let from = world.m.length;
    const steps = world.wrmsr(0, 0x83f, 0x45);
    expect(ran(steps, 'self-IPI virtualization')).toBe(true);
    expect([world.taken(0), world.exits(from)]).toEqual([[0x45], []]);
    from = world.forget();
    world.wrmsr(0, 0x83f, 0x145);
    expect([world.happened(0, 'fault'), world.exits(from), world.taken(0)]).toEqual([true, [], []]);
    from = world.forget();
    world.wrmsr(0, 0x83f, 0x05);
    expect([world.happened(0, 'fault'), world.exits(from)]).toEqual([false, [[56, 0x3f0]]]);
    expect(world.taken(0)).toEqual([]);
  });

  test('G27: a read of 0A0H exits even with register virtualization', () => {
    const world = xapic();
    const from = world.m.length;
    call(world, 0, read_apic_page, 0xa0);
    expect(world.exits(from)).toEqual([[44, 0x0a0]]);
    const virtualized: number[] = [];
    for (let offset = 0; offset < 0x1000; offset += 16) {
      const before = world.m.length;
      call(world, 0, read_apic_page, offset);
      if (world.exits(before).length === 0) {
        virtualized.push(offset);
      }
    }
    const line = (from: number, to: number) => Array.from({ length: (to - from) / 16 + 1 }, (_, i) => from + 16 * i);
    expect(virtualized).toEqual([
      0x20,
      0x30,
      0x80,
      0xb0,
      0xd0,
      0xe0,
      0xf0,
      ...line(0x100, 0x280),
      0x300,
      0x310,
      ...line(0x320, 0x380),
      0x3e0,
    ]);
  });

  test('G28: ICR2 keeps its byte 3', () => {
    const world = xapic();
    const from = world.m.length;
    world.page(0, 0x310, 0x05abcdef);
    expect([world.number(0, 'icr2'), world.exits(from)]).toEqual([0x05000000, []]);
  });

  test('writes that are virtualized, by controls', () => {
    const offsets = Array.from({ length: 0x100 }, (_, i) => 16 * i).filter(offset => offset !== 0xb0);
    const exitOf = (world: World, offset: number) => {
      const from = world.m.length;
      world.page(0, offset, 0);
      return world.exits(from)[0]?.[0];
    };
    const found = new Map<number | undefined, number[]>();
    for (const offset of offsets) {
      const reason = exitOf(new World({ apic: 'xapic', vcpus: [{}] }), offset);
      found.set(reason, [...(found.get(reason) ?? []), offset]);
    }
    expect(found.get(undefined)).toEqual([0x80, 0x310]);
    expect(found.get(56)).toEqual([
      0x20, 0xd0, 0xe0, 0xf0, 0x280, 0x300, 0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x380, 0x3e0,
    ]);
    const shadowOnly = offsets.filter(
      offset => exitOf(new World({ apic: 'xapic', apicv: false, vcpus: [{}] }), offset) === undefined,
    );
    expect(shadowOnly).toEqual([0x80]);
  });
});

describe('KVM around it', () => {
  const assigned: Options = { vtdPosting: true, devices: DEVICE, vcpus: [{}, {}, { state: 'exited', cpu: 2 }] };

  test('G29: a blocked vCPU, a device posts, the wake-up handler, load on another CPU', () => {
    const world = new World({ vtdPosting: true, devices: DEVICE, vcpus: [{}, {}] });
    world.do({ kind: 'block', vcpu: 1 });
    expect([world.number(1, 'pid.nv'), world.number(1, 'wakeup_list'), world.number(1, 'pid.sn')]).toEqual([
      0xf1, 1, 0,
    ]);
    world.forget();
    const steps = world.device(1, 0x41);
    expect(ran(steps, 'interrupt request', 'post')).toBe(true);
    expect(ran(steps, 'pi_wakeup_handler', 'test_on')).toBe(true);
    expect([world.number(1, 'state'), world.happened(1, 'wakeup')]).toEqual([5, true]);
    expect([world.number(1, 'pid.on'), world.vectors(1, 'pid.pir')]).toEqual([1, [0x41]]);
    world.enter(1, 3);
    expect([world.number(1, 'pid.nv'), world.number(1, 'pid.ndst'), world.number(1, 'wakeup_list')]).toEqual([
      0xf2, 3, 0,
    ]);
    expect(world.taken(1)).toEqual([0x41]);
  });

  test('G30: a post between the check and the change of NV: self-IPI 0xf1', () => {
    const world = new World(assigned);
    const { m } = world;
    m.start(m.vcpuAgent(1), hlt, 1);
    while (m.codeOf(m.length)?.step !== undefined ? lastLabel(world) !== 'schedule' : true) {
      m.step(m.vcpuAgent(1));
      m.close();
    }
    world.device(1, 0x41);
    expect([world.number(1, 'state'), world.vectors(1, 'pid.pir')]).toEqual([5, [0x41]]);
    expect(ran(world.steps(), 'pi_enable_wakeup_handler', 'self_ipi')).toBe(true);
    expect(ran(world.steps(), 'pi_wakeup_handler', 'test_on')).toBe(true);
    world.enter(1);
    expect(world.taken(1)).toEqual([0x41]);
  });

  test.each([
    ['6.16', 'preempt', 1],
    ['6.16', 'userspace', 0],
    ['7.1', 'preempt', 1],
    ['7.1', 'userspace', 1],
    ['5.15', 'preempt', 1],
    ['5.15', 'userspace', 0],
  ] as const)('G31, %s: %s leaves SN = %d', (kernel, kind, sn) => {
    const world = new World({ ...assigned, kernel });
    world.do({ kind, vcpu: 1 });
    expect(world.number(1, 'pid.sn')).toBe(sn);
    world.device(1, 0x41);
    expect(world.number(1, 'pid.on')).toBe(sn === 1 ? 0 : 1);
    world.enter(1);
    expect([world.taken(1), world.number(1, 'pid.sn')]).toEqual([[0x41], 0]);
  });

  test.each([
    ['7.1', 0xe0, []],
    ['6.16', 0, [0xe0]],
  ] as const)(
    'G32, %s: APICv off and on with vISR {e0}: SVI 0x%s, and after EOI %s is in service',
    (kernel, svi, left) => {
      const world = new World({ kernel, vcpus: [{}, {}] });
      const inhibit = (inhibited: boolean) =>
        world.do({ kind: 'inhibit', bit: inhibitBit(world.m, 'HYPERV'), inhibited });
      inhibit(true);
      world.ipi(0, 1, 0xe0);
      expect([world.vectors(1, 'isr'), world.number(1, 'apicv')]).toEqual([[0xe0], 0]);
      inhibit(false);
      expect([world.number(1, 'apicv'), world.number(1, 'svi')]).toEqual([1, svi]);
      world.do({ kind: 'eoi', vcpu: 1 });
      expect(world.vectors(1, 'isr')).toEqual(left);
    },
  );

  test('G33: an IOAPIC rescan while L2 runs waits until L2 is left', () => {
    const world = new World({ vcpus: [{}, { l2: { notificationVector: 0x66 } }] });
    const { m } = world;
    world.set(() => {
      // Pin 5: level, Fixed 0x79 to the physical ID 1.
      m.store(m.layout.ioapic + IO.redirtbl + 2 * 5, 0x8079);
      m.store(m.layout.ioapic + IO.redirtbl + 2 * 5 + 1, 1 << 24);
      m.set_bit(REQ.SCAN_IOAPIC, m.vcpu(1) + V.requests);
      m.set_bit(0x79, m.nested(1) + V.irr);
      m.store(m.nested(1) + V.guest_intr_status, 0x79);
    });
    world.do({ kind: 'exit', vcpu: 1 });
    const steps = world.enter(1);
    expect(ran(steps, 'vcpu_scan_ioapic', 'scan')).toBe(true);
    expect(ran(steps, 'vcpu_scan_ioapic', 'wait')).toBe(true);
    expect([m.test_bit(0x79, m.nested(1) + V.taken), world.vectors(1, 'eoi_exit')]).toEqual([true, []]);
    const from = world.forget();
    world.do({ kind: 'eoi', vcpu: 1 });
    expect(world.exits(from)).toEqual([]);
    // An interrupt for L1 ends L2; only then the bitmap of vmcs01 is written.
    world.ipi(0, 1, 0x31);
    expect([world.number(1, 'l2'), world.vectors(1, 'eoi_exit')]).toEqual([0, [0x79]]);
  });

  test('G34: every IPI wakes a halted receiver, on whatever CPU it wakes up', () => {
    const world = new World({ vtdPosting: true, vcpus: [{}, { cpu: 1 }] });
    for (let round = 0; round < 8; round++) {
      world.do({ kind: 'block', vcpu: 1 });
      expect(world.number(1, 'state')).toBe(3);
      world.forget();
      world.ipi(0, 1, 0xa5);
      expect(world.happened(1, 'wakeup')).toBe(true);
      world.enter(1, 1 + (round % 3));
      expect(world.taken(1)).toEqual([0xa5]);
      world.do({ kind: 'eoi', vcpu: 1 });
    }
  });
});

test('G35: one vCPU toggles between x2APIC and disabled while another makes the map be built again', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const world = new World({ vcpus: [{ state: 'exited' }, { state: 'exited' }] });
    const { m } = world;
    let random = seed;
    const left = [10, 10];
    for (;;) {
      for (const vcpu of [0, 1]) {
        const agent = m.vcpuAgent(vcpu);
        if (m.idle(agent) && left[vcpu] > 0) {
          left[vcpu]--;
          const enabled = left[vcpu] % 2 === 0;
          m.start(agent, kvm_apic_set_base, vcpu, (enabled ? 0xfee00c00 : 0xfee00000) | 0, 1);
        }
      }
      const ready = [0, 1].map(vcpu => m.vcpuAgent(vcpu)).filter(agent => m.ready(agent));
      if (ready.length === 0) {
        break;
      }
      random = (Math.imul(random, 1103515245) + 12345) & 0x7fffffff;
      world.one(ready[(random >>> 8) % ready.length]);
    }
    expect(left).toEqual([0, 0]);
    expect([m.idle(m.vcpuAgent(0)), m.idle(m.vcpuAgent(1))]).toEqual([true, true]);
    world.enter(0);
    world.ipi(0, 1, 0x41);
    expect([seed, world.vectors(1, 'pid.pir'), world.number(1, 'pid.on')]).toEqual([seed, [0x41], 1]);
  }
});

function lastLabel(world: World): string {
  return world.steps().at(-1)?.label ?? '';
}
