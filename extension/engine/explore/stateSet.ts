/**
 * States of a machine, each kept as its difference from the first one. Only words that ever change are looked at; states are compared
 * word by word, never by a hash alone.
 */
import type { Memory } from '../memory.ts';

const FIRST_SLOTS = 1 << 12;
/** Words that one step can add to the live ones: everything that an operation of the engine stores, with room to spare. */
const MOST_CHANGES = 1 << 12;

/** What one word adds to the hash of a state; 0 for a word that is as at first. */
function mixed(index: number, difference: number): number {
  if (difference === 0) {
    return 0;
  }
  let hash = Math.imul(difference ^ Math.imul(index + 1, 0x85ebca6b), 0x9e3779b1);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 13);
}

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
  /** Of the state that is being added. */
  private hash = 0;

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

  /**
   * Number of the state that the memory is in after what is uncommitted happened in state `from`, or of the first one (`from` = -1);
   * `size` grows when it is new.
   */
  add(from: number): number {
    const start = from < 0 ? 0 : this.starts[from];
    const known = from < 0 ? 0 : this.starts[from + 1] - start;
    const room = this.used + this.live.length + MOST_CHANGES;
    if (room > this.arena.length) {
      this.arena = grown(this.arena, room);
    }
    this.arena.copyWithin(this.used, start, start + known);
    this.arena.fill(0, this.used + known, this.used + this.live.length);
    this.hash = from < 0 ? 0 : this.hashes[from];
    this.memory.forEachUncommitted(this.change);
    let length = this.live.length;
    while (length > 0 && this.arena[this.used + length - 1] === 0) {
      length--;
    }
    return this.find(length);
  }

  /** The memory has stored to this word: the difference from the first state goes into the new state and its hash. */
  private readonly change = (address: number): void => {
    let index = this.indexOf[address];
    if (index < 0) {
      index = this.live.length;
      this.indexOf[address] = index;
      this.live.push(address);
      this.arena[this.used + index] = 0;
    }
    const at = this.used + index;
    const difference = this.memory.words[address] ^ this.initial[address];
    this.hash ^= mixed(index, this.arena[at]) ^ mixed(index, difference);
    this.arena[at] = difference;
  };

  private find(length: number): number {
    const { hash } = this;
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
