import { readdirSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readScenario } from '../../../extension/cli/includes.ts';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { diagramOf, layOut } from '../../../extension/session/diagram.ts';
import { Session } from '../../../extension/session/session.ts';
import { sessionOf, TO_RUNNING } from './scenarios.ts';

test('columns side by side, steps downwards', () => {
  const text = layOut(
    ['vcpu 0', 'cpu 1'],
    [
      { column: 0, text: 'set ON' },
      { column: 1, text: 'clear ON (locked)' },
    ],
  );
  expect(text).toBe(
    [
      'vcpu 0                               cpu 1',
      '------                               -----',
      'set ON',
      '                                     clear ON (locked)',
      '',
    ].join('\n'),
  );
});

test('no line is wider than 72 columns or ends in blanks, and no word is lost', () => {
  const row = fc.record({ column: fc.nat(20), text: fc.string({ unit: 'grapheme-ascii', maxLength: 120 }) });
  fc.assert(
    fc.property(
      fc.array(fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 }),
      fc.array(row),
      (headings, rows) => {
        const text = layOut(
          headings,
          rows.map(({ column, text }) => ({ column: column % headings.length, text })),
        );
        for (const line of text.split('\n')) {
          expect(line.length).toBeLessThanOrEqual(72);
          expect(line).toBe(line.trimEnd());
        }
        const letters = (of: string) => of.replace(/[\s-]|vcpu/g, '');
        if (headings.length <= 4) {
          expect(letters(text).endsWith(letters(rows.map(each => each.text).join('')))).toBe(true);
        }
      },
    ),
  );
});

const scenarios = path.join(import.meta.dirname, '../../../scenarios');
// Machines alone do nothing.
const files = readdirSync(scenarios, { recursive: true, encoding: 'utf8' }).filter(file =>
  /^(?!machines).*\.irq$/.test(file),
);

test.each(files)('the whole run of %s fits a commit message', async file => {
  const { program } = check(parse(await readScenario(path.join(scenarios, file))));
  expect(program).toBeDefined();
  if (program === undefined) return;
  const session = new Session(program);
  session.rules = [];
  session.move('continue');
  const lines = diagramOf(session.runner, 1, session.length).split('\n');
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.filter(line => line.length > 72)).toEqual([]);
});

test('a run names its functions and leaves the session where it was', () => {
  const session = sessionOf(TO_RUNNING);
  session.move('stepOver');
  const { position } = session;
  const text = diagramOf(session.runner, 1, position);
  expect(session.position).toBe(position);
  expect(text).toContain('vmx_deliver_posted_interrupt:');
  expect(text.split('\n')[0]).toMatch(/^vcpu 0 +cpu 1$/);
});
