/**
 * What an agent may still touch, from each place in its code on. A place is the agent's whole stack of operations and next steps; what is
 * touched there, and which places follow, is noted while the search runs, so that it is as exact as the steps that were taken.
 */
import { AGENT, AGENT_WORDS, FRAME_WORDS } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { addressesOf, type Footprint } from './footprint.ts';

/** Words of a set of addresses. Only addresses that somebody writes have a bit; beyond this many, two share one, which is merely cautious. */
const SET_WORDS = 16;
const BITS = 32 * SET_WORDS;
/** Reads, writes, and plain stores that wait in a store buffer: three sets in a row. */
const WRITES = SET_WORDS;
const STORES = 2 * SET_WORDS;
const WORDS = 3 * SET_WORDS;

/** What is read, written and stored: three sets. */
export type Touches = Int32Array<ArrayBuffer>;

export function noTouches(): Touches {
  return new Int32Array(WORDS);
}

interface Place {
  /** From here on, including the next step. */
  readonly future: Touches;
  /** Places that lead here. */
  readonly from: Set<Place>;
  /** By the head of the next frame further in. */
  readonly inner: Map<number, Place>;
}

function place(): Place {
  return { future: noTouches(), from: new Set(), inner: new Map() };
}

/** Does a step that touches `step` depend on what an agent may do that still touches `future`? `shown`: its plain stores come out as well. */
export function depends(step: Touches, future: Touches): boolean {
  for (let i = 0; i < SET_WORDS; i++) {
    const writes = step[WRITES + i];
    const reads = step[i];
    if ((writes & (future[i] | future[WRITES + i])) !== 0 || (reads & future[WRITES + i]) !== 0) {
      return true;
    }
  }
  return false;
}

function isIn(touches: Touches, future: Touches): boolean {
  for (let i = 0; i < WORDS; i++) {
    if ((touches[i] & ~future[i]) !== 0) {
      return false;
    }
  }
  return true;
}

export class Futures {
  /** Grows whenever something new becomes known. */
  revision = 0;
  /** By address: number of its bit plus one, 0 for none. */
  private readonly bits: Int32Array;
  private used = 0;
  /** By address: places that read it while nobody had written it. */
  private readonly readers = new Map<number, Set<Place>>();
  private readonly roots: readonly Place[];

  constructor(private readonly m: Machine) {
    this.bits = new Int32Array(addressesOf(m));
    this.roots = Array.from({ length: m.agentCount }, place);
  }

  /** Where the agent stands. `agenda`: how much of what it was given is done. */
  placeOf(agent: number, agenda: number): Place {
    const { words, layout } = this.m;
    const base = layout.agents + agent * AGENT_WORDS;
    let at = this.inner(this.roots[agent], agenda);
    const depth = words[base + AGENT.depth];
    for (let i = 0; i < depth; i++) {
      at = this.inner(at, words[base + AGENT.words + i * FRAME_WORDS]);
    }
    return at;
  }

  private inner(of: Place, head: number): Place {
    let found = of.inner.get(head);
    if (found === undefined) {
      found = place();
      of.inner.set(head, found);
    }
    return found;
  }

  /** What a step at `at` touched goes into `touches`, as sets, and becomes part of the future of the place. */
  note(at: Place, footprint: Footprint, touches: Touches): void {
    touches.fill(0);
    for (const address of footprint.writes) {
      this.set(touches, WRITES, this.bitOf(address));
    }
    for (const address of footprint.stores) {
      this.set(touches, STORES, this.bitOf(address));
    }
    for (const address of footprint.reads) {
      const bit = this.bits[address];
      if (bit > 0) {
        this.set(touches, 0, bit - 1);
      } else {
        this.readBy(address, at);
      }
    }
    this.grow(at, touches);
  }

  /** One step leads from `at` to `next`. */
  leads(at: Place, next: Place): void {
    if (!next.from.has(at)) {
      next.from.add(at);
      this.grow(at, next.future);
    }
  }

  /** Everything that becomes visible of an agent's plain stores: those that wait, and those that it may still make. */
  shown(into: Touches, owner: number, at: Place): void {
    into.fill(0);
    for (let i = 0; i < SET_WORDS; i++) {
      into[WRITES + i] = at.future[STORES + i];
    }
    for (const address of this.m.buffers?.waiting(owner) ?? []) {
      this.set(into, WRITES, this.bitOf(address));
    }
  }

  private bitOf(address: number): number {
    const known = this.bits[address];
    if (known > 0) {
      return known - 1;
    }
    const bit = this.used++ % BITS;
    this.bits[address] = bit + 1;
    const touches = noTouches();
    this.set(touches, 0, bit);
    for (const reader of this.readers.get(address) ?? []) {
      this.grow(reader, touches);
    }
    this.readers.delete(address);
    return bit;
  }

  private readBy(address: number, at: Place): void {
    const readers = this.readers.get(address);
    if (readers === undefined) {
      this.readers.set(address, new Set([at]));
    } else {
      readers.add(at);
    }
  }

  private set(touches: Touches, which: number, bit: number): void {
    touches[which + (bit >>> 5)] |= 1 << (bit & 31);
  }

  /** The future of a place is part of the future of all that lead there. */
  private grow(at: Place, touches: Touches): void {
    if (isIn(touches, at.future)) {
      return;
    }
    const work = [at];
    for (let next = work.pop(); next !== undefined; next = work.pop()) {
      const { future } = next;
      let grew = false;
      const more = next === at ? touches : at.future;
      for (let i = 0; i < WORDS; i++) {
        const grown = future[i] | more[i];
        grew ||= grown !== future[i];
        future[i] = grown;
      }
      if (grew) {
        this.revision++;
        work.push(...next.from);
      }
    }
  }
}

export type { Place };
