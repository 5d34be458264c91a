/** What a view that holds one picture must hear to hold the next: of many vCPUs a step touches few. */
import type { Snapshot, TimelineStep, ToWebview } from './protocol.ts';

/** Equality of what survives JSON: no cycles, no prototypes. */
function equal(a: unknown, b: unknown): boolean {
  if (a === b) {
    return true;
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return false;
  }
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every(key => equal((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}

/** The message that leads from `before` to `after`: a delta within one run on one machine, else the whole picture. */
function snapshotMessage(before: Snapshot | undefined, after: Snapshot): ToWebview {
  if (
    before === undefined ||
    before.uri !== after.uri ||
    before.run !== after.run ||
    before.vcpus.length !== after.vcpus.length ||
    before.cpus.length !== after.cpus.length
  ) {
    return { type: 'snapshot', snapshot: after };
  }
  const { vcpus, cpus, ...rest } = after;
  return {
    type: 'delta',
    base: before.sequence,
    snapshot: rest,
    vcpus: vcpus.filter((vcpu, i) => !equal(vcpu, before.vcpus[i])),
    cpus: cpus.filter((cpu, i) => !equal(cpu, before.cpus[i])),
  };
}

type TimelineMessage = Extract<ToWebview, { type: 'timeline' }>;

/** The part of `after` that a view which heard `before` does not know; undefined when it knows all. */
function timelineMessage(before: TimelineMessage | undefined, after: TimelineMessage): TimelineMessage | undefined {
  if (before === undefined) {
    return after;
  }
  const isKnown = (step: TimelineStep): boolean => {
    const known = before.steps[step.step - before.from];
    return (
      known !== undefined &&
      equal({ ...step, lane: after.lanes[step.lane] }, { ...known, lane: before.lanes[known.lane] })
    );
  };
  const first = after.steps.findIndex(step => !isKnown(step));
  if (first < 0) {
    return undefined;
  }
  let last = after.steps.length - 1;
  while (isKnown(after.steps[last])) {
    last--;
  }
  return { ...after, from: after.from + first, steps: after.steps.slice(first, last + 1) };
}

/** What one view was told, so that it is told only news. */
export class Told {
  #snapshot: Snapshot | undefined;
  #timeline: TimelineMessage | undefined;

  /** The view holds nothing any more: it was opened, shown again, or it lost track. */
  forget(): void {
    this.#snapshot = undefined;
    this.#timeline = undefined;
  }

  /** The view misses steps of its timeline. */
  forgetTimeline(): void {
    this.#timeline = undefined;
  }

  /** `message` cut down to what the view does not know; undefined when it knows all. */
  news(message: ToWebview): ToWebview | undefined {
    switch (message.type) {
      case 'snapshot': {
        const before = this.#snapshot;
        this.#snapshot = message.snapshot;
        const news = snapshotMessage(before, message.snapshot);
        // As the view does: another run, or another way from an earlier step, has other steps.
        if (news.type === 'snapshot' || message.snapshot.length < (before?.length ?? 0)) this.#timeline = undefined;
        return news;
      }
      case 'timeline': {
        const before = this.#timeline;
        this.#timeline = message;
        return timelineMessage(before, message);
      }
      case 'empty':
        this.forget();
        return message;
      default:
        return message;
    }
  }
}
