/** Reset values, and the modes that IA32_APICBASE selects. `kvm_lapic_reset`, `kvm_apic_set_base`, lapic.c; LAPIC delivery §7. */
import { harvests, isIntel } from '../kvm/vendor.ts';
import { REQ, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { vmx_set_virtual_apic_mode } from '../vmx/controls.ts';
import { pi_apicv_pre_state_restore, reset_guest_intr_status } from '../vmx/restore.ts';
import {
  APICBASE,
  apic_x2apic_mode,
  DFR_FLAT,
  kvm_apic_calc_x2apic_ldr,
  kvm_vcpu_is_reset_bsp,
  LVR_DIRECTED_EOI,
} from './apic.ts';
import { kvm_recalculate_apic_map, markMapDirty, recalculateIfDirty } from './recalculate.ts';
import { APIC_LVT_MASKED, APIC_VERSION, NR_LVT_ENTRIES } from './registers.ts';

const SPIV_RESET = 0xff;
const LVT0_EXTINT = 0x700;
const LVT0 = 3;
const RESERVED = 0x2ff;

/** Bit 24, directed EOI, only where the IOAPIC is not KVM's. `kvm_apic_set_version`. */
export function kvm_apic_set_version(m: Machine, vcpu: number): void {
  const base = m.vcpu(vcpu);
  const { x2apicApi, irqchip } = m.config;
  const chosen = m.profile.delivery.suppressEoi === 'chosen by the VMM' && x2apicApi > 0 ? x2apicApi & 12 : 0;
  const offered = chosen === 0 ? irqchip === 'split' : chosen === 4;
  const directed = offered && m.words[base + V.x2apic_cpuid] !== 0 ? LVR_DIRECTED_EOI : 0;
  m.store(base + V.lvr, APIC_VERSION | ((NR_LVT_ENTRIES - 1) << 16) | directed);
}

/** ID and LDR follow vcpu_id. */
export function kvm_apic_set_x2apic_id(m: Machine, vcpu: number): void {
  const { id } = m.config.vcpus[vcpu];
  m.store(m.vcpu(vcpu) + V.id, id);
  m.store(m.vcpu(vcpu) + V.ldr, kvm_apic_calc_x2apic_ldr(id));
}

/** Registers after reset or INIT; INIT keeps APICBASE and the ID. */
export function resetRegisters(m: Machine, vcpu: number, initEvent: boolean): void {
  const base = m.vcpu(vcpu);
  if (!initEvent) {
    m.store(base + V.apicbase, APICBASE.address | APICBASE.en | (kvm_vcpu_is_reset_bsp(m, vcpu) ? APICBASE.bsp : 0));
    m.store(base + V.id, m.config.vcpus[vcpu].id << 24);
  }
  kvm_apic_set_version(m, vcpu);
  for (let i = 0; i < NR_LVT_ENTRIES; i++) {
    m.store(base + V.lvt + i, APIC_LVT_MASKED);
  }
  if (kvm_vcpu_is_reset_bsp(m, vcpu)) {
    m.store(base + V.lvt + LVT0, LVT0_EXTINT);
  }
  m.store(base + V.dfr, DFR_FLAT);
  m.store(base + V.svr, SPIV_RESET);
  if (!apic_x2apic_mode(m, vcpu)) {
    m.store(base + V.ldr, 0);
  }
  for (const word of [V.tpr, V.ppr, V.esr, V.icr, V.tdcr, V.tmict, V.arb_prio]) {
    m.store(base + word, 0);
  }
  const split = m.config.vendor === 'amd' && m.profile.delivery.x2apicIcrOnAmd === 'split';
  if (!(split && apic_x2apic_mode(m, vcpu))) {
    m.store(base + V.icr2, 0);
  }
  for (let i = 0; i < 8; i++) {
    m.store(base + V.irr + i, 0);
    m.store(base + V.isr + i, 0);
    m.store(base + V.tmr + i, 0);
  }
}

/** `init`: 1 = by INIT. */
export const kvm_lapic_reset = operation({
  name: 'kvm_lapic_reset',
  actor: 'kvm',
  source: 'lapic.c',
  via: ['kvm_vcpu_reset'],
  locals: ['vcpu', 'init'],
  steps: {
    posted: silent((m, vcpu) => (harvests(m) ? m.call(pi_apicv_pre_state_restore, vcpu) : NEXT)),
    reset: step(
      (_m, vcpu) =>
        `the local APIC of vcpu ${vcpu} gets its reset values: software-disabled, LVTs masked, IRR, ISR and TMR empty`,
      (m, vcpu, init) => {
        resetRegisters(m, vcpu, init !== 0);
        markMapDirty(m);
        return NEXT;
      },
    ),
    status: silent((m, vcpu) => (harvests(m) ? m.call(reset_guest_intr_status, vcpu) : NEXT)),
    recalculate: silent(m => (recalculateIfDirty(m) ? m.call(kvm_recalculate_apic_map) : RETURN)),
  },
});

const MODES = ['disabled', 'invalid', 'xAPIC', 'x2APIC'] as const;

function modeOf(value: number): (typeof MODES)[number] {
  return MODES[((value & APICBASE.en) !== 0 ? 2 : 0) + ((value & APICBASE.extd) !== 0 ? 1 : 0)];
}

/** Is the write refused? The host may go from any valid mode to any other. */
function isRefused(m: Machine, vcpu: number, value: number, host: boolean): boolean {
  const old = modeOf(m.load(m.vcpu(vcpu) + V.apicbase));
  const next = modeOf(value);
  const noX2apic = m.load(m.vcpu(vcpu) + V.x2apic_cpuid) === 0 ? APICBASE.extd : 0;
  if ((value & (RESERVED | noX2apic)) !== 0 || next === 'invalid') {
    return true;
  }
  return !host && ((old === 'x2APIC' && next === 'xAPIC') || (old === 'disabled' && next === 'x2APIC'));
}

/** Writes bits 31:0 of IA32_APICBASE; `host`: 1 = by ioctl. Returns 1 when the guest gets #GP. */
export const kvm_apic_set_base = operation({
  name: 'kvm_apic_set_base',
  actor: 'kvm',
  source: p => (p.files.delivery === 'lapic.c' || p.name.includes('6.16') ? 'lapic.c' : 'x86.c'),
  locals: ['vcpu', 'value', 'host'],
  steps: {
    check: step(
      (m, vcpu, value, host) => {
        const change = `vcpu ${vcpu}: ${modeOf(m.words[m.vcpu(vcpu) + V.apicbase])} to ${modeOf(value)}`;
        return isRefused(m, vcpu, value, host !== 0) ? `${change} is not allowed: #GP` : `${change} is allowed`;
      },
      (m, vcpu, value, host) => (isRefused(m, vcpu, value, host !== 0) ? m.return(1) : NEXT),
    ),
    write: step(
      (_m, vcpu, value) => `IA32_APICBASE of vcpu ${vcpu} := ${hex(value, 8)}; the ID follows vcpu_id in the new mode`,
      (m, vcpu, value) => {
        const base = m.vcpu(vcpu);
        const changed = m.load(base + V.apicbase) ^ value;
        m.store(base + V.apicbase, value);
        if ((changed & (APICBASE.en | APICBASE.extd)) !== 0) {
          setIdOfMode(m, vcpu);
          m.set_bit(REQ.APICV_UPDATE, base + V.requests);
          markMapDirty(m);
        }
        return NEXT;
      },
      { via: ['__kvm_apic_set_base'] },
    ),
    controls: silent((m, vcpu) => (isIntel(m) ? m.call(vmx_set_virtual_apic_mode, vcpu) : NEXT)),
    recalculate: silent(m => (recalculateIfDirty(m) ? m.call(kvm_recalculate_apic_map) : NEXT)),
    done: silent(m => m.return(0)),
  },
});

function setIdOfMode(m: Machine, vcpu: number): void {
  const value = m.words[m.vcpu(vcpu) + V.apicbase];
  const enabled = (value & APICBASE.en) !== 0;
  if (enabled && (value & APICBASE.extd) !== 0) {
    kvm_apic_set_x2apic_id(m, vcpu);
  } else if (enabled) {
    m.store(m.vcpu(vcpu) + V.id, m.config.vcpus[vcpu].id << 24);
  }
}
