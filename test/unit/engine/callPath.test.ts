import { describe, expect, test } from 'vitest';
import type { KernelVersion } from '../../../extension/engine/config.ts';
import { V } from '../../../extension/engine/layout.ts';
import { allNames, kernelName } from '../../../extension/engine/names.ts';
import { callPath } from '../../../extension/engine/stack.ts';
import { type AgentAction, ran, World } from './world.ts';

// The call path of a step: functions that the profile's kernel has, in the order in which they call each other.

function pathAt(world: World, action: AgentAction, label: string): string[] {
  const agent = world.begin(action);
  world.advance(agent, label);
  return callPath(world.m, world.m.stack(agent));
}

const pair = (kernel: KernelVersion, state: 'running' | 'exited' | 'blocked' = 'running') =>
  new World({ kernel, vcpus: [{}, { state }] });
const post = { kind: 'icr', vcpu: 0, value: { lo: 0x41, hi: 1 } } as const;

describe('HLT, Linux 6.16', () => {
  test.each([
    ['halted', ['vcpu_run', 'vcpu_enter_guest', 'vmx_handle_exit', 'kvm_emulate_halt']],
    ['register', ['vcpu_run', 'vcpu_block', 'kvm_vcpu_halt', 'kvm_vcpu_block', 'prepare_to_rcuwait']],
    [
      'test_on',
      [
        ...['vcpu_run', 'vcpu_block', 'kvm_vcpu_halt', 'kvm_vcpu_block', 'kvm_vcpu_check_block'],
        ...['kvm_arch_vcpu_runnable', 'kvm_vcpu_has_events', 'kvm_cpu_has_interrupt', 'apic_has_interrupt_for_ppr'],
        'vmx_sync_pir_to_irr',
      ],
    ],
  ])('%s', (label, path) => {
    expect(pathAt(new World(), { kind: 'block', vcpu: 0 }, label)).toEqual(path);
  });

  test('a sleeper goes on inside schedule(); vcpu_block makes it runnable', () => {
    const world = pair('6.16', 'blocked');
    world.ipi(0, 1, 0x41);
    const loaded = pathAt(world, { kind: 'enter', vcpu: 1 }, 'set_cpu');
    expect(loaded).toEqual([
      ...['vcpu_run', 'vcpu_block', 'kvm_vcpu_halt', 'kvm_vcpu_block', 'schedule'],
      ...['kvm_sched_in', 'kvm_arch_vcpu_load'],
    ]);
    const agent = world.m.vcpuAgent(1);
    world.advance(agent, 'runnable');
    expect(callPath(world.m, world.m.stack(agent))).toEqual(['vcpu_run', 'vcpu_block']);
  });
});

test('a pending NMI ends the block before PIR is looked at', () => {
  const world = new World();
  world.set(m => m.store(m.vcpu(0) + V.nmi_pending, 1));
  const steps = world.do({ kind: 'block', vcpu: 0 });
  const check = steps.findIndex(({ operation }) => operation === 'kvm_vcpu_check_block');
  expect(steps[check].label).toBe('has_event');
  expect(ran(steps.slice(0, check + 2), 'vmx_sync_pir_to_irr', 'test_on')).toBe(false);
});

test('a TPR that was changed by hand counts: PPR is calculated anew', () => {
  const world = new World();
  world.set(m => m.set_bit(0x41, m.vcpu(0) + V.irr));
  world.set(m => m.store(m.vcpu(0) + V.tpr, 0x50));
  world.do({ kind: 'block', vcpu: 0 });
  expect(world.number(0, 'state')).toBe(3);
});

test('the handler of an external interrupt runs with interrupts off, inside vmx_handle_exit_irqoff', () => {
  const world = pair('6.16');
  world.do({ kind: 'physical', cpu: 1, vector: 0xfd });
  const steps = world.steps().map(({ label }) => label);
  expect(steps.indexOf('reschedule')).toBeLessThan(steps.indexOf('local_irq_enable'));
});

describe('a post, by kernel', () => {
  test.each([
    ['2013', ['__apic_accept_irq', 'vmx_deliver_posted_interrupt']],
    ['4.19', ['vmx_deliver_posted_interrupt', 'kvm_vcpu_trigger_posted_interrupt']],
    ['6.1', ['vmx_deliver_interrupt', 'vmx_deliver_posted_interrupt', 'kvm_vcpu_trigger_posted_interrupt']],
    ['7.1', ['vmx_deliver_interrupt', 'vmx_deliver_posted_interrupt', 'kvm_vcpu_trigger_posted_interrupt']],
  ] as const)('Linux %s', (kernel, path) => {
    expect(pathAt(pair(kernel), post, 'read_mode').slice(-path.length)).toEqual(path);
  });

  test.each([
    ['5.15', 'kvm_x2apic_icr_write', false],
    ['6.1', 'kvm_x2apic_icr_write', true],
    ['6.16', 'handle_fastpath_set_msr_irqoff', true],
    ['7.1', 'handle_fastpath_wrmsr', true],
  ] as const)('Linux %s: %s %s', (kernel, name, there) => {
    expect(pathAt(pair(kernel), post, 'test_and_set_pir').includes(name)).toBe(there);
  });

  test.each([
    ['2013', 'wake_up_interruptible'],
    ['4.19', 'swake_up_one'],
    ['5.15', 'rcuwait_wake_up'],
  ] as const)('Linux %s: the kick looks for a sleeper by %s', (kernel, name) => {
    const path = pathAt(pair(kernel, 'exited'), post, 'read_task');
    expect(path).toContain('kvm_vcpu_kick');
    expect(path.at(-1)).toBe(name);
  });
});

test('names of other kernels are known to breakpoints', () => {
  expect(allNames('pi_update_irte')).toContain('vmx_pi_update_irte');
  expect(kernelName({ kernel: '7.1', vendor: 'amd' }, 'pi_update_irte')).toBe('kvm_pi_update_irte');
  expect(kernelName({ kernel: '6.16', vendor: 'amd' }, 'pi_update_irte')).toBe('avic_pi_update_irte');
});
