import { expect, test } from 'vitest';
import { nearestKernel, otherKernel } from '../../../extension/session/kernelNames.ts';

test.each([
  ['6.17', '6.16'],
  ['v6.16.3', '6.16'],
  ['linux-6.6', '6.1'],
  ['9.0', '7.2'],
  ['3.11', '2013'],
  ['6,16', '6.16'],
  ['2.6', undefined],
  ['hurd', undefined],
])('nearest to %s is %s', (name, expected) => {
  expect(nearestKernel(name)).toBe(expected);
});

test('all are named in any case', () => {
  expect(otherKernel('hurd')).toMatch(/^write one of 2013, .*, 7\.2$/);
});
