import { describe, expect, it } from 'vitest';
import { DEFAULT_BYTES } from '../../../extension/engine/explore/search.ts';
import { explorable } from '../../../extension/session/explorable.ts';
import { askWorker, type Cancellation, type StartWorker, type WorkerHandle } from '../../../extension/worker/client.ts';
import { exploreHere } from '../../../extension/worker/here.ts';
import type { ExploreRequest, Progress } from '../../../extension/worker/messages.ts';
import { COUNTING, storing } from './races.ts';

const request: ExploreRequest = { type: 'explore', text: COUNTING, variant: 'before', bytes: DEFAULT_BYTES };

class Cancel implements Cancellation {
  isCancellationRequested = false;
  readonly #listeners = new Set<() => void>();

  onCancellationRequested(listener: () => void) {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  }

  cancel(): void {
    this.isCancellationRequested = true;
    for (const listener of this.#listeners) listener();
  }

  get listeners(): number {
    return this.#listeners.size;
  }
}

/** A worker that a test speaks for. */
class Puppet implements WorkerHandle {
  readonly asked: ExploreRequest[] = [];
  terminated = 0;
  say: (message: unknown) => void = () => {};
  end: (why: string) => void = () => {};

  constructor(private readonly begin: (puppet: Puppet) => void) {}

  listen(said: (message: unknown) => void, ended: (why: string) => void): void {
    this.say = said;
    this.end = ended;
    queueMicrotask(() => this.begin(this));
  }

  post(asked: ExploreRequest): void {
    this.asked.push(asked);
    queueMicrotask(() => this.answer());
  }

  terminate(): void {
    this.terminated++;
  }

  answer: () => void = () => {};
}

async function withPuppet(begin: (puppet: Puppet) => void, cancel = new Cancel()) {
  const puppet = new Puppet(begin);
  const progress: Progress[] = [];
  const outcome = await askWorker(
    async () => puppet,
    request,
    each => progress.push(each),
    cancel,
  );
  return { outcome, progress, puppet, cancel };
}

const ready = (puppet: Puppet) => puppet.say({ type: 'ready' });
const answering = (messages: readonly unknown[]) => (puppet: Puppet) => {
  puppet.answer = () => {
    for (const message of messages) puppet.say(message);
  };
  ready(puppet);
};
const decision = {
  verdict: 'holds',
  neverAsked: false,
  states: 7,
  left: 0,
  broken: undefined,
  order: [],
  shortest: true,
};

describe('exploring in a worker', () => {
  it('asks once the worker is ready, tells progress, and ends it when it has answered', async () => {
    const { outcome, progress, puppet, cancel } = await withPuppet(
      answering([
        { type: 'progress', states: 5, left: 2 },
        { type: 'answer', answer: decision },
      ]),
    );
    expect(outcome).toEqual({ kind: 'answered', answer: decision });
    expect(progress).toEqual([{ type: 'progress', states: 5, left: 2 }]);
    expect(puppet.asked).toEqual([request]);
    expect(puppet.terminated).toBe(1);
    expect(cancel.listeners).toBe(0);
  });

  it('is refused when none can be made, or it ends before it is ready', async () => {
    const start: StartWorker = () => Promise.reject(new Error('no workers here'));
    const outcome = await askWorker(start, request, () => {}, new Cancel());
    expect(outcome).toEqual({ kind: 'refused', why: 'no workers here' });
    const second = await withPuppet(puppet => puppet.end('its policy'));
    expect(second.outcome).toEqual({ kind: 'refused', why: 'its policy' });
    expect(second.puppet.terminated).toBe(1);
    expect(second.puppet.asked).toEqual([]);
  });

  it('says how far it was when it ends by itself', async () => {
    const { outcome } = await withPuppet(puppet => {
      puppet.answer = () => {
        puppet.say({ type: 'progress', states: 4096, left: 12 });
        puppet.end('out of memory');
      };
      ready(puppet);
    });
    expect(outcome).toEqual({
      kind: 'failed',
      why: 'the worker ended early (out of memory); 4096 states, 12 orders left',
    });
  });

  it('passes on why it cannot be done, and believes nothing that is not understood', async () => {
    const told = await withPuppet(answering([{ type: 'failed', why: 'a list overflows' }]));
    expect(told.outcome).toEqual({ kind: 'failed', why: 'a list overflows' });
    const odd = await withPuppet(answering([{ type: 'answer', answer: { ...decision, verdict: 'maybe' } }]));
    expect(odd.outcome).toMatchObject({ kind: 'failed', why: expect.stringContaining('its answer is none') });
  });

  it('ends the worker at once when it is cancelled', async () => {
    const cancel = new Cancel();
    const { outcome, puppet } = await withPuppet(each => {
      each.answer = () => cancel.cancel();
      ready(each);
    }, cancel);
    expect(outcome).toEqual({ kind: 'cancelled' });
    expect(puppet.terminated).toBe(1);
    expect(cancel.listeners).toBe(0);
    const before = new Cancel();
    before.cancel();
    const early = await withPuppet(ready, before);
    expect(early.outcome).toEqual({ kind: 'cancelled' });
    expect(early.puppet.asked).toEqual([]);
    expect(early.puppet.terminated).toBe(1);
  });
});

describe('exploring in slices', () => {
  const programOf = (text: string, variant?: string) => {
    const found = explorable(text);
    if (typeof found === 'string') throw new Error(found);
    const chosen = found.find(each => each.variant === variant);
    if (chosen === undefined) throw new Error('no such variant');
    return chosen.program;
  };

  it('comes to the same', async () => {
    const here = await exploreHere(programOf(COUNTING, 'before'), DEFAULT_BYTES, () => {}, new Cancel());
    expect(here).toMatchObject({ verdict: 'broken', broken: 'finally (x == 2)', shortest: true });
  });

  it('lets others have their turn, and stops when it is cancelled', async () => {
    const cancel = new Cancel();
    setTimeout(() => cancel.cancel());
    expect(await exploreHere(programOf(storing(99)), DEFAULT_BYTES, () => {}, cancel)).toBeUndefined();
  });
});
