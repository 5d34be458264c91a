import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Memory } from '../../../extension/engine/memory.ts';

const WORDS = 40;
const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const address = fc.nat(WORDS - 1);
const write = fc.oneof(
  fc.tuple(fc.constant('store' as const), address, word),
  fc.tuple(fc.constant('set_bit' as const), fc.nat(255), fc.constant(0)),
  fc.tuple(fc.constant('test_and_clear_bit' as const), fc.nat(255), fc.constant(0)),
  fc.tuple(fc.constant('xchg' as const), address, word),
);

function apply(
  memory: Memory,
  [kind, at, value]: readonly ['store' | 'set_bit' | 'test_and_clear_bit' | 'xchg', number, number],
) {
  switch (kind) {
    case 'store':
      return memory.store(at, value);
    case 'set_bit':
      return memory.set_bit(at, 0);
    case 'test_and_clear_bit':
      return memory.test_and_clear_bit(at, 0);
    case 'xchg':
      return memory.xchg(at, value);
  }
}

describe('the journal', () => {
  test('leads exactly to any step, in any order', () => {
    const steps = fc.array(fc.array(write, { maxLength: 6 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(steps, fc.array(fc.nat(30), { maxLength: 20 }), (program, visits) => {
        const memory = new Memory(WORDS);
        const states = [memory.words.slice()];
        for (const writes of program) {
          for (const each of writes) {
            apply(memory, each);
          }
          memory.commit(0, 0);
          states.push(memory.words.slice());
        }
        for (const visit of visits) {
          const step = visit % states.length;
          memory.seek(step);
          expect(memory.words).toEqual(states[step]);
        }
      }),
    );
  });

  test('finds the way across checkpoints', () => {
    const memory = new Memory(2);
    const count = 200_000;
    for (let step = 1; step <= count; step++) {
      memory.store(step & 1, step);
      memory.commit(step, 0);
    }
    for (const step of [count, 0, 65_535, 65_536, 65_537, 131_072, 199_999, 3, 150_000]) {
      memory.seek(step);
      const odd = step - 1 + (step & 1);
      const even = step - (step & 1);
      expect([memory.words[0], memory.words[1]]).toEqual([even, Math.max(odd, 0)]);
    }
    expect(memory.firstOf(77)).toBe(77);
  });

  test('refuses steps that were never taken', () => {
    const memory = new Memory(1);
    expect(() => memory.seek(1)).toThrow(RangeError);
    expect(() => memory.seek(-1)).toThrow(RangeError);
  });

  test('forgets what followed when the past is changed', () => {
    const memory = new Memory(1);
    for (const value of [1, 2, 3]) {
      memory.store(0, value);
      memory.commit(0, 0);
    }
    memory.seek(1);
    memory.truncate();
    memory.store(0, 9);
    memory.commit(0, 0);
    expect(memory.length).toBe(2);
    memory.seek(1);
    expect(memory.words[0]).toBe(1);
    memory.seek(2);
    expect(memory.words[0]).toBe(9);
  });
});

test('bit primitives report the old bit and choose the word as BTS does', () => {
  const memory = new Memory(8);
  expect(memory.test_and_set_bit(0xf2, 0)).toBe(false);
  expect(memory.test_and_set_bit(0xf2, 0)).toBe(true);
  expect(memory.words[7]).toBe(1 << 18);
  expect(memory.test_and_clear_bit(0xf2, 0)).toBe(true);
  expect(memory.words[7]).toBe(0);
});

test('compare-and-exchange writes only what it expected', () => {
  const memory = new Memory(1);
  expect(memory.cmpxchg(0, 5, 7)).toBe(0);
  expect(memory.words[0]).toBe(0);
  expect(memory.cmpxchg(0, 0, 7)).toBe(0);
  expect(memory.words[0]).toBe(7);
});
