/**
 * Which vectors' EOI the IOAPIC has to hear of: worked out per vCPU, before it enters the guest. `vcpu_scan_ioapic`, x86.c,
 * `kvm_ioapic_scan_entry`, ioapic.c, `kvm_scan_ioapic_routes`, irq_comm.c; LAPIC delivery §9.1.
 */
import { harvests } from '../kvm/vendor.ts';
import { kvm_apic_hw_enabled } from '../lapic/apic.ts';
import { kvm_apic_match_dest, NO_SOURCE } from '../lapic/destination.ts';
import { destFromMsi, IRQ, irqFromMsi } from '../lapic/message.ts';
import { IO, IOAPIC_NUM_PINS, ROUTE, ROUTE_KIND, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { vectorSet, vectorsAt } from '../text.ts';
import { request_load_eoi_exitmap } from '../vmx/eoiExitmap.ts';
import { vmx_sync_pir_to_irr } from '../vmx/sync.ts';
import { destMode, io, isLevel, kvm_apic_pending_eoi, RTC_GSI, RTE, rte, rteDest, rteLow } from './state.ts';

/** Pins whose EOI user space emulates: the first GSIs of a split irqchip. */
const NR_RESERVED_IOAPIC_PINS = IOAPIC_NUM_PINS;

/** Marks `vector` when this vCPU is its destination, or has it pending from an older routing. `kvm_scan_ioapic_irq`. */
function scanIrq(m: Machine, vcpu: number, vector: number, irq: number, dest: number): void {
  const base = m.vcpu(vcpu);
  if (kvm_apic_match_dest(m, vcpu, NO_SOURCE, irq & ~IRQ.shorthand, dest)) {
    m.set_bit(vector, base + V.ioapic_handled_vectors);
  } else if (kvm_apic_pending_eoi(m, vcpu, vector)) {
    m.set_bit(vector, base + V.ioapic_handled_vectors);
    m.store(base + V.stale_ioapic_eoi, Math.max(m.load(base + V.stale_ioapic_eoi), vector + 1));
  }
}

function kvm_ioapic_scan_entry(m: Machine, vcpu: number): void {
  const base = m.vcpu(vcpu);
  if (m.load(base + V.rtc_dest) !== 0) {
    m.set_bit(m.load(base + V.rtc_vector), base + V.ioapic_handled_vectors);
  }
  const notifiers = m.load(io(m, IO.notifiers));
  for (let pin = 0; pin < IOAPIC_NUM_PINS; pin++) {
    const low = rteLow(m, pin);
    if (isLevel(low) || (notifiers & (1 << pin)) !== 0 || pin === RTC_GSI) {
      scanIrq(m, vcpu, low & RTE.vector, destMode(low), rteDest(m, pin));
    }
  }
}

function kvm_scan_ioapic_routes(m: Machine, vcpu: number): void {
  for (let i = 0; i < m.layout.routeCount; i++) {
    const route = m.layout.routes + i * ROUTE.words;
    if (m.load(route + ROUTE.kind) === ROUTE_KIND.msi && m.load(route + ROUTE.gsi) < NR_RESERVED_IOAPIC_PINS) {
      const irq = irqFromMsi(m, m.load(route + ROUTE.a), m.load(route + ROUTE.data));
      if ((irq & IRQ.level) !== 0) {
        scanIrq(m, vcpu, irq & IRQ.vector, irq, destFromMsi(m, m.load(route + ROUTE.a), m.load(route + ROUTE.b)));
      }
    }
  }
}

/** TMR as 3.11 keeps it: the level-triggered entries that address this vCPU. `kvm_apic_update_tmr`. */
function kvm_apic_update_tmr(m: Machine, vcpu: number): void {
  const tmr = m.vcpu(vcpu) + V.tmr;
  for (let i = 0; i < 8; i++) {
    m.store(tmr + i, 0);
  }
  for (let pin = 0; pin < IOAPIC_NUM_PINS; pin++) {
    const low = m.words[rte(m, pin)];
    const counts = isLevel(low) && (low & RTE.mask) === 0;
    if (counts && kvm_apic_match_dest(m, vcpu, NO_SOURCE, destMode(low), rteDest(m, pin))) {
      m.set_bit(low & RTE.vector, tmr);
    }
  }
}

/** What `vcpu_scan_ioapic` finds, at once. */
export function scanIoapic(m: Machine, vcpu: number): void {
  const base = m.vcpu(vcpu);
  if (!kvm_apic_hw_enabled(m, vcpu)) {
    return;
  }
  for (let i = 0; i < 8; i++) {
    m.store(base + V.ioapic_handled_vectors + i, 0);
  }
  m.store(base + V.stale_ioapic_eoi, 0);
  if (m.config.irqchip === 'split') {
    kvm_scan_ioapic_routes(m, vcpu);
  } else {
    kvm_ioapic_scan_entry(m, vcpu);
    if (m.profile.delivery.tmr === 'at the IOAPIC scan') {
      kvm_apic_update_tmr(m, vcpu);
    }
  }
}

/** On the vCPU's own thread, for KVM_REQ_SCAN_IOAPIC. */
export const vcpu_scan_ioapic = operation({
  name: 'vcpu_scan_ioapic',
  actor: 'kvm',
  source: 'x86.c',
  locals: ['vcpu'],
  steps: {
    sync: silent((m, vcpu) => (harvests(m) ? m.call(vmx_sync_pir_to_irr, vcpu) : NEXT)),
    scan: step(
      (m, vcpu) =>
        kvm_apic_hw_enabled(m, vcpu)
          ? `look through the ${m.config.irqchip === 'split' ? 'routes' : 'redirection table'}: whose EOI on vcpu ${vcpu} matters? So far ${vectorSet(vectorsAt(m.words, m.vcpu(vcpu) + V.ioapic_handled_vectors))}`
          : `the APIC of vcpu ${vcpu} is disabled: nothing to look for`,
      (m, vcpu) => {
        scanIoapic(m, vcpu);
        return NEXT;
      },
      { via: ['kvm_ioapic_scan_entry'] },
    ),
    with_apicv: silent((m, vcpu) =>
      m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? m.call(request_load_eoi_exitmap, vcpu) : RETURN,
    ),
  },
});
