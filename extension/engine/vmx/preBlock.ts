/**
 * The wake-up vector as 4.19 and 5.15 handle it: hooks around the block instead of put and load. `pi_pre_block` and `pi_post_block`,
 * vmx.c (4.19), vmx/posted_intr.c (5.15); posted interrupts §9, races R02 and R07. Only for VT-d posting with an assigned device.
 */
import { HOST_VECTORS } from '../fields.ts';
import { C, PID_CONTROL, PID_NDST, POSTED_INTR_ON, POSTED_INTR_SN, V } from '../layout.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { vmx } from './choices.ts';
import { NV_MASK, NV_SHIFT, ndstOf, nv, pi_is_pir_empty, testAssigned } from './piDesc.ts';

const SN = 1 << POSTED_INTR_SN;
/** Locals of the operations that rewrite the control word. */
const OLD_LO = 2;
const OLD_HI = 3;

export const load_until_5_15 = operation({
  name: 'vmx_vcpu_pi_load',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu', 'cpu', 'old', 'old_ndst'],
  steps: {
    test_sn: step(
      (m, vcpu, cpu) => {
        const last = m.words[m.vcpu(vcpu) + V.cpu];
        const set = m.test_bit(POSTED_INTR_SN, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL);
        return `SN of vcpu ${vcpu} is ${set ? 1 : 0}, and it ${last === cpu ? 'stays on' : `moves to cpu ${cpu} from`} cpu ${last}`;
      },
      (m, vcpu, cpu) => {
        const same = m.load(m.vcpu(vcpu) + V.cpu) === cpu;
        if (!m.test_bit(POSTED_INTR_SN, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL) && same) {
          return RETURN;
        }
        return same || nv(m, vcpu) === HOST_VECTORS.POSTED_INTR_WAKEUP_VECTOR ? NEXT : 'read_control';
      },
    ),
    clear_sn: step(
      (_m, vcpu) => `clear SN of vcpu ${vcpu} (locked); NDST stays, the wake-up handler goes by it`,
      (m, vcpu) => {
        m.clear_bit(POSTED_INTR_SN, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL);
        return 'restores_on';
      },
      { via: ['pi_clear_sn'] },
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
      (m, vcpu, cpu) =>
        `NDST := APIC ID ${hex(m.config.cpus[cpu].apicId)} of cpu ${cpu}, SN := 0 in one compare-and-exchange; ON and NV of vcpu ${vcpu} stay`,
      (m, vcpu, cpu, old, oldNdst) => {
        const control = m.vcpu(vcpu) + V.pi_desc + PID_CONTROL;
        if (m.cmpxchg64(control, old, oldNdst, old & ~SN, ndstOf(m, cpu))) {
          return NEXT;
        }
        m.local(OLD_LO, m.load(control));
        return 'set_control';
      },
    ),
    restores_on: silent(m => (vmx(m).loadRestoresOn ? NEXT : RETURN)),
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

export const put_until_5_15 = operation({
  name: 'vmx_vcpu_pi_put',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu'],
  steps: {
    needed: testAssigned('vmx_can_use_vtd_pi', RETURN),
    preempted: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.preempted] !== 0 ? NEXT : RETURN)),
    set_sn: step(
      (_m, vcpu) => `vcpu ${vcpu} was preempted: set SN (locked), no notifications while it is off its CPU`,
      (m, vcpu) => {
        m.set_bit(POSTED_INTR_SN, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL);
        return RETURN;
      },
      { via: ['pi_set_sn'] },
    ),
  },
});

/** NV back to 0xf2 and NDST to the CPU that the thread is on, then off the list of the CPU that it went to sleep on. */
const __pi_post_block = operation({
  name: '__pi_post_block',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu', 'unused', 'old', 'old_ndst'],
  steps: {
    read_control: step(
      (_m, vcpu) => `read the control word of the descriptor of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.local(OLD_LO, m.load(m.vcpu(vcpu) + V.pi_desc + PID_CONTROL));
        m.local(OLD_HI, m.load(m.vcpu(vcpu) + V.pi_desc + PID_NDST));
        return NEXT;
      },
    ),
    set_control: step(
      (m, vcpu) =>
        `NDST := cpu ${m.words[m.vcpu(vcpu) + V.cpu]}, NV := 0xf2 of vcpu ${vcpu} in one compare-and-exchange`,
      (m, vcpu, _unused, old, oldNdst) => {
        const control = m.vcpu(vcpu) + V.pi_desc + PID_CONTROL;
        const value = (old & ~NV_MASK) | (HOST_VECTORS.POSTED_INTR_VECTOR << NV_SHIFT);
        if (m.cmpxchg64(control, old, oldNdst, value, ndstOf(m, m.load(m.vcpu(vcpu) + V.cpu)))) {
          return NEXT;
        }
        m.local(OLD_LO, m.load(control));
        return 'set_control';
      },
    ),
    leave_list: step(
      (m, vcpu) => `take vcpu ${vcpu} off the list of cpu ${m.words[m.vcpu(vcpu) + V.pre_pcpu]}; pre_pcpu := -1`,
      (m, vcpu) => {
        // spin_lock is a locked operation.
        m.smp_mb();
        m.store(m.vcpu(vcpu) + V.on_wakeup_list, 0);
        m.store(m.vcpu(vcpu) + V.pre_pcpu, -1);
        return RETURN;
      },
    ),
  },
});

/** Before the block: list, then NV and NDST. Returns 1 when ON was found set, so that the vCPU must not block. */
export const pi_pre_block = operation({
  name: 'pi_pre_block',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu', 'unused', 'old', 'old_ndst'],
  steps: {
    needed: testAssigned('vmx_can_use_vtd_pi', 'unneeded'),
    allowed: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.interrupts] !== 0 ? NEXT : 'unneeded')),
    irqs_off: step(
      (m, vcpu) => `disable interrupts on cpu ${m.words[m.vcpu(vcpu) + V.cpu]}`,
      (m, vcpu) => {
        m.store(m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.irqs_off, 1);
        return NEXT;
      },
      { via: ['local_irq_disable'] },
    ),
    join_list: step(
      (m, vcpu) =>
        `put vcpu ${vcpu} on the list of cpu ${m.words[m.vcpu(vcpu) + V.cpu]}, under its lock; pre_pcpu := this CPU`,
      (m, vcpu) => {
        // spin_lock is a locked operation.
        m.smp_mb();
        m.store(m.vcpu(vcpu) + V.pre_pcpu, m.load(m.vcpu(vcpu) + V.cpu));
        m.store(m.vcpu(vcpu) + V.on_wakeup_list, 1);
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
      (m, vcpu) =>
        `NV := POSTED_INTR_WAKEUP_VECTOR 0xf1, NDST := cpu ${m.words[m.vcpu(vcpu) + V.pre_pcpu]} of vcpu ${vcpu} in one compare-and-exchange`,
      (m, vcpu, _unused, old, oldNdst) => {
        const control = m.vcpu(vcpu) + V.pi_desc + PID_CONTROL;
        const value = (old & ~NV_MASK) | (HOST_VECTORS.POSTED_INTR_WAKEUP_VECTOR << NV_SHIFT);
        if (m.cmpxchg64(control, old, oldNdst, value, ndstOf(m, m.words[m.vcpu(vcpu) + V.pre_pcpu]))) {
          return NEXT;
        }
        m.local(OLD_LO, m.load(control));
        return 'set_control';
      },
    ),
    test_on: step(
      (m, vcpu) =>
        m.test_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL)
          ? `ON of vcpu ${vcpu} is set: it must not block`
          : `ON of vcpu ${vcpu} is clear: it may block`,
      (m, vcpu) => (m.test_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL) ? NEXT : 'irqs_on'),
      { via: ['pi_test_on'] },
    ),
    undo: silent((m, vcpu) => m.call(__pi_post_block, vcpu)),
    irqs_on: step(
      (m, vcpu) => `enable interrupts on cpu ${m.words[m.vcpu(vcpu) + V.cpu]}`,
      (m, vcpu) => {
        m.store(m.cpu(m.words[m.vcpu(vcpu) + V.cpu]) + C.irqs_off, 0);
        return m.return(m.words[m.vcpu(vcpu) + V.pre_pcpu] < 0 ? 1 : 0);
      },
      { via: ['local_irq_enable'] },
    ),
    unneeded: silent(m => m.return(0)),
  },
});

/** After the block. */
export const pi_post_block = operation({
  name: 'pi_post_block',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu'],
  steps: {
    needed: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.pre_pcpu] < 0 ? RETURN : NEXT)),
    undo: silent((m, vcpu) => m.call(__pi_post_block, vcpu)),
  },
});
