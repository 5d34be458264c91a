/**
 * States of a machine, each kept as its difference from the first one. Only words that ever change are looked at; states are compared
 * word by word, never by a hash alone.
 */
import type { Memory } from '../memory.ts';

const FIRST_SLOTS = 1 << 12;

export class StateSet {
  /** Addresses of words that some state has changed. */
  private readonly live: number[] = [];
  /** Index in `live` of an address, -1 for none. */
  private readonly indexOf: Int32Array;
  private readonly initial: Int32Array;

  private slots = new Int32Array(FIRST_SLOTS).fill(-1);
  private hashes = new Int32Array(FIRST_SLOTS);
  /** State `i` stands in `arena[starts[i]]` up to `starts[i + 1]`, as XOR with the first state. */
  private starts = new Int32Array(FIRST_SLOTS);
  private arena = new Int32Array(1 << 16);
  private used = 0;
  private count = 0;

  constructor(private readonly memory: Memory) {
    this.initial = memory.words.slice();
    this.indexOf = new Int32Array(memory.words.length).fill(-1);
  }

  get size(): number {
    return this.count;
  }

  /** Bytes that the states take. */
  get bytes(): number {
    return 4 * (this.arena.length + this.starts.length + this.hashes.length + this.slots.length);
  }

  /** Adds the words that the memory has stored to since its last commit to those that make up a state. */
  notice(): void {
    this.memory.forEachUncommitted(address => {
      if (this.indexOf[address] < 0) {
        this.indexOf[address] = this.live.length;
        this.live.push(address);
      }
    });
  }

  /** Number of the present state; `size` grows when it is new. */
  add(): number {
    const length = this.encode();
    const hash = this.hashOf(length);
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (let found = this.slots[slot]; found >= 0; found = this.slots[slot]) {
      if (this.hashes[found] === hash && this.equals(found, length)) {
        return found;
      }
      slot = (slot + 1) & mask;
    }
    this.slots[slot] = this.count;
    return this.append(hash, length);
  }

  /** Puts the memory into a state. Nothing may be uncommitted. */
  load(state: number): void {
    const { words } = this.memory;
    const start = this.starts[state];
    const length = this.starts[state + 1] - start;
    for (let i = 0; i < this.live.length; i++) {
      const address = this.live[i];
      words[address] = this.initial[address] ^ (i < length ? this.arena[start + i] : 0);
    }
  }

  /** Writes the present state behind the others. Words that became live later differ from nothing in older states: zeros at the end are left out. */
  private encode(): number {
    const { live, initial } = this;
    const { words } = this.memory;
    if (this.used + live.length > this.arena.length) {
      this.arena = grown(this.arena, this.used + live.length);
    }
    const { arena, used } = this;
    let length = 0;
    for (let i = 0; i < live.length; i++) {
      const address = live[i];
      const difference = words[address] ^ initial[address];
      arena[used + i] = difference;
      if (difference !== 0) {
        length = i + 1;
      }
    }
    return length;
  }

  private hashOf(length: number): number {
    const { arena, used } = this;
    let hash = length;
    for (let i = 0; i < length; i++) {
      hash = Math.imul(hash ^ arena[used + i], 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return hash;
  }

  private equals(state: number, length: number): boolean {
    const start = this.starts[state];
    if (this.starts[state + 1] - start !== length) {
      return false;
    }
    const { arena, used } = this;
    for (let i = 0; i < length; i++) {
      if (arena[start + i] !== arena[used + i]) {
        return false;
      }
    }
    return true;
  }

  private append(hash: number, length: number): number {
    const state = this.count++;
    if (this.count + 1 > this.starts.length) {
      this.starts = grown(this.starts, this.count + 1);
      this.hashes = grown(this.hashes, this.count + 1);
    }
    this.hashes[state] = hash;
    this.used += length;
    this.starts[this.count] = this.used;
    if (2 * this.count > this.slots.length) {
      this.spread();
    }
    return state;
  }

  private spread(): void {
    const slots = new Int32Array(2 * this.slots.length).fill(-1);
    const mask = slots.length - 1;
    for (let state = 0; state < this.count; state++) {
      let slot = this.hashes[state] & mask;
      while (slots[slot] >= 0) {
        slot = (slot + 1) & mask;
      }
      slots[slot] = state;
    }
    this.slots = slots;
  }
}

/** A larger copy, with room for `least`. */
export function grown(array: Int32Array<ArrayBuffer>, least: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(2 * array.length, least));
  larger.set(array);
  return larger;
}
