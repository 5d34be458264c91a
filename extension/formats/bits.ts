/** Bits of a value of any width, kept as u32 words: word 0 holds bits 31:0. No 64-bit value passes through a number. */
export type Words = readonly number[];

/** Number of u32 words that hold `width` bits. */
export function wordCount(width: number): number {
  return Math.ceil(width / 32);
}

function bit(words: Words, n: number): number {
  return ((words[n >>> 5] ?? 0) >>> (n & 31)) & 1;
}

/** Bits hi:lo of `words`, right-aligned, as ceil((hi - lo + 1) / 32) words. */
export function extract(words: Words, hi: number, lo: number): number[] {
  const width = hi - lo + 1;
  const shift = lo & 31;
  const out: number[] = [];
  for (let i = 0; i < wordCount(width); i++) {
    const at = (lo >>> 5) + i;
    const low = (words[at] ?? 0) >>> shift;
    const high = shift === 0 ? 0 : (words[at + 1] ?? 0) << (32 - shift);
    out.push((low | high) >>> 0);
  }
  const spare = out.length * 32 - width;
  out[out.length - 1] = (out[out.length - 1] << spare) >>> spare;
  return out;
}

/** Overwrites bits hi:lo of `words` in place; bits of `value` above the field are dropped. */
export function insert(words: number[], hi: number, lo: number, value: Words): void {
  for (let n = lo; n <= hi; n++) {
    const mask = (1 << (n & 31)) >>> 0;
    words[n >>> 5] = (bit(value, n - lo) ? words[n >>> 5] | mask : words[n >>> 5] & ~mask) >>> 0;
  }
}

export function isZero(words: Words): boolean {
  return words.every(word => word === 0);
}

/** Positions of the bits that are 1, ascending. */
export function setBits(words: Words): number[] {
  const out: number[] = [];
  for (let n = 0; n < words.length * 32; n++) if (bit(words, n)) out.push(n);
  return out;
}

/** Runs of bits that are 1, ascending: of three or more as first and last, else each for itself. */
export function bitRuns(words: Words): readonly (readonly [first: number, last: number])[] {
  const runs: [number, number][] = [];
  for (const n of setBits(words)) {
    const run = runs.at(-1);
    if (run && run[1] === n - 1) run[1] = n;
    else runs.push([n, n]);
  }
  return runs.flatMap(([first, last]): [number, number][] =>
    last - first === 1
      ? [
          [first, first],
          [last, last],
        ]
      : [[first, last]],
  );
}

/** The edge to BigInt: parsing and printing only. */
export function toBig(words: Words): bigint {
  return words.reduceRight((value, word) => (value << 32n) | BigInt(word), 0n);
}

/** Words of the low `width` bits of `value`. */
export function fromBig(value: bigint, width: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < wordCount(width); i++) out.push(Number((value >> BigInt(32 * i)) & 0xffffffffn));
  return extract(out, width - 1, 0);
}

/** `0x` and lower-case digits, zero-padded to the digits of `width` bits when a width is given. */
export function hex(words: Words, width = 0): string {
  return `0x${toBig(words)
    .toString(16)
    .padStart(Math.ceil(width / 4), '0')}`;
}
