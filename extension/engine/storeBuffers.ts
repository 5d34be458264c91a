/**
 * Store buffers of x86: a plain store waits in the buffer of its agent and becomes visible later, in order; a load takes the newest store
 * of its own agent. A locked operation and a barrier let everything out first. Memory order §1, rules 1-4.
 *
 * Letting out the oldest store is a step of its own, taken by an agent that stands for the buffer.
 */
import { describeChange } from './fieldAccess.ts';
import type { Machine } from './machine.ts';
import { type Operation, operation, operations, RETURN, step } from './operation.ts';

/** Stores that a buffer holds; one more lets out the oldest. Longer runs of plain stores without a locked operation do not occur. */
const CAPACITY = 8;
/** Address, bits that the store writes, value. */
const ENTRY_WORDS = 3;

export const flush_store = operation({
  name: 'store buffer',
  actor: 'cpu',
  source: 'SDM vol. 3, memory ordering',
  locals: ['owner'],
  steps: {
    flush: step(
      (m, owner) => `the store of ${m.agentName(owner)} becomes visible: ${m.buffers?.oldest(owner).join(', ') ?? ''}`,
      (m, owner) => {
        m.buffers?.flush(owner);
        return RETURN;
      },
    ),
  },
});

export class StoreBuffers {
  static readonly words = 1 + CAPACITY * ENTRY_WORDS;
  readonly base: number;
  private readonly m: Machine;
  /** Agents that have a buffer; the agent that stands for the buffer of `a` is `a + threads`. */
  private readonly threads: number;

  constructor(m: Machine, base: number, threads: number) {
    this.m = m;
    this.base = base;
    this.threads = threads;
  }

  arising(agent: number): Operation | undefined {
    return agent >= this.threads && this.count(agent - this.threads) > 0 ? flush_store : undefined;
  }

  /** A step of `agent` begins: its loads look into its buffer, if there is something in it. What the processor itself does there (VM entry, VM exit) comes after all stores. */
  watch(agent: number, running?: Operation): void {
    const { m } = this;
    m.forwarding = agent < this.threads && this.count(agent) > 0;
    if (m.forwarding && running !== undefined && running.actor === 'cpu' && running === operations[running.id]) {
      this.drain(agent);
      m.forwarding = false;
    }
  }

  /** A plain store of the bits `mask` of a word by the agent whose step runs. */
  store(address: number, mask: number, value: number): void {
    const { m } = this;
    const { agent } = m;
    if (this.count(agent) === CAPACITY) {
      this.flush(agent);
    }
    const count = this.count(agent);
    const entry = this.entry(agent, count);
    m.store(entry, address);
    m.store(entry + 1, mask);
    m.store(entry + 2, value & mask);
    m.store(this.at(agent), count + 1);
    m.forwarding = true;
  }

  /** The word as the agent whose step runs sees it. */
  forwarded(address: number, word: number): number {
    const { words, agent } = this.m;
    let seen = word;
    const count = this.count(agent);
    for (let i = 0; i < count; i++) {
      const entry = this.entry(agent, i);
      if (words[entry] === address) {
        seen = (seen & ~words[entry + 1]) | words[entry + 2];
      }
    }
    return seen;
  }

  drain(agent: number): void {
    while (this.count(agent) > 0) {
      this.flush(agent);
    }
  }

  flush(agent: number): void {
    const { m } = this;
    const { words } = m;
    const first = this.entry(agent, 0);
    const address = words[first];
    m.store(address, (words[address] & ~words[first + 1]) | words[first + 2]);
    const count = this.count(agent) - 1;
    for (let i = 0; i < count * ENTRY_WORDS; i++) {
      m.store(first + i, words[first + i + ENTRY_WORDS]);
    }
    for (let i = 0; i < ENTRY_WORDS; i++) {
      m.store(first + count * ENTRY_WORDS + i, 0);
    }
    m.store(this.at(agent), count);
  }

  /** `mode: OUTSIDE_GUEST_MODE -> IN_GUEST_MODE` for the store that becomes visible next. */
  oldest(agent: number): string[] {
    const { m } = this;
    const first = this.entry(agent, 0);
    const [address, mask, value] = m.words.subarray(first, first + ENTRY_WORDS);
    const before = m.words[address];
    return describeChange(m, address, before, (before & ~mask) | value).map(
      change => `${change.name} := ${change.after}`,
    );
  }

  private count(agent: number): number {
    return this.m.words[this.at(agent)];
  }

  private at(agent: number): number {
    return this.base + agent * StoreBuffers.words;
  }

  private entry(agent: number, index: number): number {
    return this.at(agent) + 1 + index * ENTRY_WORDS;
  }
}
