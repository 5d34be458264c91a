import type { VcpuView, VectorWords } from '../extension/session/protocol.ts';

export { bitRuns as vectorRuns } from '../extension/formats/bits.ts';

export type RegisterName = 'pir' | 'irr' | 'isr' | 'tmr';

export const hex8 = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`;

export const hex32 = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;

/** The register as the card shows it; a vCPU without posted interrupts has no PIR. */
export function register(vcpu: VcpuView, name: RegisterName): VectorWords | undefined {
  return name === 'pir' ? vcpu.pid?.pir : vcpu[name];
}

/** Bits of vectors `row * 16 + 15` to `row * 16`. */
export function rowBits(words: VectorWords | undefined, row: number): number {
  return words ? ((words[row >>> 1] ?? 0) >>> ((row & 1) * 16)) & 0xffff : 0;
}

/** The same 16 bits for a list of vectors. */
export function rowMask(vectors: readonly number[] | undefined, row: number): number {
  let mask = 0;
  for (const vector of vectors ?? []) if (vector >>> 4 === row) mask |= 1 << (vector & 15);
  return mask;
}
