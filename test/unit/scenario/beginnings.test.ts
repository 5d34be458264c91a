import { expect, test } from 'vitest';
import { BEGINNINGS } from '../../../extension/scenario/beginnings.ts';
import { check } from '../../../extension/scenario/check.ts';
import { format } from '../../../extension/scenario/format.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { explore } from '../../../extension/session/explore.ts';
import { judgeScenario } from '../../../extension/session/outcome.ts';

test.each(BEGINNINGS)('$name is laid out, free of warnings, and what it expects holds', ({ text }) => {
  expect(format(text)).toBe(text);
  expect(check(parse(text)).diagnostics).toEqual([]);
  const { problems, failures, steps } = judgeScenario(text);
  expect([...problems, ...failures]).toEqual([]);
  expect(steps).toBeGreaterThan(0);
});

test('the race holds in every order', () => {
  const text = BEGINNINGS.find(({ name }) => name === 'race')?.text ?? '';
  const { program } = check(parse(text));
  expect(program && explore(program).verdict).toBe('holds');
}, 60_000);
