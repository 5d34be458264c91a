import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findCandidates } from '../../../extension/decode/find.ts';
import { linesOf, MAX_LINE } from '../../../extension/decode/lines.ts';
import { macros } from '../../../extension/decode/macros.ts';
import { toMarkdown, toText } from '../../../extension/decode/print.ts';
import { explainValues } from '../../../extension/decode/values.ts';

const pieces = fc.constantFrom(
  ...[
    '(',
    ')',
    '((',
    '[',
    '{',
    '}',
    '|',
    '~',
    '&',
    '<<',
    '>>',
    '?',
    ':',
    ',',
    ';',
    '=',
    '\\',
    '"',
    "'",
    '`',
    '/*',
    '*/',
    '//',
    '#define X ',
    '\n',
    '+',
    '-',
    '> ',
    '@@ -1 +1 @@',
  ],
  ...[
    '0xfee0300c',
    '0x',
    '0xffffffffffffffff',
    '1 << 31',
    '99999999999999999999',
    '0x41',
    'ICR',
    'msi',
    'Data:',
    'u32',
    '(u64)',
    'BIT(',
    'GENMASK(',
  ],
  ...[
    'vector : 65',
    'dest_id: 0',
    'del_mode=7',
    'kvm_apic_ipi: dst ffffffff vec 251 (',
    'kvm_msi_set_irq: dst',
    'intr_info 0x80000202',
  ],
  ...macros().map(m => m.name),
);
const hostile = fc.oneof(
  fc.array(fc.oneof(pieces, fc.string()), { maxLength: 40 }).map(parts => parts.join(' ')),
  fc.array(pieces, { maxLength: 60 }).map(parts => parts.join('')),
  fc.string({ unit: 'binary', maxLength: 400 }),
);
const language = fc.constantFrom('c', 'cpp', 'diff', 'log', 'plaintext', 'asm', 'irq');

describe('any text', () => {
  it('never makes the finder, an explanation or a printer throw, and ranges lie in the line', () => {
    fc.assert(
      fc.property(hostile, language, (text, languageId) => {
        const lines = linesOf(text);
        for (let n = 0; n < lines.count; n++) {
          for (const found of findCandidates(lines, n, languageId)) {
            expect(found.start).toBeGreaterThanOrEqual(0);
            expect(found.end).toBeGreaterThan(found.start);
            expect(found.end).toBeLessThanOrEqual(lines.at(n).length);
            const explanation = found.explain();
            expect(explanation.meaning).not.toBe('');
            toMarkdown(explanation);
            toText(explanation);
          }
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('never makes the value reader throw', () => {
    fc.assert(
      fc.property(
        fc.array(hostile, { maxLength: 3 }),
        fc.option(fc.constantFrom('icr', 'msi', 'irte', 'pir@8', 'irr@0x220', 'pid@999999', '@', 'irr@-1')),
        (texts, as) => {
          const asked = explainValues(texts, as ?? undefined);
          expect('error' in asked ? asked.error : asked.readings.length).not.toBe('');
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each([
    ['brackets', '('.repeat(20_000)],
    ['negations', `x = ${'~'.repeat(20_000)}1;`],
    ['terms', `icr = ${'APIC_DM_NMI | '.repeat(5_000)}1;`],
    ['calls', `${'f(APIC_ICR, '.repeat(3_000)}1`],
    ['numbers', '0xfee0300c '.repeat(3_000)],
    ['pairs', 'vector : 65 '.repeat(3_000)],
    ['spaces', ' '.repeat(100_000)],
  ])('survives a long line of %s', (_what, line) => {
    for (const languageId of ['c', 'diff', 'log']) {
      for (const found of findCandidates(linesOf(line), 0, languageId)) {
        expect(found.end).toBeLessThanOrEqual(MAX_LINE + 1);
        found.explain();
      }
    }
  });

  it('is read line by line: a line costs the same in a long text', () => {
    let reads = 0;
    const lines = {
      count: 1_000_000,
      at: () => {
        reads++;
        return '\tdest_id : 0x1,';
      },
    };
    findCandidates(lines, 500_000, 'c');
    expect(reads).toBeLessThan(200);
  });
});
