import { describe, expect, it } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Program } from '../../../extension/scenario/program.ts';
import { explore } from '../../../extension/session/explore.ts';
import type { Mutant } from './exhibit.ts';
import { EXHIBITS } from './mutants.ts';

/** With `memory` in front of the first operation, wherever the exhibit has no variables. */
function withMemory(text: string, memory: 'sc' | 'tso'): string {
  return text.replace(/^(?=shared |operation )/m, `memory ${memory}\n`);
}

function explored(text: string, memory: 'sc' | 'tso', reduce = true): string {
  const { program, diagnostics } = check(parse(withMemory(text, memory)));
  expect(diagnostics).toEqual([]);
  return explore(program as Program, { reduce }).verdict;
}

function mutated(text: string, { name, change }: Mutant): string {
  return change.reduce((result, [from, to]) => {
    expect(result, `${name} changes something`).toContain(from);
    return result.replace(from, to);
  }, text);
}

const EXPECTED = {
  loses: ['broken', 'broken'],
  'loses with store buffers': ['holds', 'broken'],
  same: ['holds', 'holds'],
} as const;

describe.each(EXHIBITS)('$name', { timeout: 60_000 }, ({ text, mutants }) => {
  it('holds, with and without store buffers', () => {
    expect([explored(text, 'sc'), explored(text, 'tso')]).toEqual(['holds', 'holds']);
  });

  it.each(mutants)('$name: $verdict', mutant => {
    const changed = mutated(text, mutant);
    expect([explored(changed, 'sc'), explored(changed, 'tso')]).toEqual(EXPECTED[mutant.verdict]);
    expect([explored(changed, 'sc', false), explored(changed, 'tso', false)]).toEqual(EXPECTED[mutant.verdict]);
  });
});
