import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseFromWebview } from '../../../extension/session/parseFromWebview.ts';
import type { FromWebview } from '../../../extension/session/protocol.ts';

const VALID: readonly FromWebview[] = [
  { type: 'ready' },
  { type: 'focusEditor' },
  { type: 'move', motion: 'reverseContinue' },
  { type: 'seek', step: 0 },
  { type: 'revealLine', line: 7 },
  { type: 'timeline', from: 1, to: 900 },
  { type: 'out', what: 'diagram', as: 'svg' },
  { type: 'png', data: 'iVBORw0KGgoAAAA=' },
  { type: 'writer', fields: ['vcpu 1.pid.on', 'vcpu 1.irr[0x41]'] },
  { type: 'reader', fields: ['vcpu 1.mode'] },
  { type: 'profiles' },
  { type: 'play' },
  { type: 'beside', of: 12 },
  { type: 'beside', of: 'Linux 6.1' },
];

test.each(VALID)('takes $type as it is, without what else came along', message => {
  expect(parseFromWebview({ ...message, more: 'x' })).toEqual(message);
});

test.each([
  undefined,
  null,
  'ready',
  {},
  { type: 'open' },
  { type: 'move' },
  { type: 'move', motion: 'delete' },
  { type: 'seek', step: -1 },
  { type: 'seek', step: 1.5 },
  { type: 'seek', step: '3' },
  { type: 'revealLine', line: Number.NaN },
  { type: 'timeline', from: 1 },
  { type: 'out', what: 'state', as: 'html' },
  { type: 'out', what: 'disk', as: 'svg' },
  { type: 'png', data: 'AAAA' },
  { type: 'png', data: 'iVBORw0KGgo<' },
  { type: 'png', data: 7 },
  { type: 'writer', fields: 'vcpu 1.irr' },
  { type: 'reader', fields: [{}] },
  { type: 'beside', of: -1 },
  { type: 'beside', of: 'x'.repeat(101) },
  { type: 'beside' },
  { type: 'writer', fields: [1] },
  { type: 'writer', fields: ['x'.repeat(101)] },
  { type: 'writer', fields: new Array(9).fill('vcpu 0.tpr') },
])('refuses %j', message => {
  expect(parseFromWebview(message)).toBeUndefined();
});

test('never throws', () => {
  fc.assert(
    fc.property(fc.anything(), fc.constantFrom(...VALID), (anything, { type }) => {
      parseFromWebview(anything);
      if (typeof anything === 'object') parseFromWebview({ ...anything, type });
    }),
  );
});
