import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchLines } from '../../../extension/session/lineMatch.ts';
import { type Anchor, find, type Place, placeOf, readPlace, writePlace } from '../../../extension/session/place.ts';
import type { Session } from '../../../extension/session/session.ts';
import { MACHINE, sessionOf, TO_RUNNING } from './scenarios.ts';

/** A session that has run to its end. */
function ran(text: string): Session {
  const session = sessionOf(text);
  session.seek(Number.MAX_SAFE_INTEGER);
  return session;
}

function placeAt(session: Session, step: number): Place {
  session.seek(step);
  return placeOf(session);
}

/** What a reader would call the place, in words. */
function wordsOf(session: Session, step: number): string {
  session.seek(step);
  const { agent, place, sentence } = session.explain();
  const statement = session.program.statements[session.statementOf(step)]?.text.trim() ?? '';
  return `${statement.replace(/\s+/g, ' ')} | ${agent} | ${place} | ${sentence}`;
}

const resolved = (text: string, anchor: Anchor) => {
  const session = ran(text);
  const found = find(session, anchor, text);
  return { ...found, words: wordsOf(session, found.position) };
};

const edited = (text: string, change: (lines: string[]) => void): string => {
  const lines = text.split('\n');
  change(lines);
  return lines.join('\n');
};

const IPI = TO_RUNNING.split('\n').findIndex(line => line.includes('ipi'));

describe('an edit keeps the place', () => {
  const session = ran(TO_RUNNING);
  const steps = Array.from({ length: session.length + 1 }, (_, step) => step);
  const keeps = (text: string) => {
    for (const step of steps) {
      const anchor = { place: placeAt(session, step), text: TO_RUNNING };
      expect(resolved(text, anchor), `step ${step}`).toMatchObject({ kept: true, words: wordsOf(session, step) });
    }
  };

  test('that changes nothing', () => {
    for (const step of steps) {
      const anchor = { place: placeAt(session, step), text: TO_RUNNING };
      expect(find(ran(TO_RUNNING), anchor, TO_RUNNING)).toEqual({ position: step, kept: true, anchor });
    }
  });

  test('that inserts a line before, or after', () => {
    keeps(edited(TO_RUNNING, lines => lines.splice(IPI, 0, 'expect   vcpu 2: pid.on 0')));
    keeps(edited(TO_RUNNING, lines => lines.splice(IPI + 1, 0, '', '# a comment', 'expect   vcpu 2: pid.on 0')));
  });

  test('that only moves and comments', () => {
    keeps(TO_RUNNING.replace('vcpu 0:  ipi fixed', '   vcpu 0:   ipi  fixed').replace('eoi', 'eoi  # ends'));
  });

  test('of the statement itself', () => {
    const step = steps.find(each => placeAt(session, each).operation === 'vmx_deliver_posted_interrupt') ?? 0;
    const anchor = { place: placeAt(session, step), text: TO_RUNNING };
    const other = TO_RUNNING.replaceAll('0x41', '0x52');
    expect(resolved(other, anchor).words).toBe(wordsOf(session, step).replaceAll('0x41', '0x52'));
  });

  test('of how often a statement runs', () => {
    const loop = (times: number) => `${MACHINE}\nrepeat ${times}\n  vcpu 0: ipi fixed 0x41 to 1\n  vcpu 1: eoi\nend\n`;
    const three = ran(loop(3));
    const all = Array.from({ length: three.length }, (_, i) => i + 1);
    const second = all.find(each => {
      const { pass, operation } = placeAt(three, each);
      return pass === 1 && operation === 'vmx_deliver_posted_interrupt';
    });
    const anchor = { place: placeAt(three, second ?? 0), text: loop(3) };
    expect(anchor.place.pass).toBe(1);
    expect(resolved(loop(9), anchor)).toMatchObject({ position: second, kept: true });
    expect(resolved(loop(1), anchor).words).toBe(wordsOf(three, second ?? 0));
  });

  test('after which the statement does not come to the step', () => {
    const exited = TO_RUNNING.replace('vcpu 0:  ipi', 'vcpu 1:  exit\nvcpu 0:  ipi').replace(/expect.*\n/g, '');
    const step = steps.find(each => placeAt(session, each).agent === 'cpu 1') ?? 0;
    const anchor = { place: placeAt(session, step), text: TO_RUNNING };
    expect(step).toBeGreaterThan(0);
    expect(resolved(exited, anchor).words).toMatch(/^vcpu 0: ipi/);
  });
});

describe('a statement that was deleted', () => {
  const session = ran(TO_RUNNING);
  const eoi = { place: placeAt(session, session.length - 2), text: TO_RUNNING };

  test('leaves the end of the nearest earlier one', () => {
    expect(eoi.place.text).toContain('eoi');
    const text = edited(TO_RUNNING, lines => lines.splice(IPI + 2, 1));
    const shorter = ran(text);
    const { position, kept } = find(shorter, eoi, text);
    expect(kept).toBe(false);
    shorter.seek(position);
    expect(placeOf(shorter)).toMatchObject({ done: true, text: expect.stringMatching(/^expect.*isr has/) });
  });

  test('leaves the start when nothing stands before it', () => {
    const text = `${MACHINE}\nexpect vcpu 1: pid.on 0\n`;
    const longer = text.replace('expect', 'vcpu 0: ipi fixed 0x41 to 1\nexpect');
    const anchor = { place: placeAt(ran(longer), 2), text: longer };
    expect(find(ran(text), anchor, text)).toEqual({ position: 0, kept: false, anchor });
  });

  test('is found where it was pasted', () => {
    const ipi = { place: placeAt(session, 3), text: TO_RUNNING };
    const text = edited(TO_RUNNING.replace(/expect.*\n/g, ''), lines => lines.push(...lines.splice(IPI, 1)));
    expect(resolved(text, ipi)).toMatchObject({ kept: true });
    expect(resolved(text, ipi).words).toMatch(/^vcpu 0: ipi/);
  });
});

test('what a passing edit lost is there again when it is undone', () => {
  const session = ran(TO_RUNNING);
  for (let step = 0; step <= session.length; step++) {
    let anchor: Anchor = { place: placeAt(session, step), text: TO_RUNNING };
    const without = TO_RUNNING.replace(anchor.place.text, '');
    const other = TO_RUNNING.replace('  with    apicv\n', '').replace(', pid.on 0', '');
    for (const text of [without, other, TO_RUNNING]) ({ anchor } = find(ran(text), anchor, text));
    expect(find(session, anchor, TO_RUNNING)).toMatchObject({ position: step, kept: true });
  }
});

describe('a place without its text', () => {
  const session = ran(TO_RUNNING);

  test('comes back from what a view keeps, in a text that was edited meanwhile', () => {
    for (let step = 0; step <= session.length; step++) {
      const place = readPlace(writePlace(placeAt(session, step)));
      if (place === undefined) throw new Error('it is not read back');
      expect(resolved(`# new\n\n${TO_RUNNING}`, { place }).words).toBe(wordsOf(session, step));
    }
  });

  test.each([
    undefined,
    7,
    '',
    '{',
    'null',
    '[]',
    '{"line":1}',
    writePlace(placeOf(session)).replace('"line":', '"line":1.5,"x":'),
  ])('is refused when it is malformed: %s', text => expect(readPlace(text)).toBeUndefined());
});

// Every statement another one: which of two equal lines was deleted nobody can tell.
const statements = fc
  .uniqueArray(fc.tuple(fc.integer({ min: 0x30, max: 0xee }), fc.integer({ min: 1, max: 2 })), {
    minLength: 1,
    maxLength: 8,
    selector: ([vector]) => vector,
  })
  .map(all => all.map(([vector, to]) => `vcpu 0: ipi fixed 0x${vector.toString(16)} to ${to}`));

const filler = fc.constantFrom('', '# a comment', 'expect vcpu 0: pid.on 0');

describe('whatever is edited around it', () => {
  test('a statement keeps its step', () => {
    fc.assert(
      fc.property(
        statements,
        fc.nat(),
        fc.array(fc.tuple(fc.nat(), filler), { maxLength: 12 }),
        (lines, where, insertions) => {
          const before = `${MACHINE}${lines.join('\n')}\n`;
          const session = ran(before);
          const step = where % (session.length + 1);
          const anchor = { place: placeAt(session, step), text: before };
          const all = [...lines];
          for (const [at, text] of insertions) all.splice(at % (all.length + 1), 0, text);
          const now = `${MACHINE}${all.join('\n')}\n`;
          expect(resolved(now, anchor)).toMatchObject({ kept: true, words: wordsOf(session, step) });
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a line that stays has its partner, and a line that was deleted has none', () => {
    fc.assert(
      fc.property(statements, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (lines, kept) => {
        const left = lines.filter((_, i) => kept[i]);
        const to = matchLines(lines.join('\n'), left.join('\n'));
        for (const [i, line] of lines.entries()) {
          if (kept[i]) expect(left[to[i]]).toBe(line);
          else expect(to[i]).toBe(-1);
        }
      }),
    );
  });

  test('order is kept, and no line has two partners', () => {
    const line = fc.constantFrom('a 1 2 3', 'a 1 2 4', 'b x y', 'c', '', 'd 5 6 7');
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.array(line, { maxLength: 12 }), (before, now) => {
        const to = [...matchLines(before.join('\n'), now.join('\n'))].filter(each => each >= 0);
        expect(new Set(to).size).toBe(to.length);
        for (const each of to) expect(each).toBeLessThan(Math.max(now.length, 1));
      }),
    );
  });

  test('the same text comes to itself', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 4 }), { maxLength: 20 }), lines => {
        const text = lines.join('\n');
        expect([...matchLines(text, text)]).toEqual(text.split('\n').map((_, i) => i));
      }),
    );
  });
});
