import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diagramDrawing } from '../../../extension/session/picture/diagram.ts';
import { broken, run } from '../../../extension/session/picture/sheet.ts';
import { stateDrawing } from '../../../extension/session/picture/state.ts';
import { svgOf } from '../../../extension/session/picture/svg.ts';
import type { Drawing } from '../../../extension/session/protocol.ts';
import { snapshotOf } from '../../../extension/session/snapshot.ts';
import { FIXTURES, type Fixture, FULL, HOSTILE, MANY, RUNNING } from '../../webview/fixtures.ts';
import { sessionOf, TO_RUNNING } from './scenarios.ts';

function stateOf({ messages: [first] }: Fixture): Drawing {
  if (first.type !== 'snapshot') throw new Error('the fixture begins with a snapshot');
  return stateDrawing(first.snapshot);
}

/** What can be read, line by line. */
const linesOf = ({ shapes }: Drawing): string[] =>
  shapes.flatMap(shape =>
    shape.kind === 'text' && !shape.centred ? [shape.runs.map(({ text }) => text).join('')] : [],
  );

describe('the present state', () => {
  test('shows step, place, sentence, descriptors, registers and what changed', () => {
    const drawing = stateOf(RUNNING);
    expect(linesOf(drawing)).toEqual([
      'running.irq   Linux 6.16 · Intel   step 6 of 14',
      'line 9  vcpu 0:  ipi fixed 0x41 to 1',
      'cpu 1',
      'posted-interrupt processing 5  SDM vol. 3, 30.6',
      'posted-interrupt processing → posted-interrupt processing 5',
      'VIRR takes over the PIR and the PIR is cleared; no other agent can come between the read and the clear.',
      'read   vcpu 1.pid.pir  0x31 0x41',
      'write  vcpu 1.irr  0x22 → 0x22 0x31 0x41',
      'write  vcpu 1.pid.pir  0x31 0x41 → empty',
      'write  vcpu 1.rvi  0x22 → 0x41',
      'vCPU 1 Δ  x2apic   running on cpu 1, IN_GUEST_MODE',
      'pi_desc',
      'ON 0  SN 0  NV 0xf2 POSTED_INTR_VECTOR  NDST 0x00000001 cpu 1',
      'PIR',
      '−0x31 −0x41',
      'IRR',
      '+0x31 +0x41 0x22',
      'ISR',
      '0x61',
      'TMR',
      '0x31',
      'priority',
      'TPR 0x20  PPR 0x60  RVI Δ0x41  SVI 0x61',
      'next',
      '0x41 is requested; blocked by 0x61 in service: class 4 is not above',
      'class 6 of the PPR.',
      'Grid: row = high digit of the vector, column = low digit; P in PIR, R in IRR, S in ISR (the last that holds it); a frame',
      'marks what the step changed.',
      'nothing pending: vCPU 0 (running)',
    ]);
    expect(drawing.title).toBe('running.irq, step 6 of 14');
    expect(drawing.description).toContain('VIRR takes over the PIR');
  });

  test('of many vCPUs the changed one comes first and the rest are counted', () => {
    const lines = linesOf(stateOf(MANY));
    expect(lines.find(line => line.startsWith('vCPU'))).toMatch(/^vCPU 37 Δ/);
    expect(lines.filter(line => /^vCPU \d+ .*x2apic/.test(line))).toHaveLength(24);
    expect(lines.some(line => /^… \d+ more with something pending$/.test(line))).toBe(true);
  });

  test.each(FIXTURES.filter(({ messages: [first] }) => first.type === 'snapshot'))(
    '$name: everything stands on the sheet',
    fixture => {
      const drawing = stateOf(fixture);
      for (const shape of drawing.shapes) {
        expect(shape.x).toBeGreaterThanOrEqual(0);
        expect(shape.x + (shape.kind === 'box' ? shape.width : 0)).toBeLessThanOrEqual(drawing.width);
        expect(shape.y + (shape.kind === 'box' ? shape.height : 0)).toBeLessThanOrEqual(drawing.height);
      }
    },
  );

  test('has the rows of tables that are in use, and of others those that the step touched', () => {
    const row = (key: string, text: string, before?: string) => ({
      key,
      cells: [{ text: key }, before === undefined ? { text } : { text, before }],
    });
    const table = { note: '', count: 2, busy: 1, columns: ['index', 'mode'].map(name => ({ name, doc: '' })) };
    const [first] = RUNNING.messages;
    if (first.type !== 'snapshot') throw new Error('the fixture begins with a snapshot');
    const lines = linesOf(
      stateDrawing({
        ...first.snapshot,
        tables: [
          {
            ...table,
            key: 'irte',
            title: 'IRTEs',
            featured: true,
            whole: true,
            rows: [row('5', 'posted'), { ...row('6', '-'), idle: true }],
          },
          {
            ...table,
            key: 'pins',
            title: 'Pins',
            featured: false,
            whole: true,
            rows: [row('1', 'a'), row('2', 'b', 'c')],
          },
          { ...table, key: 'none', title: 'Nothing', featured: false, whole: true, rows: [row('1', 'a')] },
        ],
      }),
    );
    expect(lines.slice(lines.indexOf('IRTEs'))).toEqual([
      'IRTEs',
      'index 5  mode posted',
      'Pins',
      'index 2  mode c → b',
    ]);
  });

  test('runs of vectors are named by their ends', () => {
    expect(linesOf(stateOf(FULL))).toContain('0x00–0xff');
  });
});

describe('the run', () => {
  const ran = () => {
    const session = sessionOf(TO_RUNNING);
    session.rules = [];
    session.move('continue');
    return session;
  };

  test('has a column for each agent and every step with its number, function and sentence', () => {
    const session = ran();
    const drawing = diagramDrawing(session, 'to-running.irq', 1, session.length);
    const lines = linesOf(drawing);
    expect(lines[0]).toMatch(/^to-running\.irq {3}Linux 6\.16 {3}steps 1 to \d+$/);
    expect(lines.slice(1, 4)).toEqual(['vcpu 0', 'cpu 1', 'vcpu 1']);
    expect(lines).toContain('line 6  vcpu 0:  ipi fixed 0x41 to 1');
    expect(lines).toContain('vmx_deliver_posted_interrupt');
    expect(drawing.description).toContain('vmx_deliver_posted_interrupt: set PIR[0x41] in the descriptor of vcpu 1');
  });

  test('shows the steps that were asked for and leaves the session where it was', () => {
    const session = ran();
    session.seek(7);
    const lines = linesOf(diagramDrawing(session, 'x', 2, 5));
    expect(session.position).toBe(7);
    expect(lines[0]).toContain('steps 2 to 5');
    expect(lines.filter(line => /^\d+$/.test(line))).toEqual(['2', '3', '4', '5']);
  });
});

describe('as SVG', () => {
  const svg = svgOf(stateOf(RUNNING));

  test('is one self-contained image with a title and a description', () => {
    expect(svg).toMatch(
      /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*role="img" aria-labelledby="title desc">\n<title id="title">/,
    );
    expect(svg).toContain('<desc id="desc">cpu 1: posted-interrupt processing 5.');
    expect(svg.replace('http://www.w3.org/2000/svg', '')).not.toMatch(
      /href|url\(|https?:|<script|<image|<foreignObject|@import|\son\w+=/,
    );
  });

  test('has its own colours for light, dark and paper', () => {
    expect(svg).toContain('<rect x="0" y="0" width="860" height=');
    expect(svg).toContain('class="f-paper" fill="#ffffff"');
    expect(svg).toContain('@media screen and (prefers-color-scheme:dark)');
  });

  test('shows hostile text as text', () => {
    const hostile = svgOf(stateOf(HOSTILE));
    expect(hostile.replaceAll('\n', '')).not.toMatch(/<img|<script|[\p{Cc}\p{Cf}]/u);
    expect(hostile).toContain('&#60;script&#62;');
  });

  test('no text of a scenario can add an element or what XML forbids', () => {
    const { messages } = RUNNING;
    const [first] = messages;
    if (first.type !== 'snapshot') throw new Error('the fixture begins with a snapshot');
    const elements = (text: string) =>
      text.match(/<\w+/g)!.filter(each => each !== '<text' && each !== '<tspan').length;
    const plain = elements(svg);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), title => {
        const text = svgOf(stateDrawing({ ...first.snapshot, title }));
        expect(elements(text)).toBe(plain);
        expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\ufffe\uffff]/u);
      }),
    );
  });
});

test('breaking lines loses nothing but blanks and keeps to the width', () => {
  const word = fc.string({ unit: 'grapheme-ascii', maxLength: 30 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 12 }), fc.integer({ min: 8, max: 40 }), (texts, columns) => {
      const lines = broken(
        texts.map(text => run(text)),
        columns,
        'mono',
      ).map(line => line.map(({ text }) => text).join(''));
      expect(lines.join('').replaceAll(' ', '')).toBe(texts.join('').replaceAll(' ', ''));
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    }),
  );
});

test('a picture of a session is the picture of its snapshot', () => {
  const session = sessionOf(TO_RUNNING);
  session.move('stepInto');
  const drawing = stateDrawing(snapshotOf(session, { title: 'a.irq', uri: '' }, 1));
  expect(drawing.title).toBe(`a.irq, step 1 of ${session.length}`);
});
