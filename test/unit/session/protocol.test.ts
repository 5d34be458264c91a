import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type FromWebview, parseFromWebview } from '../../../extension/session/protocol.ts';

const VALID: readonly FromWebview[] = [
  { type: 'ready' },
  { type: 'focusEditor' },
  { type: 'move', motion: 'reverseContinue' },
  { type: 'seek', step: 0 },
  { type: 'revealLine', line: 7 },
  { type: 'timeline', from: 1, to: 900 },
  { type: 'writer', fields: ['vcpu 1.pid.on', 'vcpu 1.irr[0x41]'] },
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
  { type: 'writer', fields: 'vcpu 1.irr' },
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
