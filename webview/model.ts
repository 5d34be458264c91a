import type { Delta, Picture, Snapshot, TableChange, TableView, TimelineStep } from '../extension/session/protocol.ts';
import { visible } from './visible.ts';

/** The steps that the view has heard of; a long run is never held whole. */
export interface Timeline {
  /** Agents heard of so far. A message names only its own: `TimelineStep.lane` here is an index into this list. */
  readonly lanes: readonly string[];
  readonly steps: ReadonlyMap<number, TimelineStep>;
}

export interface Model {
  readonly snapshot: Snapshot | undefined;
  /** Why there is nothing to show. */
  readonly reason: string | undefined;
  readonly timeline: Timeline;
  /** A message was missed: the host has to be asked for the whole picture. */
  readonly lost: boolean;
}

/** Steps kept before the cache is emptied: far more than any window shows. */
const CACHE_LIMIT = 8_192;

const NO_STEPS: Timeline = { lanes: [], steps: new Map() };

export const INITIAL_MODEL: Model = { snapshot: undefined, reason: undefined, timeline: NO_STEPS, lost: false };

/** A shorter history means that the user took another way from there: what lay beyond is gone. */
function forgetBeyond(timeline: Timeline, length: number): Timeline {
  for (const step of timeline.steps.keys()) {
    if (step > length) return { ...timeline, steps: new Map([...timeline.steps].filter(([n]) => n <= length)) };
  }
  return timeline;
}

/** The scenario's own words, with nothing hidden in them. */
function readable(snapshot: Snapshot): Snapshot {
  return {
    ...snapshot,
    title: visible(snapshot.title),
    statement: visible(snapshot.statement),
    step: { ...snapshot.step, sentence: visible(snapshot.step.sentence) },
    troubles: snapshot.troubles.map(trouble => ({ ...trouble, text: visible(trouble.text) })),
  };
}

function show(model: Model, snapshot: Snapshot): Model {
  const sameRun = model.snapshot?.run === snapshot.run && model.snapshot?.uri === snapshot.uri;
  const shorter = snapshot.length < (model.snapshot?.length ?? 0);
  const kept = sameRun ? model.timeline : NO_STEPS;
  const timeline = shorter ? forgetBeyond(kept, snapshot.length) : kept;
  return { snapshot: readable(snapshot), reason: undefined, timeline, lost: false };
}

/** The list with some members exchanged by their index. */
function replace<T extends { readonly index: number }>(all: readonly T[], changed: readonly T[]): readonly T[] {
  if (changed.length === 0) return all;
  const next = [...all];
  for (const each of changed) next[each.index] = each;
  return next;
}

/** The tables with some of their rows exchanged, by key. */
function changedTables(tables: readonly TableView[], changes: readonly TableChange[]): readonly TableView[] {
  if (changes.length === 0) return tables;
  const byKey = new Map(changes.map(change => [change.key, change]));
  return tables.map(table => {
    const change = byKey.get(table.key);
    if (change === undefined) return table;
    const rows = new Map([...table.rows, ...change.rows].map(row => [row.key, row]));
    const order = change.order ?? table.rows.map(({ key }) => key);
    const { order: _, ...head } = change;
    return { ...table, ...head, rows: order.flatMap(key => rows.get(key) ?? []) };
  });
}

/** The picture to which `delta` leads from its base. */
export function applied({ vcpus, cpus, tables }: Snapshot, delta: Delta): Snapshot {
  return {
    ...delta.snapshot,
    vcpus: replace(vcpus, delta.vcpus),
    cpus: replace(cpus, delta.cpus),
    tables: changedTables(tables, delta.tables),
  };
}

export function reduce(model: Model, message: Picture): Model {
  switch (message.type) {
    case 'empty':
      return { ...INITIAL_MODEL, reason: message.reason };
    case 'snapshot':
      return show(model, message.snapshot);
    case 'delta': {
      const { snapshot } = model;
      if (snapshot?.sequence !== message.base) return { ...model, lost: true };
      return show(model, applied(snapshot, message));
    }
    case 'timeline': {
      const full = model.timeline.steps.size + message.steps.length > CACHE_LIMIT;
      const known = new Map(full ? [] : model.timeline.steps);
      const lanes = [...model.timeline.lanes];
      const laneOf = message.lanes.map(name => (lanes.includes(name) ? lanes.indexOf(name) : lanes.push(name) - 1));
      for (const step of message.steps) known.set(step.step, { ...step, lane: laneOf[step.lane] });
      return { ...model, timeline: { lanes, steps: known } };
    }
    default:
      return message satisfies never;
  }
}
