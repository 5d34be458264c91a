import { describe, expect, it } from 'vitest';
import { parseAnswer, parseReport, parseRequest } from '../../../extension/worker/messages.ts';

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
    ['a comparison with nothing', { type: 'compare', text: '' }],
    ['a comparison with no kernel', { type: 'compare', text: '', alternative: { label: 'x', kernel: '1.0' } }],
    ['a comparison with no vendor', { type: 'compare', text: '', alternative: { label: 'x', vendor: 'via' } }],
    ['a diagram of nothing', { type: 'diagram' }],
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
  it('are believed when they are whole', () => {
    for (const report of [
      { type: 'ready' },
      { type: 'progress', states: 1024, left: 3 },
      { type: 'failed', why: 'a list overflows' },
      { type: 'answer', answer: 'any' },
    ]) {
      expect(parseReport(report)).toEqual(report);
    }
  });

  it.each([
    ['nothing', null],
    ['another type', { type: 'done' }],
    ['progress without a count', { type: 'progress', states: Number.NaN, left: 0 }],
    ['a failure without a reason', { type: 'failed' }],
  ])('are refused: %s', (_, message) => {
    expect(parseReport(message)).toBeUndefined();
  });
});

describe('answers', () => {
  const side = { name: 'as it stands', text: '' };
  const decision = {
    verdict: 'broken',
    neverAsked: false,
    states: 9,
    left: 2,
    broken: 'finally (x == 2)',
    order: [0, 1, 1],
    shortest: true,
  };

  it.each([
    ['explore', decision],
    ['explore', { ...decision, verdict: 'holds', broken: undefined, order: [] }],
    ['compare', 'a race has many orders'],
    ['compare', { left: side, right: side, firstDifference: 'line 3' }],
    ['diagram', 'vcpu 0'],
    ['diagram', undefined],
  ] as const)('are believed when they are whole: %s', (type, answer) => {
    expect(parseAnswer(type, answer)).toEqual({ answer });
  });

  it.each([
    ['explore', undefined],
    ['explore', { ...decision, verdict: 'perhaps' }],
    ['explore', { ...decision, order: ['a'] }],
    ['explore', { ...decision, broken: 4 }],
    ['explore', { verdict: 'holds' }],
    ['compare', undefined],
    ['compare', { left: side }],
    ['compare', { left: side, right: { name: 'x' } }],
    ['diagram', 7],
  ] as const)('are refused: %s', (type, answer) => {
    expect(parseAnswer(type, answer)).toBeUndefined();
  });
});
