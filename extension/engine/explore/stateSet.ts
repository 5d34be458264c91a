/**
 * States of a machine, each kept as its difference from the first one. Only words that ever change are looked at; states are compared
 * word by word, never by a hash alone.
 */
import type { Memory } from '../memory.ts';

const FIRST_SLOTS = 1 << 12;
/** States stand in pieces of memory of this size, in words, so that more of them never have to be copied; larger for large machines. */
const PIECE_BITS = 16;
/** What the first state comes from. */
const NONE = new Int32Array(0);

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
  /** Of the state that is being added: where the words of the one before stand and how many they are, and what has changed since. */
  private parent: Int32Array = NONE;
  private start = 0;
  private known = 0;
  private hash = 0;
  private changes = 0;
  /** Indices in `live`. */
  private readonly changed: Int32Array;
  /** When an index changed last; `turn` is now. */
  private readonly turns: Uint32Array;
  private turn = 0;

  constructor(private readonly memory: Memory) {
    this.initial = memory.words.slice();
    this.indexOf = new Int32Array(memory.words.length).fill(-1);
    this.changed = new Int32Array(memory.words.length);
    this.turns = new Uint32Array(memory.words.length);
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
   * `size` grows when it is new. Most states are known already: words are copied for a new one only.
   */
  add(from: number): number {
    this.parent = from < 0 ? NONE : this.pieceOf(from);
    this.start = from < 0 ? 0 : (this.starts[from] & this.mask) + 1;
    this.known = from < 0 ? 0 : this.parent[this.start - 1];
    this.hash = from < 0 ? 0 : this.hashes[from];
    this.turn++;
    this.changes = 0;
    this.memory.forEachUncommitted(this.change);
    return this.find();
  }

  /** The memory has stored to this word: its difference from the first state goes into the hash, once. */
  private readonly change = (address: number): void => {
    let index = this.indexOf[address];
    if (index < 0) {
      index = this.live.length;
      this.indexOf[address] = index;
      this.live.push(address);
    }
    if (this.turns[index] === this.turn) {
      return;
    }
    this.turns[index] = this.turn;
    this.changed[this.changes++] = index;
    const before = index < this.known ? this.parent[this.start + index] : 0;
    this.hash ^= mixed(index, before) ^ mixed(index, this.differenceOf(index));
  };

  private differenceOf(index: number): number {
    const address = this.live[index];
    return this.memory.words[address] ^ this.initial[address];
  }

  private find(): number {
    const { hash } = this;
    const mask = this.slots.length - 1;
    let slot = hash & mask;
    for (let found = this.slots[slot]; found >= 0; found = this.slots[slot]) {
      if (this.hashes[found] === hash && this.equals(found)) {
        return found;
      }
      slot = (slot + 1) & mask;
    }
    this.slots[slot] = this.count;
    return this.append(hash, this.copied());
  }

  /** Is the present state this one? Words that have not changed are those of the state before. */
  private equals(state: number): boolean {
    const { parent, start, known, turns, turn } = this;
    const piece = this.pieceOf(state);
    const first = (this.starts[state] & this.mask) + 1;
    const length = piece[first - 1];
    const most = Math.max(length, known);
    for (let i = 0; i < most; i++) {
      const there = i < length ? piece[first + i] : 0;
      if (there !== (i < known ? parent[start + i] : 0) && turns[i] !== turn) {
        return false;
      }
    }
    for (let i = 0; i < this.changes; i++) {
      const index = this.changed[i];
      if ((index < length ? piece[first + index] : 0) !== this.differenceOf(index)) {
        return false;
      }
    }
    return true;
  }

  /** Puts the present state behind the last one. Returns how many words it has, those at the end that are as at first left out. */
  private copied(): number {
    const { parent, start, known, live } = this;
    if (this.used + 1 + live.length > this.arena.length) {
      this.arena = this.morePieces();
    }
    const { arena } = this;
    const first = this.used + 1;
    for (let i = 0; i < known; i++) {
      arena[first + i] = parent[start + i];
    }
    arena.fill(0, first + known, first + live.length);
    for (let i = 0; i < this.changes; i++) {
      const index = this.changed[i];
      arena[first + index] = this.differenceOf(index);
    }
    let length = live.length;
    while (length > 0 && arena[this.used + length] === 0) {
      length--;
    }
    arena[this.used] = length;
    return length;
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
