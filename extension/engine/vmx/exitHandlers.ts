/** What KVM does about the exits that APIC virtualization leaves to it. vmx/vmx.c; posted interrupts §8. */
import { EXIT_REASON } from '../cpu/vmcs.ts';
import { emulate_mmio } from '../ioapic/mmio.ts';
import { kvm_apic_set_eoi_accelerated } from '../lapic/eoi.ts';
import { kvm_x2apic_icr_write } from '../lapic/icr.ts';
import { apic_mmio_write, kvm_x2apic_msr_write } from '../lapic/msr.ts';
import { apic_update_ppr, hasInterruptAbovePpr } from '../lapic/priority.ts';
import { APIC, registerName, wordOf } from '../lapic/registers.ts';
import { kvm_lapic_reg_write } from '../lapic/registerWrite.ts';
import { CTRL, EVENT, REQ, V } from '../layout.ts';
import { MARK } from '../machine.ts';
import { NEXT, type Operation, operation, RETURN, silent, step } from '../operation.ts';
import { hex, highest } from '../text.ts';

const EXTD = 1 << 10;
const ICR_BUSY = 1 << 12;

/** The guest takes #GP. */
export const inject_gp = operation({
  name: 'kvm_inject_gp',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu'],
  steps: {
    inject: step(
      (_m, vcpu) => `vcpu ${vcpu} gets #GP(0)`,
      (m, vcpu) => {
        m.set_bit(EVENT.fault, m.vcpu(vcpu) + V.events);
        m.mark(MARK.fault);
        return RETURN;
      },
    ),
  },
});

/** 32: an intercepted WRMSR. `a`, `b`: low and high half of the value; the MSR's number comes as qualification, as in ECX. */
const kvm_emulate_wrmsr = operation({
  name: 'kvm_emulate_wrmsr',
  actor: 'kvm',
  source: 'x86.c',
  via: ['vmx_handle_exit'],
  locals: ['vcpu', 'msr', 'lo', 'hi'],
  steps: {
    write: silent((m, vcpu, msr, lo, hi) => m.call(kvm_x2apic_msr_write, vcpu, msr, lo, hi)),
    refused: silent(m => (m.result !== 0 ? NEXT : RETURN)),
    fault: silent((m, vcpu) => m.call(inject_gp, vcpu)),
  },
});

/** 56: the value stands in the virtual-APIC page already, and the instruction is complete. */
const handle_apic_write = operation({
  name: 'handle_apic_write',
  actor: 'kvm',
  source: p => p.files.posting,
  via: ['vmx_handle_exit'],
  locals: ['vcpu', 'offset'],
  steps: {
    read: step(
      (_m, _vcpu, offset) => `read ${registerName(offset)} from the virtual-APIC page and carry the write out`,
      (m, vcpu, offset) => {
        const base = m.vcpu(vcpu);
        const x2apic = (m.load(base + V.apicbase) & EXTD) !== 0;
        if (x2apic && offset === APIC.ICR) {
          return m.call(kvm_x2apic_icr_write, vcpu, m.load(base + V.icr) & ~ICR_BUSY, m.load(base + V.icr2));
        }
        const word = offset === APIC.SELF_IPI ? V.self_ipi : wordOf(offset);
        return m.call(kvm_lapic_reg_write, vcpu, offset, word === undefined ? 0 : m.load(base + word));
      },
      { via: ['kvm_apic_write_nodecode'] },
    ),
    done: silent(() => RETURN),
  },
});

/** 44: fault-like. KVM emulates the instruction; a write of EOI takes a short cut. Bit 12 of the qualification: a write. */
const handle_apic_access = operation({
  name: 'handle_apic_access',
  actor: 'kvm',
  source: p => p.files.posting,
  via: ['vmx_handle_exit'],
  locals: ['vcpu', 'qualification', 'value'],
  steps: {
    decode: step(
      (_m, _vcpu, qualification) => {
        const name = registerName(qualification & 0xff0);
        return (qualification & 0x1000) === 0
          ? `emulate the read of ${name}`
          : (qualification & 0xff0) === APIC.EOI
            ? 'a write of EOI: no need to decode the instruction'
            : `emulate the write of ${name}`;
      },
      (m, vcpu, qualification, value) =>
        (qualification & 0x1000) === 0 ? RETURN : m.call(apic_mmio_write, vcpu, qualification & 0xff0, value),
    ),
    done: silent(() => RETURN),
  },
});

/** 45: the processor has changed VISR and VPPR already. */
const handle_apic_eoi_induced = operation({
  name: 'handle_apic_eoi_induced',
  actor: 'kvm',
  source: p => p.files.posting,
  via: ['vmx_handle_exit'],
  locals: ['vcpu', 'vector'],
  steps: {
    eoi: silent((m, vcpu, vector) => m.call(kvm_apic_set_eoi_accelerated, vcpu, vector)),
  },
});

/** 43: TPR went below the threshold, so an interrupt that waited may be possible now. */
const handle_tpr_below_threshold = operation({
  name: 'handle_tpr_below_threshold',
  actor: 'kvm',
  source: p => p.files.posting,
  via: ['vmx_handle_exit'],
  locals: ['vcpu'],
  steps: {
    ppr: step(
      (_m, vcpu) => `PPR of vcpu ${vcpu} follows TPR; if that makes an interrupt possible, request KVM_REQ_EVENT`,
      (m, vcpu) => {
        if (apic_update_ppr(m, vcpu) && hasInterruptAbovePpr(m, vcpu)) {
          m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        }
        return RETURN;
      },
      { via: ['kvm_apic_update_ppr'] },
    ),
  },
});

/** 7: the guest can take an interrupt now. */
const handle_interrupt_window = operation({
  name: 'handle_interrupt_window',
  actor: 'kvm',
  source: p => p.files.posting,
  via: ['vmx_handle_exit'],
  locals: ['vcpu'],
  steps: {
    clear: step(
      (_m, vcpu) => `interrupt-window exiting of vcpu ${vcpu} := 0`,
      (m, vcpu) => {
        m.clear_bit(CTRL.interrupt_window_exiting, m.vcpu(vcpu) + V.controls);
        return NEXT;
      },
    ),
    request_event: step(
      (_m, vcpu) => `request KVM_REQ_EVENT of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return RETURN;
      },
      { via: ['kvm_make_request'] },
    ),
  },
});

/** 36: a NOP since 3.16, #UD before. */
export const kvm_emulate_mwait = operation({
  name: 'kvm_emulate_mwait',
  actor: 'kvm',
  source: 'x86.c',
  via: ['handle_exit'],
  locals: ['vcpu'],
  steps: {
    emulate: step(
      (m, vcpu) =>
        m.config.kernel === '2013'
          ? `MWAIT of vcpu ${vcpu} gets #UD`
          : `MWAIT of vcpu ${vcpu} is emulated as a NOP: the guest does not wait`,
      (m, vcpu) => {
        if (m.config.kernel === '2013') {
          m.set_bit(EVENT.fault, m.vcpu(vcpu) + V.events);
          m.mark(MARK.fault);
        }
        return RETURN;
      },
    ),
  },
});

/** Handlers by basic exit reason; the others need nothing done about interrupts. */
const HANDLERS = (): Readonly<Record<number, Operation>> => ({
  [EXIT_REASON.INTERRUPT_WINDOW]: handle_interrupt_window,
  [EXIT_REASON.MSR_WRITE]: kvm_emulate_wrmsr,
  [EXIT_REASON.MWAIT]: kvm_emulate_mwait,
  [EXIT_REASON.TPR_BELOW_THRESHOLD]: handle_tpr_below_threshold,
  [EXIT_REASON.APIC_ACCESS]: handle_apic_access,
  [EXIT_REASON.EOI_INDUCED]: handle_apic_eoi_induced,
  [EXIT_REASON.EPT_MISCONFIG]: emulate_mmio,
  [EXIT_REASON.APIC_WRITE]: handle_apic_write,
});
let handlers: Readonly<Record<number, Operation>> | undefined;

export function handlerOf(reason: number): Operation | undefined {
  handlers ??= HANDLERS();
  return handlers[reason];
}

/** `enable_irq_window`: the guest exits as soon as it can take an interrupt. */
export const vmx_enable_irq_window = operation({
  name: 'vmx_enable_irq_window',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu'],
  steps: {
    set: step(
      (_m, vcpu) => `interrupt-window exiting of vcpu ${vcpu} := 1: it exits as soon as it can take an interrupt`,
      (m, vcpu) => {
        m.set_bit(CTRL.interrupt_window_exiting, m.vcpu(vcpu) + V.controls);
        return RETURN;
      },
    ),
  },
});

/** TPR threshold for a vCPU without virtual-interrupt delivery: exit 43 when TPR no longer hides the highest interrupt. */
export const vmx_update_cr8_intercept = operation({
  name: 'vmx_update_cr8_intercept',
  actor: 'kvm',
  source: p => p.files.posting,
  via: ['update_cr8_intercept'],
  locals: ['vcpu', 'max_irr'],
  steps: {
    find: step(
      (_m, vcpu) => `find the highest vector in IRR of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.local(1, highest(m, m.vcpu(vcpu) + V.irr));
        return NEXT;
      },
      { via: ['kvm_lapic_find_highest_irr'] },
    ),
    write: step(
      (m, vcpu, maxIrr) =>
        `TPR threshold of vcpu ${vcpu} := ${hex(threshold(m.words[m.vcpu(vcpu) + V.tpr], maxIrr), 1)}`,
      (m, vcpu, maxIrr) => {
        const base = m.vcpu(vcpu);
        m.store(base + V.tpr_threshold, threshold(m.load(base + V.tpr), maxIrr));
        return RETURN;
      },
    ),
  },
});

function threshold(tpr: number, maxIrr: number): number {
  const irrClass = maxIrr < 0 ? 0 : maxIrr >>> 4;
  return (tpr & 0xff) >>> 4 < irrClass ? 0 : irrClass;
}
