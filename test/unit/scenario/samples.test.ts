import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readScenario } from '../../../extension/cli/includes.ts';
import { format } from '../../../extension/scenario/format.ts';
import { diagnose, programOf } from './problems.ts';

const folder = path.resolve(import.meta.dirname, '../../../scenarios');
const read = (file: string) => readFileSync(path.join(folder, file), 'utf8');
const samples = readdirSync(folder).filter(file => file.endsWith('.irq'));
const shipped = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.irq'));

describe('samples', () => {
  it.each(samples)('%s is a scenario without a problem, laid out as the formatter does', file => {
    expect(diagnose(read(file))).toEqual([]);
    expect(format(read(file))).toBe(read(file));
    expect(programOf(read(file)).statements.some(({ action }) => action.kind === 'expect')).toBe(true);
    expect(read(file)).toMatch(/^# [A-Z].*\n#\n(?:#.*\n)*# Sources: /);
  });

  it('are laid out as the formatter does and have no error, whatever folder they are in', async () => {
    for (const file of shipped) {
      const found = diagnose(await readScenario(path.join(folder, file)));
      expect([file, ...found.filter(each => each.severity === 'error')]).toEqual([file]);
      expect(format(read(file))).toBe(read(file));
    }
    expect(shipped.length).toBeGreaterThan(samples.length);
  });

  it('does the same under the rules of 2013 and of today', () => {
    const actions = (file: string) =>
      programOf(read(file)).statements.map(({ action }) => (action.kind === 'expect' ? 'expect' : action));
    const [old, today] = [actions('04-rules-of-2013.irq'), actions('05-rules-of-today.irq')];
    expect(old).toEqual(today);
    expect(read('04-rules-of-2013.irq').split('\n').length).toBeGreaterThan(
      read('05-rules-of-today.irq').split('\n').length,
    );
  });
});
