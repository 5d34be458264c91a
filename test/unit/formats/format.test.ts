import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formats } from '../../../extension/formats/all.ts';
import { extract, fromBig, hex, insert, setBits, toBig } from '../../../extension/formats/bits.ts';
import { decode, encode, field } from '../../../extension/formats/format.ts';

const word = fc.integer({ min: 0, max: 0xffffffff });

describe('bits', () => {
  it('extracts what BigInt arithmetic extracts', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 16 }), fc.nat(511), fc.nat(511), (words, a, b) => {
        const top = words.length * 32 - 1;
        const hi = Math.min(Math.max(a, b), top);
        const lo = Math.min(a, b, top);
        const expected = (toBig(words) >> BigInt(lo)) & ((1n << BigInt(hi - lo + 1)) - 1n);
        expect(toBig(extract(words, hi, lo))).toBe(expected);
      }),
    );
  });

  it('inserts without touching other bits', () => {
    const words = [0xffffffff, 0xffffffff];
    insert(words, 35, 28, [0x12]);
    expect(hex(words, 64)).toBe('0xfffffff12fffffff');
  });

  it('keeps the low bits only when a number is too wide', () => {
    expect(fromBig(0x1_2345n, 16)).toEqual([0x2345]);
    expect(setBits([0, 0x80000001])).toEqual([32, 63]);
  });
});

describe.each(formats.map(f => [f.id, f] as const))('format %s', (_id, format) => {
  it('covers its width exactly, without overlap, under unique names', () => {
    const owner = new Array<string | undefined>(format.width).fill(undefined);
    for (const f of format.fields) {
      for (let n = f.lo; n <= f.hi; n++) {
        expect(owner[n], `bit ${n}`).toBeUndefined();
        owner[n] = f.name;
      }
    }
    expect(owner.indexOf(undefined)).toBe(-1);
    expect(owner).toHaveLength(format.width);
    expect(new Set(format.fields.map(f => f.name)).size).toBe(format.fields.length);
  });

  it('names a source, and only fields that exist in its checks', () => {
    expect(format.source).not.toBe('');
    for (const check of format.checks ?? []) for (const [name] of check.when) field(format, name);
  });

  it('encodes what it decoded', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << BigInt(format.width)) - 1n }), value => {
        const words = fromBig(value, format.width);
        const values = Object.fromEntries(decode(format, words).fields.map(f => [f.field.name, f.words]));
        expect(encode(format, values)).toEqual(words);
      }),
      { numRuns: 60 },
    );
  });
});

describe('encode', () => {
  const icr = formats[0];
  it('refuses an unknown field and a value that does not fit', () => {
    expect(() => encode(icr, { nonsense: [1] })).toThrow('icr has no field nonsense');
    expect(() => encode(icr, { vector: [0x100] })).toThrow('vector of icr has 8 bits; 0x100 does not fit');
  });
});
