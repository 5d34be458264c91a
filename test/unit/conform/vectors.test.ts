/** Every case recorded on real KVM, on the engine: no disagreement at all. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import type { OnStep } from '../../../extension/session/conform/agent.ts';
import { replay } from '../../../extension/session/conform/replay.ts';
import { parseVector } from '../../../extension/session/conform/vector.ts';

const ROOT = path.join(import.meta.dirname, '../../conformance');

const files = readdirSync(ROOT, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.jsonl.gz'));

function vectorsOf(file: string) {
  const text = gunzipSync(readFileSync(path.join(ROOT, file))).toString('utf8');
  return text.trim().split('\n').map(parseVector);
}

describe('recorded on real KVM', () => {
  test('recordings of three kernels are here', () => {
    expect(new Set(files.map(file => file.split(path.sep)[0]))).toEqual(
      new Set(['linux-6.1', 'linux-6.12', 'linux-7.2']),
    );
    expect(files.reduce((sum, file) => sum + vectorsOf(file).length, 0)).toBe(6546);
  });

  const wrongOnes = (file: string, onStep?: OnStep) =>
    vectorsOf(file)
      .map(vector => ({ id: vector.id, disagreements: replay(vector, onStep) }))
      .filter(({ disagreements }) => disagreements.length > 0);

  test.each(files)('%s', { timeout: 60_000 }, file => {
    expect(wrongOnes(file)).toEqual([]);
  });

  test.each(files)('%s, every step explained', { timeout: 120_000 }, file => {
    let steps = 0;
    let mute = 0;
    const wrong = wrongOnes(file, (_agent, place, sentence) => {
      steps++;
      mute += place === '' || sentence === '' ? 1 : 0;
    });
    expect([wrong, mute]).toEqual([[], 0]);
    expect(steps).toBeGreaterThan(0);
  });
});
