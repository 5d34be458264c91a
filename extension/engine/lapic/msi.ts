/** Message-signalled interrupts: `KVM_SIGNAL_MSI`, routes of type MSI, and the part of an irqfd that must not sleep. LAPIC delivery §4. */
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { deliverAtOnce } from './atOnce.ts';
import { kvm_irq_delivery_to_apic } from './delivery.ts';
import { NO_SOURCE } from './destination.ts';
import { kvm_irq_delivery_to_apic_fast, NOT_HANDLED } from './fastPath.ts';
import { describeMessage, destFromMsi, irqFromMsi, x2apic_format } from './message.ts';

const EINVAL = 22;
const EWOULDBLOCK = 11;

/** With 32-bit IDs the low byte of the address's high half has to be 0. `kvm_msi_route_invalid`. */
export function kvm_msi_route_invalid(m: Machine, addressHi: number): boolean {
  return x2apic_format(m) && (addressHi & 0xff) !== 0;
}

function describeMsi(m: Machine, lo: number, hi: number, data: number): string {
  return `MSI ${hex(lo, 8)} / ${hex(data, 4)}: ${describeMessage(irqFromMsi(m, lo, data), destFromMsi(m, lo, hi))}`;
}

/** Returns what `kvm_irq_delivery_to_apic` returns, -EINVAL for a malformed address. `level` 0, the second half of an irqfd: -1. */
export const kvm_set_msi = operation({
  name: 'kvm_set_msi',
  actor: 'kvm',
  source: p => p.files.delivery,
  via: ['kvm_send_userspace_msi'],
  atOnce: (m, lo, hi, data) =>
    kvm_msi_route_invalid(m, hi)
      ? -EINVAL
      : deliverAtOnce(m, NO_SOURCE, irqFromMsi(m, lo, data), destFromMsi(m, lo, hi), 0),
  locals: ['address_lo', 'address_hi', 'data', 'level'],
  steps: {
    decode: step(
      (m, lo, hi, data) =>
        kvm_msi_route_invalid(m, hi)
          ? `MSI ${hex(lo, 8)}, address bits 63:32 ${hex(hi, 8)}: bits 39:32 must be 0 with 32-bit IDs, refused`
          : describeMsi(m, lo, hi, data),
      (m, lo, hi, data) =>
        kvm_msi_route_invalid(m, hi)
          ? m.return(-EINVAL)
          : m.call(kvm_irq_delivery_to_apic, NO_SOURCE, irqFromMsi(m, lo, data), destFromMsi(m, lo, hi)),
      { via: ['kvm_set_msi_irq'] },
    ),
  },
});

/** In the wake-up of an eventfd, interrupts off: the fast path or nothing. Returns -EWOULDBLOCK when the work item has to do it. */
export const kvm_arch_set_irq_inatomic = operation({
  name: 'kvm_arch_set_irq_inatomic',
  actor: 'kvm',
  source: p => p.files.delivery,
  via: ['irqfd_wakeup'],
  locals: ['address_lo', 'address_hi', 'data'],
  steps: {
    decode: step(
      (m, lo, hi, data) => describeMsi(m, lo, hi, data),
      (m, lo, hi, data) =>
        kvm_msi_route_invalid(m, hi)
          ? m.return(-EINVAL)
          : m.call(kvm_irq_delivery_to_apic_fast, NO_SOURCE, irqFromMsi(m, lo, data), destFromMsi(m, lo, hi)),
      { via: ['kvm_set_msi_irq'] },
    ),
    handled: silent(m => (m.result === NOT_HANDLED ? NEXT : RETURN)),
    would_block: silent(m => m.return(-EWOULDBLOCK)),
  },
});
