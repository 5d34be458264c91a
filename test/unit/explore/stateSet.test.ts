import { describe, expect, it } from 'vitest';
import { StateSet } from '../../../extension/engine/explore/stateSet.ts';
import { Memory } from '../../../extension/engine/memory.ts';

/** Bytes of the arrays that an object holds, but for those that are as large as the memory. */
function taken(set: StateSet, words: number): number {
  const arrays = new Set(Object.values(set).flat(2));
  return [...arrays].reduce((sum: number, each) => {
    return each instanceof Int32Array && each.length !== words ? sum + each.byteLength : sum;
  }, 0);
}

describe('the set of states', () => {
  const WORDS = 777;

  /** A memory whose states differ in the number that three of its words hold. */
  function numbered() {
    const memory = new Memory(WORDS);
    const set = new StateSet(memory);
    expect(set.add(-1)).toBe(0);
    const add = (value: number): number => {
      set.load(0);
      memory.put(5, value);
      memory.put(700, ~value);
      memory.put(value % 600, value ^ 1);
      const state = set.add(0);
      memory.revert();
      return state;
    };
    return { memory, set, add };
  }

  it('finds every state again, and loads it, however many pieces of memory they fill', () => {
    const { memory, set, add } = numbered();
    const COUNT = 3000;
    for (let i = 1; i <= COUNT; i++) {
      expect(add(i * 7)).toBe(i);
    }
    expect(taken(set, WORDS)).toBeGreaterThan(4 << 18);
    for (let i = COUNT; i >= 1; i -= 11) {
      expect(add(i * 7)).toBe(i);
      set.load(i);
      const value = i * 7;
      expect(memory.words[700]).toBe(value % 600 === 700 ? value ^ 1 : ~value);
      expect(memory.words[value % 600]).toBe(value ^ 1);
    }
    expect(set.size).toBe(COUNT + 1);
  });

  it('has reserved what the next state needs', () => {
    const { set, add } = numbered();
    for (let i = 1; i <= 6000; i++) {
      const reserved = set.bytes;
      add(i);
      expect(taken(set, WORDS)).toBeLessThanOrEqual(reserved);
    }
  });
});
