import type { Snapshot, TimelineStep, ToWebview } from '../extension/session/protocol.ts';
import { visible } from './visible.ts';

/** The steps that the view has heard of; a long run is never held whole. */
export interface Timeline {
  readonly lanes: readonly string[];
  readonly steps: ReadonlyMap<number, TimelineStep>;
}

export interface Model {
  readonly snapshot: Snapshot | undefined;
  /** Why there is nothing to show. */
  readonly reason: string | undefined;
  readonly timeline: Timeline;
}

/** Steps kept before the cache is emptied: far more than any window shows. */
const CACHE_LIMIT = 65_536;

const NO_STEPS: Timeline = { lanes: [], steps: new Map() };

export const INITIAL_MODEL: Model = { snapshot: undefined, reason: undefined, timeline: NO_STEPS };

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

export function reduce(model: Model, message: ToWebview): Model {
  switch (message.type) {
    case 'empty':
      return { ...INITIAL_MODEL, reason: message.reason };
    case 'snapshot': {
      const { snapshot } = message;
      const sameRun = model.snapshot?.run === snapshot.run && model.snapshot?.uri === snapshot.uri;
      const shorter = snapshot.length < (model.snapshot?.length ?? 0);
      const kept = sameRun ? model.timeline : NO_STEPS;
      return {
        snapshot: readable(snapshot),
        reason: undefined,
        timeline: shorter ? forgetBeyond(kept, snapshot.length) : kept,
      };
    }
    case 'timeline': {
      const { lanes, steps } = message;
      const full = model.timeline.steps.size + steps.length > CACHE_LIMIT;
      const known = new Map(full ? [] : model.timeline.steps);
      for (const step of steps) known.set(step.step, step);
      return { ...model, timeline: { lanes, steps: known } };
    }
    default:
      return message satisfies never;
  }
}
