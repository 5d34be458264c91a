/** What guest code does about interrupts, in its own terms; register accesses go by the mode of its APIC. */
import { tpr_virtualization } from '../cpu/virtualInterrupts.ts';
import { control, EXIT_REASON } from '../cpu/vmcs.ts';
import { vm_exit } from '../cpu/vmExit.ts';
import { leave_guest_mode, take_exit } from '../kvm/exit.ts';
import { apic_x2apic_mode } from '../lapic/apic.ts';
import { APIC } from '../lapic/registers.ts';
import { ACTIVITY, V } from '../layout.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { write_apic_page } from './apicPage.ts';
import { wrmsr, X2APIC_MSR } from './msr.ts';

/** A 64-bit ICR value: one MSR, or ICR2 and then ICR. */
export const write_icr = operation({
  name: 'IPI',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'icr_low', 'icr_high'],
  steps: {
    mode: silent((m, vcpu, low, high) =>
      apic_x2apic_mode(m, vcpu) ? m.call(wrmsr, vcpu, X2APIC_MSR.ICR, low, high) : 'icr2',
    ),
    sent: silent(() => RETURN),
    icr2: silent((m, vcpu, _low, high) => m.call(write_apic_page, vcpu, APIC.ICR2, high)),
    icr: silent((m, vcpu, low) => m.call(write_apic_page, vcpu, APIC.ICR, low)),
  },
});

export const write_eoi = operation({
  name: 'EOI',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu'],
  steps: {
    write: silent((m, vcpu) =>
      apic_x2apic_mode(m, vcpu)
        ? m.call(wrmsr, vcpu, X2APIC_MSR.EOI, 0, 0)
        : m.call(write_apic_page, vcpu, APIC.EOI, 0),
    ),
  },
});

/** Task priority, bits 7:0, through the page or the MSR. */
export const write_tpr = operation({
  name: 'write of TPR',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'value'],
  steps: {
    write: silent((m, vcpu, value) =>
      apic_x2apic_mode(m, vcpu)
        ? m.call(wrmsr, vcpu, X2APIC_MSR.TPR, value, 0)
        : m.call(write_apic_page, vcpu, APIC.TASKPRI, value),
    ),
  },
});

/** MOV to CR8: bits 3:0 become VTPR[7:4], the rest 0. It works in every mode of the APIC. */
export const mov_to_cr8 = operation({
  name: 'MOV to CR8',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'value'],
  steps: {
    write: step(
      (_m, vcpu, value) => `vcpu ${vcpu} executes MOV to CR8 with ${value}: VTPR := ${hex((value & 15) << 4)}`,
      (m, vcpu, value) => {
        m.store(m.vcpu(vcpu) + V.tpr, (value & 15) << 4);
        return m.call(tpr_virtualization, vcpu);
      },
    ),
    below: silent((m, vcpu) => (m.result !== 0 ? m.call(take_exit, vcpu, EXIT_REASON.TPR_BELOW_THRESHOLD) : RETURN)),
  },
});

/** STI or CLI. After STI the next instruction still runs before an interrupt is taken. */
export const set_interrupt_flag = operation({
  name: 'STI/CLI',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'enabled'],
  steps: {
    set: step(
      (_m, vcpu, enabled) => `vcpu ${vcpu} ${enabled ? 'enables' : 'disables'} interrupts: RFLAGS.IF := ${enabled}`,
      (m, vcpu, enabled) => {
        const base = m.vcpu(vcpu);
        const shadow = enabled !== 0 && m.load(base + V.interrupts) === 0;
        m.store(base + V.interrupts, enabled);
        m.store(base + V.interruptibility, shadow ? 1 : 0);
        return shadow ? NEXT : RETURN;
      },
    ),
    shadow: step(
      (_m, vcpu) => `the instruction after STI of vcpu ${vcpu} is complete: blocking by STI ends`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.interruptibility, 0);
        return RETURN;
      },
    ),
  },
});

/** With HLT exiting KVM takes over; otherwise the processor halts in guest mode. */
export const hlt = operation({
  name: 'HLT',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu'],
  steps: {
    exits: silent((m, vcpu) => (control(m, vcpu, 'hlt_exiting') ? m.call(take_exit, vcpu, EXIT_REASON.HLT) : 'halt')),
    done: silent(() => RETURN),
    halt: step(
      (_m, vcpu) => `vcpu ${vcpu} halts in guest mode: activity state HLT`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.activity, ACTIVITY.hlt);
        return RETURN;
      },
    ),
  },
});

/**
 * MWAIT in guest mode: the processor waits until an interrupt, or a notification, comes. Only where the VMM has disabled the idle exits
 * (KVM_CAP_X86_DISABLE_EXITS; one setting here for HLT and MWAIT, as `cpu-pm=on` has it); otherwise KVM intercepts it.
 */
export const mwait = operation({
  name: 'MWAIT',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu'],
  steps: {
    exits: silent((m, vcpu) => (control(m, vcpu, 'hlt_exiting') ? m.call(take_exit, vcpu, EXIT_REASON.MWAIT) : 'wait')),
    done: silent(() => RETURN),
    wait: step(
      (_m, vcpu) => `vcpu ${vcpu} waits in MWAIT in guest mode`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.activity, ACTIVITY.mwait);
        return RETURN;
      },
    ),
  },
});

/** An exit that has nothing to do with interrupts (CPUID is one that no setting avoids); the thread then waits in KVM for what the scenario says next. */
export const leave_guest = operation({
  name: 'VM exit',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu'],
  steps: {
    exit: silent((m, vcpu) => m.call(vm_exit, m.words[m.vcpu(vcpu) + V.cpu], EXIT_REASON.CPUID)),
    outside: silent((m, vcpu) => m.call(leave_guest_mode, vcpu)),
  },
});
