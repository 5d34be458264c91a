import { describe, expect, test } from 'vitest';
import { type Agenda, NOTHING_ADDED } from '../../../extension/engine/addition.ts';
import type { KernelVersion, Vendor } from '../../../extension/engine/config.ts';
import { intel_ir_set_vcpu_affinity } from '../../../extension/engine/iommu/vcpuAffinity.ts';
import { kvm_vcpu_wake_up } from '../../../extension/engine/kvm/kick.ts';
import { D, V } from '../../../extension/engine/layout.ts';
import type { Machine } from '../../../extension/engine/machine.ts';
import { NEXT, type Operation, operation, RETURN, silent, step } from '../../../extension/engine/operation.ts';
import { amd_ir_set_vcpu_affinity } from '../../../extension/engine/svm/irte.ts';
import { __avic_vcpu_load, __avic_vcpu_put } from '../../../extension/engine/svm/scheduling.ts';
import { ENTRY } from '../../../extension/engine/svm/table.ts';
import { kvm_arch_start_assignment } from '../../../extension/engine/vmx/apicv.ts';
import { pi_enable_wakeup_handler } from '../../../extension/engine/vmx/scheduling.ts';
import { createMachine } from '../../../extension/engine/x86.ts';
import { machine, msiTo, nic, vcpu } from './devices.ts';

const RACING: Agenda = { racing: true, has: () => false, begin: () => {}, done: () => false, holds: () => false };

/** A machine whose plain stores wait until the agent itself lets them out. */
function waiting(vendor: Vendor, kernel: KernelVersion = '6.16'): Machine {
  const devices = [nic({ route: msiTo(1, 0x41) })];
  const { config } = machine({ vendor, kernel, vcpus: [vcpu(0, 'exited'), vcpu(1, 'exited')], devices });
  const m = createMachine(config, { ...NOTHING_ADDED, storeBuffers: true });
  m.agenda = RACING;
  return m;
}

/** Runs `what` on the thread of vCPU 1, and looks after each step at what others see. */
function walk<T>(m: Machine, look: () => T, what: Operation, ...args: number[]): T[] {
  const agent = m.vcpuAgent(1);
  const [a = 0, b = 0, c = 0] = args;
  m.start(agent, what, a, b, c);
  const seen: T[] = [];
  while (!m.idle(agent)) {
    m.step(agent);
    m.close();
    seen.push(look());
  }
  return seen;
}

/** A plain store to a word that others read, and then the first step of `then`: is the store visible behind it? */
function visibleBehind(vendor: Vendor, kernel: KernelVersion, then: Operation, ...args: number[]): boolean {
  const [a = 0, b = 0, c = 0, d = 0] = args;
  const stores = operation({
    name: 'a plain store, and what follows',
    actor: 'kvm',
    source: 'test',
    steps: {
      store: step('pv_unhalted := 1', m => {
        m.store(m.vcpu(0) + V.pv_unhalted, 1);
        return NEXT;
      }),
      follow: silent(m => m.call(then, a, b, c, d)),
      end: silent(() => RETURN),
    },
  });
  const m = waiting(vendor, kernel);
  const seen = walk(m, () => m.words[m.vcpu(0) + V.pv_unhalted], stores);
  expect(seen[0]).toBe(0);
  return seen[1] === 1;
}

describe('stores of one CPU become visible in their order (memory order §1, rules 1 and 3)', () => {
  const isRunning = (m: Machine) => (m.words[m.vcpu(1) + V.avic_hw_entry + 1] & ENTRY.isRunning) !== 0;
  const isRun = (m: Machine) => (m.words[m.device(0) + D.irte] & (1 << 6)) !== 0;

  test('load of AVIC: no IRTE says is_run before the table entry says IsRunning (A11)', () => {
    const m = waiting('amd');
    m.finish(m.vcpuAgent(1), __avic_vcpu_put, 1, 0);
    m.buffers?.drain(m.vcpuAgent(1));
    expect([isRun(m), isRunning(m)]).toEqual([false, false]);
    const seen = walk(m, () => [isRun(m), isRunning(m)], __avic_vcpu_load, 1, 1);
    expect(seen).toContainEqual([true, true]);
    expect(seen).not.toContainEqual([true, false]);
  });

  test.each([
    ['load', __avic_vcpu_load, [1, 1]],
    ['put', __avic_vcpu_put, [1, 0]],
  ] as const)(
    '%s of AVIC: ir_list_lock is not free before the entry that it guards is visible (A10)',
    (_, what, args) => {
      const m = waiting('amd');
      const agent = m.vcpuAgent(1);
      const isFree = () => m.words[m.vcpu(1) + V.ir_list_lock] === 0;
      walk(m, isFree, what, ...args);
      while ((m.buffers?.count(agent) ?? 0) > 0) {
        expect(isFree()).toBe(false);
        m.buffers?.flush(agent);
      }
      expect(isFree()).toBe(true);
      expect(isRunning(m)).toBe(what === __avic_vcpu_load);
    },
  );

  test('rcuwait_wake_up has a full barrier before it looks for a waiter (B2), the wait queue of 2013 has none (R39)', () => {
    expect(visibleBehind('intel', '6.16', kvm_vcpu_wake_up, 0)).toBe(true);
    expect(visibleBehind('intel', '4.19', kvm_vcpu_wake_up, 0)).toBe(true);
    expect(visibleBehind('intel', '2013', kvm_vcpu_wake_up, 0)).toBe(false);
  });

  test('a locked operation lets them out: a 16-byte compare-and-exchange, an atomic counter, a spin lock', () => {
    expect(visibleBehind('intel', '6.16', intel_ir_set_vcpu_affinity, 0, 1, 0x41)).toBe(true);
    expect(visibleBehind('amd', '6.16', amd_ir_set_vcpu_affinity, 0, 1, 1, 0x41)).toBe(true);
    expect(visibleBehind('intel', '6.16', kvm_arch_start_assignment)).toBe(true);
    expect(visibleBehind('intel', '6.16', pi_enable_wakeup_handler, 0)).toBe(true);
  });
});
