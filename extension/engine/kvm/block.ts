/** HLT, from the exit to sleep, and what else takes a thread off its CPU. virt/kvm/kvm_main.c, x86.c; posted interrupts §9 and §10. */

import { EXIT_REASON } from '../cpu/vmcs.ts';
import { vm_exit } from '../cpu/vmExit.ts';
import { VCPU_STATE } from '../fields.ts';
import { apic_update_ppr, priorityClass, processorPriority } from '../lapic/priority.ts';
import { C, MP_STATE, PID_CONTROL, POSTED_INTR_ON, REQ, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex, highest } from '../text.ts';
import { vmx } from '../vmx/choices.ts';
import { pi_post_block, pi_pre_block } from '../vmx/preBlock.ts';
import { vmx_sync_pir_to_irr } from '../vmx/sync.ts';
import { kvm_arch_vcpu_load, vcpu_enter_guest } from './enter.ts';
import { leave_guest_mode } from './exit.ts';
import { blockingHook, harvests, putHook, unblockingHook } from './vendor.ts';

/** Events other than a Fixed interrupt that end a halt. `kvm_vcpu_has_events`. */
function hasOtherEvents(m: Machine, vcpu: number): boolean {
  const base = m.vcpu(vcpu);
  const requests = m.load(base + V.requests) & ((1 << REQ.NMI) | (1 << REQ.SMI));
  return (
    (m.load(base + V.pending_events) |
      m.load(base + V.pv_unhalted) |
      m.load(base + V.nmi_pending) |
      m.load(base + V.smi_pending) |
      requests) !==
    0
  );
}

/** L2 is runnable too when RVI of vmcs02, or what L1 has posted and nobody has moved yet, exceeds its VPPR. `vmx_has_nested_events`; race R25. */
function l2HasInterrupt(m: Machine, vcpu: number): boolean {
  if (m.words[m.vcpu(vcpu) + V.guest_mode] === 0) {
    return false;
  }
  const base = m.nested(vcpu);
  const notified =
    m.load(m.vcpu(vcpu) + V.pi_pending) !== 0 && m.test_bit(POSTED_INTR_ON, base + V.pi_desc + PID_CONTROL);
  const posted = notified ? highest(m, base + V.pi_desc) : -1;
  const request = Math.max(m.load(base + V.guest_intr_status) & 0xff, posted);
  return priorityClass(request) > priorityClass(m.load(base + V.ppr));
}

/** PPR as `__apic_update_ppr` will find it. */
function currentPpr(m: Machine, vcpu: number): number {
  const base = m.vcpu(vcpu);
  return processorPriority(m.words[base + V.tpr], highest(m, base + V.isr));
}

const HAS_INTERRUPT = ['kvm_arch_vcpu_runnable', 'kvm_vcpu_has_events', 'kvm_cpu_has_interrupt'];

/** Locals of `kvm_vcpu_check_block`. */
const MAX_IRR = 1;

/** Is there a reason to run? Returns 1 for an interrupt above PPR that the guest can take, an event, or KVM_REQ_UNBLOCK. */
export const kvm_vcpu_check_block = operation({
  name: 'kvm_vcpu_check_block',
  actor: 'kvm',
  source: 'virt/kvm/kvm_main.c',
  locals: ['vcpu', 'max_irr'],
  steps: {
    has_event: step(
      (m, vcpu) =>
        hasOtherEvents(m, vcpu)
          ? `vcpu ${vcpu} has an INIT, SIPI, NMI, SMI or kick to take`
          : `vcpu ${vcpu} has no INIT, SIPI, NMI, SMI or kick to take${m.words[m.vcpu(vcpu) + V.interrupts] === 0 ? '; IF = 0 blocks interrupts' : ''}`,
      (m, vcpu) => {
        if (hasOtherEvents(m, vcpu)) {
          return m.return(1);
        }
        return m.words[m.vcpu(vcpu) + V.interrupts] !== 0 ? NEXT : 'other';
      },
      { via: ['kvm_arch_vcpu_runnable', 'kvm_vcpu_has_events'] },
    ),
    sync: silent((m, vcpu) => {
      const active = m.words[m.vcpu(vcpu) + V.apicv_active] !== 0;
      const syncs = harvests(m) && (active || vmx(m).entrySync !== 'if APICv is active');
      return syncs ? m.call(vmx_sync_pir_to_irr, vcpu) : 'highest';
    }),
    synced: silent(
      m => {
        m.local(MAX_IRR, m.result);
        return 'has_interrupt';
      },
      [...HAS_INTERRUPT, 'apic_has_interrupt_for_ppr'],
    ),
    highest: step(
      (_m, vcpu) => `find the highest vector in IRR of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.local(MAX_IRR, highest(m, m.vcpu(vcpu) + V.irr));
        return NEXT;
      },
      { via: [...HAS_INTERRUPT, 'apic_find_highest_irr'] },
    ),
    has_interrupt: step(
      (m, vcpu, maxIrr) => {
        const ppr = hex(currentPpr(m, vcpu));
        return maxIrr < 0 ? `vcpu ${vcpu} has no interrupt` : `is ${hex(maxIrr)} of vcpu ${vcpu} above PPR ${ppr}?`;
      },
      (m, vcpu, maxIrr) => {
        apic_update_ppr(m, vcpu);
        const ppr = m.load(m.vcpu(vcpu) + V.ppr);
        const wakes = (maxIrr >= 0 && priorityClass(maxIrr) > priorityClass(ppr)) || l2HasInterrupt(m, vcpu);
        return wakes ? m.return(1) : NEXT;
      },
      { via: [...HAS_INTERRUPT, 'apic_has_interrupt_for_ppr'] },
    ),
    other: silent(m => (vmx(m).unblockRequest ? NEXT : m.return(0))),
    unblock: step(
      (m, vcpu) =>
        m.test_bit(REQ.UNBLOCK, m.vcpu(vcpu) + V.requests)
          ? `KVM_REQ_UNBLOCK of vcpu ${vcpu} is pending: clear it and do not sleep`
          : `KVM_REQ_UNBLOCK of vcpu ${vcpu} is not pending`,
      (m, vcpu) => m.return(m.test_and_clear_bit(REQ.UNBLOCK, m.vcpu(vcpu) + V.requests) ? 1 : 0),
      { via: ['kvm_check_request'] },
    ),
  },
});

/** Returns 1 when the thread stays awake or is awake again, 0 when it has given its CPU away. `again`: it was woken and goes on in the loop. */
export const kvm_vcpu_block = operation({
  name: 'kvm_vcpu_block',
  actor: 'kvm',
  source: 'virt/kvm/kvm_main.c',
  locals: ['vcpu', 'again'],
  steps: {
    where: silent((_m, _vcpu, again) => (again ? 'set_state' : NEXT)),
    blocking: silent((m, vcpu) => {
      const hook = blockingHook(m);
      return hook === undefined ? NEXT : m.call(hook, vcpu);
    }),
    register: step(
      (_m, vcpu) => `the thread of vcpu ${vcpu} registers as a waiter: from now on it can be woken`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.waiter, 1);
        return NEXT;
      },
      { via: ['prepare_to_rcuwait'] },
    ),
    set_state: step(
      (_m, vcpu) => `the thread of vcpu ${vcpu} declares that it will sleep (exchange: a full barrier)`,
      (m, vcpu) => {
        m.xchg(m.vcpu(vcpu) + V.state, VCPU_STATE.blocked);
        return NEXT;
      },
      { via: ['set_current_state'] },
    ),
    check: silent((m, vcpu) => m.call(kvm_vcpu_check_block, vcpu)),
    decide: silent(m => (m.result !== 0 ? 'stay_awake' : NEXT)),
    schedule: step(
      (m, vcpu) =>
        m.words[m.vcpu(vcpu) + V.state] === VCPU_STATE.blocked
          ? `schedule(): interrupts off on cpu ${m.words[m.vcpu(vcpu) + V.cpu]}, the thread of vcpu ${vcpu} is taken off the run queue`
          : `schedule(): somebody has woken the thread of vcpu ${vcpu} meanwhile, it goes on`,
      (m, vcpu) => {
        if (m.load(m.vcpu(vcpu) + V.state) !== VCPU_STATE.blocked) {
          return 'set_state';
        }
        m.store(m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.irqs_off, 1);
        return NEXT;
      },
    ),
    put: silent((m, vcpu) => m.call(putHook(m), vcpu, m.words[m.vcpu(vcpu) + V.interrupts] !== 0 ? 1 : 0)),
    switch: step(
      (m, vcpu) => `cpu ${m.words[m.vcpu(vcpu) + V.cpu]} runs something else, interrupts on; vcpu ${vcpu} is off it`,
      (m, vcpu) => {
        const cpu = m.cpu(m.words[m.vcpu(vcpu) + V.cpu]);
        m.store(cpu + C.loaded, -1);
        m.store(cpu + C.irqs_off, 0);
        return m.return(0);
      },
      { via: ['schedule'] },
    ),
    stay_awake: step(
      (_m, vcpu) => `vcpu ${vcpu} has a reason to run: its thread is running, and waits no more`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.state, VCPU_STATE.exited);
        m.store(m.vcpu(vcpu) + V.waiter, 0);
        return NEXT;
      },
      { via: ['finish_rcuwait'] },
    ),
    unblocking: silent((m, vcpu) => {
      const hook = unblockingHook(m);
      return hook === undefined ? NEXT : m.call(hook, vcpu);
    }),
    awake: silent(m => m.return(1)),
  },
});

/** How `vcpu_block` is entered: after HLT, by a thread that was woken, or by a processor that waits for INIT or SIPI. */
const HALT = 0;
const WOKEN = 1;
export const WAIT_FOR_SIPI = 2;

/** Polls, if it may, and blocks. Returns 1 when the vCPU is to run again, 0 when its thread sleeps. `how`: as for `vcpu_block`. */
const kvm_vcpu_halt = operation({
  name: 'kvm_vcpu_halt',
  actor: 'kvm',
  source: 'virt/kvm/kvm_main.c',
  locals: ['vcpu', 'how'],
  steps: {
    polls: silent((m, vcpu, how) =>
      m.config.haltPolling === true && how === HALT ? m.call(kvm_vcpu_check_block, vcpu) : 'block',
    ),
    polled: silent(m => (m.result !== 0 ? m.return(1) : NEXT)),
    block: silent((m, vcpu, how) => m.call(kvm_vcpu_block, vcpu, how === WOKEN ? 1 : 0)),
    blocked: silent(() => RETURN),
  },
});

/** The exit handler of HLT: the run loop will find a vCPU that is not runnable. */
export const kvm_emulate_halt = operation({
  name: 'kvm_emulate_halt',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu'],
  steps: {
    halted: step(
      (_m, vcpu) => `mp_state of vcpu ${vcpu} := HALTED`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.mp_state, MP_STATE.HALTED);
        return RETURN;
      },
    ),
  },
});

/** The vCPU waits. Returns 1 when it is to run again, 0 when its thread sleeps. */
export const vcpu_block = operation({
  name: 'vcpu_block',
  actor: 'kvm',
  source: 'x86.c',
  via: ['vcpu_run'],
  inLoop: true,
  locals: ['vcpu', 'how'],
  steps: {
    where: silent((m, vcpu, how) =>
      how !== WOKEN && vmx(m).wakeupVector === 'pi_pre_block' && harvests(m) ? m.call(pi_pre_block, vcpu) : 'block',
    ),
    refused: silent(m => (m.result !== 0 ? 'runnable' : NEXT)),
    block: silent((m, vcpu, how) => m.call(kvm_vcpu_halt, vcpu, how)),
    slept: silent(m => (m.result === 0 ? m.return(0) : NEXT)),
    after: silent((m, vcpu) =>
      vmx(m).wakeupVector === 'pi_pre_block' && harvests(m) ? m.call(pi_post_block, vcpu) : NEXT,
    ),
    was_halted: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.mp_state] === MP_STATE.HALTED ? NEXT : m.return(1))),
    runnable: step(
      (_m, vcpu) => `mp_state of vcpu ${vcpu} := RUNNABLE`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.mp_state, MP_STATE.RUNNABLE);
        m.store(m.vcpu(vcpu) + V.pv_unhalted, 0);
        return m.return(1);
      },
    ),
  },
});

/** A thread that was woken, preempted or merely out of guest mode goes on: it is loaded if it was off its CPU, and enters. */
export const resume = operation({
  name: 'vcpu_run',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu', 'cpu', 'state'],
  steps: {
    load: silent((m, vcpu, cpu, state) => {
      if (state === VCPU_STATE.woken) {
        return 'sleeper';
      }
      return state === VCPU_STATE.exited ? 'running' : m.call(kvm_arch_vcpu_load, vcpu, cpu);
    }),
    loaded: silent(() => 'running'),
    sleeper: silent((m, vcpu, cpu) => m.call(kvm_arch_vcpu_load, vcpu, cpu)),
    woken: silent(
      (m, vcpu) => m.call(vcpu_block, vcpu, WOKEN),
      ['vcpu_block', 'kvm_vcpu_halt', 'kvm_vcpu_block', 'schedule'],
    ),
    awake: silent(m => (m.result !== 0 ? 'enter' : RETURN)),
    running: silent((m, vcpu, _cpu, state) => {
      if (state !== VCPU_STATE.exited) {
        m.store(m.vcpu(vcpu) + V.state, VCPU_STATE.exited);
      }
      return NEXT;
    }),
    enter: silent((m, vcpu) => m.call(vcpu_enter_guest, vcpu)),
  },
});

/** The scheduler takes the CPU from a runnable thread. */
export const preempt = operation({
  name: 'kvm_sched_out',
  actor: 'kvm',
  source: 'virt/kvm/kvm_main.c',
  locals: ['vcpu'],
  steps: {
    in_guest: silent((m, vcpu) =>
      m.words[m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.vcpu] === vcpu ? NEXT : 'preempted',
    ),
    exit: silent((m, vcpu) => m.call(vm_exit, m.words[m.vcpu(vcpu) + V.cpu], EXIT_REASON.EXTERNAL_INTERRUPT)),
    outside: silent((m, vcpu) => m.call(leave_guest_mode, vcpu)),
    preempted: step(
      (m, vcpu) =>
        `vcpu ${vcpu} is preempted: runnable, but off cpu ${m.words[m.vcpu(vcpu) + V.cpu]}; vcpu->preempted := 1, interrupts off`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.state, VCPU_STATE.preempted);
        m.store(m.vcpu(vcpu) + V.preempted, 1);
        m.store(m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.irqs_off, 1);
        return NEXT;
      },
    ),
    put: silent((m, vcpu) => m.call(putHook(m), vcpu, 0)),
    give_away: silent((m, vcpu) => m.call(give_cpu_away, vcpu)),
  },
});

/** Back to user space: `KVM_RUN` returns, and the thread puts the vCPU without being preempted. */
export const vcpu_put = operation({
  name: 'vcpu_put',
  actor: 'kvm',
  source: 'virt/kvm/kvm_main.c',
  via: ['kvm_arch_vcpu_ioctl_run'],
  locals: ['vcpu'],
  steps: {
    in_guest: silent((m, vcpu) => (m.words[m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.vcpu] === vcpu ? NEXT : 'leave')),
    exit: silent((m, vcpu) => m.call(vm_exit, m.words[m.vcpu(vcpu) + V.cpu], EXIT_REASON.CPUID)),
    outside: silent((m, vcpu) => m.call(leave_guest_mode, vcpu)),
    leave: step(
      (_m, vcpu) => `KVM_RUN of vcpu ${vcpu} returns to user space`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.state, VCPU_STATE.userspace);
        return NEXT;
      },
    ),
    put: silent((m, vcpu) => m.call(putHook(m), vcpu, 0)),
    give_away: silent((m, vcpu) => m.call(give_cpu_away, vcpu)),
  },
});

const give_cpu_away = operation({
  name: 'kvm_arch_vcpu_put',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu'],
  steps: {
    switch: step(
      (m, vcpu) => `cpu ${m.words[m.vcpu(vcpu) + V.cpu]} runs something else, interrupts on`,
      (m, vcpu) => {
        const cpu = m.cpu(m.words[m.vcpu(vcpu) + V.cpu]);
        m.store(cpu + C.loaded, -1);
        m.store(cpu + C.irqs_off, 0);
        return RETURN;
      },
    ),
  },
});
