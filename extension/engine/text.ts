/** Words for sentences. Vectors and register values are hexadecimal, as in the kernel's sources and the manual. */
import type { Memory } from './memory.ts';

export function hex(value: number, digits = 2): string {
  return `0x${(value >>> 0).toString(16).padStart(digits, '0')}`;
}

/** Vectors whose bits are set in the eight words at `base`, ascending. */
export function vectorsAt(words: Int32Array, base: number): number[] {
  const vectors: number[] = [];
  for (let i = 0; i < 8; i++) {
    for (let rest = words[base + i]; rest !== 0; rest &= rest - 1) {
      vectors.push(i * 32 + 31 - Math.clz32(rest & -rest));
    }
  }
  return vectors;
}

/** `{0x31, 0x55}` */
export function vectorSet(vectors: readonly number[]): string {
  return `{${vectors.map(vector => hex(vector)).join(', ')}}`;
}

/** Highest vector of the 256-bit register at `base`, or -1. */
export function highest(m: Memory, base: number): number {
  for (let i = 7; i >= 0; i--) {
    const word = m.load(base + i);
    if (word !== 0) {
      return i * 32 + 31 - Math.clz32(word);
    }
  }
  return -1;
}
