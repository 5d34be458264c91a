/**
 * Steps that were taken before. A step does the same whenever all words that it looks at are the same, so it need not be taken again; where
 * operations of the engine take part, every look is noted, and this is several times faster.
 */
import type { Machine } from '../machine.ts';
import type { Footprint } from './footprint.ts';
import type { Place } from './future.ts';

interface Known {
  readonly addresses: Int32Array<ArrayBuffer>;
  readonly values: Int32Array<ArrayBuffer>;
  /** Addresses and differences; undefined when the agent could not act. */
  readonly changes: readonly number[] | undefined;
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  readonly stores: readonly number[];
}

/** Steps that are remembered of one place; more differ in too much to be met again. */
const MOST = 32;

export class KnownSteps {
  private readonly places = new Map<Place, Known[]>();

  constructor(
    private readonly m: Machine,
    private readonly footprint: Footprint,
  ) {}

  /** Takes the next step of the agent, which stands at `place`. False when it cannot act. What it does is left uncommitted. */
  take(agent: number, place: Place): boolean {
    const { m, footprint } = this;
    let known = this.places.get(place);
    if (known === undefined) {
      known = [];
      this.places.set(place, known);
    }
    for (const each of known) {
      if (this.applies(each)) {
        return this.again(each);
      }
    }
    // What stands in memory now; the step itself may change it.
    const before = new Map<number, number>();
    m.forEachUncommitted((address, difference) => before.set(address, (before.get(address) ?? 0) ^ difference));
    footprint.looked.clear();
    const { reads, writes, stores } = footprint;
    const from = [reads.length, writes.length, stores.length] as const;
    const acts = footprint.watch(() => m.ready(agent) && this.step(agent));
    const changes = new Map<number, number>();
    m.forEachUncommitted((address, difference) => changes.set(address, (changes.get(address) ?? 0) ^ difference));
    for (const [address, difference] of before) {
      changes.set(address, (changes.get(address) ?? 0) ^ difference);
    }
    if (known.length < MOST) {
      const addresses = Int32Array.from(footprint.looked);
      known.push({
        addresses,
        values: addresses.map(address => m.words[address] ^ (changes.get(address) ?? 0)),
        changes: acts ? [...changes].filter(([, difference]) => difference !== 0).flat() : undefined,
        reads: reads.slice(from[0]),
        writes: writes.slice(from[1]),
        stores: stores.slice(from[2]),
      });
    }
    return acts;
  }

  private step(agent: number): boolean {
    this.m.step(agent);
    return true;
  }

  private applies({ addresses, values }: Known): boolean {
    const { words } = this.m;
    for (let i = 0; i < addresses.length; i++) {
      if (words[addresses[i]] !== values[i]) {
        return false;
      }
    }
    return true;
  }

  private again({ changes, reads, writes, stores }: Known): boolean {
    const { m, footprint } = this;
    footprint.reads.push(...reads);
    footprint.writes.push(...writes);
    footprint.stores.push(...stores);
    if (changes === undefined) {
      return false;
    }
    for (let at = 0; at < changes.length; at += 2) {
      m.put(changes[at], m.words[changes[at]] ^ changes[at + 1]);
    }
    return true;
  }
}
