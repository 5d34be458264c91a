import { describe, expect, test } from 'vitest';
import { Told } from '../../../extension/session/delta.ts';
import type { Picture, Snapshot, TimelineStep, ToWebview } from '../../../extension/session/protocol.ts';
import { snapshotOf, timelineOf } from '../../../extension/session/snapshot.ts';
import { INITIAL_MODEL, type Model, reduce } from '../../../webview/model.ts';
import { FAILING, sessionOf, TO_RUNNING } from './scenarios.ts';

/** Host and view of one session: what the host says is what the view is shown. */
class Pair {
  readonly told = new Told();
  readonly said: ToWebview[] = [];
  model: Model = INITIAL_MODEL;
  sequence = 0;

  say(message: ToWebview): void {
    const news = this.told.news(message);
    this.said.push(news);
    this.model = reduce(this.model, JSON.parse(JSON.stringify(news)) as Picture);
  }

  show(session: ReturnType<typeof sessionOf>, uri = 'file:///a.irq'): Snapshot {
    const snapshot = snapshotOf(session, { title: 'a.irq', uri }, ++this.sequence);
    this.say({ type: 'snapshot', snapshot });
    const steps = this.told.stepsToTell(snapshot);
    if (steps) this.say({ type: 'timeline', from: steps[0], ...timelineOf(session, ...steps) });
    return snapshot;
  }

  types(): readonly string[] {
    return this.said.splice(0).map(({ type }) => type);
  }
}

describe('a view that is told only news', () => {
  test('holds the whole picture after every step, forwards and backwards', () => {
    const session = sessionOf(TO_RUNNING);
    const pair = new Pair();
    expect(pair.show(session)).toEqual(pair.model.snapshot);
    expect(pair.types()).toEqual(['snapshot']);
    for (const motion of [
      'stepInto',
      'stepInto',
      'stepOver',
      'stepBack',
      'stepInto',
      'continue',
      'reverseContinue',
    ] as const) {
      session.move(motion);
      expect(pair.show(session), motion).toEqual(pair.model.snapshot);
      expect(pair.types()[0], motion).toBe('delta');
      const { lanes, steps } = timelineOf(session, 1, session.length);
      const named = (step: TimelineStep, of: readonly string[]) => ({ ...step, lane: of[step.lane] });
      expect([...pair.model.timeline.steps.values()].map(step => named(step, pair.model.timeline.lanes))).toEqual(
        steps.map(step => named(step, lanes)),
      );
    }
  });

  test('hears only of the vCPUs that a step touches', () => {
    const session = sessionOf(TO_RUNNING);
    const pair = new Pair();
    pair.show(session);
    while (session.explain().writes[0]?.field !== 'vcpu 1.pid.pir[0x41]') session.move('stepInto');
    pair.show(session);
    pair.said.length = 0;
    session.move('stepInto');
    pair.show(session);
    const delta = pair.said.find(message => message.type === 'delta');
    expect(delta?.vcpus.map(({ index }) => index)).toEqual([1]);
    expect(pair.said.find(message => message.type === 'timeline')?.steps.length).toBe(1);
  });

  test('gets the whole picture of another file, and after it forgot', () => {
    const pair = new Pair();
    const session = sessionOf(TO_RUNNING);
    session.move('stepOver');
    pair.show(session);
    const other = sessionOf(FAILING);
    other.move('stepInto');
    pair.show(other, 'file:///b.irq');
    expect(pair.types()).toEqual(['snapshot', 'timeline', 'snapshot', 'timeline']);
    pair.told.forget();
    pair.show(session);
    expect(pair.types()).toEqual(['snapshot', 'timeline']);
  });

  test('asks for the whole when a delta does not fit what it holds', () => {
    const session = sessionOf(TO_RUNNING);
    const pair = new Pair();
    pair.show(session);
    session.move('stepInto');
    pair.told.news({
      type: 'snapshot',
      snapshot: snapshotOf(session, { title: 'a.irq', uri: 'file:///a.irq' }, ++pair.sequence),
    });
    session.move('stepInto');
    const before = pair.model.snapshot;
    pair.show(session);
    expect(pair.model.lost).toBe(true);
    expect(pair.model.snapshot).toBe(before);
    pair.told.forget();
    expect(pair.show(session)).toEqual(pair.model.snapshot);
    expect(pair.model.lost).toBe(false);
  });

  test('hears of each recorded step once, and of the last again when it was taken another way', () => {
    const session = sessionOf(TO_RUNNING);
    const pair = new Pair();
    const heard = () =>
      pair.said
        .splice(0)
        .flatMap(message => (message.type === 'timeline' ? message.steps.map(({ step }) => step) : []));
    session.move('continue');
    pair.show(session);
    expect(heard()).toEqual(Array.from({ length: session.length }, (_, i) => i + 1));
    session.seek(5);
    pair.show(session);
    session.move('stepInto');
    pair.show(session);
    expect(heard()).toEqual([]);
    session.seek(session.length - 1);
    const { machine } = session.runner;
    session.change(() => machine.store(machine.vcpu(2), 1));
    pair.show(session);
    expect(heard()).toEqual([session.length]);
    expect(pair.model.timeline.steps.get(session.length)?.place).toBe(
      timelineOf(session, session.length, session.length).steps[0].place,
    );
  });

  test('of a long run hears what lies around the present step, piece by piece', () => {
    const told = new Told();
    const at = (position: number, length = 10_000) => told.stepsToTell({ position, length } as Snapshot);
    expect(at(0, 0)).toBeUndefined();
    expect(at(5_000)).toEqual([4_500, 5_500]);
    expect(at(5_001)).toEqual([5_501, 5_501]);
    expect(at(4_998)).toEqual([4_498, 4_499]);
    expect(at(5_000)).toBeUndefined();
    expect(at(9_000)).toEqual([8_500, 9_500]);
    expect(at(10_000)).toEqual([9_501, 10_000]);
    expect(at(10_001, 10_001)).toEqual([10_001, 10_001]);
  });
});
