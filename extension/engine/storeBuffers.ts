/**
 * Store buffers of x86: a plain store waits in the buffer of its agent and becomes visible later, in order; a load takes the newest store
 * of its own agent. A locked operation and a barrier let everything out first. Memory order §1, rules 1-4.
 *
 * Letting out the oldest store is a step of its own, taken by an agent that stands for the buffer.
 */
import { describeChange } from './fieldAccess.ts';
import { C, V } from './layout.ts';
import type { Machine } from './machine.ts';
import type { Deferring } from './memory.ts';
import { type Operation, operation, operations, RETURN, step } from './operation.ts';

/** Stores that a buffer holds; one more lets out the oldest. Longer runs of plain stores without a locked operation do not occur. */
const CAPACITY = 8;
/** Address, bits that the store writes, value. */
const ENTRY_WORDS = 3;

/**
 * IsRunning stands in the upper half of the AVIC table entry; the host's APIC ID in the lower half means nothing without it. Releasing the
 * lock of that entry is a plain store too, behind it.
 */
const PLAIN = [
  V.mode,
  V.waiter,
  V.pi_pending,
  V.pv_unhalted,
  V.pending_events,
  V.sipi_vector,
  V.avic_hw_entry + 1,
  V.ir_list_lock,
];

export const flush_store = operation({
  name: 'store buffer',
  actor: 'cpu',
  source: 'SDM vol. 3, memory ordering',
  locals: ['owner'],
  steps: {
    flush: step(
      (m, owner) =>
        `the store of ${m.agentName(owner)} becomes visible: ${m.buffers?.oldest(owner).join(', ') || 'nothing changes'}`,
      (m, owner) => {
        m.buffers?.flush(owner);
        return RETURN;
      },
    ),
  },
});

export class StoreBuffers implements Deferring {
  static readonly words = 1 + CAPACITY * ENTRY_WORDS;
  readonly base: number;
  private readonly m: Machine;
  /** Agents that have a buffer; the agent that stands for the buffer of `a` is `a + threads`. */
  readonly threads: number;
  private known: Uint8Array | undefined;

  constructor(m: Machine, base: number, threads: number) {
    this.m = m;
    this.base = base;
    this.threads = threads;
  }

  /** By address: 1 where a plain store of the engine's operations waits. */
  get plain(): Uint8Array {
    return (this.known ??= this.plainWords());
  }

  arising(agent: number): Operation | undefined {
    return agent >= this.threads && this.count(agent - this.threads) > 0 ? flush_store : undefined;
  }

  /**
   * A step of `agent` begins: its loads look into its buffer, if there is something in it. What the processor itself does there (VM entry,
   * VM exit) comes after all stores, and so does a handler on the CPU of a vCPU's thread: both use one buffer (memory order §1, rule 9).
   * Returns where plain stores wait, if they do.
   */
  watch(agent: number, running?: Operation): Deferring | undefined {
    const { m } = this;
    if (agent > m.vcpuCount && agent < m.iommuAgent) {
      const loaded = m.words[m.cpu(agent - m.cpuAgent(0)) + C.loaded];
      if (loaded >= 0) {
        this.drain(m.vcpuAgent(loaded));
      }
    }
    m.forwarding = agent < this.threads && this.count(agent) > 0;
    if (running === undefined || running !== operations[running.id]) {
      return undefined;
    }
    if (m.forwarding && running.actor === 'cpu') {
      this.drain(agent);
      m.forwarding = false;
    }
    const inKernel = running.actor === 'kvm' || running.actor === 'host' || running.actor === 'vmm';
    return inKernel && agent < this.threads && m.agenda?.racing === true ? this : undefined;
  }

  /**
   * Loads of `agent` look into a buffer, as in a step of it, but nothing is let out: whether it can act must not change anything. Returns whose
   * buffer that is.
   */
  look(agent: number): number {
    const { m } = this;
    const onCpu = agent > m.vcpuCount && agent < m.iommuAgent ? m.words[m.cpu(agent - m.cpuAgent(0)) + C.loaded] : -1;
    const owner = onCpu >= 0 ? m.vcpuAgent(onCpu) : agent;
    m.forwarding = this.count(owner) > 0;
    return owner;
  }

  /**
   * Words that the kernel stores to without a locked operation, on one CPU, and that another reads: memory order P2, P17, K1, K5, B1, A1, A10, O1, O2. What
   * only the vCPU's own thread reads makes no difference; `vcpu->cpu` is stored behind the barriers of a context switch (assumed).
   */
  private plainWords(): Uint8Array {
    const { m } = this;
    const plain = new Uint8Array(m.words.length);
    for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
      for (const word of PLAIN) {
        plain[m.vcpu(vcpu) + word] = 1;
      }
    }
    return plain;
  }

  /** A plain store of the bits `mask` of a word by the agent whose step runs. */
  store(address: number, mask: number, value: number): void {
    const { m } = this;
    const { agent } = m;
    m.observer?.buffered?.(address);
    if (this.count(agent) === CAPACITY) {
      this.flush(agent);
    }
    const count = this.count(agent);
    const entry = this.entry(agent, count);
    m.put(entry, address);
    m.put(entry + 1, mask);
    m.put(entry + 2, value & mask);
    m.put(this.at(agent), count + 1);
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

  /** Is every store visible? */
  get empty(): boolean {
    for (let agent = 0; agent < this.threads; agent++) {
      if (this.count(agent) > 0) {
        return false;
      }
    }
    return true;
  }

  /** Words that the buffered stores of an agent go to, the oldest first. */
  *waiting(agent: number): Generator<number> {
    const count = this.count(agent);
    for (let i = 0; i < count; i++) {
      yield this.m.words[this.entry(agent, i)];
    }
  }

  /** The next store would let out the oldest. */
  full(agent: number): boolean {
    return this.count(agent) === CAPACITY;
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
    m.put(address, (words[address] & ~words[first + 1]) | words[first + 2]);
    const count = this.count(agent) - 1;
    for (let i = 0; i < count * ENTRY_WORDS; i++) {
      m.put(first + i, words[first + i + ENTRY_WORDS]);
    }
    for (let i = 0; i < ENTRY_WORDS; i++) {
      m.put(first + count * ENTRY_WORDS + i, 0);
    }
    m.put(this.at(agent), count);
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

  /** Stores of an agent that are not visible yet; 0 for one that stands for a buffer itself. */
  count(agent: number): number {
    return agent < this.threads ? this.m.words[this.at(agent)] : 0;
  }

  /** Where the buffer of an agent begins. */
  at(agent: number): number {
    return this.base + agent * StoreBuffers.words;
  }

  private entry(agent: number, index: number): number {
    return this.at(agent) + 1 + index * ENTRY_WORDS;
  }
}
