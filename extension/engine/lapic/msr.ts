/** The x2APIC MSRs 0x800 to 0x8ff, and what a guest reads. `kvm_x2apic_msr_write`, lapic.c; LAPIC delivery §3.2. */
import { V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent } from '../operation.ts';
import { apic_x2apic_mode, kvm_apic_hw_enabled } from './apic.ts';
import { kvm_x2apic_icr_write } from './icr.ts';
import { apic_update_ppr } from './priority.ts';
import { APIC, APIC_BASE_MSR, wordOf } from './registers.ts';
import { kvm_lapic_reg_write } from './registerWrite.ts';

/** Returns 0, or 1 for #GP: not in x2APIC mode, no such register, a reserved bit, or bits 63:32 set where there are none. */
export const kvm_x2apic_msr_write = operation({
  name: 'kvm_x2apic_msr_write',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['vcpu', 'msr', 'low', 'high'],
  steps: {
    check: silent((m, vcpu, msr, low, high) => {
      const register = (msr - APIC_BASE_MSR) << 4;
      if (!apic_x2apic_mode(m, vcpu) || (register !== APIC.ICR && high !== 0)) {
        return m.return(1);
      }
      return register === APIC.ICR
        ? m.call(kvm_x2apic_icr_write, vcpu, low, high)
        : m.call(kvm_lapic_reg_write, vcpu, register, low);
    }),
    done: silent(() => RETURN),
  },
});

/** A guest's MMIO write at `offset` of the APIC page. Outside xAPIC mode, and for other lengths or alignments, nothing happens. */
export const apic_mmio_write = operation({
  name: 'apic_mmio_write',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['vcpu', 'offset', 'value'],
  steps: {
    write: silent((m, vcpu, offset, value) =>
      kvm_apic_hw_enabled(m, vcpu) && !apic_x2apic_mode(m, vcpu) && (offset & 0xf) === 0
        ? m.call(kvm_lapic_reg_write, vcpu, offset & 0xff0, value)
        : NEXT,
    ),
    done: silent(m => m.return(0)),
  },
});

const NOT_READABLE: readonly number[] = [APIC.EOI, APIC.SELF_IPI];
const ONLY_XAPIC: readonly number[] = [APIC.ARBPRI, APIC.DFR, APIC.ICR2];

/** What a read of a register gives, or undefined where there is none to read. PPR is brought up to date by it. `kvm_lapic_reg_read`. */
export function kvm_lapic_reg_read(m: Machine, vcpu: number, register: number): number | undefined {
  const x2apic = apic_x2apic_mode(m, vcpu);
  if (NOT_READABLE.includes(register) || (x2apic && ONLY_XAPIC.includes(register))) {
    return undefined;
  }
  if (register === APIC.ARBPRI || register === APIC.TMCCT) {
    return 0;
  }
  if (register === APIC.PROCPRI) {
    apic_update_ppr(m, vcpu);
  }
  const word = wordOf(register);
  return word === undefined ? undefined : m.load(m.vcpu(vcpu) + word);
}

/** A guest's MMIO read at `offset`: all ones outside xAPIC mode, 0 from a register that does not exist. */
export function apic_mmio_read(m: Machine, vcpu: number, offset: number): number {
  if (!kvm_apic_hw_enabled(m, vcpu) || apic_x2apic_mode(m, vcpu)) {
    return -1;
  }
  return kvm_lapic_reg_read(m, vcpu, offset & 0xff0) ?? 0;
}

/** RDMSR: low and high word, or undefined for #GP. */
export function kvm_x2apic_msr_read(m: Machine, vcpu: number, msr: number): readonly [number, number] | undefined {
  const register = (msr - APIC_BASE_MSR) << 4;
  if (!apic_x2apic_mode(m, vcpu)) {
    return undefined;
  }
  const low = kvm_lapic_reg_read(m, vcpu, register);
  return low === undefined ? undefined : [low, register === APIC.ICR ? m.load(m.vcpu(vcpu) + V.icr2) : 0];
}
