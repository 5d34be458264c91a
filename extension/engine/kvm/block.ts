/** HLT: from the exit to sleep, and a preemption. virt/kvm/kvm_main.c, x86.c; posted interrupts §9 and §10. */

import { vm_exit } from '../cpu/vmExit.ts';
import { VCPU_STATE } from '../fields.ts';
import { priorityClass } from '../lapic/priority.ts';
import { C, V } from '../layout.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex, highest } from '../text.ts';
import { vmx_vcpu_pi_put } from '../vmx/scheduling.ts';
import { vmx_sync_pir_to_irr } from '../vmx/sync.ts';
import { kvm_arch_vcpu_load, vcpu_enter_guest } from './enter.ts';
import { leave_guest_mode } from './exit.ts';

const EXIT_REASON_HLT = 12;

/** Is there a reason to run? Returns 1 when an interrupt is above PPR. */
export const kvm_vcpu_check_block = operation({
  name: 'kvm_vcpu_check_block',
  actor: 'kvm',
  source: 'virt/kvm/kvm_main.c',
  locals: ['vcpu'],
  steps: {
    sync: silent((m, vcpu) => (m.config.apicv ? m.call(vmx_sync_pir_to_irr, vcpu) : NEXT)),
    has_interrupt: step(
      (m, vcpu) => `does vcpu ${vcpu} have an interrupt above PPR ${hex(m.words[m.vcpu(vcpu) + V.ppr] & 0xff)}?`,
      (m, vcpu) => {
        const irr = highest(m, m.vcpu(vcpu) + V.irr);
        const ppr = m.load(m.vcpu(vcpu) + V.ppr) & 0xff;
        return m.return(irr >= 0 && priorityClass(irr) > priorityClass(ppr) ? 1 : 0);
      },
      { via: ['kvm_arch_vcpu_runnable', 'kvm_cpu_has_interrupt', 'apic_has_interrupt_for_ppr'] },
    ),
  },
});

/** The thread sleeps until somebody wakes it; a reason to run that shows up before it sleeps sends it back to the guest. */
export const kvm_vcpu_block = operation({
  name: 'kvm_vcpu_block',
  actor: 'kvm',
  source: 'virt/kvm/kvm_main.c',
  via: ['kvm_vcpu_halt'],
  locals: ['vcpu'],
  steps: {
    set_state: step(
      (_m, vcpu) => `the thread of vcpu ${vcpu} declares that it will sleep: from now on it can be woken`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.state, VCPU_STATE.blocked);
        return NEXT;
      },
    ),
    check: silent((m, vcpu) => m.call(kvm_vcpu_check_block, vcpu)),
    decide: silent(m => (m.result !== 0 ? 'stay_awake' : NEXT)),
    put: silent((m, vcpu) => m.call(vmx_vcpu_pi_put, vcpu, 1)),
    schedule: step(
      (m, vcpu) => `schedule(): vcpu ${vcpu} gives cpu ${m.words[m.vcpu(vcpu) + V.cpu]} away`,
      (m, vcpu) => {
        m.store(m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.loaded, -1);
        return RETURN;
      },
    ),
    stay_awake: step(
      (_m, vcpu) => `vcpu ${vcpu} has a reason to run: it does not sleep`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.state, VCPU_STATE.exited);
        return NEXT;
      },
    ),
    again: silent((m, vcpu) => m.call(vcpu_enter_guest, vcpu)),
  },
});

/** The guest executes HLT. */
export const hlt = operation({
  name: 'HLT',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu'],
  steps: {
    exit: silent((m, vcpu) => m.call(vm_exit, m.words[m.vcpu(vcpu) + V.cpu], EXIT_REASON_HLT)),
    outside: silent((m, vcpu) => m.call(leave_guest_mode, vcpu)),
    block: silent((m, vcpu) => m.call(kvm_vcpu_block, vcpu)),
  },
});

/** A thread that was woken, preempted or merely out of guest mode goes on: it is loaded if it was off its CPU, and enters. */
export const resume = operation({
  name: 'vcpu_run',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu', 'cpu', 'state'],
  steps: {
    load: silent((m, vcpu, cpu, state) => (state === VCPU_STATE.exited ? NEXT : m.call(kvm_arch_vcpu_load, vcpu, cpu))),
    woken: silent((_m, _vcpu, _cpu, state) => (state === VCPU_STATE.woken ? NEXT : 'enter')),
    check: silent((m, vcpu) => m.call(kvm_vcpu_check_block, vcpu)),
    decide: silent(m => (m.result !== 0 ? 'enter' : NEXT)),
    sleep_again: silent((m, vcpu) => m.call(kvm_vcpu_block, vcpu)),
    slept: silent(() => RETURN),
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
    exit: silent((m, vcpu) => m.call(vm_exit, m.words[m.vcpu(vcpu) + V.cpu], 1)),
    outside: silent((m, vcpu) => m.call(leave_guest_mode, vcpu)),
    preempted: step(
      (m, vcpu) => `vcpu ${vcpu} is preempted: runnable, but off cpu ${m.words[m.vcpu(vcpu) + V.cpu]}`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.state, VCPU_STATE.preempted);
        return NEXT;
      },
    ),
    put: silent((m, vcpu) => m.call(vmx_vcpu_pi_put, vcpu, 0)),
    give_away: step(
      (m, vcpu) => `cpu ${m.words[m.vcpu(vcpu) + V.cpu]} runs something else`,
      (m, vcpu) => {
        m.store(m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.loaded, -1);
        return RETURN;
      },
    ),
  },
});
