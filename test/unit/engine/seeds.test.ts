import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { format } from '../../../extension/scenario/format.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Program } from '../../../extension/scenario/program.ts';
import { changed, compare } from '../../../extension/session/compare.ts';
import { judgeScenario } from '../../../extension/session/outcome.ts';

const scenarios = path.resolve(import.meta.dirname, '../../../scenarios');
const seeds = readdirSync(path.join(scenarios, 'seeds'));
const files = [...seeds.map(seed => `seeds/${seed}`), 'side-by-side'].flatMap(folder =>
  readdirSync(path.join(scenarios, folder))
    .filter(file => file.endsWith('.irq'))
    .map(file => `${folder}/${file}`),
);
const read = (file: string) => readFileSync(path.join(scenarios, file), 'utf8');

function programOf(file: string): Program {
  const { program } = check(parse(read(file)));
  if (program === undefined) {
    throw new Error(`${file} has errors`);
  }
  return program;
}

describe('seed scenarios', () => {
  test('there is a folder for each of the five texts, and its page names every scenario in it', () => {
    expect(seeds).toHaveLength(5);
    for (const seed of seeds) {
      const page = read(`seeds/${seed}/README.md`);
      const named = [...page.matchAll(/\]\(([\w-]+\.irq)\)/g)].map(([, name]) => name);
      const there = readdirSync(path.join(scenarios, 'seeds', seed)).filter(name => name.endsWith('.irq'));
      expect([...new Set(named)].sort()).toEqual(there.sort());
    }
  });

  test.each(files)('%s holds, and is laid out as the formatter does', file => {
    const text = read(file);
    expect(format(text)).toBe(text);
    expect(text).toMatch(/^# [A-Z"].*\n#\n(?:#.*\n)*# Sources: /);
    const { problems, failures, expectations } = judgeScenario(text);
    expect({ problems, failures }).toEqual({ problems: [], failures: [] });
    expect(expectations > 0 || text.includes('\nfinally')).toBe(true);
  });
});

describe('Intel and AMD side by side', () => {
  function differences(file: string): string[] {
    const program = programOf(`side-by-side/${file}`);
    const machine = changed(program.machine, { vendor: 'amd' });
    if (typeof machine === 'string') {
      throw new Error(machine);
    }
    const { statements } = compare(program, { ...program, machine }, ['intel', 'amd'], new Set());
    return statements.flatMap(({ text, differences }) =>
      differences.map(each => `${text.replace(/\s+/g, ' ')}: ${each}`),
    );
  }

  test('a device: the guest cannot tell them apart', () => {
    expect(differences('device.irq')).toEqual([]);
  });

  test('an IPI: AVIC exits on the sender when the target does not run', () => {
    expect(differences('ipi.irq')).toEqual([
      'vcpu 0: ipi fixed 0x51 to 1: exits: 0 | 1',
      'vcpu 0: ipi fixed 0x51 to 1: vcpu 0: events: none | exit',
      'vcpu 0: ipi fixed 0x61 to 1: exits: 0 | 1',
      'vcpu 0: ipi fixed 0x61 to 1: vcpu 0: events: none | exit',
    ]);
  });
});
