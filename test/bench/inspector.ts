/** The inspector's figures at its declared scale, from a real browser: printed as JSON by `run.mjs`. */
import type { CDPSession } from 'playwright-core';
import { Told } from '../../extension/session/delta.ts';
import type { Snapshot, TableRow, TableView, ToWebview } from '../../extension/session/protocol.ts';
import { cpu, pid, snapshot, step, timeline, vcpu, words } from '../webview/fixtures.ts';
import { Harness, type View } from '../webview/harness.ts';

export interface Scale {
  readonly vcpus: number;
  /** Steps of the run. */
  readonly length: number;
}

const SMALL: Scale = { vcpus: 2, length: 100 };
const LARGE: Scale = { vcpus: 1_024, length: 1_000_000 };

const STEPS = 200;
/** Steps after which the heap is looked at again. */
const MANY = 2_000;
/** Steps that a timeline message tells. */
const CHUNK = 1_000;
const LANES = 16;

/** A table with a row for each vCPU, of which the step changes one. Rows that it does not are the same objects, as the host has them. */
function tableOf(key: string, rows: readonly TableRow[]): TableView {
  const columns = ['vcpu', 'entry', 'valid', 'descriptor of'].map(name => ({ name, doc: name }));
  return {
    key,
    title: key,
    note: key,
    columns,
    count: rows.length,
    busy: rows.length,
    featured: false,
    whole: true,
    rows,
  };
}

const rowOf = (vcpu: number, before?: string): TableRow => ({
  key: `entry ${vcpu}`,
  cells: [
    { text: String(vcpu) },
    {
      text: '0x0000000123450081',
      fields: [`pid table[${vcpu}]`],
      decode:
        'PID-pointer table entry\nvalid [0] = valid: valid\naddress [63:6] = 0x123450080: posted-interrupt descriptor',
      ...(before === undefined ? {} : { before }),
    },
    { text: '1', fields: [`pid table[${vcpu}]`] },
    { text: `vcpu ${vcpu}`, fields: [`pid table[${vcpu}]`] },
  ],
});

const ROWS = new Map<number, readonly TableRow[]>();

function tables(vcpus: number, target: number): readonly TableView[] {
  const rows = ROWS.get(vcpus) ?? Array.from({ length: vcpus }, (_, i) => rowOf(i));
  ROWS.set(vcpus, rows);
  return [
    tableOf('pid table', rows),
    tableOf(
      'vmcs',
      rows.map((row, i) => (i === target ? rowOf(i, '0x0000000000000000') : row)),
    ),
  ];
}

/** Both tables are open. */
const STATE = { tables: { opened: ['pid table', 'vmcs'], closed: [] } };

/** Step `n` of a run in which vCPUs take turns in being posted to. */
function picture({ vcpus, length }: Scale, sequence: number, position: number): Snapshot {
  const target = sequence % vcpus;
  return snapshot({
    sequence,
    position,
    length,
    step: step({ number: position, writes: [{ field: `vcpu ${target}.pid.pir[0x41]`, before: '0', after: '1' }] }),
    vcpus: Array.from({ length: vcpus }, (_, i) =>
      i === target
        ? vcpu(i, { pid: pid(i, { pir: words(0x41) }), changed: ['pid.pir'], changedVectors: { pir: [0x41] } })
        : vcpu(i),
    ),
    cpus: Array.from({ length: vcpus }, (_, i) => cpu(i)),
    tables: tables(vcpus, target),
  });
}

const timelineAt = ({ vcpus, length }: Scale, position: number): ToWebview => {
  const from = Math.max(1, position - CHUNK / 2);
  const lanes = Array.from({ length: Math.min(LANES, vcpus) }, (_, i) => `vcpu ${i}`);
  return timeline(Math.min(CHUNK, length - from + 1), lanes, from);
};

export interface Spread {
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

function spread(all: readonly number[]): Spread {
  const sorted = [...all].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.round((sorted.length - 1) * share)];
  return { median: at(0.5), p95: at(0.95), max: at(1) };
}

/** Milliseconds that the page has spent so far, and bytes that it holds. */
async function metrics(cdp: CDPSession): Promise<{ script: number; layout: number; heap: number }> {
  const { metrics } = await cdp.send('Performance.getMetrics');
  const of = (name: string) => metrics.find(each => each.name === name)!.value;
  return {
    script: of('ScriptDuration') * 1_000,
    layout: (of('LayoutDuration') + of('RecalcStyleDuration')) * 1_000,
    heap: of('JSHeapUsedSize'),
  };
}

/** What the page does for each group of messages, from their arrival until they are drawn. */
async function measure(view: View, cdp: CDPSession, groups: readonly (readonly ToWebview[])[]) {
  const script: number[] = [];
  const layout: number[] = [];
  for (const messages of groups) {
    const before = await metrics(cdp);
    await view.send(...messages);
    const after = await metrics(cdp);
    script.push(after.script - before.script);
    layout.push(after.layout - before.layout);
  }
  return { script: spread(script), layout: spread(layout) };
}

async function heapOf(cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage');
  return (await metrics(cdp)).heap;
}

async function figures(harness: Harness, scale: Scale) {
  const view = await harness.open({ width: 1600, state: STATE });
  const cdp = await view.page.context().newCDPSession(view.page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  const told = new Told();
  const sent = new Map<string, number>();
  let sequence = 0;
  const messageAt = (position: number): ToWebview => {
    const message = told.news({ type: 'snapshot', snapshot: picture(scale, ++sequence, position) })!;
    sent.set(message.type, JSON.stringify(message).length);
    return message;
  };

  const middle = Math.floor(scale.length / 2);
  const first = [messageAt(middle), timelineAt(scale, middle)];
  const load = await view.page.evaluate(() => {
    const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
    return navigation.domContentLoadedEventEnd;
  });
  const paint = await view.page.evaluate(async messages => {
    const start = performance.now();
    for (const data of messages) window.dispatchEvent(new MessageEvent('message', { data }));
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - start;
  }, first);

  const position = (i: number) => Math.min(scale.length, middle + 1 + (i % (scale.length - middle)));
  const steps = await measure(
    view,
    cdp,
    Array.from({ length: STEPS }, (_, i) => [messageAt(position(i))]),
  );
  // 7919 is prime: the places lie all over the run.
  const jumps = await measure(
    view,
    cdp,
    Array.from({ length: STEPS }, (_, i) => {
      const to = 1 + ((i * 7_919 * 127) % scale.length);
      return [messageAt(to), timelineAt(scale, to)];
    }),
  );
  const heap = await heapOf(cdp);
  for (let i = 0; i < MANY; i += 50) {
    await view.send(...Array.from({ length: 50 }, (_, k) => messageAt(position(i + k))));
  }
  const heapAfter = await heapOf(cdp);
  const elements = await view.page.evaluate(() => document.querySelectorAll('*').length);
  const complaints = await view.complaints();
  await view.close();
  if (complaints.length > 0) throw new Error(complaints.join('\n'));
  return { scale, load, paint, steps, jumps, heap, heapAfter, elements, bytes: Object.fromEntries(sent) };
}

const harness = await Harness.start();
try {
  console.log(
    JSON.stringify({ small: await figures(harness, SMALL), large: await figures(harness, LARGE), many: MANY }),
  );
} finally {
  await harness.stop();
}
