/** What guest code does to its local APIC, and how processor and KVM answer. */

import { eoi_virtualization, tpr_virtualization } from './cpu/virtualInterrupts.ts';
import { vm_entry, vm_exit } from './cpu/vmExit.ts';
import { vcpu_enter_guest } from './kvm/enter.ts';
import { leave_guest_mode } from './kvm/exit.ts';
import { kvm_x2apic_icr_write } from './lapic/icr.ts';
import { IRQ } from './lapic/message.ts';
import { apic_update_ppr } from './lapic/priority.ts';
import { APIC } from './lapic/registers.ts';
import { kvm_lapic_reg_write } from './lapic/registerWrite.ts';
import { REQ, V } from './layout.ts';
import type { Machine } from './machine.ts';
import { NEXT, operation, RETURN, silent, step } from './operation.ts';
import { hex, highest } from './text.ts';
import { vmx_sync_pir_to_irr } from './vmx/sync.ts';

const EXIT = { MSR_WRITE: 32, APIC_ACCESS: 44, EOI_INDUCED: 45, PREEMPTION_TIMER: 52, APIC_WRITE: 56 } as const;
const X2APIC_BROADCAST = -1;

function cpuOf(m: Machine, vcpu: number): number {
  return m.words[m.vcpu(vcpu) + V.cpu];
}

/** Physical Fixed unicast is completed with interrupts off and mode IN_GUEST_MODE. LAPIC delivery §3.3. */
function fastPathTakes(m: Machine, low: number, high: number): boolean {
  return (
    m.profile.entry.icrFastPath && (low & (IRQ.shorthand | IRQ.logical | IRQ.mode)) === 0 && high !== X2APIC_BROADCAST
  );
}

/** WRMSR 830H in x2APIC mode, intercepted because IPI virtualization is off. */
export const wrmsr_icr = operation({
  name: 'WRMSR ICR (830H)',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'icr_low', 'icr_high'],
  steps: {
    write: step(
      (_m, vcpu, low, high) =>
        `vcpu ${vcpu} writes ${hex(high, 8)}_${hex(low, 8).slice(2)} to its ICR; the MSR is intercepted`,
      (m, vcpu) => m.call(vm_exit, cpuOf(m, vcpu), EXIT.MSR_WRITE),
    ),
    choose: silent((m, _vcpu, low, high) => (fastPathTakes(m, low, high) ? NEXT : 'slow')),
    fast: silent((m, vcpu, low, high) => m.call(kvm_x2apic_icr_write, vcpu, low, high)),
    sync: silent((m, vcpu) => (m.config.apicv ? m.call(vmx_sync_pir_to_irr, vcpu) : NEXT)),
    back: silent((m, vcpu) => m.call(vm_entry, vcpu)),
    completed: silent(() => RETURN),
    slow: silent((m, vcpu) => m.call(leave_guest_mode, vcpu)),
    emulate: silent((m, vcpu, low, high) => m.call(kvm_x2apic_icr_write, vcpu, low, high)),
    again: silent((m, vcpu) => m.call(vcpu_enter_guest, vcpu)),
  },
});

/** xAPIC: ICR2, then ICR. With register virtualization both land in the page and ICR makes the trap-like exit 56. */
export const write_icr_page = operation({
  name: 'write of ICR (300H)',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'icr_low', 'icr_high'],
  steps: {
    write_icr2: step(
      (_m, vcpu, _low, high) => `vcpu ${vcpu} writes ICR2 (310H): destination ${hex(high >>> 24)}`,
      (m, vcpu, _low, high) => {
        m.store(m.vcpu(vcpu) + V.icr2, high & ~0xffffff);
        return NEXT;
      },
    ),
    write_icr: step(
      (m, vcpu, low) =>
        `vcpu ${vcpu} writes ${hex(low, 8)} to ICR (300H): ${m.words[m.vcpu(vcpu) + V.apicv_active] ? 'APIC-write exit' : 'APIC-access exit'}`,
      (m, vcpu) =>
        m.call(
          vm_exit,
          cpuOf(m, vcpu),
          m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? EXIT.APIC_WRITE : EXIT.APIC_ACCESS,
        ),
    ),
    outside: silent((m, vcpu) => m.call(leave_guest_mode, vcpu)),
    emulate: silent((m, vcpu, low) => m.call(kvm_lapic_reg_write, vcpu, APIC.ICR, low)),
    again: silent((m, vcpu) => m.call(vcpu_enter_guest, vcpu)),
  },
});

/** The guest writes its EOI register. */
export const write_eoi = operation({
  name: 'write of EOI',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu'],
  steps: {
    virtual: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? NEXT : 'intercepted')),
    virtualize: silent((m, vcpu) => m.call(eoi_virtualization, vcpu)),
    induced: silent(m => (m.result === 0 ? RETURN : NEXT)),
    exit: silent((m, vcpu) => m.call(vm_exit, cpuOf(m, vcpu), EXIT.EOI_INDUCED)),
    outside: silent((m, vcpu) => m.call(leave_guest_mode, vcpu)),
    accelerated: step(
      (_m, vcpu) => `the processor has done the EOI of vcpu ${vcpu}; KVM tells the IOAPIC and requests KVM_REQ_EVENT`,
      (m, vcpu) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return 'again';
      },
      { via: ['handle_apic_eoi_induced', 'kvm_apic_set_eoi_accelerated'] },
    ),
    intercepted: step(
      (_m, vcpu) => `vcpu ${vcpu} writes EOI: intercepted`,
      (m, vcpu) => m.call(vm_exit, cpuOf(m, vcpu), EXIT.APIC_ACCESS),
    ),
    emulated_outside: silent((m, vcpu) => m.call(leave_guest_mode, vcpu)),
    apic_set_eoi: step(
      (m, vcpu) => {
        const vector = highest(m, m.vcpu(vcpu) + V.isr);
        return vector < 0
          ? 'nothing is in service'
          : `clear ISR[${hex(vector)}] of vcpu ${vcpu}, recalculate PPR, request KVM_REQ_EVENT`;
      },
      (m, vcpu) => {
        const vector = highest(m, m.vcpu(vcpu) + V.isr);
        if (vector >= 0) {
          m.clear_bit(vector, m.vcpu(vcpu) + V.isr);
          apic_update_ppr(m, vcpu);
          m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        }
        return NEXT;
      },
      { via: ['kvm_lapic_reg_write', 'apic_set_eoi'] },
    ),
    again: silent((m, vcpu) => m.call(vcpu_enter_guest, vcpu)),
  },
});

/** The guest writes its task priority. */
export const write_tpr = operation({
  name: 'write of TPR',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'value'],
  steps: {
    write: step(
      (_m, vcpu, value) => `vcpu ${vcpu} writes TPR := ${hex(value)}`,
      (m, vcpu, value) => {
        m.store(m.vcpu(vcpu) + V.tpr, value & 0xff);
        return m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? m.call(tpr_virtualization, vcpu) : NEXT;
      },
    ),
    update_ppr: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? RETURN : NEXT)),
    ppr: step(
      (_m, vcpu) => `PPR of vcpu ${vcpu} follows TPR and ISR; a lower priority is a reason to look again`,
      (m, vcpu) => {
        apic_update_ppr(m, vcpu);
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return RETURN;
      },
    ),
  },
});

/** STI or CLI. */
export const set_interrupt_flag = operation({
  name: 'STI/CLI',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'enabled'],
  steps: {
    set: step(
      (_m, vcpu, enabled) => `vcpu ${vcpu} ${enabled ? 'enables' : 'disables'} interrupts: RFLAGS.IF := ${enabled}`,
      (m, vcpu, enabled) => {
        m.store(m.vcpu(vcpu) + V.interrupts, enabled);
        return RETURN;
      },
    ),
  },
});

/** An exit that has nothing to do with interrupts; the thread then waits in KVM for what the scenario says next. */
export const leave_guest = operation({
  name: 'VM exit',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu'],
  steps: {
    exit: silent((m, vcpu) => m.call(vm_exit, m.words[m.vcpu(vcpu) + V.cpu], EXIT.PREEMPTION_TIMER)),
    outside: silent((m, vcpu) => m.call(leave_guest_mode, vcpu)),
  },
});
