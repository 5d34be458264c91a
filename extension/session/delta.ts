/** What a view that holds one picture must hear to hold the next: of many vCPUs a step touches few. */
import type { Snapshot, TimelineStep, ToWebview } from './protocol.ts';

/** Equality of what survives JSON: no cycles, no prototypes. */
export function equal(a: unknown, b: unknown): boolean {
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

/** Steps on either side of the present one that a view is told unasked. */
const REACH = 500;

/** What one view was told, so that it is told only news. */
export class Told {
  #snapshot: Snapshot | undefined;
  /** First and last step of which the view was told without a gap. */
  #steps: readonly [first: number, last: number] | undefined;

  /** The view holds nothing any more: it was opened, shown again, or it lost track. */
  forget(): void {
    this.#snapshot = undefined;
    this.#steps = undefined;
  }

  /** `message` cut down to what the view does not know. */
  news(message: ToWebview): ToWebview {
    switch (message.type) {
      case 'snapshot': {
        const before = this.#snapshot;
        const { snapshot } = message;
        this.#snapshot = snapshot;
        const news = snapshotMessage(before, snapshot);
        // As the view does: another run, or another way from an earlier step, has other steps.
        if (news.type === 'snapshot') this.#steps = undefined;
        else if (this.#steps && this.#steps[1] > snapshot.length) this.#steps = [this.#steps[0], snapshot.length];
        return news;
      }
      case 'empty':
        this.forget();
        return message;
      default:
        return message;
    }
  }

  /**
   * First and last of the steps around the present one that the view is to be told of, in one piece; undefined when it knows them. The
   * last of a run is told again: it may have been taken another way while the run kept its length.
   */
  stepsToTell({ position, length }: Snapshot): readonly [first: number, last: number] | undefined {
    const first = Math.max(1, position - REACH);
    const last = Math.min(length, position + REACH);
    const known = this.#steps;
    if (first > last) {
      return undefined;
    }
    if (known === undefined || first > known[1] + 1 || last < known[0] - 1) {
      this.#steps = [first, last];
      return this.#steps;
    }
    const [before, after] = [first < known[0], last > known[1]];
    this.#steps = [Math.min(first, known[0]), Math.max(last, known[1])];
    if (!before && !after) {
      return position === length ? [length, length] : undefined;
    }
    return [before ? first : known[1] + 1, after ? last : known[0] - 1];
  }
}
