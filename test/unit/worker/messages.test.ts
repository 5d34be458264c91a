import { describe, expect, it } from 'vitest';
import { parseReport, parseRequest } from '../../../extension/worker/messages.ts';

describe('requests', () => {
  const request = { type: 'explore', text: 'machine intel\n', variant: undefined, bytes: 1024 };
  const source = (file: unknown) => ({ text: 'include "m.irq"', name: 'a.irq', files: new Map([['m.irq', file]]) });

  it('are believed when they are whole', () => {
    expect(parseRequest(request)).toEqual(request);
    expect(parseRequest({ ...request, variant: 'before' })).toEqual({ ...request, variant: 'before' });
    for (const file of [{ text: 'machine intel' }, { missing: ['n.irq'] }, { unreadable: 'a folder' }]) {
      expect(parseRequest({ ...request, text: source(file) })?.text).toEqual(source(file));
    }
  });

  it.each([
    ['nothing', undefined],
    ['a text', 'explore'],
    ['another type', { ...request, type: 'run' }],
    ['no text', { ...request, text: 7 }],
    ['a variant that is no name', { ...request, variant: 1 }],
    ['a bound below zero', { ...request, bytes: -1 }],
    ['files that are no map', { ...request, text: { text: '', name: 'a.irq', files: {} } }],
    ['a file that is none', { ...request, text: source({ missing: 'n.irq' }) }],
  ])('are refused: %s', (_, message) => {
    expect(parseRequest(message)).toBeUndefined();
  });
});

describe('reports', () => {
  const decision = {
    verdict: 'broken',
    neverAsked: false,
    states: 9,
    left: 2,
    broken: 'finally (x == 2)',
    order: [0, 1, 1],
    shortest: true,
  };

  it('are believed when they are whole', () => {
    for (const report of [
      { type: 'ready' },
      { type: 'progress', states: 1024, left: 3 },
      { type: 'failed', why: 'a list overflows' },
      { type: 'decided', decision },
      { type: 'decided', decision: { ...decision, verdict: 'holds', broken: undefined, order: [] } },
    ]) {
      expect(parseReport(report)).toEqual(report);
    }
  });

  it.each([
    ['nothing', null],
    ['another type', { type: 'done' }],
    ['progress without a count', { type: 'progress', states: Number.NaN, left: 0 }],
    ['a failure without a reason', { type: 'failed' }],
    ['no decision', { type: 'decided' }],
    ['another verdict', { type: 'decided', decision: { ...decision, verdict: 'perhaps' } }],
    ['an order of no agents', { type: 'decided', decision: { ...decision, order: ['a'] } }],
    ['a condition that is no text', { type: 'decided', decision: { ...decision, broken: 4 } }],
    ['half a decision', { type: 'decided', decision: { verdict: 'holds' } }],
  ])('are refused: %s', (_, message) => {
    expect(parseReport(message)).toBeUndefined();
  });
});
