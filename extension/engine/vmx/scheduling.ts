/**
 * What happens to the descriptor when a vCPU's thread leaves or gets a CPU. vmx/posted_intr.c since 5.17; posted interrupts §9.
 * `preBlock.ts` has what 4.19 and 5.15 do, `piDesc.ts` what both need.
 */
import { HOST_VECTORS } from '../fields.ts';
import { send_ipi } from '../kvm/kick.ts';
import { PID_CONTROL, PID_NDST, POSTED_INTR_ON, POSTED_INTR_SN, V } from '../layout.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { vmx } from './choices.ts';
import { NV_MASK, NV_SHIFT, ndstOf, nv, pi_is_pir_empty, testAssigned } from './piDesc.ts';
import { vmx_can_use_ipiv } from './pidTable.ts';
import { load_until_5_15, put_until_5_15 } from './preBlock.ts';

const SN = 1 << POSTED_INTR_SN;

/** Locals of the operations that rewrite the control word: the snapshot that the exchange expects. */
const OLD_LO = 2;
const OLD_HI = 3;

/** `cpu`: the CPU that the thread has got; `vcpu->cpu` still names the one that it ran on before. */
export const vmx_vcpu_pi_load = operation({
  name: 'vmx_vcpu_pi_load',
  actor: 'kvm',
  source: 'vmx/posted_intr.c',
  locals: ['vcpu', 'cpu', 'old', 'old_ndst'],
  steps: {
    enabled: silent((m, vcpu, cpu) => {
      switch (m.config.apicv ? vmx(m).wakeupVector : 'none') {
        case 'none':
          return RETURN;
        case 'pi_pre_block':
          return m.call(load_until_5_15, vcpu, cpu);
        default:
          return 'test_wakeup';
      }
    }),
    loaded: silent(() => RETURN),
    test_wakeup: step(
      (m, vcpu, cpu) => {
        const last = m.words[m.vcpu(vcpu) + V.cpu];
        return nv(m, vcpu) === HOST_VECTORS.POSTED_INTR_WAKEUP_VECTOR
          ? `NV of vcpu ${vcpu} is the wake-up vector: it comes from a block`
          : `NV of vcpu ${vcpu} is not the wake-up vector; it ${last === cpu ? 'stays on' : `moves to cpu ${cpu} from`} cpu ${last}`;
      },
      (m, vcpu, cpu) => {
        if (nv(m, vcpu) === HOST_VECTORS.POSTED_INTR_WAKEUP_VECTOR) {
          return 'leave_list';
        }
        return m.load(m.vcpu(vcpu) + V.cpu) === cpu ? NEXT : 'read_control';
      },
    ),
    clear_sn: step(
      (m, vcpu) =>
        m.test_bit(POSTED_INTR_SN, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL)
          ? `clear SN of vcpu ${vcpu} (locked): on the same CPU nothing else changes`
          : `SN of vcpu ${vcpu} is clear already, and the CPU is the same: done`,
      (m, vcpu) => (m.test_and_clear_bit(POSTED_INTR_SN, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL) ? 'fence' : RETURN),
      { via: ['pi_test_and_clear_sn'] },
    ),
    leave_list: step(
      (m, vcpu) =>
        `take vcpu ${vcpu} off the wake-up list of cpu ${m.words[m.vcpu(vcpu) + V.cpu]}, under the lock of that list`,
      (m, vcpu) => {
        // spin_lock is a locked operation.
        m.smp_mb();
        m.store(m.vcpu(vcpu) + V.on_wakeup_list, 0);
        return NEXT;
      },
    ),
    read_control: step(
      (_m, vcpu) => `read the control word of the descriptor of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.local(OLD_LO, m.load(m.vcpu(vcpu) + V.pi_desc + PID_CONTROL));
        m.local(OLD_HI, m.load(m.vcpu(vcpu) + V.pi_desc + PID_NDST));
        return NEXT;
      },
    ),
    set_control: step(
      (m, vcpu, cpu, old) => {
        const changed = m.words[m.vcpu(vcpu) + V.pi_desc + PID_CONTROL] !== old;
        return changed
          ? `the control word of vcpu ${vcpu} has changed meanwhile: the compare-and-exchange fails and is tried again`
          : `NDST := APIC ID ${hex(m.config.cpus[cpu].apicId)} of cpu ${cpu}, SN := 0, NV := 0xf2 in one compare-and-exchange; ON of vcpu ${vcpu} stays`;
      },
      (m, vcpu, cpu, old, oldNdst) => {
        const value = (old & ~(NV_MASK | SN)) | (HOST_VECTORS.POSTED_INTR_VECTOR << NV_SHIFT);
        const control = m.vcpu(vcpu) + V.pi_desc + PID_CONTROL;
        if (m.cmpxchg64(control, old, oldNdst, value, ndstOf(m, cpu))) {
          return NEXT;
        }
        m.local(OLD_LO, m.load(control));
        return 'set_control';
      },
      { via: ['pi_try_set_control'] },
    ),
    fence: step(
      (_m, vcpu) => `SN of vcpu ${vcpu} is cleared before PIR is read: full barrier (the locked operation is one)`,
      m => {
        m.smp_mb();
        return NEXT;
      },
      { via: ['smp_mb__after_atomic'] },
    ),
    test_pir: silent((m, vcpu) => m.call(pi_is_pir_empty, vcpu)),
    is_empty: silent(m => (m.result !== 0 ? RETURN : NEXT)),
    set_on: step(
      (_m, vcpu) => `set ON of vcpu ${vcpu} (locked), so that the next sync harvests PIR`,
      (m, vcpu) => {
        m.set_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL);
        return RETURN;
      },
      { via: ['pi_set_on'] },
    ),
  },
});

/** Locals of `pi_enable_wakeup_handler`. */
const OLD = 1;
const NDST = 2;

/** From here on an interrupt for the sleeping vCPU arrives as 0xf1 at the CPU that it slept on. IRQs are off. */
export const pi_enable_wakeup_handler = operation({
  name: 'pi_enable_wakeup_handler',
  actor: 'kvm',
  source: 'vmx/posted_intr.c',
  locals: ['vcpu', 'old', 'old_ndst'],
  steps: {
    join_list: step(
      (m, vcpu) => `put vcpu ${vcpu} on the wake-up list of cpu ${m.words[m.vcpu(vcpu) + V.cpu]}, under its lock`,
      (m, vcpu) => {
        // spin_lock is a locked operation.
        m.smp_mb();
        m.store(m.vcpu(vcpu) + V.on_wakeup_list, 1);
        return NEXT;
      },
    ),
    read_control: step(
      (_m, vcpu) => `read the control word of the descriptor of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.local(OLD, m.load(m.vcpu(vcpu) + V.pi_desc + PID_CONTROL));
        m.local(NDST, m.load(m.vcpu(vcpu) + V.pi_desc + PID_NDST));
        return NEXT;
      },
    ),
    set_nv: step(
      (m, vcpu, old) =>
        m.words[m.vcpu(vcpu) + V.pi_desc + PID_CONTROL] === old
          ? `NV of vcpu ${vcpu} := POSTED_INTR_WAKEUP_VECTOR 0xf1 (compare-and-exchange), ON as it was`
          : `the control word of vcpu ${vcpu} has changed meanwhile: the compare-and-exchange fails and is tried again`,
      (m, vcpu, old, ndst) => {
        const control = m.vcpu(vcpu) + V.pi_desc + PID_CONTROL;
        const value = (old & ~NV_MASK) | (HOST_VECTORS.POSTED_INTR_WAKEUP_VECTOR << NV_SHIFT);
        if (m.cmpxchg64(control, old, ndst, value, ndst)) {
          return (value & (1 << POSTED_INTR_ON)) !== 0 ? NEXT : RETURN;
        }
        m.local(OLD, m.load(control));
        return 'set_nv';
      },
      { via: ['pi_try_set_control'] },
    ),
    self_ipi: step(
      (_m, vcpu) => `ON of vcpu ${vcpu} was set under the old vector: send 0xf1 to this CPU`,
      (m, vcpu) => {
        send_ipi(m, m.load(m.vcpu(vcpu) + V.cpu), HOST_VECTORS.POSTED_INTR_WAKEUP_VECTOR);
        return RETURN;
      },
      { via: ['__apic_send_IPI_self'] },
    ),
  },
});

/** `blocking`: the thread waits (`kvm_vcpu_is_blocking`), and its guest can take interrupts. Else it was preempted or left for user space. */
export const vmx_vcpu_pi_put = operation({
  name: 'vmx_vcpu_pi_put',
  actor: 'kvm',
  source: 'vmx/posted_intr.c',
  locals: ['vcpu', 'blocking'],
  steps: {
    version: silent((m, vcpu) => {
      switch (m.config.apicv ? vmx(m).wakeupVector : 'none') {
        case 'none':
          return RETURN;
        case 'pi_pre_block':
          return m.call(put_until_5_15, vcpu);
        default:
          return vmx_can_use_ipiv(m.config) ? 'choose' : 'needed';
      }
    }),
    put: silent(() => RETURN),
    needed: testAssigned('vmx_needs_pi_wakeup', RETURN),
    choose: silent((m, vcpu, blocking) => {
      const preempted = m.words[m.vcpu(vcpu) + V.preempted] !== 0;
      if (vmx(m).putSuppresses === 'when preempted') {
        return blocking ? 'enable' : 'suppress';
      }
      return blocking && !preempted ? 'enable' : 'set_sn';
    }),
    enable: silent((m, vcpu) => m.call(pi_enable_wakeup_handler, vcpu)),
    suppress: silent((m, vcpu) =>
      vmx(m).putSuppresses === 'when preempted' && m.words[m.vcpu(vcpu) + V.preempted] !== 0 ? NEXT : RETURN,
    ),
    set_sn: step(
      (_m, vcpu) => `set SN of vcpu ${vcpu} (locked): no notifications while it is off its CPU`,
      (m, vcpu) => {
        m.set_bit(POSTED_INTR_SN, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL);
        return RETURN;
      },
      { via: ['pi_set_sn'] },
    ),
  },
});
