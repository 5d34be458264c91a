import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ApicSetup,
  apic_id_valid,
  type Platform,
  try_to_enable_x2apic,
} from '../../../extension/engine/irqdomain/apicDriver.ts';
import {
  domainsOf,
  type Fwspec,
  irq_find_matching_fwspec,
  WITHOUT_PARENT,
} from '../../../extension/engine/irqdomain/domains.ts';
import {
  extendedDestination,
  ioapic_setup_msg_from_msi,
  irq_msi_compose_msg,
  kvm_swizzle_msi_ext_dest_id,
  messageOfRte,
  x86_msi_msg_get_destid,
} from '../../../extension/engine/irqdomain/message.ts';
import { fieldValue } from '../../../extension/formats/format.ts';
import { ioapicRte, ioapicRteIr } from '../../../extension/formats/ioapicRte.ts';
import { msiExt } from '../../../extension/formats/msi.ts';

const GUEST: Platform = { x2apic: true, remapping: 'none', hypervisor: true, msiExtDestId: false };
const IOAPIC: Fwspec = { kind: 'ioapic', id: 0 };
const HPET: Fwspec = { kind: 'hpet', id: 0 };

function parentOf(setup: ApicSetup, platform: Platform, fwspec: Fwspec, claims: readonly Fwspec[] = []) {
  return irq_find_matching_fwspec(domainsOf(setup, platform.remapping, claims), fwspec)?.name;
}

describe('K: irq domains and more than 255 CPUs', () => {
  test('K1: extended destination ID without remapping', () => {
    const platform = { ...GUEST, msiExtDestId: true };
    const setup = try_to_enable_x2apic(platform);
    expect(setup).toMatchObject({ driver: 'physical x2apic', maxApicId: 32767, virtExtDestId: true });
    expect([299, 32767, 32768].map(id => apic_id_valid(setup, id))).toEqual([true, true, false]);
    expect(parentOf(setup, platform, IOAPIC)).toBe('x86_vector_domain');
    expect(parentOf(setup, platform, HPET)).toBe('x86_vector_domain');
  });

  test('K2: neither remapping nor extended destination ID', () => {
    const setup = try_to_enable_x2apic(GUEST);
    expect(setup).toMatchObject({ driver: 'physical x2apic', maxApicId: 255, virtExtDestId: false });
    const online = Array.from({ length: 300 }, (_, id) => id).filter(id => apic_id_valid(setup, id));
    expect(online).toHaveLength(256);
    expect(parentOf(setup, GUEST, IOAPIC)).toBe('x86_vector_domain');
  });

  test('K3: bare metal with remapping that cannot do x2APIC', () => {
    const setup = try_to_enable_x2apic({ ...GUEST, hypervisor: false, remapping: 'xapic' });
    expect(setup.driver).toBe('physical flat');
    expect(apic_id_valid(setup, 255)).toBe(false);
  });

  test('K4, K5: unlimited IDs and nobody who claims the device', () => {
    const platform: Platform = { ...GUEST, remapping: 'x2apic' };
    const setup = try_to_enable_x2apic(platform);
    expect(apic_id_valid(setup, 1 << 15)).toBe(true);
    expect(parentOf(setup, platform, IOAPIC, [HPET])).toBeUndefined();
    expect(parentOf(setup, platform, HPET, [IOAPIC])).toBeUndefined();
    expect(parentOf(setup, platform, IOAPIC, [IOAPIC])).toBe('IR');
    expect(WITHOUT_PARENT.ioapic).toContain('-ENODEV');
    expect(WITHOUT_PARENT.hpet).toContain('boot continues');
  });

  test('remapping in xAPIC mode: whoever the remapping unit does not claim may use the vector domain', () => {
    const platform: Platform = { ...GUEST, x2apic: false, remapping: 'xapic' };
    const setup = try_to_enable_x2apic(platform);
    expect(parentOf(setup, platform, IOAPIC, [HPET])).toBe('x86_vector_domain');
    expect(parentOf(setup, platform, HPET, [HPET])).toBe('IR');
  });

  test('K6: an MSI for CPU 0x105', () => {
    const with15 = irq_msi_compose_msg(0x105, 0x31, { dmar: false, virtExtDestId: true });
    expect(with15).toEqual({ lo: 0xfee05020, hi: 0, data: 0x31, truncated: false });
    const with8 = irq_msi_compose_msg(0x105, 0x31, { dmar: false, virtExtDestId: false });
    expect(with8).toEqual({ lo: 0xfee05000, hi: 0, data: 0x31, truncated: true });
    expect(x86_msi_msg_get_destid(with8, false)).toBe(5);
    const own = irq_msi_compose_msg(0x105, 0x31, { dmar: true, virtExtDestId: true });
    expect(own).toEqual({ lo: 0xfee05000, hi: 0x100, data: 0x31, truncated: false });
    expect(x86_msi_msg_get_destid(own, true)).toBe(0x105);
    expect(irq_msi_compose_msg(0x7ffe, 0x31, { dmar: false, virtExtDestId: true }).lo).toBe(0xfeefefe0);
  });

  test('K7, K8: what the VMM makes of it', () => {
    const swizzled = kvm_swizzle_msi_ext_dest_id({ lo: 0xfee05020, hi: 0, data: 0x31 }, true);
    expect(swizzled).toEqual({ lo: 0xfee05000, hi: 0x100, data: 0x31 });
    expect(x86_msi_msg_get_destid(swizzled, true)).toBe(0x105);
    for (const message of [
      { lo: 0xfee00030, hi: 0, data: 0 },
      { lo: 0xfee05020, hi: 0x100, data: 0 },
      { lo: 0xfee05000, hi: 0, data: 0 },
    ]) {
      expect(kvm_swizzle_msi_ext_dest_id(message, true)).toBe(message);
    }
    const plain = { lo: 0xfee05020, hi: 0, data: 0x31 };
    expect(kvm_swizzle_msi_ext_dest_id(plain, false)).toBe(plain);
  });

  test('K9: an IOAPIC entry becomes an MSI', () => {
    const message = messageOfRte({ lo: 0x31, hi: 0x05020000 });
    expect(message).toEqual({ lo: 0xfee05020, hi: 0, data: 0x31 });
    expect(extendedDestination(message.lo)).toBe(0x105);
  });
});

describe('formats and engine read the same', () => {
  test('every destination that Linux composes is the one that the format names', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 32767 }), fc.integer({ min: 16, max: 255 }), (dest, vector) => {
        const { lo, hi, data } = irq_msi_compose_msg(dest, vector, { dmar: false, virtExtDestId: true });
        const words = [lo, hi, data];
        const id = fieldValue(msiExt, words, 'destid_0_7') | (fieldValue(msiExt, words, 'virt_destid_8_14') << 8);
        expect([id, fieldValue(msiExt, words, 'vector')]).toEqual([dest, vector]);
        expect(extendedDestination(lo)).toBe(dest);
        const { lo: route, hi: high } = kvm_swizzle_msi_ext_dest_id({ lo, hi, data }, true);
        expect(((route >>> 12) & 0xff) | high).toBe(dest);
      }),
    );
  });

  test('message to entry and back keeps destination, mode and vector', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xfffff }), fc.integer({ min: 0, max: 0x7ff }), (low, data) => {
        const message = { lo: (0xfee00000 | (low & ~0xb)) >>> 0, hi: 0, data };
        const rte = ioapic_setup_msg_from_msi(message);
        expect(messageOfRte(rte)).toEqual(message);
        const words = [rte.lo, rte.hi];
        expect(fieldValue(ioapicRte, words, 'format')).toBe((low >>> 4) & 1);
        expect(fieldValue(ioapicRteIr, words, 'ir_index_0_14')).toBe((low >>> 5) & 0x7fff);
        expect(fieldValue(ioapicRteIr, words, 'ir_index_15')).toBe((low >>> 2) & 1);
      }),
    );
  });
});
