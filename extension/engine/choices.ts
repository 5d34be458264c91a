/** Choices by kernel version: one named difference each, with what it is about and where that was read. */
import type { KernelVersion } from './config.ts';

/** One choice, with the value from each version on at which it changes. */
export interface Choice<T> {
  readonly doc: string;
  readonly source: string;
  readonly from: Readonly<Partial<Record<KernelVersion, T>>>;
}

/** Oldest first: a choice keeps its value until a later version names another. */
export const KERNEL_ORDER: readonly KernelVersion[] = ['2013', '4.19', '5.15', '6.1', '6.12', '6.16', '7.1', '7.2'];

type Table<T> = { readonly [K in keyof T]: Choice<T[K]> };

/** The value of every choice for one kernel version. */
export function chosen<T>(table: Table<T>, kernel: KernelVersion): T {
  const versions = KERNEL_ORDER.slice(0, KERNEL_ORDER.indexOf(kernel) + 1).reverse();
  const entries = Object.entries<Choice<unknown>>(table).map(([name, { from }]) => {
    const version = versions.find(each => Object.hasOwn(from, each));
    return [name, version === undefined ? undefined : from[version]];
  });
  return Object.fromEntries(entries) as T;
}
