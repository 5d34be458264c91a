/**
 * All state of a machine in one flat array of 32-bit words, and a journal of every change to it.
 *
 * A journal entry is an address and the XOR of the old with the new word, so the same entry undoes a step and redoes it. A step costs
 * 12 bytes and 8 more for each word that it changes. Checkpoints bound the way to any step.
 */

/** Sees what one step reads and writes; only present while a step is being explained, or races are explored. */
export interface Observer {
  /** `mask`: the bits of the word that mattered. */
  read(address: number, mask: number): void;
  /** Also when the word stays as it was. */
  write(address: number, before: number, after: number): void;
  /** A plain store to this word waits in the agent's store buffer. */
  buffered?(address: number): void;
}

/** Store buffers: plain stores to the words that `plain` names become visible later. */
export interface Deferring {
  readonly plain: Uint8Array;
  store(address: number, mask: number, value: number): void;
}

/** Steps between two checkpoints: undoing this many takes about a millisecond. */
const CHECKPOINT_STEPS = 1 << 16;
const STEP_WORDS = 3;
/** Entries of the running step among which a word is looked for. */
const RECENT = 8;

export class Memory {
  readonly words: Int32Array;
  /** Off: nothing is journaled and nothing can be undone (conformance runs, exploration). */
  recording = true;
  observer: Observer | undefined;
  /** The agent whose step runs has stores that only it sees (`StoreBuffers`): loads look there, locked operations let them out. */
  forwarding = false;
  /** Where plain stores of the agent whose step runs wait; undefined when all are visible at once. */
  protected deferring: Deferring | undefined;

  /** The step that led to the present state, 1-based; 0 = the initial state. */
  position = 0;
  /** Steps that the journal holds. */
  length = 0;

  private entries: Int32Array<ArrayBuffer> = new Int32Array(1 << 12);
  private used = 0;
  /** First entry of the running step. */
  private uncommitted = 0;
  /** Per step: end of its entries, and two words that the machine keeps about it. */
  private steps: Int32Array<ArrayBuffer> = new Int32Array(STEP_WORDS << 8);
  private checkpoints = new Map<number, Int32Array>();

  constructor(size: number) {
    this.words = new Int32Array(size);
  }

  // Primitives. Those that are one locked instruction on x86 say so; everything else is a plain load or store.

  load(address: number): number {
    if (this.observer !== undefined) {
      this.observer.read(address, -1);
    }
    return this.forwarding ? this.forwarded(address) : this.words[address];
  }

  /** Loads a word of which only the bits of `mask` matter. */
  loadBits(address: number, mask: number): number {
    if (this.observer !== undefined) {
      this.observer.read(address, mask);
    }
    return (this.forwarding ? this.forwarded(address) : this.words[address]) & mask;
  }

  /** Plain. */
  store(address: number, value: number): void {
    if (this.deferring !== undefined && this.deferring.plain[address] !== 0) {
      this.deferring.store(address, -1, value);
      return;
    }
    this.put(address, value);
  }

  /** Visible at once: what a locked instruction stores, what a store buffer lets out, and what is no memory (registers, the processor's own state). */
  put(address: number, value: number): void {
    const difference = this.words[address] ^ value;
    if (this.observer !== undefined) {
      this.observer.write(address, value ^ difference, value);
    }
    if (difference === 0) {
      return;
    }
    this.words[address] = value;
    if (this.recording) {
      this.journal(address, difference);
    }
  }

  /** A word that the step has just changed keeps its entry: a frame's words change several times in a row. */
  private journal(address: number, difference: number): void {
    const { used, entries } = this;
    for (let i = used - 2; i >= this.uncommitted && i >= used - 2 * RECENT; i -= 2) {
      if (entries[i] === address) {
        entries[i + 1] ^= difference;
        return;
      }
    }
    if (used + 2 > entries.length) {
      this.entries = grown(entries);
    }
    this.entries[used] = address;
    this.entries[used + 1] = difference;
    this.used = used + 2;
  }

  /** Locked. Returns whether the bit was set before. `bit` may exceed 31: the word is chosen as BTS does. */
  test_and_set_bit(bit: number, base: number): boolean {
    this.smp_mb();
    const address = base + (bit >>> 5);
    const mask = 1 << (bit & 31);
    const old = this.loadBits(address, mask);
    this.put(address, this.words[address] | mask);
    return old !== 0;
  }

  /** Locked. Returns whether the bit was set before. */
  test_and_clear_bit(bit: number, base: number): boolean {
    this.smp_mb();
    const address = base + (bit >>> 5);
    const mask = 1 << (bit & 31);
    const old = this.loadBits(address, mask);
    this.put(address, this.words[address] & ~mask);
    return old !== 0;
  }

  /** Locked. */
  set_bit(bit: number, base: number): void {
    this.smp_mb();
    const address = base + (bit >>> 5);
    this.put(address, this.words[address] | (1 << (bit & 31)));
  }

  /** Locked. */
  clear_bit(bit: number, base: number): void {
    this.smp_mb();
    const address = base + (bit >>> 5);
    this.put(address, this.words[address] & ~(1 << (bit & 31)));
  }

  test_bit(bit: number, base: number): boolean {
    return this.loadBits(base + (bit >>> 5), 1 << (bit & 31)) !== 0;
  }

  /** Locked. Returns the old word. */
  xchg(address: number, value: number): number {
    this.smp_mb();
    const old = this.load(address);
    this.put(address, value);
    return old;
  }

  /** Locked. Returns the old word: equal to `expected` when the exchange took place. */
  cmpxchg(address: number, expected: number, value: number): number {
    this.smp_mb();
    const old = this.load(address);
    if (old === expected) {
      this.put(address, value);
    }
    return old;
  }

  /** Locked, on the 64-bit word at `address` and the next. Returns whether the exchange took place. */
  cmpxchg64(address: number, oldLo: number, oldHi: number, lo: number, hi: number): boolean {
    this.smp_mb();
    if (this.load(address) !== oldLo || this.load(address + 1) !== oldHi) {
      return false;
    }
    this.put(address, lo);
    this.put(address + 1, hi);
    return true;
  }

  /** Full barrier: stores that only the agent sees become visible. */
  smp_mb(): void {
    if (this.forwarding) {
      this.drain();
    }
  }

  /** The word as the agent whose step runs sees it; only called while `forwarding`. */
  protected forwarded(address: number): number {
    return this.words[address];
  }

  protected drain(): void {
    this.forwarding = false;
  }

  // The journal.

  /** Closes a step. `first` and `second` are the machine's own words about it. */
  commit(first: number, second: number): void {
    if (!this.recording) {
      return;
    }
    const at = this.position * STEP_WORDS;
    if (at + STEP_WORDS > this.steps.length) {
      this.steps = grown(this.steps);
    }
    this.steps[at] = this.used;
    this.steps[at + 1] = first;
    this.steps[at + 2] = second;
    this.uncommitted = this.used;
    this.position++;
    this.length = this.position;
    if (this.position % CHECKPOINT_STEPS === 0) {
      this.checkpoints.set(this.position, this.words.slice());
    }
  }

  /** Calls `visit` with each address that was stored to since the last `commit`, and the XOR of what it held with what was stored. */
  forEachUncommitted(visit: (address: number, difference: number) => void): void {
    for (let i = this.endOf(this.position); i < this.used; i += 2) {
      visit(this.entries[i], this.entries[i + 1]);
    }
  }

  /** Undoes everything since the last `commit`. */
  revert(): void {
    const { words, entries } = this;
    const start = this.endOf(this.position);
    for (let i = start; i < this.used; i += 2) {
      words[entries[i]] ^= entries[i + 1];
    }
    this.used = start;
  }

  firstOf(step: number): number {
    return this.steps[(step - 1) * STEP_WORDS + 1];
  }

  secondOf(step: number): number {
    return this.steps[(step - 1) * STEP_WORDS + 2];
  }

  /** Words that `step` changed, as address and XOR pairs, in order. */
  *changesOf(step: number): Generator<readonly [address: number, difference: number]> {
    const end = this.endOf(step);
    for (let i = this.endOf(step - 1); i < end; i += 2) {
      yield [this.entries[i], this.entries[i + 1]];
    }
  }

  /** Goes to the state after `step`. Throws RangeError outside 0..length. */
  seek(step: number): void {
    if (!(step >= 0 && step <= this.length)) {
      throw new RangeError(`step ${step} is outside 0..${this.length}`);
    }
    const checkpoint = Math.round(step / CHECKPOINT_STEPS) * CHECKPOINT_STEPS;
    const saved = this.checkpoints.get(checkpoint);
    if (saved !== undefined && Math.abs(checkpoint - step) < Math.abs(this.position - step)) {
      this.words.set(saved);
      this.position = checkpoint;
    }
    this.apply(this.endOf(this.position), this.endOf(step));
    this.position = step;
  }

  /** Forgets everything after the present step: what follows will be different. */
  truncate(): void {
    this.length = this.position;
    this.used = this.endOf(this.position);
    this.uncommitted = this.used;
    for (const step of this.checkpoints.keys()) {
      if (step > this.position) {
        this.checkpoints.delete(step);
      }
    }
  }

  /** Bytes that the journal holds for the recorded steps. */
  get journalBytes(): number {
    return 4 * (this.used + STEP_WORDS * this.length);
  }

  private endOf(step: number): number {
    return step === 0 ? 0 : this.steps[(step - 1) * STEP_WORDS];
  }

  private apply(from: number, to: number): void {
    const { words, entries } = this;
    const first = Math.min(from, to);
    const end = Math.max(from, to);
    for (let i = first; i < end; i += 2) {
      words[entries[i]] ^= entries[i + 1];
    }
  }
}

function grown(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2);
  larger.set(array);
  return larger;
}
