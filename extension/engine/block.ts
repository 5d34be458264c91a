/** A run of words with named fields in the memory of a machine. */
export type Offsets<T> = { readonly [K in keyof T]: number } & { readonly words: number };

/** Offsets of the fields, which stand one after the other; `sizes` in words. */
export function block<T extends Record<string, number>>(sizes: T): Offsets<T> {
  const offsets: Record<string, number> = {};
  let next = 0;
  for (const [name, size] of Object.entries(sizes)) {
    offsets[name] = next;
    next += size;
  }
  offsets['words'] = next;
  return offsets as Offsets<T>;
}
