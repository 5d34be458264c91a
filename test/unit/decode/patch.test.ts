import { describe, expect, it } from 'vitest';
import { candidateAt } from '../../../extension/decode/candidate.ts';
import { definitionsOf } from '../../../extension/decode/definitions.ts';
import { findCandidates } from '../../../extension/decode/find.ts';
import { linesOf } from '../../../extension/decode/lines.ts';
import { hoverAt } from './at.ts';

const head = 'diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1,3 +1,3 @@ void f(void)\n \tint x;\n';

describe('both sides of a change', () => {
  it('names the fields that differ, old first, from either side', () => {
    const change = 'this patch: delivery_mode NMI → INIT';
    const old = '-\tapic_icr_write(APIC_INT_ASSERT | APIC_DM_NMI, id);\n';
    const fresh = '+\tapic_icr_write(APIC_INT_ASSERT | APIC_DM_INIT, id);\n';
    expect(hoverAt(`${head}${old.replace('NMI', 'N^MI')}${fresh}`, 'diff')?.explanation.notes[0]).toBe(change);
    expect(hoverAt(`${head}${old}${fresh.replace('INIT', 'IN^IT')}`, 'diff')?.explanation.notes[0]).toBe(change);
  });

  it('names the values of literals', () => {
    const text = `${head}-\tu64 icr = 0x4041;\n+\tu64 icr = 0x000c^40f2;\n`;
    expect(hoverAt(text, 'diff')?.explanation.notes[0]).toBe(
      'this patch: vector 0x41 (65) → 0xf2 (242); shorthand none → all but self',
    );
  });

  it('names macros that were swapped', () => {
    const text = `${head}-\tv = POSTED_INTR_VECTOR;\n+\tv = POSTED_INTR_WAKEUP^_VECTOR;\n`;
    expect(hoverAt(text, 'diff')?.explanation.notes[0]).toBe(
      'this patch: POSTED_INTR_VECTOR (vector 0xf2 (242), priority class 15) → POSTED_INTR_WAKEUP_VECTOR (vector 0xf1 (241), priority class 15)',
    );
  });

  it('does not compare what has nothing in common', () => {
    const text = `${head}-\tapic_icr_write(APIC_DM_NMI | 2, id);\n+\tv = POSTED_INTR_WAKEUP^_VECTOR;\n`;
    expect(hoverAt(text, 'diff')?.explanation.notes.join()).not.toContain('this patch');
  });

  it('pairs lines in their order', () => {
    const text = `${head}-\ta = APIC_ICR;\n-\tb = APIC_LVT0;\n+\ta = APIC_ICR;\n+\tb = APIC_^LVT1;\n`;
    expect(hoverAt(text, 'diff')?.explanation.notes[0]).toContain('APIC_LVT0');
    const same = `${head}-\ta = APIC_ICR;\n-\tb = APIC_LVT0;\n+\ta = APIC_I^CR;\n+\tb = APIC_LVT1;\n`;
    expect(hoverAt(same, 'diff')?.explanation.notes).toEqual([]);
  });

  it('says nothing where lines do not pair', () => {
    const text = `${head}-\tv = POSTED_INTR_VECTOR;\n+\tw = 1;\n+\tv = POSTED_INTR_WAKEUP^_VECTOR;\n`;
    expect(hoverAt(text, 'diff')?.explanation.notes.join()).not.toContain('this patch');
  });
});

describe('definitions of the text', () => {
  const hover = (text: string, needle: string) => {
    const lines = linesOf(text);
    const line = text.slice(0, text.indexOf(needle)).split('\n').length - 1;
    const column = lines.at(line).indexOf(needle);
    return candidateAt(findCandidates(lines, line, 'c', definitionsOf(lines)), column)?.explain();
  };

  it('gives names of the same file their values', () => {
    const text = [
      '#define MY_VECTOR 0x41 /* ours */',
      '#define WITH(v, mode) \\',
      '\t((v) | (mode))',
      'enum { FIRST = 3, };',
      'enum {',
      '\tSECOND = 0x4000, // level',
      '};',
      'apic_icr_write(WITH(MY_VECTOR, APIC_DM_FIXED) | SECOND, id);',
    ].join('\n');
    const e = hover(text, 'WITH(MY_VECTOR');
    expect(e?.value).toBe('0x00004041');
    expect(e?.meaning).toBe('Fixed vector 0x41 (65) to the destination in ICR2, edge');
  });

  it('leaves a name unknown that is defined by something else than a constant', () => {
    const text = '#define HERE this_cpu()\nlow = APIC_DM_NMI | APIC_DEST_LOGICAL | HERE;';
    expect(hover(text, 'APIC_DM_NMI')?.notes).toContain('not known here: HERE');
  });
});
