import { describe, expect, it } from 'vitest';
import type { Decision, ExploreRequest, Report } from '../../../extension/worker/messages.ts';
import { type Scope, serve } from '../../../extension/worker/serve.ts';
import { COUNTING, storing } from './races.ts';

/** What a worker says to a request, by a clock that goes on by `tick` milliseconds at each look. */
function said(data: unknown, tick = 0): Report[] {
  const reports: Report[] = [];
  let now = 0;
  const scope: Scope = { postMessage: report => reports.push(report), onmessage: null };
  serve(scope, () => (now += tick));
  scope.onmessage?.({ data });
  return reports;
}

const request = (text: ExploreRequest['text'], more: Partial<ExploreRequest> = {}): ExploreRequest => ({
  type: 'explore',
  text,
  variant: undefined,
  bytes: 1 << 26,
  ...more,
});

describe('the explorer’s worker', () => {
  it('finds what breaks, and proves what holds', () => {
    expect(said(request(COUNTING, { variant: 'before' }))).toMatchObject([
      { type: 'ready' },
      { type: 'answer', answer: { verdict: 'broken', broken: 'finally (x == 2)', shortest: true } },
    ]);
    expect(said(request(COUNTING, { variant: 'after' }))[1]).toMatchObject({ answer: { verdict: 'holds' } });
  });

  it('explores with the files that came with the text', () => {
    const [machine, rest] = COUNTING.split(/(?=shared)/);
    const text = {
      text: `include "machine.irq"\n${rest}`,
      name: 'a.irq',
      files: new Map([['machine.irq', { text: machine }]]),
    };
    expect(said(request(text, { variant: 'before' }))[1]).toMatchObject({ answer: { verdict: 'broken' } });
  });

  it('says how far it is, at most ten times a second', () => {
    const some = request(storing(99), { bytes: 1 << 22 });
    const progress = (tick: number) => said(some, tick).filter(({ type }) => type === 'progress');
    const often = progress(100);
    expect(often.length).toBeGreaterThan(2);
    // A report is due at each second look at the clock.
    expect(progress(50).length).toBeLessThan(often.length);
    expect(progress(0)).toEqual([]);
    const states = often.map(each => (each.type === 'progress' ? each.states : -1));
    expect(states).toEqual([...states].sort((a, b) => a - b));
  });

  it('says that it was not complete when its memory is full', () => {
    const [, report] = said(request(storing(99), { bytes: 1 << 20 }));
    expect(report).toMatchObject({ type: 'answer', answer: { verdict: 'unknown', neverAsked: false, order: [] } });
    const { states, left } = report.type === 'answer' ? (report.answer as Decision) : { states: 0, left: 0 };
    expect(left).toBeGreaterThan(0);
    expect(states).toBeGreaterThan(left);
  });

  it('compares, and draws', () => {
    const text = 'machine intel\n  vcpus 2 x2apic\nvcpu 0: ipi fixed 0x41 to 1\n';
    const [, compared] = said({ type: 'compare', text, alternative: { label: 'AMD', vendor: 'amd' } });
    expect(compared).toMatchObject({ type: 'answer', answer: { right: { name: 'AMD' } } });
    const [, drawn] = said({ type: 'diagram', text });
    expect(drawn).toMatchObject({ type: 'answer', answer: expect.stringContaining('vcpu 0') });
    expect(said({ type: 'diagram', text: 'machine' })[1]).toEqual({ type: 'answer', answer: undefined });
  });

  it('says why it cannot', () => {
    const why = (data: unknown) => said(data)[1];
    expect(why('explore')).toMatchObject({ type: 'failed', why: expect.stringContaining('did not understand') });
    expect(why(request('machine intel\n  vcpus 1\n'))).toMatchObject({
      type: 'failed',
      why: expect.stringContaining('no race'),
    });
    expect(why(request(COUNTING, { variant: 'later' }))).toMatchObject({ why: expect.stringContaining('later') });
    expect(why(request(COUNTING.replace('atomic_inc', 'atomic_icn')))).toMatchObject({
      why: expect.stringContaining('line 11'),
    });
  });
});
