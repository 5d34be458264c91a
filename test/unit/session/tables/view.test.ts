import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { check } from '../../../../extension/scenario/check.ts';
import { parse } from '../../../../extension/scenario/parse.ts';
import { Told } from '../../../../extension/session/delta.ts';
import { lastWriter } from '../../../../extension/session/lastWriter.ts';
import type { TableView } from '../../../../extension/session/protocol.ts';
import { Session } from '../../../../extension/session/session.ts';
import { snapshotOf } from '../../../../extension/session/snapshot.ts';
import { tablesOf } from '../../../../extension/session/tables/view.ts';
import { sessionOf } from '../scenarios.ts';

vi.setConfig({ testTimeout: 30_000 });

const SCENARIOS = new URL('../../../../scenarios/', import.meta.url);
const TITLE = { title: 'a.irq', uri: 'file:///a.irq' };

/** VT-d, AMD, IPI virtualization and a guest that boots. */
const SAMPLES = [
  'seeds/2-irq-forwarding/device-to-vcpu.irq',
  'seeds/2-irq-forwarding/amd.irq',
  'seeds/2-irq-forwarding/eventfd.irq',
  'seeds/3-extended-destination-id/8-bit.irq',
  'seeds/4-ipi-virtualization/unicast.irq',
] as const;

function* samples(): Generator<readonly [name: string, session: Session]> {
  for (const name of SAMPLES) {
    const { program } = check(parse(readFileSync(new URL(name, SCENARIOS), 'utf8')));
    if (program === undefined) throw new Error(name);
    yield [name, new Session(program)];
  }
}

const texts = (tables: readonly TableView[]) =>
  tables.map(({ key, rows }) => [key, rows.map(row => [row.key, row.cells.map(({ text }) => text)])]);

test('every value that a step changes leads back to that step', () => {
  let cells = 0;
  const strayed: string[] = [];
  for (const [name, session] of samples()) {
    session.seek(300);
    const m = session.runner.machine;
    for (let step = 1; step < session.length; step++) {
      m.seek(step);
      const changed = tablesOf(m, 'all').flatMap(({ key, rows, columns }) =>
        rows.flatMap(row =>
          row.cells.flatMap((cell, i) =>
            cell.before === undefined
              ? []
              : [{ where: `${key}, ${row.key}, ${columns[i].name}`, fields: cell.fields ?? [] }],
          ),
        ),
      );
      m.seek(step + 1);
      for (const { where, fields } of changed) {
        cells++;
        const writer = lastWriter(m, fields);
        if (writer !== step) strayed.push(`${name}, step ${step}: ${where} (${fields}) leads to ${writer}`);
      }
    }
  }
  expect(strayed).toEqual([]);
  expect(cells).toBeGreaterThan(100);
});

test('going back and forth gives what a fresh look gives', () => {
  for (const [name, session] of samples()) {
    session.seek(120);
    const { length } = session;
    for (const step of [length, 0, length >> 1, length >> 2]) {
      session.seek(step);
      const fresh = new Session(session.program);
      fresh.seek(step);
      const [kept, anew] = [session, fresh].map(each => tablesOf(each.runner.machine, 'all'));
      expect(texts(kept), `${name}, step ${step}`).toEqual(texts(anew));
      expect(kept, `${name}, step ${step}`).toEqual(anew);
    }
  }
});

test('a look leaves the machine as it was', () => {
  for (const [name, session] of samples()) {
    session.seek(40);
    const m = session.runner.machine;
    const before = m.words.slice();
    tablesOf(m, 'all');
    expect(m.words, name).toEqual(before);
    expect(m.position).toBe(session.position);
  }
});

const MANY = `machine intel
  kernel  6.16
  vcpus   1024 x2apic
  with    apicv ipiv

vcpu 0:  ipi fixed 0x41 to 1000
vcpu 1000:  block
`;

describe('many vCPUs', () => {
  test('a table of 1,024 rows is closed until it is asked for', () => {
    const { machine } = sessionOf(MANY).runner;
    const closed = tablesOf(machine).find(({ key }) => key === 'pid table');
    expect(closed).toMatchObject({ count: 1024, busy: 1024, featured: false, whole: false, rows: [] });
    const opened = tablesOf(machine, { opened: ['pid table'], closed: [] }).find(({ key }) => key === 'pid table');
    expect(opened?.rows).toHaveLength(1024);
  });

  test('a step makes and sends only the rows that it touches', () => {
    const session = sessionOf(MANY);
    const choice = { opened: ['pid table', 'vmcs', 'events', 'lapic', 'apic map'], closed: [] };
    const told = new Told();
    told.news({ type: 'snapshot', snapshot: snapshotOf(session, TITLE, 1, choice) });
    const rowsOf = (tables: readonly TableView[]) => new Set(tables.flatMap(({ rows }) => rows));
    let before = rowsOf(tablesOf(session.runner.machine, choice));
    let rowsSent = 0;
    for (let sequence = 2; !session.finished; sequence++) {
      session.move('stepInto');
      const snapshot = snapshotOf(session, TITLE, sequence, choice);
      const fresh = snapshot.tables.flatMap(({ rows }) => rows.filter(row => !before.has(row)));
      expect(fresh.length).toBeLessThan(12);
      before = rowsOf(snapshot.tables);
      const news = told.news({ type: 'snapshot', snapshot });
      if (news.type !== 'delta') throw new Error(news.type);
      expect(news.tables.every(({ whole, order }) => !whole || order === undefined)).toBe(true);
      rowsSent += news.tables.reduce((sum, { rows }) => sum + rows.length, 0);
    }
    expect(rowsSent).toBeGreaterThan(10);
    expect(rowsSent).toBeLessThan(4 * session.length);
  });

  test('a closed table tells of the rows that the step touched', () => {
    const session = sessionOf(MANY);
    const touched = new Set<string>();
    while (!session.finished) {
      session.move('stepInto');
      for (const { key, rows } of tablesOf(session.runner.machine)) {
        for (const row of rows) touched.add(`${key}: ${row.key}`);
      }
    }
    expect([...touched]).toContain('events: vcpu 1000');
    expect([...touched].filter(name => name.includes('vcpu 7'))).toEqual([]);
  });
});
