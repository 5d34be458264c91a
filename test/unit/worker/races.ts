/** Three agents that load and store: 20,000 states with `n` = 2, more than any bound of a test with `n` = 99. */
export function storing(n: number): string {
  return `machine intel
  vcpus 2 x2apic
shared x, y
operation f(n) {
  int i = 0
  while (i < ${n}) {
    int v = x                    # load
    y = v + n                    # store
    x = v + i                    # store
    i = i + 1
  }
}
race
  a: f(1)
  b: f(2)
  c: f(3)
finally (x != 1000)
`;
}

/** Loses a count before, and not after. */
export const COUNTING = `machine intel
  vcpus 2 x2apic
shared x
variant before broken
variant after holds
operation f() {
  if (before) {
    int v = x                    # load
    x = v + 1                    # store
  } else {
    atomic_inc(x)                # add
  }
}
race
  a: f()
  b: f()
finally (x == 2)
`;
