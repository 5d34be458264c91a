/** Node's assert does not exist in a worker; this is what the suites need of it. */
export function assert(value: unknown, what: string): asserts value {
  if (!value) throw new Error(`not so: ${what}`);
}

assert.equal = (actual: unknown, expected: unknown): void => {
  if (actual !== expected) throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
};

assert.includes = (text: string, part: string): void => {
  if (!text.includes(part)) throw new Error(`expected ${JSON.stringify(part)} in ${JSON.stringify(text)}`);
};
