import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { format } from '../../../extension/scenario/format.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Program } from '../../../extension/scenario/program.ts';
import { explore } from '../../../extension/session/explore.ts';
import { orderDiagram } from '../../../extension/session/exploreDiagram.ts';
import { Session } from '../../../extension/session/session.ts';

const folder = path.resolve(import.meta.dirname, '../../../scenarios/museum');
const files = readdirSync(folder).filter(file => file.endsWith('.irq'));
const read = (file: string) => readFileSync(path.join(folder, file), 'utf8');

function programOf(file: string, variant: string): Program {
  const { program, diagnostics } = check(parse(read(file)), { variant });
  expect(diagnostics).toEqual([]);
  return program as Program;
}

describe('the museum', { timeout: 30_000 }, () => {
  it('has at least 24 races', () => {
    expect(files.length).toBeGreaterThanOrEqual(24);
  });

  it.each(files)('%s: broken before, holds after, with and without reduction', file => {
    for (const [variant, verdict] of [
      ['before', 'broken'],
      ['after', 'holds'],
    ] as const) {
      const program = programOf(file, variant);
      const reduced = explore(program);
      const plain = explore(program, { reduce: false });
      expect([variant, reduced.verdict, plain.verdict]).toEqual([variant, verdict, verdict]);
      expect(reduced.order.length).toBe(plain.order.length);
      // Where something is broken, either search may come across it sooner.
      if (verdict === 'holds') {
        expect(reduced.states).toBeLessThanOrEqual(plain.states);
      }
    }
  });

  it.each(files)('%s: the losing order fails in a session, and is undone exactly', file => {
    const program = programOf(file, 'before');
    const { order, broken } = explore(program);
    const session = new Session(program, order);
    const start = session.runner.machine.words.slice();
    session.move('continue');
    while (!session.finished) {
      session.move('continue');
    }
    expect(session.troubles.map(({ text }) => text)).toEqual([expect.stringContaining(broken as string)]);
    const end = session.runner.machine.words.slice();
    session.seek(0);
    expect(session.runner.machine.words).toEqual(start);
    session.seek(session.length);
    expect(session.runner.machine.words).toEqual(end);
  });

  it.each(files)('%s: the diagram of its losing order has at most 72 columns', file => {
    const program = programOf(file, 'before');
    const { order } = explore(program);
    const { names, text } = orderDiagram(program, order);
    expect(names.length).toBe(order.length);
    expect(Math.max(...text.split('\n').map(line => line.length))).toBeLessThanOrEqual(72);
  });

  it.each(files)(
    '%s says what it is, where it is recorded and where that was read, laid out as the formatter does',
    file => {
      const text = read(file);
      expect(text).toMatch(/^# R\d+: .*\n#\n(?:# .*\n)+#\n# Record: (?:# .*\n|.*\n)+# Sources: /);
      expect(format(text)).toBe(text);
    },
  );
});
