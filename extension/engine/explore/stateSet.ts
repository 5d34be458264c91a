/**
 * States of a machine, each kept as its difference from the first one. Only words that ever change are looked at; states are compared
 * word by word, never by a hash alone.
 */
import type { Memory } from '../memory.ts';

const FIRST_SLOTS = 1 << 12;
/** States stand in pieces of memory of this size, in words, so that more of them never have to be copied; larger for large machines. */
const PIECE_BITS = 16;
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
  /** Where a state stands in all pieces together: how many words it is, and those, as XOR with the first state. */
  private starts = new Int32Array(FIRST_SLOTS);
  private readonly pieces: Int32Array[] = [];
  /** A piece has two to the power of this many words. */
  private readonly bits: number;
  private readonly mask: number;
  /** The last piece, and how much of it is used. */
  private arena: Int32Array;
  private used = 0;
  private count = 0;
  /** Of the state that is being added. */
  private hash = 0;

  constructor(private readonly memory: Memory) {
    this.initial = memory.words.slice();
    this.indexOf = new Int32Array(memory.words.length).fill(-1);
    this.bits = Math.max(PIECE_BITS, 34 - Math.clz32(memory.words.length));
    this.mask = (1 << this.bits) - 1;
    this.arena = this.morePieces();
  }

  get size(): number {
    return this.count;
  }

  /** Bytes that the states take, and may take while the next one is added: one piece more; tables double, and one is there twice meanwhile. */
  get bytes(): number {
    const tables = this.starts.length + this.hashes.length + this.slots.length;
    return 4 * (((this.pieces.length + 1) << this.bits) + 2 * tables + this.slots.length);
  }

  private morePieces(): Int32Array {
    this.used = 0;
    const piece = new Int32Array(1 << this.bits);
    this.pieces.push(piece);
    return piece;
  }

  /** The piece in which a state stands. */
  private pieceOf(state: number): Int32Array {
    return this.pieces[this.starts[state] >>> this.bits];
  }

  /**
   * Number of the state that the memory is in after what is uncommitted happened in state `from`, or of the first one (`from` = -1);
   * `size` grows when it is new.
   */
  add(from: number): number {
    if (this.used + 1 + Math.min(this.live.length + MOST_CHANGES, this.indexOf.length) > this.arena.length) {
      this.arena = this.morePieces();
    }
    const { arena, live } = this;
    const first = this.used + 1;
    let known = 0;
    if (from >= 0) {
      const piece = this.pieceOf(from);
      const start = this.starts[from] & this.mask;
      known = piece[start];
      for (let i = 0; i < known; i++) {
        arena[first + i] = piece[start + 1 + i];
      }
    }
    arena.fill(0, first + known, first + live.length);
    this.hash = from < 0 ? 0 : this.hashes[from];
    this.memory.forEachUncommitted(this.change);
    let length = live.length;
    while (length > 0 && arena[this.used + length] === 0) {
      length--;
    }
    arena[this.used] = length;
    return this.find(length);
  }

  /** The memory has stored to this word: the difference from the first state goes into the new state and its hash. */
  private readonly change = (address: number): void => {
    let index = this.indexOf[address];
    if (index < 0) {
      index = this.live.length;
      this.indexOf[address] = index;
      this.live.push(address);
      this.arena[this.used + 1 + index] = 0;
    }
    const at = this.used + 1 + index;
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
    const { live, initial, memory } = this;
    const { words } = memory;
    const piece = this.pieceOf(state);
    const start = this.starts[state] & this.mask;
    const length = piece[start];
    for (let i = 0; i < live.length; i++) {
      const address = live[i];
      words[address] = initial[address] ^ (i < length ? piece[start + 1 + i] : 0);
    }
  }

  private equals(state: number, length: number): boolean {
    const piece = this.pieceOf(state);
    const start = this.starts[state] & this.mask;
    const { arena, used } = this;
    for (let i = 0; i <= length; i++) {
      if (piece[start + i] !== arena[used + i]) {
        return false;
      }
    }
    return true;
  }

  private append(hash: number, length: number): number {
    const state = this.count++;
    if (this.count > this.starts.length) {
      this.starts = grown(this.starts, this.count);
      this.hashes = grown(this.hashes, this.count);
    }
    this.hashes[state] = hash;
    this.starts[state] = ((this.pieces.length - 1) << this.bits) + this.used;
    this.used += 1 + length;
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
