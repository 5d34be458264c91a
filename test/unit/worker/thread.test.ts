import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_BYTES } from '../../../extension/engine/explore/search.ts';
import { askWorker } from '../../../extension/worker/client.ts';
import type { Progress } from '../../../extension/worker/messages.ts';
import { nodeWorker } from '../../../extension/worker/nodeWorker.ts';
import { COUNTING, storing } from './races.ts';

let folder = '';
const file = (name: string) => path.join(folder, name);
const never = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose() {} }) };
const request = (text: string, variant?: string) => ({ type: 'explore', text, variant, bytes: DEFAULT_BYTES }) as const;
const explore = (script: string, text: string, variant?: string) =>
  askWorker(
    () => nodeWorker(file(script)),
    request(text, variant),
    () => {},
    never,
  );

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'irqscope-worker-'));
  await build({
    entryPoints: [path.resolve(import.meta.dirname, '../../../extension/worker/thread.ts')],
    outfile: file('worker.cjs'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
  });
  const ready = "const { parentPort } = require('node:worker_threads');\nparentPort.postMessage({ type: 'ready' });\n";
  writeFileSync(file('exits.cjs'), `${ready}parentPort.on('message', () => process.exit(3));`);
  writeFileSync(file('throws.cjs'), `${ready}parentPort.on('message', () => { throw new Error('a bug'); });`);
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('a worker thread', () => {
  it('explores a scenario that it was sent', async () => {
    expect(await explore('worker.cjs', COUNTING, 'before')).toMatchObject({
      kind: 'answered',
      answer: { verdict: 'broken', broken: 'finally (x == 2)' },
    });
    expect(await explore('worker.cjs', COUNTING, 'after')).toMatchObject({ answer: { verdict: 'holds' } });
  });

  it('reports while it is at work, and ends in the middle of it', async () => {
    const listeners: (() => void)[] = [];
    const cancellation = {
      isCancellationRequested: false,
      onCancellationRequested: (listener: () => void) => {
        listeners.push(listener);
        return { dispose() {} };
      },
    };
    const seen: Progress[] = [];
    const outcome = await askWorker(
      () => nodeWorker(file('worker.cjs')),
      request(storing(99)),
      progress => {
        seen.push(progress);
        for (const each of listeners) each();
      },
      cancellation,
    );
    expect(outcome).toEqual({ kind: 'cancelled' });
    expect(seen[0].states).toBeGreaterThan(0);
  });

  it('is refused where there is none, and says how it ended', async () => {
    expect(await explore('missing.cjs', COUNTING)).toMatchObject({ kind: 'refused' });
    expect(await explore('exits.cjs', COUNTING)).toMatchObject({
      kind: 'failed',
      why: 'the worker ended early (exit code 3); 0 states, 0 orders left',
    });
    expect(await explore('throws.cjs', COUNTING)).toMatchObject({
      kind: 'failed',
      why: 'the worker ended early (a bug); 0 states, 0 orders left',
    });
  });
});
