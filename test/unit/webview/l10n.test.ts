import { expect, test } from 'vitest';
import { rich, t } from '../../../webview/l10n.ts';

test('without a bundle the English text is shown', () => {
  expect(t('Step {0} of {1}', 3, 14)).toBe('Step 3 of 14');
  expect(t('{1} before {0}; {0} again', 'a', 'b')).toBe('b before a; a again');
});

test('a place without an argument stays visible', () => {
  expect(t('line {0} and {1}', 7)).toBe('line 7 and {1}');
});

test('what is put in is not looked through for places', () => {
  expect(t('{0} {1}', '{1}', 'x')).toBe('{1} x');
});

test('elements stand where the text has their numbers', () => {
  const [first, second] = [{ type: 'a' }, { type: 'b' }] as never[];
  expect(rich('Press {1}, then {0}.', first, second)).toEqual(['Press ', second, ', then ', first, '.']);
});
