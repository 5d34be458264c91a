import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { FUNCTIONS } from '../../../extension/scenario/codeFunctions.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import type { Program } from '../../../extension/scenario/program.ts';
import { keys, RACE_STATEMENTS } from '../../../extension/scenario/words.ts';
import { explore } from '../../../extension/session/explore.ts';

const docs = path.resolve(import.meta.dirname, '../../../docs');
const examplesOf = (page: string) => [...page.matchAll(/^```irq\n(.*?)^```$/gms)].map(([, text]) => text);
const reviewing = readFileSync(path.join(docs, 'reviewing-a-patch.md'), 'utf8');
const language = readFileSync(path.join(docs, 'scenario-language.md'), 'utf8');
const races = [...examplesOf(reviewing), ...examplesOf(language).filter(text => /^race$/m.test(text))];

function verdict(text: string, variant?: string): string {
  const { program, diagnostics } = check(parse(text), variant === undefined ? {} : { variant });
  expect(diagnostics).toEqual([]);
  return explore(program as Program).verdict;
}

// The second example runs the whole machine: some 40,000 states.
describe('the examples of the documentation', { timeout: 60_000 }, () => {
  it.each(races)('race %$ shows what it says', text => {
    const { program, diagnostics } = check(parse(text));
    expect(diagnostics).toEqual([]);
    const variants = program?.variants ?? [];
    if (variants.length === 0) {
      expect(verdict(text)).toBe('holds');
    }
    for (const { name, expected } of variants) {
      expect([name, verdict(text, name)]).toEqual([name, expected]);
    }
  });

  it('loses the barrier only with store buffers, and not at all with a locked store', () => {
    const [, , barrier] = examplesOf(reviewing);
    expect(verdict(`memory sc\n${barrier}`, 'before')).toBe('holds');
    expect(verdict(barrier.replace('condition = 1 ', 'set_bit(condition)'), 'before')).toBe('holds');
  });

  it('loses when PIR is tested before SN is cleared', () => {
    const [first] = examplesOf(reviewing);
    const swapped = first
      .replace(/ {2}clear_bit\(vcpu->pid\.sn\).*\n/, '')
      .replace(/ {6}set_bit\(vcpu->pid\.on\).*\n {2}\}\n/, line => `${line}  clear_bit(vcpu->pid.sn)\n`);
    expect(verdict(swapped, 'after')).toBe('broken');
  });

  it('loses nothing with one sender', () => {
    const [, second] = examplesOf(reviewing);
    expect(verdict(second.replace(/^ {2}c: .*\n/m, ''), 'before')).toBe('holds');
  });

  it('names every function and every word of the language', () => {
    expect(FUNCTIONS.filter(name => !language.includes(`\`${name}`) && !language.includes(`${name}(`))).toEqual([]);
    expect(
      keys(RACE_STATEMENTS).filter(word => !new RegExp(`^${word}\\b`, 'm').test(examplesOf(language).join('\n'))),
    ).toEqual([]);
  });
});
