/** What a view that holds one picture must hear to hold the next: of many vCPUs a step touches few. */
import type { Snapshot, TableChange, TableView, ToWebview } from './protocol.ts';

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

/** What leads from one picture of a table to the next; undefined when nothing does. */
function tableChange(before: TableView, after: TableView): TableChange | undefined {
  if (before === after) {
    return undefined;
  }
  const { rows, columns, ...head } = after;
  const { rows: oldRows, columns: oldColumns, ...oldHead } = before;
  const isOrdered = rows.length === oldRows.length && rows.every((row, i) => row.key === oldRows[i].key);
  const byKey = isOrdered ? undefined : new Map(oldRows.map(row => [row.key, row]));
  const changed = rows.filter((row, i) => !equal(row, byKey === undefined ? oldRows[i] : byKey.get(row.key)));
  const sameColumns = equal(columns, oldColumns);
  if (isOrdered && changed.length === 0 && sameColumns && equal(head, oldHead)) {
    return undefined;
  }
  return {
    ...head,
    ...(sameColumns ? {} : { columns }),
    ...(isOrdered ? {} : { order: rows.map(({ key }) => key) }),
    rows: changed,
  };
}

/** The message that leads from `before` to `after`: a delta within one run on one machine, else the whole picture. */
function snapshotMessage(before: Snapshot | undefined, after: Snapshot): ToWebview {
  if (
    before === undefined ||
    before.uri !== after.uri ||
    before.run !== after.run ||
    before.vcpus.length !== after.vcpus.length ||
    before.cpus.length !== after.cpus.length ||
    !equal(
      before.tables.map(({ key }) => key),
      after.tables.map(({ key }) => key),
    )
  ) {
    return { type: 'snapshot', snapshot: after };
  }
  const { vcpus, cpus, tables, ...rest } = after;
  return {
    type: 'delta',
    base: before.sequence,
    snapshot: rest,
    vcpus: vcpus.filter((vcpu, i) => !equal(vcpu, before.vcpus[i])),
    cpus: cpus.filter((cpu, i) => !equal(cpu, before.cpus[i])),
    tables: tables.flatMap((table, i) => tableChange(before.tables[i], table) ?? []),
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
