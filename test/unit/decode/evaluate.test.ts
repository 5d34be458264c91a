import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Definitions, evaluateText, isValue } from '../../../extension/decode/evaluate.ts';

function value(text: string, definitions?: Definitions): bigint | string {
  const result = evaluateText(text, definitions);
  if (!result) return 'no expression';
  return isValue(result) ? result.value : (result.error ?? `unknown ${result.unknown.join(' ')}`);
}

describe('C constant expressions', () => {
  it.each([
    ['0x41', 0x41n],
    ['017', 15n],
    ['1 << 31', -0x80000000n],
    ['1u << 31', 0x80000000n],
    ['1ULL << 63', 1n << 63n],
    ['0xffffffff', 0xffffffffn],
    ['0xffffffff + 1', 0n],
    ['4294967295 + 1', 0x100000000n],
    ['~0', -1n],
    ['~0u', 0xffffffffn],
    ['~0ull', (1n << 64n) - 1n],
    ['-1 < 0u', 0n],
    ['(u8)0x1ff', 0xffn],
    ['(u32)-1', 0xffffffffn],
    ['(s32)0xffffffff', -1n],
    ['(unsigned long long)1 << 40', 1n << 40n],
    ['(0xf0 | 0xf) ^ 1', 0xfen],
    ['2 + 3 * 4 - 6 / 2 % 2', 13n],
    ['1 ? 2 : 3', 2n],
    ['0 ? 2 : 1 ? 4 : 5', 4n],
    ['!5 || 3 && 2', 1n],
    ['1 << 3 | 1 << 2 & 7', 0xcn],
    ['BIT(13)', 1n << 13n],
    ['BIT_ULL(63)', 1n << 63n],
    ['GENMASK(31, 20) | GENMASK_ULL(17, 16) | BIT(13)', 0xfff32000n],
    ['APIC_INT_ASSERT | APIC_DM_INIT | APIC_DEST_ALLBUT', 0xc4500n],
    ['SET_APIC_DELIVERY_MODE(0, APIC_MODE_EXTINT)', 0x700n],
    ['SET_XAPIC_DEST_FIELD(5)', 0x05000000n],
    ['APIC_BASE_MSR + (APIC_ICR >> 4)', 0x830n],
    ['MSI_ADDR_DEST_ID(3) | MSI_ADDR_BASE_LO', 0xfee03000n],
    ['ISA_IRQ_VECTOR(2)', 0x32n],
    ['APIC_DFR_FLAT', 0xffffffffn],
    ['~APIC_DFR_FLAT', 0xffffffff00000000n],
  ])('%s', (text, expected) => {
    expect(value(text)).toBe(expected);
  });

  it.each([
    ['1 << 32', 'shift by 32 of a 32-bit value is undefined in C'],
    ['1 / 0', 'division by zero'],
    ['GENMASK(3, 4)', 'GENMASK needs 63 >= high >= low >= 0'],
    ['vector | APIC_DM_NMI', 'unknown vector'],
    ['foo(1)', 'unknown foo()'],
    ['APIC_DM_NMI |', 'no expression'],
    ['"text"', 'no expression'],
    ['', 'no expression'],
  ])('%s has no value', (text, why) => {
    expect(value(text)).toBe(why);
  });

  it('uses the definitions of the text, with parameters', () => {
    const definitions: Definitions = new Map([
      ['BASE', { body: '0x40' }],
      ['AT', { params: ['x', 'y'], body: '(BASE + (x)) << y' }],
    ]);
    expect(value('AT(1, 8)', definitions)).toBe(0x4100n);
  });

  it('gives up on macros that never end or explode', () => {
    const circle: Definitions = new Map([['A', { body: 'A + 1' }]]);
    expect(value('A', circle)).toBe('unknown A');
    const bomb: Definitions = new Map(
      [...Array(11).keys()].map(n => [
        `M${n}`,
        {
          body:
            n === 0
              ? '1'
              : Array(9)
                  .fill(`M${n - 1}`)
                  .join('|'),
        },
      ]),
    );
    expect(value('M10', bomb)).toBe('unknown M10');
  });

  it('agrees with BigInt on unsigned 64-bit arithmetic', () => {
    const u64 = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n });
    fc.assert(
      fc.property(u64, u64, fc.integer({ min: 0, max: 63 }), (a, b, n) => {
        const wrap = (v: bigint) => BigInt.asUintN(64, v);
        expect(value(`0x${a.toString(16)}ull + 0x${b.toString(16)}ull * 3`)).toBe(wrap(a + wrap(b * 3n)));
        expect(value(`~0x${a.toString(16)}ull << ${n}`)).toBe(wrap(wrap(~a) << BigInt(n)));
        expect(value(`0x${a.toString(16)}ull & 0x${b.toString(16)}ull ^ 5`)).toBe((a & b) ^ 5n);
      }),
    );
  });
});
