/** The guest reads and writes the in-kernel IOAPIC. `ioapic_mmio_write`, `ioapic_write_indirect`, ioapic.c; LAPIC delivery §10.3. */
import { kvm_make_all_cpus_request, kvm_make_request, kvm_vcpu_kick } from '../kvm/kick.ts';
import { kvm_apic_hw_enabled } from '../lapic/apic.ts';
import { type Destinations, kvm_apic_map_get_dest_lapic, lowestBit } from '../lapic/apicMap.ts';
import { kvm_apic_match_dest, NO_SOURCE } from '../lapic/destination.ts';
import { irqFromRte } from '../lapic/message.ts';
import { IO, IOAPIC_NUM_PINS, REQ } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { irqfd_resampler_notify, resamplerOf } from './irqfd.ts';
import { ioapic_service } from './setIrq.ts';
import { describeRte, io, isLevel, RTE, rte, rteDest, rteLow } from './state.ts';

export const IOAPIC = { regsel: 0x00, window: 0x10, id: 0, version: 1, arbitration: 2, table: 0x10 } as const;
const VERSION = 0x11 | ((IOAPIC_NUM_PINS - 1) << 16);

/** Pin of an indirect register, or -1. */
function pinOf(register: number): number {
  const pin = (register - IOAPIC.table) >> 1;
  return register >= IOAPIC.table && pin < IOAPIC_NUM_PINS ? pin : -1;
}

/** What a read at `offset` of the IOAPIC page gives. `ioapic_mmio_read`. */
export function ioapic_mmio_read(m: Machine, offset: number): number {
  const register = m.load(io(m, IO.ioregsel));
  if ((offset & 0xff) === IOAPIC.regsel) {
    return register;
  }
  if ((offset & 0xff) !== IOAPIC.window) {
    return 0;
  }
  switch (register) {
    case IOAPIC.version:
      return VERSION;
    case IOAPIC.id:
    case IOAPIC.arbitration:
      return (m.load(io(m, IO.id)) & 0xf) << 24;
    default: {
      const pin = pinOf(register);
      return pin < 0 ? -1 : m.load(rte(m, pin) + (register & 1));
    }
  }
}

/** Bits of the low word that the guest cannot write. */
const READ_ONLY = RTE.remoteIrr | RTE.deliveryStatus;

/** The low word after a write: read-only bits stay, and an edge entry has no Remote IRR. */
function lowAfter(old: number, value: number): number {
  const low = (value & ~READ_ONLY) | (old & READ_ONLY);
  return isLevel(low) ? low : low & ~RTE.remoteIrr;
}

const found: Destinations = { slots: 0, bitmap: 0 };

/** Adds the vCPUs of one destination to the agent's bitmap. `kvm_bitmap_or_dest_vcpus`. */
function kvm_bitmap_or_dest_vcpus(m: Machine, irq: number, dest: number): void {
  const bitmap = vcpuBitmap(m);
  if (kvm_apic_map_get_dest_lapic(m, NO_SOURCE, irq, dest, found)) {
    for (let rest = found.bitmap; rest !== 0; rest &= rest - 1) {
      const slot = m.load(found.slots + lowestBit(rest));
      if (slot !== 0) {
        m.set_bit(slot - 1, bitmap);
      }
    }
    return;
  }
  for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
    if (kvm_apic_hw_enabled(m, vcpu) && kvm_apic_match_dest(m, vcpu, NO_SOURCE, irq, dest)) {
      m.set_bit(vcpu, bitmap);
    }
  }
}

function vcpuBitmap(m: Machine): number {
  return m.layout.bitmaps + m.agent * m.layout.bitmapWords;
}

function needsService(m: Machine, pin: number): boolean {
  const low = m.words[rte(m, pin)];
  const asserted = (m.words[io(m, IO.irr)] & (1 << pin)) !== 0;
  return isLevel(low) && asserted && (low & (RTE.mask | RTE.remoteIrr)) === 0;
}

/** Locals. The pin; in the end the vCPU that is asked to scan. */
const PIN = 1;
const OLD_LOW = 2;
const OLD_DEST = 3;

/** The selected register gets `value`. */
export const ioapic_write_indirect = operation({
  name: 'ioapic_write_indirect',
  actor: 'kvm',
  source: 'ioapic.c',
  locals: ['value', 'pin', 'old_low', 'old_dest'],
  steps: {
    choose: silent((m, _value) => {
      const register = m.words[io(m, IO.ioregsel)];
      const pin = pinOf(register);
      m.local(PIN, pin);
      return pin >= 0 ? 'write' : register === IOAPIC.id ? NEXT : RETURN;
    }),
    id: step(
      (_m, value) => `IOAPIC ID := ${(value >>> 24) & 0xf}`,
      (m, value) => {
        m.store(io(m, IO.id), (value >>> 24) & 0xf);
        return RETURN;
      },
    ),
    write: step(
      (m, value, pin) =>
        `${(m.words[io(m, IO.ioregsel)] & 1) === 1 ? 'high' : 'low'} word of pin ${pin} := ${hex(value, 8)}; Remote IRR and delivery status are read-only`,
      (m, value, pin) => {
        const entry = rte(m, pin);
        m.local(OLD_LOW, m.load(entry));
        m.local(OLD_DEST, rteDest(m, pin));
        if ((m.load(io(m, IO.ioregsel)) & 1) === 1) {
          m.store(entry + 1, value);
          m.store(entry, lowAfter(m.load(entry), m.load(entry)));
        } else {
          m.store(entry, lowAfter(m.load(entry), value));
        }
        return NEXT;
      },
    ),
    asserted: silent((m, _value, pin) => (needsService(m, pin) ? NEXT : 'request_scan')),
    resampler: silent((m, _value, pin) =>
      m.profile.delivery.resampleOnUnmask && resamplerOf(m, pin) >= 0 ? NEXT : 'service',
    ),
    ask_device: step(
      (_m, _value, pin) =>
        `pin ${pin} is asserted and has a resampler: irr := 0, the device asserts again if it still needs to`,
      (m, _value, pin) => {
        m.store(io(m, IO.irr), m.load(io(m, IO.irr)) & ~(1 << pin));
        return m.call(irqfd_resampler_notify, pin);
      },
      { via: ['kvm_notify_irqfd_resampler'] },
    ),
    asked: silent(() => 'request_scan'),
    service: silent((m, _value, pin) => m.call(ioapic_service, pin, 0)),
    request_scan: silent((m, _value, pin) =>
      (m.words[rte(m, pin)] & RTE.mode) === 0 ? NEXT : m.call(kvm_make_all_cpus_request, REQ.SCAN_IOAPIC),
    ),
    requested: silent((m, _value, pin) => ((m.words[rte(m, pin)] & RTE.mode) === 0 ? NEXT : RETURN)),
    destinations: step(
      (m, _value, pin) => `${describeRte(m, pin)}: find the vCPUs where its EOI matters now or mattered before`,
      (m, _value, pin, oldLow, oldDest) => {
        for (let i = 0; i < m.layout.bitmapWords; i++) {
          m.store(vcpuBitmap(m) + i, 0);
        }
        const low = rteLow(m, pin);
        kvm_bitmap_or_dest_vcpus(m, irqFromRte(low), rteDest(m, pin));
        if (((oldLow ^ low) & RTE.logical) !== 0 || oldDest !== rteDest(m, pin)) {
          // The old destination is read with the new destination mode.
          kvm_bitmap_or_dest_vcpus(m, irqFromRte(low), oldDest);
        }
        m.local(PIN, 0);
        return NEXT;
      },
      { via: ['kvm_bitmap_or_dest_vcpus'] },
    ),
    next: silent((m, _value, vcpu) => {
      for (let i = vcpu; i < m.vcpuCount; i++) {
        if (m.test_bit(i, vcpuBitmap(m))) {
          m.local(PIN, i);
          return NEXT;
        }
      }
      return RETURN;
    }),
    request: silent((m, _value, vcpu) => m.call(kvm_make_request, vcpu, REQ.SCAN_IOAPIC)),
    kick: silent((m, _value, vcpu) => m.call(kvm_vcpu_kick, vcpu)),
    again: silent((m, _value, vcpu) => {
      m.local(PIN, vcpu + 1);
      return 'next';
    }),
  },
});

/** A guest's MMIO write at `offset` of the IOAPIC page. */
export const ioapic_mmio_write = operation({
  name: 'ioapic_mmio_write',
  actor: 'kvm',
  source: 'ioapic.c',
  locals: ['offset', 'value'],
  steps: {
    choose: silent((_m, offset) => {
      switch (offset & 0xff) {
        case IOAPIC.regsel:
          return NEXT;
        case IOAPIC.window:
          return 'window';
        default:
          return RETURN;
      }
    }),
    select: step(
      (_m, _offset, value) => `IOAPIC: select register ${hex(value & 0xff)}`,
      (m, _offset, value) => {
        m.store(io(m, IO.ioregsel), value & 0xff);
        return RETURN;
      },
    ),
    window: silent((m, _offset, value) => m.call(ioapic_write_indirect, value)),
  },
});
