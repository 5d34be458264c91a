/** What a table of choices says for one kernel version. */
import type { KernelVersion } from './config.ts';
import { type Choice, KERNEL_ORDER } from './lapic/choices.ts';

type Table<T> = { readonly [K in keyof T]: Choice<T[K]> };

/** The value of every choice: a choice keeps its value until a later version names another. */
export function chosen<T>(table: Table<T>, kernel: KernelVersion): T {
  const versions = KERNEL_ORDER.slice(0, KERNEL_ORDER.indexOf(kernel) + 1).reverse();
  const entries = Object.entries<Choice<unknown>>(table).map(([name, { from }]) => {
    const version = versions.find(each => Object.hasOwn(from, each));
    return [name, version === undefined ? undefined : from[version]];
  });
  return Object.fromEntries(entries) as T;
}
