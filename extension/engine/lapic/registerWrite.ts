/** A write of one register of the local APIC that KVM emulates. `kvm_lapic_reg_write`, lapic.c; LAPIC delivery §3.2, §6.1, §7. */
import { REQ, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { apic_x2apic_mode, kvm_apic_sw_enabled, LVR_DIRECTED_EOI, SPIV } from './apic.ts';
import { apic_set_eoi } from './eoi.ts';
import { ICR_BUSY, kvm_apic_send_ipi } from './icr.ts';
import { SHORTHAND } from './message.ts';
import { apic_update_ppr, hasInterruptAbovePpr } from './priority.ts';
import { kvm_recalculate_apic_map, markMapDirty, recalculateIfDirty } from './recalculate.ts';
import { APIC, APIC_LVT_MASKED, LVT_WRITABLE, lvtIndex, NR_LVT_ENTRIES, registerName } from './registers.ts';

/** Steps by register; what is not here, or not writable in the present mode, is refused. */
const BY_REGISTER: Readonly<Record<number, string>> = {
  [APIC.TASKPRI]: 'tpr',
  [APIC.EOI]: 'eoi',
  [APIC.SPIV]: 'spiv',
  [APIC.ICR]: 'icr',
  [APIC.TMICT]: 'timer',
  [APIC.TDCR]: 'timer',
};

const ONLY_XAPIC: Readonly<Record<number, string>> = {
  [APIC.ID]: 'id',
  [APIC.LDR]: 'ldr',
  [APIC.DFR]: 'dfr',
  [APIC.ICR2]: 'icr2',
};

function stepFor(m: Machine, vcpu: number, register: number, value: number): string {
  const x2apic = apic_x2apic_mode(m, vcpu);
  if (register === APIC.SELF_IPI) {
    return x2apic && (value & ~0xff) === 0 ? 'self_ipi' : 'refuse';
  }
  if (register === APIC.ESR) {
    return x2apic && value !== 0 ? 'refuse' : 'accept';
  }
  if (lvtIndex(register) >= 0) {
    return 'lvt';
  }
  return BY_REGISTER[register] ?? (x2apic ? undefined : ONLY_XAPIC[register]) ?? 'refuse';
}

function spivMask(m: Machine, vcpu: number): number {
  const directed = (m.load(m.vcpu(vcpu) + V.lvr) & LVR_DIRECTED_EOI) !== 0;
  return 0x3ff | (directed ? SPIV.directedEoi : 0);
}

/** Returns 0, or 1 when the register does not exist or refuses the value: #GP for an MSR, nothing for MMIO. */
export const kvm_lapic_reg_write = operation({
  name: 'kvm_lapic_reg_write',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['vcpu', 'reg', 'value'],
  steps: {
    choose: silent((m, vcpu, reg, value) => stepFor(m, vcpu, reg, value)),

    id: step(
      (_m, vcpu, _reg, value) => `xAPIC ID of vcpu ${vcpu} := ${hex(value >>> 24)}; the APIC map is dirty`,
      (m, vcpu, _reg, value) => {
        m.store(m.vcpu(vcpu) + V.id, value & ~0xffffff);
        markMapDirty(m);
        return 'recalculate';
      },
    ),
    tpr: step(
      (_m, vcpu, _reg, value) => `TPR of vcpu ${vcpu} := ${hex(value & 0xff)}`,
      (m, vcpu, _reg, value) => {
        m.store(m.vcpu(vcpu) + V.tpr, value & 0xff);
        return NEXT;
      },
      { via: ['apic_set_tpr'] },
    ),
    ppr: step(
      (_m, vcpu) => `PPR of vcpu ${vcpu} follows; if that makes an interrupt possible, request KVM_REQ_EVENT`,
      (m, vcpu) => {
        if (apic_update_ppr(m, vcpu) && hasInterruptAbovePpr(m, vcpu)) {
          m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        }
        return 'recalculate';
      },
      { via: ['apic_set_tpr', 'apic_update_ppr'] },
    ),
    eoi: silent((m, vcpu) => m.call(apic_set_eoi, vcpu)),
    eoi_done: silent(() => 'recalculate'),
    ldr: step(
      (_m, vcpu, _reg, value) => `LDR of vcpu ${vcpu} := ${hex(value & ~0xffffff, 8)}; the APIC map is dirty`,
      (m, vcpu, _reg, value) => {
        m.store(m.vcpu(vcpu) + V.ldr, value & ~0xffffff);
        markMapDirty(m);
        return 'recalculate';
      },
    ),
    dfr: step(
      (_m, vcpu, _reg, value) => `DFR of vcpu ${vcpu} := ${hex(value | 0x0fffffff, 8)}; the APIC map is dirty`,
      (m, vcpu, _reg, value) => {
        m.store(m.vcpu(vcpu) + V.dfr, value | 0x0fffffff);
        markMapDirty(m);
        return 'recalculate';
      },
    ),
    spiv: step(
      (_m, vcpu, _reg, value) =>
        `SPIV of vcpu ${vcpu} := ${hex(value, 3)}: the APIC is ${value & SPIV.enabled ? 'enabled' : 'software-disabled'}`,
      (m, vcpu, _reg, value) => {
        const wasEnabled = kvm_apic_sw_enabled(m, vcpu);
        const enabled = (value & SPIV.enabled) !== 0;
        m.store(m.vcpu(vcpu) + V.svr, value & spivMask(m, vcpu));
        if (enabled !== wasEnabled) {
          markMapDirty(m);
        }
        return enabled ? 'recalculate' : NEXT;
      },
      { via: ['apic_set_spiv'] },
    ),
    mask_lvts: step(
      (_m, vcpu) => `software-disabled: every LVT of vcpu ${vcpu} is masked`,
      (m, vcpu) => {
        const lvt = m.vcpu(vcpu) + V.lvt;
        for (let i = 0; i < NR_LVT_ENTRIES; i++) {
          m.store(lvt + i, m.load(lvt + i) | APIC_LVT_MASKED);
        }
        return 'recalculate';
      },
    ),
    icr: silent((m, vcpu, _reg, value) =>
      m.call(kvm_apic_send_ipi, vcpu, value & ~ICR_BUSY, m.load(m.vcpu(vcpu) + V.icr2)),
    ),
    store_icr: step(
      (_m, vcpu, _reg, value) => `ICR of vcpu ${vcpu} := ${hex(value & ~ICR_BUSY, 8)}`,
      (m, vcpu, _reg, value) => {
        m.store(m.vcpu(vcpu) + V.icr, value & ~ICR_BUSY);
        return 'recalculate';
      },
    ),
    icr2: step(
      (_m, vcpu, _reg, value) => `ICR2 of vcpu ${vcpu} := ${hex(value & ~0xffffff, 8)}`,
      (m, vcpu, _reg, value) => {
        m.store(m.vcpu(vcpu) + V.icr2, value & ~0xffffff);
        return 'recalculate';
      },
    ),
    lvt: step(
      (m, vcpu, reg) =>
        kvm_apic_sw_enabled(m, vcpu)
          ? `${registerName(reg)} of vcpu ${vcpu} is written`
          : `${registerName(reg)} of vcpu ${vcpu} is written and stays masked: the APIC is software-disabled`,
      (m, vcpu, reg, value) => {
        const index = lvtIndex(reg);
        const mask = kvm_apic_sw_enabled(m, vcpu) ? 0 : APIC_LVT_MASKED;
        m.store(m.vcpu(vcpu) + V.lvt + index, (value | mask) & LVT_WRITABLE[index]);
        return 'recalculate';
      },
    ),
    timer: step(
      (_m, vcpu, reg) => `${registerName(reg)} of vcpu ${vcpu} is written; time does not pass here`,
      (m, vcpu, reg, value) => {
        m.store(m.vcpu(vcpu) + (reg === APIC.TMICT ? V.tmict : V.tdcr), reg === APIC.TMICT ? value : value & 0xb);
        return 'recalculate';
      },
    ),
    accept: step(
      (_m, vcpu) => `ESR of vcpu ${vcpu} is written: KVM records no errors, it stays 0`,
      () => 'recalculate',
    ),
    self_ipi: silent((m, vcpu, _reg, value) => m.call(kvm_apic_send_ipi, vcpu, SHORTHAND.self | value, 0)),

    recalculate: silent(m => (recalculateIfDirty(m) ? m.call(kvm_recalculate_apic_map) : NEXT)),
    done: silent(m => m.return(0)),

    refuse: step(
      (m, vcpu, reg, value) =>
        `vcpu ${vcpu} cannot write ${hex(value, 1)} to ${registerName(reg)} in ${apic_x2apic_mode(m, vcpu) ? 'x2APIC' : 'xAPIC'} mode`,
      () => NEXT,
    ),
    refused: silent(m => m.return(1)),
  },
});
