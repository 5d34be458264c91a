import { expect, test } from 'vitest';
import { touches } from '../../../extension/formats/fieldNames.ts';
import { ioapicRte } from '../../../extension/formats/ioapicRte.ts';

test.each([
  ['vcpu 1.pid.on', 'vcpu 1.pid.on', true],
  ['vcpu 1.pid.on', 'vcpu 1.pid', true],
  ['vcpu 1.pid', 'vcpu 1.pid.on', false],
  ['vcpu 10.pid.on', 'vcpu 1', false],
  ['vcpu 1.irr[0x41]', 'vcpu 1.irr', true],
  ['vcpu 1.irr[95:64]', 'vcpu 1.irr[0x41]', true],
  ['vcpu 1.irr[95:64]', 'vcpu 1.irr[0x61]', false],
  ['device nic.irte_cached[0]', 'device nic.irte', false],
  ['pid table[5] bits 31:0', 'pid table[5]', true],
  ['pid table[51] bits 31:0', 'pid table[5]', false],
  ['ioapic.irr', 'ioapic.irr[4]', true],
  ['ioapic.irr[5]', 'ioapic.irr[4]', false],
  ['ioapic.redirtbl[4] bits 31:0', 'ioapic.redirtbl[4].irr', true],
  ['ioapic.redirtbl[4] bits 63:32', 'ioapic.redirtbl[4].irr', false],
  ['ioapic.redirtbl[4] bits 63:32', 'ioapic.redirtbl[4].destid_0_7', true],
] as const)('%s touches %s: %s', (name, field, expected) => {
  expect(touches(name, field)).toBe(expected);
});

test('each field of a redirection entry stands in one half', () => {
  for (const { name, lo, reserved } of ioapicRte.fields) {
    if (reserved !== undefined) continue;
    const half = (bits: string) => touches(`ioapic.redirtbl[0] bits ${bits}`, `ioapic.redirtbl[0].${name}`);
    expect([half('31:0'), half('63:32')], name).toEqual([lo < 32, lo >= 32]);
  }
});
