/** Waking a vCPU's thread, forcing it out of guest mode, and requests. virt/kvm/kvm_main.c; memory order §3 and §4. */

import { HOST_VECTORS, VCPU_MODE, VCPU_STATE } from '../fields.ts';
import { C, EVENT, REQ, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';

/** A physical interrupt message reaches the local APIC of `cpu`. */
export function send_ipi(m: Machine, cpu: number, vector: number): void {
  m.set_bit(vector, m.cpu(cpu) + C.irr);
  m.mark(MARK.notification);
}

const REQUEST_NAMES = new Map<number, string>(Object.entries(REQ).map(([name, bit]) => [bit, `KVM_REQ_${name}`]));

export function requestName(request: number): string {
  return REQUEST_NAMES.get(request) ?? `request ${request}`;
}

/** Makes a thread runnable that sleeps in `kvm_vcpu_block`. Returns 1 when it did sleep. */
export const kvm_vcpu_wake_up = operation({
  name: 'kvm_vcpu_wake_up',
  actor: 'kvm',
  source: 'virt/kvm/kvm_main.c',
  locals: ['vcpu'],
  steps: {
    read_task: step(
      (m, vcpu) =>
        m.words[m.vcpu(vcpu) + V.waiter] !== 0
          ? `the thread of vcpu ${vcpu} has registered as a waiter`
          : `nothing to wake: the thread of vcpu ${vcpu} does not wait`,
      (m, vcpu) => {
        // smp_mb() of rcuwait_wake_up, until 5.7 of swq_has_sleeper; waitqueue_active of 2013 has none. Memory order B2 and B3.
        if (m.config.kernel !== '2013') {
          m.smp_mb();
        }
        return m.load(m.vcpu(vcpu) + V.waiter) !== 0 ? NEXT : m.return(0);
      },
      { via: ['rcuwait_wake_up'] },
    ),
    wake: step(
      (m, vcpu) =>
        m.words[m.vcpu(vcpu) + V.state] === VCPU_STATE.blocked
          ? `wake the thread of vcpu ${vcpu}: it sleeps`
          : `the thread of vcpu ${vcpu} is awake`,
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        if (m.cmpxchg(base + V.state, VCPU_STATE.blocked, VCPU_STATE.woken) !== VCPU_STATE.blocked) {
          return m.return(0);
        }
        m.set_bit(EVENT.wakeup, base + V.events);
        m.mark(MARK.wakeup);
        return m.return(1);
      },
      { via: ['rcuwait_wake_up', 'wake_up_process'] },
    ),
  },
});

/** Locals of `kvm_vcpu_kick`. */
const CPU = 1;

/** Wakes the vCPU or forces it out of guest mode. */
export const kvm_vcpu_kick = operation({
  name: 'kvm_vcpu_kick',
  actor: 'kvm',
  source: 'virt/kvm/kvm_main.c',
  locals: ['vcpu', 'cpu'],
  steps: {
    wake_up: silent((m, vcpu) => m.call(kvm_vcpu_wake_up, vcpu)),
    woken: silent(m => (m.result !== 0 ? RETURN : NEXT)),
    exiting_guest_mode: step(
      (m, vcpu) => {
        const remote = m.agent === m.vcpuAgent(vcpu) ? '' : ' and send an IPI';
        return m.words[m.vcpu(vcpu) + V.mode] === VCPU_MODE.IN_GUEST_MODE
          ? `vcpu ${vcpu} is IN_GUEST_MODE: mark it EXITING_GUEST_MODE (compare-and-exchange)${remote}`
          : `vcpu ${vcpu} is not IN_GUEST_MODE: it will look by itself before it enters`;
      },
      (m, vcpu) => {
        const mode = m.vcpu(vcpu) + V.mode;
        const old = m.cmpxchg(mode, VCPU_MODE.IN_GUEST_MODE, VCPU_MODE.EXITING_GUEST_MODE);
        return old === VCPU_MODE.IN_GUEST_MODE && m.agent !== m.vcpuAgent(vcpu) ? NEXT : RETURN;
      },
      { via: ['kvm_arch_vcpu_should_kick', 'kvm_vcpu_exiting_guest_mode'] },
    ),
    read_cpu: step(
      (m, vcpu) => `read vcpu->cpu of vcpu ${vcpu}: ${m.words[m.vcpu(vcpu) + V.cpu]}`,
      (m, vcpu) => {
        m.local(CPU, m.load(m.vcpu(vcpu) + V.cpu));
        return NEXT;
      },
    ),
    send: step(
      (_m, vcpu, cpu) => `send RESCHEDULE_VECTOR 0xfd to cpu ${cpu}: the guest of vcpu ${vcpu} must exit`,
      (m, _vcpu, cpu) => {
        send_ipi(m, cpu, HOST_VECTORS.RESCHEDULE_VECTOR);
        return RETURN;
      },
      { via: ['smp_send_reschedule'] },
    ),
  },
});

/** Sets the bit of a request. `__kvm_make_request`; locked. */
export const kvm_make_request = operation({
  name: 'kvm_make_request',
  actor: 'kvm',
  source: 'include/linux/kvm_host.h',
  locals: ['vcpu', 'request'],
  steps: {
    set: step(
      (_m, vcpu, request) => `request ${requestName(request)} of vcpu ${vcpu} (locked)`,
      (m, vcpu, request) => {
        m.set_bit(request, m.vcpu(vcpu) + V.requests);
        return RETURN;
      },
    ),
  },
});

/** Locals of `kvm_make_all_cpus_request`. */
const NEXT_VCPU = 1;

/** Asks every vCPU, and forces those in guest mode out. */
export const kvm_make_all_cpus_request = operation({
  name: 'kvm_make_all_cpus_request',
  actor: 'kvm',
  source: 'virt/kvm/kvm_main.c',
  locals: ['request', 'vcpu'],
  steps: {
    next: silent((m, _request, vcpu) => (vcpu < m.vcpuCount ? NEXT : RETURN)),
    make: silent((m, request, vcpu) => m.call(kvm_make_request, vcpu, request)),
    kick: silent((m, _request, vcpu) => m.call(kvm_vcpu_kick, vcpu)),
    again: silent((m, _request, vcpu) => {
      m.local(NEXT_VCPU, vcpu + 1);
      return 'next';
    }),
  },
});
