/** Which vCPUs still owe the EOI of the RTC interrupt. `rtc_irq_eoi`, ioapic.c; LAPIC delivery §10.2. */
import { kvm_apic_match_dest, NO_SOURCE } from '../lapic/destination.ts';
import { IO, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { destMode, io, kvm_apic_pending_eoi, RTC_GSI, RTE, rteDest, rteLow } from './state.ts';

/** The vCPU did the EOI of `vector`: it owes nothing any more. */
export function rtc_irq_eoi(m: Machine, vcpu: number, vector: number): void {
  const base = m.vcpu(vcpu);
  if (m.load(base + V.rtc_dest) !== 0 && m.load(base + V.rtc_vector) === vector) {
    m.store(base + V.rtc_dest, 0);
    m.store(io(m, IO.rtc_pending_eoi), m.load(io(m, IO.rtc_pending_eoi)) - 1);
  }
}

/** An RTC interrupt that somebody has not ended yet: another one is lost. */
export function rtc_irq_check_coalesced(m: Machine): boolean {
  return m.load(io(m, IO.rtc_pending_eoi)) > 0;
}

/** With AVIC an edge EOI never reaches KVM: find out from IRR and ISR. `ioapic_lazy_update_eoi`. */
export function ioapic_lazy_update_eoi(m: Machine, pin: number): void {
  const low = rteLow(m, pin);
  for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
    const addressed = kvm_apic_match_dest(m, vcpu, NO_SOURCE, destMode(low), rteDest(m, pin));
    if (addressed && !kvm_apic_pending_eoi(m, vcpu, low & RTE.vector)) {
      rtc_irq_eoi(m, vcpu, low & RTE.vector);
      return;
    }
  }
}

/** After the IOAPIC's state was loaded: who has the RTC's vector in IRR or ISR owes its EOI. `kvm_rtc_eoi_tracking_restore_all`. */
export function kvm_rtc_eoi_tracking_restore_all(m: Machine): void {
  const low = rteLow(m, RTC_GSI);
  const vector = low & RTE.vector;
  let pending = 0;
  for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
    const owes =
      kvm_apic_match_dest(m, vcpu, NO_SOURCE, destMode(low), rteDest(m, RTC_GSI)) &&
      kvm_apic_pending_eoi(m, vcpu, vector);
    m.store(m.vcpu(vcpu) + V.rtc_dest, owes ? 1 : 0);
    if (owes) {
      m.store(m.vcpu(vcpu) + V.rtc_vector, vector);
      pending++;
    }
  }
  m.store(io(m, IO.rtc_pending_eoi), pending);
}
