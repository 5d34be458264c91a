/**
 * What one step of an agent touches: every word that it reads and writes, whoever's code it is.
 *
 * Restated code says what it touches (`Memory.load`, `store`, `put`). The engine's own operations also look at `Machine.words` directly, so
 * while they are watched `words` is a proxy that notes each look. An agent's own stack, and its own store buffer, are nobody else's business;
 * of the stack of another agent only whether it is at work can be seen, and that is one address for each agent.
 */
import { AGENT, AGENT_WORDS, G } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { Observer } from '../memory.ts';
import { StoreBuffers } from '../storeBuffers.ts';

/** Behind the words of the machine: is this agent in the middle of something? */
export function activityOf(m: Machine, agent: number): number {
  return m.added + m.addition.words + agent;
}

/** Addresses that a footprint can name. */
export function addressesOf(m: Machine): number {
  return activityOf(m, m.agentCount);
}

export class Footprint implements Observer {
  readonly reads: number[] = [];
  readonly writes: number[] = [];
  /** Plain stores that went into the agent's store buffer. */
  readonly stores: number[] = [];

  /** Every address that was looked at since `remember`, as it stands in memory; only kept where operations of the engine take part. */
  readonly looked = new Set<number>();

  private readonly ofWrites: Observer = {
    read: () => {},
    write: address => this.write(address),
    buffered: address => this.buffered(address),
  };
  private agent = 0;
  private readonly raw: Int32Array;
  private readonly proxy: Int32Array;

  /** `everything`: operations of the engine run as well. */
  constructor(
    private readonly m: Machine,
    private readonly everything: boolean,
  ) {
    this.raw = m.words;
    this.proxy = new Proxy(m.words, {
      get: (target, key) => {
        if (typeof key === 'string') {
          const address = Number(key);
          if (address >= 0) {
            this.looked.add(address);
            this.read(address);
            return target[address];
          }
        }
        const value: unknown = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
      set: (target, key, value) => Reflect.set(target, key, value, target),
    });
  }

  /** Forgets what was noted; what `agent` does from now on counts. */
  begin(agent: number): void {
    this.agent = agent;
    this.reads.length = 0;
    this.writes.length = 0;
    this.stores.length = 0;
  }

  /** Does something, and notes what it touches. `reads`: looks count as well. */
  watch<T>(what: () => T, reads = true): T {
    const { m } = this;
    m.observer = reads ? this : this.ofWrites;
    if (this.everything && reads) {
      (m as { words: Int32Array }).words = this.proxy;
    }
    try {
      return what();
    } finally {
      (m as { words: Int32Array }).words = this.raw;
      m.observer = undefined;
    }
  }

  read(address: number): void {
    const named = this.nameOf(address);
    if (named >= 0) {
      this.reads.push(named);
    }
  }

  write(address: number): void {
    const named = this.nameOf(address);
    if (named >= 0) {
      this.writes.push(named);
    }
  }

  buffered(address: number): void {
    const { m } = this;
    this.stores.push(address);
    if (m.buffers !== undefined) {
      this.writes.push(m.buffers.at(this.agent));
    }
  }

  /** The address as footprints name it; -1 for what is the agent's own. */
  private nameOf(address: number): number {
    const { m, agent } = this;
    const { layout } = m;
    const inStacks = address - layout.agents;
    if (inStacks >= 0 && inStacks < m.agentCount * AGENT_WORDS) {
      const owner = Math.floor(inStacks / AGENT_WORDS);
      // What an operation of another agent returned is read by nobody else.
      return owner === agent || inStacks % AGENT_WORDS === AGENT.result ? -1 : activityOf(m, owner);
    }
    if (m.buffers !== undefined && address >= m.buffers.base && address < m.added) {
      const owner = Math.floor((address - m.buffers.base) / StoreBuffers.words);
      const own = owner === agent || owner + m.buffers.threads === agent;
      // Whoever lets out another agent's stores has to do with every store that it makes.
      return own ? -1 : m.buffers.at(owner);
    }
    // Others only wait while an operation cannot be interrupted, which is one step here.
    return address === G.holder ? -1 : address;
  }
}
