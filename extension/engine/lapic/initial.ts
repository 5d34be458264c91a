/** LAPICs, IOAPIC, PICs and routes as a machine begins with them: after reset, or as a VMM restored them with `KVM_SET_LAPIC`. */
import type { MachineConfig, VcpuConfig } from '../config.ts';
import { installIrqfds } from '../ioapic/irqfd.ts';
import { programPic } from '../ioapic/pic.ts';
import { installRoutes } from '../ioapic/routing.ts';
import { kvm_rtc_eoi_tracking_restore_all } from '../ioapic/rtc.ts';
import { scanIoapic } from '../ioapic/scan.ts';
import { RTE, rte } from '../ioapic/state.ts';
import { IOAPIC_NUM_PINS, MP_STATE, REQ, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { APICBASE, kvm_apic_calc_x2apic_ldr, SPIV } from './apic.ts';
import { CS_RESET } from './events.ts';
import { x2apic_format } from './message.ts';
import { apic_update_ppr } from './priority.ts';
import { buildMap } from './recalculate.ts';
import { APIC_LVT_MASKED, NR_LVT_ENTRIES } from './registers.ts';
import { kvm_apic_set_x2apic_id, resetRegisters } from './reset.ts';

/** A guest that runs has enabled its APIC. */
const SPIV_RUNNING = 0xff | SPIV.enabled;

/** The local APIC of one vCPU; needs nothing of the others. */
export function initialLapic(m: Machine, vcpu: number): void {
  const config = m.config.vcpus[vcpu];
  const base = m.vcpu(vcpu);
  m.store(base + V.x2apic_cpuid, (config.x2apicCpuid ?? true) ? 1 : 0);
  resetRegisters(m, vcpu, false);
  const enabled = config.apic === 'disabled' ? 0 : APICBASE.en;
  const extended = config.apic === 'x2apic' ? APICBASE.extd : 0;
  m.store(base + V.apicbase, APICBASE.address | (config.bsp ? APICBASE.bsp : 0) | enabled | extended);
  if (config.apic === 'x2apic') {
    kvm_apic_set_x2apic_id(m, vcpu);
    if (config.restored === true) {
      restoreX2apicId(m, vcpu, config);
    }
  } else {
    m.store(base + V.id, config.aid ?? config.id << 24);
    m.store(base + V.ldr, config.ldr ?? 0);
  }
  m.store(base + V.dfr, config.dfr ?? -1);
  m.store(base + V.svr, config.svr ?? SPIV_RUNNING);
  m.store(base + V.tpr, config.tpr ?? 0);
  for (let i = 0; config.restored === true && i < NR_LVT_ENTRIES; i++) {
    m.store(base + V.lvt + i, APIC_LVT_MASKED);
  }
  setVectors(m, base + V.irr, config.irr);
  setVectors(m, base + V.tmr, config.tmr);
  if (config.restored === true) {
    // kvm_apic_set_state updates PPR before it counts what is in service: until the next update PPR is TPR.
    apic_update_ppr(m, vcpu);
    setVectors(m, base + V.isr, config.isr);
  } else {
    setVectors(m, base + V.isr, config.isr);
    apic_update_ppr(m, vcpu);
  }
  m.store(base + V.cs, CS_RESET);
  m.store(base + V.mp_state, config.mpState ?? mpStateOf(config));
}

function mpStateOf(config: VcpuConfig): number {
  switch (config.state) {
    case 'offline':
      return MP_STATE.UNINITIALIZED;
    case 'blocked':
      return MP_STATE.HALTED;
    default:
      return MP_STATE.RUNNABLE;
  }
}

/** `KVM_SET_LAPIC` in x2APIC mode: without 32-bit IDs older kernels believe bits 31:24 of the image. `kvm_apic_state_fixup`. */
function restoreX2apicId(m: Machine, vcpu: number, config: VcpuConfig): void {
  if (!x2apic_format(m) && m.profile.delivery.restoredX2apicId === 'from the image') {
    const id = (config.aid ?? config.id << 24) >>> 24;
    m.store(m.vcpu(vcpu) + V.id, id);
    m.store(m.vcpu(vcpu) + V.ldr, kvm_apic_calc_x2apic_ldr(id));
  }
}

function setVectors(m: Machine, base: number, vectors: readonly number[] = []): void {
  for (const vector of vectors) {
    m.set_bit(vector, base);
  }
}

/** Lines that a PIC masks while the IOAPIC is in use. */
const ALL_LINES = 0xff;

/** Everything that KVM emulates beside the local APICs, and the APIC map. Call it after `initialLapic` of every vCPU. */
export function initialIrqchip(m: Machine): void {
  for (let pin = 0; pin < IOAPIC_NUM_PINS; pin++) {
    m.store(rte(m, pin), RTE.mask);
  }
  for (const { pin, lo, hi } of m.config.rtes ?? []) {
    m.store(rte(m, pin), lo | 0);
    m.store(rte(m, pin) + 1, hi | 0);
  }
  programPic(m, 0, 0, ALL_LINES);
  programPic(m, 1, 0, ALL_LINES);
  installRoutes(m);
  installIrqfds(m);
  buildMap(m);
  if (m.config.irqchip === 'kernel') {
    kvm_rtc_eoi_tracking_restore_all(m);
  }
  for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
    firstScan(m, vcpu, m.config);
  }
}

/** A vCPU that has run has scanned; one that never ran does so at its first entry. */
function firstScan(m: Machine, vcpu: number, config: MachineConfig): void {
  if (config.vcpus[vcpu].state === 'offline') {
    m.set_bit(REQ.SCAN_IOAPIC, m.vcpu(vcpu) + V.requests);
    return;
  }
  scanIoapic(m, vcpu);
  const base = m.vcpu(vcpu);
  for (let i = 0; m.words[base + V.apicv_active] !== 0 && i < 8; i++) {
    m.store(base + V.eoi_exit_bitmap + i, m.words[base + V.ioapic_handled_vectors + i]);
  }
}
