/** Figures of the inspector at its declared scale, from a real browser. They are printed; nothing is asserted about time. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Told } from '../../extension/session/delta.ts';
import type { Snapshot, ToWebview } from '../../extension/session/protocol.ts';
import { cpu, pid, snapshot, step, timeline, vcpu, words } from './fixtures.ts';
import { Harness } from './harness.ts';

const VCPUS = 1_024;
const LENGTH = 1_000_000;
const STEPS = 200;

let harness: Harness;
beforeAll(async () => {
  harness = await Harness.start();
}, 60_000);
afterAll(() => harness?.stop());

/** Step `n` of a run in which vCPUs take turns in being posted to. */
function picture(n: number): Snapshot {
  const target = n % VCPUS;
  return snapshot({
    sequence: n,
    position: n,
    length: LENGTH,
    step: step({ number: n, writes: [{ field: `vcpu ${target}.pid.pir[0x41]`, before: '0', after: '1' }] }),
    vcpus: Array.from({ length: VCPUS }, (_, i) =>
      i === target
        ? vcpu(i, { pid: pid(i, { pir: words(0x41) }), changed: ['pid.pir'], changedVectors: { pir: [0x41] } })
        : vcpu(i),
    ),
    cpus: Array.from({ length: VCPUS }, (_, i) => cpu(i)),
  });
}

const quantile = (sorted: readonly number[], q: number): number => sorted[Math.floor((sorted.length - 1) * q)];

it(`draws ${VCPUS} vCPUs and ${LENGTH} steps`, { timeout: 120_000 }, async () => {
  const view = await harness.open({ width: 1600 });
  const first: readonly ToWebview[] = [
    { type: 'snapshot', snapshot: picture(1) },
    timeline(
      500,
      Array.from({ length: 16 }, (_, i) => `vcpu ${i}`),
    ),
  ];
  const paint = await view.page.evaluate(async messages => {
    const start = performance.now();
    for (const data of messages) window.dispatchEvent(new MessageEvent('message', { data }));
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - start;
  }, first);

  const told = new Told();
  told.news(first[0]);
  const deltas = Array.from({ length: STEPS }, (_, i) => told.news({ type: 'snapshot', snapshot: picture(i + 2) })!);
  const times = await view.page.evaluate(async messages => {
    const out: number[] = [];
    for (const data of messages) {
      const start = performance.now();
      window.dispatchEvent(new MessageEvent('message', { data }));
      await new Promise(resolve => queueMicrotask(() => queueMicrotask(() => resolve(0))));
      out.push(performance.now() - start);
      await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
    }
    return out.sort((a, b) => a - b);
  }, deltas);
  const { elements, heap } = await view.page.evaluate(() => ({
    elements: document.querySelectorAll('*').length,
    heap: (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize,
  }));

  console.log(`first picture       ${paint.toFixed(1)} ms from message to frame`);
  console.log(
    `a step              ${quantile(times, 0.5).toFixed(1)} ms scripting (median), ${quantile(times, 0.95).toFixed(1)} ms (95 %)`,
  );
  console.log(
    `message of a step   ${JSON.stringify(deltas[0]).length} bytes, of a whole picture ${JSON.stringify(first[0]).length} bytes`,
  );
  console.log(`elements            ${elements}`);
  console.log(`heap                ${(heap / 1e6).toFixed(1)} MB`);
  expect(await view.text('.position')).toContain(`${STEPS + 1} / ${LENGTH}`);
  expect(elements).toBeLessThan(6_000);
  expect(await view.complaints()).toEqual([]);
});
