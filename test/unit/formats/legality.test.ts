import { describe, expect, it } from 'vitest';
import { formatById } from '../../../extension/formats/all.ts';
import { fromBig } from '../../../extension/formats/bits.ts';
import { decode, type Kernel } from '../../../extension/formats/format.ts';

function problems(id: string, value: bigint, kernel?: Kernel): string[] {
  const format = formatById(id)!;
  return decode(format, fromBig(value, format.width), kernel).problems.map(p => p.id);
}

describe('legality', () => {
  it.each([
    ['icr-low', 0x000000fdn, []],
    ['icr-low', 0x0000030fn, ['reserved-delivery-mode']],
    ['icr-low', 0x0000000fn, ['illegal-vector']],
    ['icr-low', 0x00000241n, ['smi-vector']],
    ['icr-low', 0x00008200n, ['smi-level']],
    ['icr-low', 0x0000c041n, ['level-ipi']],
    ['icr-low', 0x00008041n, ['level-deassert']],
    ['icr-low', 0x00008500n, ['init-deassert']],
    ['icr-low', 0x00080600n, ['shorthand-mode']],
    ['icr-low', 0x00084500n, ['shorthand-init']],
    ['icr-low', 0x00088500n, ['init-deassert']],
    ['icr-low', 0x000c0500n, []],
    ['icr-low', 0x00040400n, ['nmi-self']],
    ['icr-low', 0xfff02041n, []],
    ['x2apic-icr', 0x41n, []],
    ['x2apic-icr', 0x1041n, ['reserved-bits']],
    ['x2apic-icr', 0x2041n, ['reserved-bits']],
    ['x2apic-icr', 0x10041n, ['reserved-bits']],
    ['x2apic-icr', 0x80000041n, ['reserved-bits']],
    ['msi-address', 0xfee0300cn, []],
    ['msi-address', 0xfee03008n, ['rh-physical']],
    ['msi-address', 0xfeeff008n, ['rh-physical-broadcast']],
    ['msi-address', 0xfee03010n, ['remappable']],
    ['msi-address', 0xfec03000n, ['not-an-interrupt']],
    ['msi-address', 0xfee05020n, ['reserved-bits']],
    ['msi-address-ext', 0xfee05020n, []],
    ['msi-address-ir', 0xfee00310n, []],
    ['msi-address-ir', 0xfee00300n, ['not-remappable']],
    ['msi-data', 0x4041n, []],
    ['msi-data', 0x8041n, ['level-deassert']],
    ['msi-data', 0x0341n, ['reserved-delivery-mode']],
    ['msi-data', 0x0641n, ['reserved-delivery-mode']],
    ['msi-data', 0x0741n, []],
    ['msi-data', 0xc400n, ['edge-only']],
    ['msi-data', 0x10041n, ['reserved-bits']],
    ['rte', 0x0100000000000041n, []],
    ['rte', 0x0100000000018b41n, ['reserved-delivery-mode']],
    ['rte', 0x10000n, []],
    ['rte', 0x0n, ['illegal-vector']],
    ['rte', 0x0001000000000041n, ['remappable']],
    ['irte', 0x3100e5n, []],
    ['irte', 0x310024n, ['not-present']],
    ['irte', 0x318025n, ['not-remapped']],
    ['irte-posted', 0x418001n, []],
    ['irte-posted', 0x410001n, ['not-posted']],
    ['pid-control', 0x500f20001n, []],
    ['pid-control', 0x500f10002n, ['suppressed-wakeup']],
    ['pid-control', 0x500080000n, ['illegal-nv']],
    ['pid-control', 0x500f20004n, ['reserved-bits']],
    ['pid-pointer', 0x1234567c1n, []],
    ['pid-pointer', 0x1234567c3n, ['reserved-bits']],
    ['pid-pointer', 0x1234567c0n, ['not-valid']],
    ['apicbase', 0xfee00d00n, []],
    ['apicbase', 0xfee00400n, ['invalid-mode']],
    ['dfr', 0xffffffffn, []],
    ['dfr', 0x0fffffffn, []],
    ['dfr', 0x1fffffffn, ['reserved-model']],
    ['dfr', 0xf0000000n, ['reserved-model']],
    ['dfr', 0x00000000n, ['reserved-model']],
    ['lvt-timer', 0x600ecn, ['reserved-mode']],
    ['intr-info', 0x80000202n, []],
    ['intr-info', 0x80000203n, ['nmi-vector']],
    ['x2apic-api', 0xcn, ['exclusive']],
    ['x2apic-api', 0x10n, ['reserved-bits']],
  ])('%s %s', (id, value, expected) => {
    expect(problems(id, value)).toEqual(expected);
  });

  it('leaves out what a kernel did not do yet', () => {
    expect(problems('apicbase', 0xfed00900n)).toEqual(['moved-base']);
    expect(problems('apicbase', 0xfed00900n, [5, 15])).toEqual([]);
    expect(problems('apicbase', 0xfed00900n, [6, 16])).toEqual(['moved-base']);
    expect(problems('x2apic-icr', 0x2041n, [6, 3])).toEqual([]);
    expect(problems('x2apic-icr', 0x2041n, [6, 13])).toEqual(['reserved-bits']);
  });

  it('names every reserved bit once, the highest first', () => {
    const format = formatById('x2apic-icr')!;
    const [problem] = decode(format, [0x80012041, 0]).problems;
    expect(problem.text).toMatch(/^reserved bits 31, 16, 13 set: #GP/);
  });

  it('marks the fields that a problem is about', () => {
    const format = formatById('icr-low')!;
    const bad = decode(format, [0x0000000f]).fields.filter(f => f.illegal);
    expect(bad.map(f => f.field.name)).toEqual(['vector', 'delivery_mode']);
    const tpr = decode(formatById('tpr')!, [0x1ff]).fields.filter(f => f.illegal);
    expect(tpr.map(f => f.field.name)).toEqual(['reserved_31_8']);
  });
});
