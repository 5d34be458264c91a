/** Event injection at entry, for a vCPU without virtual-interrupt delivery. `kvm_check_and_inject_events`, x86.c; LAPIC delivery §8. */
import { currentVmcs } from '../cpu/vmcs.ts';
import { kvm_pic_read_irq, pic_output } from '../ioapic/pic.ts';
import { V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex, highest } from '../text.ts';
import { kvm_apic_accept_pic_intr, kvm_apic_hw_enabled } from './apic.ts';
import { apic_update_ppr } from './priority.ts';

/** Is there an ExtINT for this vCPU? */
export function kvm_cpu_has_extint(m: Machine, vcpu: number): boolean {
  return m.config.irqchip === 'kernel' && pic_output(m) && kvm_apic_accept_pic_intr(m, vcpu);
}

/** Highest vector that the local APIC would deliver now, or -1; PPR is brought up to date. `kvm_apic_has_interrupt`. */
export function kvm_apic_has_interrupt(m: Machine, vcpu: number): number {
  if (!kvm_apic_hw_enabled(m, vcpu)) {
    return -1;
  }
  apic_update_ppr(m, vcpu);
  const irr = highest(m, m.vcpu(vcpu) + V.irr);
  return (irr & 0xf0) > (m.load(m.vcpu(vcpu) + V.ppr) & 0xff) ? irr : -1;
}

/** Is KVM to inject anything? With APICv the processor delivers what stands in IRR: only SMIs, NMIs and the PIC are left. */
export function hasEventToInject(m: Machine, vcpu: number): boolean {
  const base = m.vcpu(vcpu);
  const special = m.words[base + V.smi_pending] !== 0 || m.words[base + V.nmi_pending] !== 0;
  return m.words[base + V.apicv_active] === 0 || special || kvm_cpu_has_extint(m, vcpu);
}

/** The vector of the local APIC that KVM would inject, or -1. */
function injectable(m: Machine, vcpu: number): number {
  return m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? -1 : kvm_apic_has_interrupt(m, vcpu);
}

/** What `kvm_apic_has_interrupt` would find, without a change. */
function deliverable(m: Machine, vcpu: number): number {
  const irr = highest(m, m.vcpu(vcpu) + V.irr);
  return irr >= 0 && (irr & 0xf0) > (m.words[m.vcpu(vcpu) + V.ppr] & 0xff) ? irr : -1;
}

/** Takes the vector that goes to the guest next: the PIC's before the local APIC's. Returns it, or -1. */
export const kvm_cpu_get_interrupt = operation({
  name: 'kvm_cpu_get_interrupt',
  actor: 'kvm',
  source: 'irq.c',
  locals: ['vcpu', 'vector'],
  steps: {
    extint: step(
      (m, vcpu) =>
        kvm_cpu_has_extint(m, vcpu) ? `the PIC comes first: vcpu ${vcpu} asks it for a vector` : 'nothing from the PIC',
      (m, vcpu) => (kvm_cpu_has_extint(m, vcpu) ? m.call(kvm_pic_read_irq) : 'find'),
      { via: ['kvm_cpu_get_extint'] },
    ),
    from_pic: silent(() => RETURN),
    find: silent((m, vcpu) => {
      const vector = kvm_apic_has_interrupt(m, vcpu);
      m.local(1, vector);
      return vector < 0 ? m.return(-1) : NEXT;
    }),
    acknowledge: step(
      (_m, vcpu, vector) => `acknowledge ${hex(vector)}: IRR := 0, ISR := 1, PPR of vcpu ${vcpu} follows`,
      (m, vcpu, vector) => {
        m.clear_bit(vector, m.vcpu(vcpu) + V.irr);
        m.set_bit(vector, m.vcpu(vcpu) + V.isr);
        apic_update_ppr(m, vcpu);
        return m.return(vector);
      },
      { via: ['kvm_apic_ack_interrupt'] },
    ),
  },
});

/** SMI, then NMI, then an interrupt. Returns the vector that was injected, NMI_INJECTED, SMI_INJECTED, or -1 for nothing. */
export const kvm_check_and_inject_events = operation({
  name: 'kvm_check_and_inject_events',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu', 'vector'],
  steps: {
    smi: silent((m, vcpu) => {
      const base = m.vcpu(vcpu);
      return m.words[base + V.smi_pending] !== 0 && m.words[base + V.smm] === 0 ? NEXT : 'nmi';
    }),
    enter_smm: step(
      (_m, vcpu) => `vcpu ${vcpu} enters SMM`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.smi_pending, 0);
        m.store(m.vcpu(vcpu) + V.smm, 1);
        return m.return(SMI_INJECTED);
      },
      { via: ['enter_smm'] },
    ),
    nmi: silent((m, vcpu) => {
      const base = m.vcpu(vcpu);
      const masked = m.words[base + V.nmi_masked] !== 0 || m.words[base + V.smm] !== 0;
      const blocked = masked || m.words[base + V.interruptibility] !== 0;
      return m.words[base + V.nmi_pending] !== 0 && !blocked ? NEXT : 'has_interrupt';
    }),
    inject_nmi: step(
      (_m, vcpu) => `inject an NMI into vcpu ${vcpu}: further ones wait until its IRET`,
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        m.store(base + V.nmi_pending, m.load(base + V.nmi_pending) - 1);
        m.store(base + V.nmi_masked, 1);
        m.mark(MARK.delivery);
        return m.return(NMI_INJECTED);
      },
      { via: ['vmx_inject_nmi'] },
    ),
    has_interrupt: step(
      (m, vcpu) =>
        `does vcpu ${vcpu} have an interrupt above PPR ${hex(m.words[m.vcpu(vcpu) + V.ppr] & 0xff)}, and IF = 1?${
          deliverable(m, vcpu) < 0 ? ' No interrupt' : m.words[m.vcpu(vcpu) + V.interrupts] === 0 ? ' IF = 0' : ' Yes'
        }`,
      (m, vcpu) => {
        const any = kvm_cpu_has_extint(m, vcpu) || injectable(m, vcpu) >= 0;
        const base = m.vcpu(vcpu);
        const shadow = m.load(base + V.interruptibility) !== 0 || m.words[base + V.smm] !== 0;
        const allowed = m.load(base + V.interrupts) !== 0 && !shadow;
        return any && allowed ? m.call(kvm_cpu_get_interrupt, vcpu) : m.return(-1);
      },
      { via: ['kvm_cpu_has_injectable_intr'] },
    ),
    got: silent(m => {
      m.local(1, m.result);
      return m.result < 0 ? RETURN : NEXT;
    }),
    inject: step(
      (_m, vcpu, vector) => `inject ${hex(vector)}: vcpu ${vcpu} takes it at entry`,
      (m, vcpu, vector) => {
        m.set_bit(vector, currentVmcs(m, vcpu) + V.taken);
        m.mark(MARK.delivery);
        return m.return(vector);
      },
      { via: ['vmx_inject_irq'] },
    ),
  },
});

/** Results of `kvm_check_and_inject_events` beside vectors. */
export const NMI_INJECTED = 0x100;
export const SMI_INJECTED = 0x101;
