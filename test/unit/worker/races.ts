/** Three agents that load and store one word, each `n` times: 10,000 states with 3, more than any bound of a test with 99. */
export function storing(n: number): string {
  return `machine intel
  vcpus 2 x2apic
shared x
operation f(k) {
  int i = 0
  while (i < ${n}) {
    int v = x                    # load
    x = v * 2 + k                # store
    i = i + 1
  }
}
race
  a: f(1)
  b: f(5)
  c: f(9)
finally (x != 1000000)
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
