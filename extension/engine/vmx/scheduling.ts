/**
 * What happens to the descriptor when a vCPU's thread leaves or gets a CPU, and the host's handler of the wake-up vector.
 * vmx/posted_intr.c (6.16); posted interrupts §9.
 */

import { HOST_VECTORS } from '../fields.ts';
import { kvm_vcpu_wake_up, send_ipi } from '../kvm/kick.ts';
import { C, PID_CONTROL, PID_NDST, POSTED_INTR_ON, POSTED_INTR_SN, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';

const NV_SHIFT = 16;
const NV_MASK = 0xff << NV_SHIFT;

export function nv(m: Machine, vcpu: number): number {
  return (m.load(m.vcpu(vcpu) + V.pi_desc + PID_CONTROL) & NV_MASK) >>> NV_SHIFT;
}

/** NDST as the host's APIC mode wants it: all 32 bits, or the xAPIC ID in bits 15:8. Posted interrupts §1. */
export function ndstOf(m: Machine, cpu: number): number {
  const { apicId } = m.config.cpus[cpu];
  return m.config.hostApic === 'x2apic' ? apicId : (apicId << 8) & 0xff00;
}

/** Wake-ups go through the descriptor because others than KVM post into it. `vmx_needs_pi_wakeup`. */
function vmx_needs_pi_wakeup(m: Machine): boolean {
  return m.profile.descriptor.hasNotificationInfo && m.config.apicv && (m.config.ipiv || m.config.vtdPosting);
}

/** Locals of `vmx_vcpu_pi_load`. */
export const vmx_vcpu_pi_load = operation({
  name: 'vmx_vcpu_pi_load',
  actor: 'kvm',
  source: 'vmx/posted_intr.c',
  locals: ['vcpu', 'cpu'],
  steps: {
    enabled: silent(m => (m.config.apicv && m.profile.descriptor.hasNotificationInfo ? NEXT : RETURN)),
    test_wakeup: step(
      (m, vcpu, cpu) =>
        nv(m, vcpu) === HOST_VECTORS.POSTED_INTR_WAKEUP_VECTOR
          ? `NV of vcpu ${vcpu} is the wake-up vector: it comes from a block`
          : `NV of vcpu ${vcpu} is not the wake-up vector; it ${m.words[m.vcpu(vcpu) + V.cpu] === cpu ? 'stays on' : `moves to cpu ${cpu} from`} cpu ${m.words[m.vcpu(vcpu) + V.cpu]}`,
      (m, vcpu, cpu) => {
        if (nv(m, vcpu) === HOST_VECTORS.POSTED_INTR_WAKEUP_VECTOR) {
          return 'leave_list';
        }
        return m.load(m.vcpu(vcpu) + V.cpu) === cpu ? NEXT : 'new_control';
      },
    ),
    clear_sn: step(
      (_m, vcpu) => `test and clear SN of vcpu ${vcpu} (locked): nothing else to change on the same CPU`,
      (m, vcpu) => (m.test_and_clear_bit(POSTED_INTR_SN, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL) ? 'test_pir' : RETURN),
    ),
    leave_list: step(
      (m, vcpu) => `take vcpu ${vcpu} off the wake-up list of cpu ${m.words[m.vcpu(vcpu) + V.cpu]} (under its lock)`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.on_wakeup_list, 0);
        return NEXT;
      },
    ),
    new_control: step(
      (m, vcpu, cpu) =>
        `NDST := APIC ID ${hex(m.config.cpus[cpu].apicId)} of cpu ${cpu}, SN := 0, NV := 0xf2 in one compare-and-exchange; ON of vcpu ${vcpu} stays`,
      (m, vcpu, cpu) => {
        const pid = m.vcpu(vcpu) + V.pi_desc;
        const control = m.load(pid + PID_CONTROL) & ~(NV_MASK | (1 << POSTED_INTR_SN));
        m.store(pid + PID_CONTROL, control | (HOST_VECTORS.POSTED_INTR_VECTOR << NV_SHIFT));
        m.store(pid + PID_NDST, ndstOf(m, cpu));
        return NEXT;
      },
      { via: ['pi_try_set_control'] },
    ),
    test_pir: step(
      (_m, vcpu) => `is PIR of vcpu ${vcpu} empty? Posts under SN=1 left bits without ON`,
      (m, vcpu) => {
        let any = 0;
        for (let i = 0; i < 8; i++) {
          any |= m.load(m.vcpu(vcpu) + V.pi_desc + i);
        }
        return any === 0 ? RETURN : NEXT;
      },
      { via: ['pi_is_pir_empty'] },
    ),
    set_on: step(
      (_m, vcpu) => `set ON of vcpu ${vcpu} (locked), so that the next sync harvests PIR`,
      (m, vcpu) => {
        m.set_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL);
        return RETURN;
      },
    ),
  },
});

/** From here on an interrupt for the sleeping vCPU arrives as 0xf1 at the CPU that it slept on. IRQs are off. */
export const pi_enable_wakeup_handler = operation({
  name: 'pi_enable_wakeup_handler',
  actor: 'kvm',
  source: 'vmx/posted_intr.c',
  locals: ['vcpu'],
  steps: {
    join_list: step(
      (m, vcpu) => `put vcpu ${vcpu} on the wake-up list of cpu ${m.words[m.vcpu(vcpu) + V.cpu]}`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.on_wakeup_list, 1);
        return NEXT;
      },
    ),
    set_nv: step(
      (_m, vcpu) => `NV of vcpu ${vcpu} := POSTED_INTR_WAKEUP_VECTOR 0xf1 (compare-and-exchange), ON as it was`,
      (m, vcpu) => {
        const control = m.vcpu(vcpu) + V.pi_desc + PID_CONTROL;
        const value = (m.load(control) & ~NV_MASK) | (HOST_VECTORS.POSTED_INTR_WAKEUP_VECTOR << NV_SHIFT);
        m.store(control, value);
        return (value & (1 << POSTED_INTR_ON)) !== 0 ? NEXT : RETURN;
      },
      { via: ['pi_try_set_control'] },
    ),
    self_ipi: step(
      (_m, vcpu) => `ON of vcpu ${vcpu} was set under the old vector: send 0xf1 to this CPU`,
      (m, vcpu) => {
        send_ipi(m, m.load(m.vcpu(vcpu) + V.cpu), HOST_VECTORS.POSTED_INTR_WAKEUP_VECTOR);
        return RETURN;
      },
    ),
  },
});

/** `blocking`: the thread is about to sleep in a halt with interrupts allowed; otherwise it was preempted. */
export const vmx_vcpu_pi_put = operation({
  name: 'vmx_vcpu_pi_put',
  actor: 'kvm',
  source: 'vmx/posted_intr.c',
  locals: ['vcpu', 'blocking'],
  steps: {
    needed: silent((m, _vcpu, blocking) => {
      if (!vmx_needs_pi_wakeup(m)) {
        return RETURN;
      }
      return blocking ? NEXT : 'set_sn';
    }),
    enable: silent((m, vcpu) => m.call(pi_enable_wakeup_handler, vcpu)),
    enabled: silent(() => RETURN),
    set_sn: step(
      (_m, vcpu) => `set SN of vcpu ${vcpu} (locked): no notifications while it is off its CPU`,
      (m, vcpu) => {
        m.set_bit(POSTED_INTR_SN, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL);
        return RETURN;
      },
    ),
  },
});

/** Wakes every vCPU on this CPU's list whose ON is set. It neither clears ON nor empties the list: load does. Vector 0xf1. */
export const pi_wakeup_handler = operation({
  name: 'pi_wakeup_handler',
  actor: 'host',
  source: 'vmx/posted_intr.c',
  locals: ['cpu', 'vcpu'],
  steps: {
    next: silent((m, cpu, vcpu) => {
      if (vcpu >= m.vcpuCount) {
        return RETURN;
      }
      const base = m.vcpu(vcpu);
      if (m.words[base + V.on_wakeup_list] !== 0 && m.words[base + V.cpu] === cpu) {
        return NEXT;
      }
      m.local(1, vcpu + 1);
      return 'next';
    }),
    test_on: step(
      (m, _cpu, vcpu) =>
        m.test_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL)
          ? `vcpu ${vcpu} is on the list and its ON is set: wake it`
          : `vcpu ${vcpu} is on the list, its ON is clear`,
      (m, _cpu, vcpu) => {
        m.local(1, vcpu + 1);
        return m.test_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL)
          ? m.call(kvm_vcpu_wake_up, vcpu)
          : 'next';
      },
    ),
    again: silent(() => 'next'),
  },
});

/** Which physical interrupts wait at `cpu`. */
export function pendingAt(m: Machine, cpu: number): number {
  for (let i = 7; i >= 0; i--) {
    const word = m.words[m.cpu(cpu) + C.irr + i];
    if (word !== 0) {
      return i * 32 + 31 - Math.clz32(word);
    }
  }
  return -1;
}
