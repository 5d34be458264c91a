import { describe, expect, test } from 'vitest';
import { V } from '../../../extension/engine/layout.ts';
import { inhibitBit } from '../../../extension/engine/vmx/apicv.ts';
import {
  lastPidPointerIndex,
  max_vcpu_id_cap_error,
  pidTableBytes,
  vcpu_id_error,
  vmx_can_use_ipiv,
  vmx_get_pid_table_order,
} from '../../../extension/engine/vmx/pidTable.ts';
import { machineConfig, type Options, ran, World } from './world.ts';

// Worked cases H, IPI virtualization, each by its id. x2APIC and IPI virtualization on.

const IPIV: Options = { ipiv: true };
const FB = 0xfb;

function labels(steps: readonly { operation: string; label: string }[]): string[] {
  return steps.filter(({ operation }) => operation === 'IPI virtualization').map(({ label }) => label);
}

describe('an eligible write', () => {
  test.each([
    ['H1', 0],
    ['H2', 1 << 14],
  ] as const)('%s: posted by the processor, no exit of the sender', (_id, bits) => {
    const world = new World(IPIV);
    const from = world.m.length;
    const steps = world.ipi(0, 3, FB, bits);
    expect(labels(steps)).toEqual(['test_vector', 'test_index', 'read_entry', 'set_pir', 'set_on', 'notify']);
    expect(world.exits(from)).toEqual([]);
    expect([world.happened(3, 'notification'), world.taken(3)]).toEqual([true, [FB]]);
    expect([world.number(0, 'icr'), world.number(0, 'icr2')]).toEqual([FB | bits, 3]);
  });

  test('H8: blocked: 0xf1 to NDST, and the handler wakes', () => {
    const world = new World(IPIV);
    world.do({ kind: 'block', vcpu: 3 });
    expect([world.number(3, 'state'), world.number(3, 'pid.nv')]).toEqual([3, 0xf1]);
    const from = world.forget();
    const steps = world.ipi(0, 3, FB);
    expect(world.exits(from)).toEqual([]);
    expect(ran(steps, 'pi_wakeup_handler', 'test_on')).toBe(true);
    expect([world.happened(3, 'wakeup'), world.number(3, 'state')]).toEqual([true, 5]);
    world.enter(3, 6);
    expect([world.taken(3), world.number(3, 'pid.ndst'), world.number(3, 'pid.nv')]).toEqual([[FB], 6, 0xf2]);
  });

  test('H9: SN = 1: PIR only, delivered at the next load', () => {
    const world = new World(IPIV);
    world.do({ kind: 'preempt', vcpu: 3 });
    expect(world.number(3, 'pid.sn')).toBe(1);
    const from = world.forget();
    expect(labels(world.ipi(0, 3, FB))).toEqual(['test_vector', 'test_index', 'read_entry', 'set_pir', 'set_on']);
    expect([world.notifications(from), world.number(3, 'pid.on'), world.vectors(3, 'pid.pir')]).toEqual([0, 0, [FB]]);
    world.enter(3);
    expect(world.taken(3)).toEqual([FB]);
  });

  test('H10: ON = 1: PIR only', () => {
    const world = new World({ ...IPIV, vcpus: [{}, {}, {}, { state: 'exited' }] });
    world.set(m => m.set_bit(0, m.vcpu(3) + V.pi_desc + 8));
    const from = world.m.length;
    world.ipi(0, 3, FB);
    expect([world.notifications(from), world.vectors(3, 'pid.pir')]).toEqual([0, [FB]]);
  });

  test('H14: to itself by its physical ID: through the descriptor, not self-IPI virtualization', () => {
    const world = new World(IPIV);
    const steps = world.ipi(2, 2, FB);
    expect(labels(steps).at(-1)).toBe('notify');
    expect(ran(steps, 'posted-interrupt processing', 'move_pir')).toBe(true);
    expect(ran(steps, 'self-IPI virtualization')).toBe(false);
    expect([world.taken(2), world.happened(2, 'exit')]).toEqual([[FB], false]);
  });

  test('exited to the host, still loaded: the IPI is spurious, entry harvests', () => {
    const world = new World({ ...IPIV, vcpus: [{}, {}, {}, { state: 'exited' }] });
    const steps = world.ipi(0, 3, FB);
    expect(ran(steps, 'host interrupt handler')).toBe(true);
    world.enter(3);
    expect(world.taken(3)).toEqual([FB]);
  });

  test('xAPIC: ICR2 and ICR through the page (assumed)', () => {
    const world = new World({ ...IPIV, apic: 'xapic' });
    const from = world.m.length;
    const steps = world.ipi(0, 3, FB);
    expect([world.exits(from), world.taken(3)]).toEqual([[], [FB]]);
    const test_ipi = steps.findIndex(({ label }) => label === 'test_ipi');
    expect(world.m.codeOf(from + test_ipi + 1)?.step.assumed).toBe(true);
  });
});

describe('what exits', () => {
  test.each([
    ['logical', 0x800],
    ['self', 0x40000],
    ['all', 0x80000],
    ['all but self', 0xc0000],
    ['lowest priority', 0x100],
    ['NMI', 0x400],
    ['level', 0x8000],
    ['bit 12', 0x1000],
  ] as const)('H3: %s: exit 56 with qualification 0x300, and KVM sends', (_name, bits) => {
    const world = new World(IPIV);
    const from = world.m.length;
    const steps = world.icr(0, FB | bits, 3);
    expect(world.exits(from)[0]).toEqual([56, 0x300]);
    expect(labels(steps)).toEqual([]);
    expect(ran(steps, 'handle_apic_write')).toBe(true);
    expect(ran(steps, '__apic_accept_irq')).toBe(true);
    expect(world.number(0, 'icr') & 0x1000).toBe(0);
  });

  test.each([13, 16, 17, 20, 31])('H4: reserved bit %d: #GP, no exit', bit => {
    const world = new World(IPIV);
    const from = world.m.length;
    world.icr(0, (FB | (1 << bit)) >>> 0, 3);
    expect([world.happened(0, 'fault'), world.exits(from), world.taken(3)]).toEqual([true, [], []]);
  });

  test('H5: vector 15: exit; KVM accepts it, and no class allows its delivery', () => {
    const world = new World(IPIV);
    const from = world.m.length;
    const steps = world.ipi(0, 3, 0x0f);
    expect([labels(steps), world.exits(from)[0]]).toEqual([['test_vector'], [56, 0x300]]);
    expect([world.vectors(3, 'irr'), world.taken(3)]).toEqual([[0x0f], []]);
  });

  test('H6: broadcast is above the last index: exit, and software sends to all', () => {
    const world = new World(IPIV);
    const from = world.m.length;
    const steps = world.icr(0, FB, 0xffffffff);
    expect([labels(steps), world.exits(from)[0]]).toEqual([
      ['test_vector', 'test_index'],
      [56, 0x300],
    ]);
    expect([0, 1, 2, 3].map(vcpu => world.taken(vcpu))).toEqual([[FB], [FB], [FB], [FB]]);
  });

  test('H7: an entry that nobody filled: exit, and KVM finds nobody', () => {
    const world = new World(IPIV);
    const from = world.m.length;
    const steps = world.ipi(0, 5, FB);
    expect([labels(steps), world.exits(from)]).toEqual([['test_vector', 'test_index', 'read_entry'], [[56, 0x300]]]);
    expect([0, 1, 2, 3].map(vcpu => world.taken(vcpu))).toEqual([[], [], [], []]);
  });

  test('H7: reserved bits of an entry, and address bits above the width: exit', () => {
    for (const [word, value] of [
      [0, 0x3],
      [1, 1 << 14],
    ] as const) {
      const world = new World(IPIV);
      world.set(m => m.store(m.layout.pidTable + 2 * 3 + word, m.words[m.layout.pidTable + 2 * 3 + word] | value));
      const from = world.m.length;
      world.ipi(0, 3, FB);
      expect(world.exits(from)[0]).toEqual([56, 0x300]);
      expect(world.taken(3)).toEqual([FB]);
    }
  });

  test('H11: inhibited: the control is off and 830H is intercepted', () => {
    const world = new World(IPIV);
    world.do({ kind: 'inhibit', bit: inhibitBit(world.m, 'HYPERV'), inhibited: true });
    const from = world.m.length;
    const steps = world.ipi(0, 3, FB);
    expect([world.exits(from)[0][0], labels(steps)]).toEqual([32, []]);
    expect(world.taken(3)).toEqual([FB]);
    world.do({ kind: 'inhibit', bit: inhibitBit(world.m, 'HYPERV'), inhibited: false });
    expect(labels(world.ipi(0, 2, FB))).toHaveLength(6);
  });

  test('H11: without IPIv the write is an MSR exit on the fast path', () => {
    const world = new World();
    const from = world.m.length;
    world.ipi(0, 3, FB);
    expect(world.exits(from)).toEqual([[32, 0]]);
    expect(world.number(0, 'mode')).toBe(1);
  });
});

describe('the table', () => {
  test('H12: KVM_CAP_MAX_VCPU_ID 16: 128 bytes, last index 15, order 0', () => {
    const config = machineConfig({ ...IPIV, maxVcpuId: 16 });
    expect([pidTableBytes(config), lastPidPointerIndex(config), vmx_get_pid_table_order(config)]).toEqual([128, 15, 0]);
    const world = new World({ ...IPIV, maxVcpuId: 16 });
    const from = world.m.length;
    expect(labels(world.ipi(0, 20, FB))).toEqual(['test_vector', 'test_index']);
    expect(world.exits(from)).toEqual([[56, 0x300]]);
  });

  test('H12: the default is 4096 entries in 8 pages; 512 fit into one', () => {
    const config = machineConfig(IPIV);
    expect([lastPidPointerIndex(config), vmx_get_pid_table_order(config)]).toEqual([4095, 3]);
    expect(vmx_get_pid_table_order(machineConfig({ ...IPIV, maxVcpuId: 512 }))).toBe(0);
    expect(vmx_get_pid_table_order(machineConfig({ ...IPIV, maxVcpuId: 513 }))).toBe(1);
  });

  test('H13: what KVM_CAP_MAX_VCPU_ID and KVM_CREATE_VCPU refuse', () => {
    const word = (lo: number, hi = 0) => ({ lo, hi });
    expect(max_vcpu_id_cap_error(word(16), 0, 0)).toBeUndefined();
    expect(max_vcpu_id_cap_error(word(16), 16, 0)).toBeUndefined();
    expect(max_vcpu_id_cap_error(word(4097), 0, 0)).toBeDefined();
    expect(max_vcpu_id_cap_error(word(16, 1), 0, 0)).toBeDefined();
    expect(max_vcpu_id_cap_error(word(16), 0, 16)).toBeDefined();
    expect(max_vcpu_id_cap_error(word(16), 32, 0)).toBeDefined();
    const config = machineConfig({ maxVcpuId: 16 });
    expect(vcpu_id_error(word(15), config)).toBeUndefined();
    expect(vcpu_id_error(word(16), config)).toBeDefined();
    expect(vcpu_id_error(word(0, 1), config)).toBeDefined();
  });

  test('H15: without APICv there is no table and no IPIv', () => {
    const config = machineConfig({ ipiv: true, apicv: false });
    expect(vmx_can_use_ipiv(config)).toBe(false);
    const world = new World({ ipiv: true, apicv: false });
    const from = world.m.length;
    world.ipi(0, 3, FB);
    expect(world.exits(from)[0][0]).toBe(32);
  });
});

describe('race R26: the notification vector of L1 in the PID of L1', () => {
  test.each([
    ['6.12', 1, [0x66]],
    ['6.16', 0, []],
  ] as const)('%s: L2 is left: %d', (kernel, left, seen) => {
    const world = new World({ kernel, ipiv: true, vcpus: [{}, { l2: { notificationVector: 0x66 } }] });
    const { m } = world;
    world.set(() => {
      m.set_bit(0x51, m.nested(1) + V.pi_desc);
      m.set_bit(0, m.nested(1) + V.pi_desc + 8);
    });
    const from = world.m.length;
    world.ipi(0, 1, 0x66);
    expect(world.exits(from)).toEqual([[1, 0]]);
    expect([1 - world.number(1, 'l2'), world.taken(1)]).toEqual([left, seen]);
    expect(m.test_bit(0x51, m.nested(1) + V.taken)).toBe(left === 0);
  });
});
