import { macros } from './macros.ts';

let names: Map<number, string> | undefined;

/** Linux's name of a system vector, or undefined. Only vectors whose name holds in every kernel since 4.19. */
export function linuxVector(vector: number): string | undefined {
  names ??= new Map(
    macros()
      .filter(
        m => m.role.kind === 'vector' && !m.params && !/^to|^[67]/.test(m.kernels ?? '') && /^0x[89a-f]/.test(m.body),
      )
      .map(m => [Number(m.body), m.name]),
  );
  return names.get(vector);
}

/** `0x41 (65)`: both bases, because logs and sources differ. */
export function vectorText(vector: number): string {
  return `0x${vector.toString(16).padStart(2, '0')} (${vector})`;
}
