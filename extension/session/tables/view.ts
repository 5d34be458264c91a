/**
 * The tables of a machine as the inspector shows them. A row is made anew only when a word changed on which it depends, so a step costs what it
 * touches, and a row or table that stayed the same is the same object: that is how `delta.ts` knows without a look at it.
 */
import type { Machine } from '../../engine/machine.ts';
import type { TableCell, TableChoice, TableRow, TableView } from '../protocol.ts';
import { tablesOfMachine } from './all.ts';
import type { Cell, Row, Table } from './table.ts';

/** Rows up to which a table opens by itself. */
const FEW = 64;

const NOTHING_CHOSEN: TableChoice = { opened: [], closed: [] };

/** A row and what was made of it last. */
class LiveRow {
  readonly row: Row;
  /** Position of its words in those of the table. */
  readonly first: number;
  readonly end: number;
  present = true;
  idle = false;
  /** The last step changed it, as `view` shows. */
  touched = false;
  view: TableRow | undefined;

  constructor(row: Row, first: number) {
    this.row = row;
    this.first = first;
    this.end = first + row.words.length;
  }

  look(): void {
    this.present = this.row.present?.() ?? true;
    this.idle = this.row.idle?.() ?? false;
  }
}

function sameCell(a: TableCell, b: TableCell | undefined): boolean {
  return b !== undefined && a.text === b.text && a.decode === b.decode && a.before === b.before;
}

const listOf = (field: string | readonly string[]): readonly string[] => (typeof field === 'string' ? [field] : field);

class LiveTable {
  readonly table: Table;
  readonly featured: boolean;
  private readonly columns: TableView['columns'];
  private readonly rows: readonly LiveRow[];
  private readonly addresses: Int32Array;
  private readonly known: Int32Array;
  private isNew = true;
  private view: TableView | undefined;
  /** Rows of which a word was stored to by the last step, and how they were before it. */
  private stored = new Map<LiveRow, readonly Cell[] | undefined>();

  constructor(table: Table) {
    this.table = table;
    this.featured = table.featured === true && table.rows.filter(({ present }) => present === undefined).length <= FEW;
    this.columns = table.columns.map(([name, doc]) => ({ name, doc }));
    let first = 0;
    this.rows = table.rows.map(row => {
      const live = new LiveRow(row, first);
      first = live.end;
      return live;
    });
    this.addresses = Int32Array.from(table.rows.flatMap(({ words }) => words));
    this.known = new Int32Array(this.addresses.length);
  }

  /** Which rows did the last step store to? `isStored`: by address. */
  findStored(isStored: Uint8Array): void {
    const { addresses } = this;
    this.stored.clear();
    for (let at = 0; at < addresses.length; at++) {
      if (isStored[addresses[at]] !== 0) {
        const live = this.rowAt(at);
        this.stored.set(live, undefined);
        at = live.end - 1;
      }
    }
  }

  /** Called while the memory is as before the last step. */
  rememberBefore(): void {
    for (const live of this.stored.keys()) {
      this.stored.set(live, live.row.cells());
    }
  }

  /** The table now; the object of last time when nothing is different. */
  viewed(m: Machine, whole: boolean): TableView {
    const { addresses, known, rows, view, stored } = this;
    const changed = new Set<LiveRow>();
    for (let at = 0; at < addresses.length; at++) {
      const word = m.words[addresses[at]];
      if (known[at] !== word || this.isNew) {
        known[at] = word;
        changed.add(this.rowAt(at));
      }
    }
    this.isNew = false;
    for (const live of changed) {
      live.look();
      if (!whole && !stored.has(live)) {
        live.view = undefined;
        live.touched = false;
      }
    }
    let differs = view === undefined || view.whole !== whole || changed.size > 0;
    for (const live of rows) {
      const isStored = stored.has(live);
      if (!live.present && !isStored) {
        live.view = undefined;
        live.touched = false;
        continue;
      }
      if (isStored || live.touched || (whole && (live.view === undefined || changed.has(live)))) {
        differs = this.make(live, isStored) || differs;
      }
    }
    if (view !== undefined && !differs) {
      return view;
    }
    const present = rows.filter(live => live.present || live.touched);
    this.view = {
      key: this.table.key,
      title: this.table.title,
      note: this.table.note,
      columns: this.columns,
      count: present.length,
      busy: present.filter(({ idle }) => !idle).length,
      featured: this.featured,
      whole,
      rows: (whole ? present : present.filter(({ touched }) => touched)).flatMap(({ view }) => view ?? []),
    };
    return this.view;
  }

  /** True when the row is another than it was. */
  private make(live: LiveRow, isStored: boolean): boolean {
    const { row, view: last } = live;
    const before = isStored ? this.stored.get(live) : undefined;
    const cells = row.cells().map(({ text, field, decode }, i): TableCell => {
      const old = before?.[i].text ?? text;
      return {
        text,
        ...(field === undefined ? {} : { fields: listOf(field) }),
        ...(decode === undefined ? {} : { decode }),
        ...(old !== text ? { before: old } : {}),
      };
    });
    live.touched = cells.some(cell => cell.before !== undefined);
    if (
      last !== undefined &&
      (last.idle ?? false) === live.idle &&
      cells.every((cell, i) => sameCell(cell, last.cells[i]))
    ) {
      return false;
    }
    live.view = { key: row.key, cells, ...(live.idle ? { idle: true } : {}) };
    return true;
  }

  private rowAt(at: number): LiveRow {
    const { rows } = this;
    let low = 0;
    let high = rows.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (rows[middle].end <= at) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return rows[low];
  }
}

/** The tables of one machine. */
class LiveTables {
  readonly tables: readonly LiveTable[];
  private readonly isStored: Uint8Array;
  private views: readonly TableView[] = [];

  constructor(m: Machine) {
    this.tables = tablesOfMachine(m).map(table => new LiveTable(table));
    this.isStored = new Uint8Array(m.words.length);
  }

  viewed(m: Machine, isOpen: (table: LiveTable) => boolean): readonly TableView[] {
    const changes = m.position === 0 ? [] : [...m.changesOf(m.position)];
    const { isStored, tables } = this;
    for (const [address] of changes) {
      isStored[address] = 1;
    }
    for (const table of tables) {
      table.findStored(isStored);
    }
    const undo = () => {
      for (const [address, difference] of changes) {
        m.words[address] ^= difference;
      }
    };
    undo();
    for (const table of tables) {
      table.rememberBefore();
    }
    undo();
    for (const [address] of changes) {
      isStored[address] = 0;
    }
    const views = tables.map(table => table.viewed(m, isOpen(table)));
    if (views.some((view, i) => view !== this.views[i])) {
      this.views = views;
    }
    return this.views;
  }
}

const known = new WeakMap<Machine, LiveTables>();

/**
 * The tables of the machine at its present step. Open ones have all their rows, the others those that the step changed.
 * @param choice `all`: every table is open
 */
export function tablesOf(m: Machine, choice: TableChoice | 'all' = NOTHING_CHOSEN): readonly TableView[] {
  let live = known.get(m);
  if (live === undefined) {
    live = new LiveTables(m);
    known.set(m, live);
  }
  return live.viewed(
    m,
    ({ table: { key }, featured }) =>
      choice === 'all' || choice.opened.includes(key) || (featured && !choice.closed.includes(key)),
  );
}
