/** Reads tables as a person does: by title of a column and name of a row. */
import type { Machine } from '../../../../extension/engine/machine.ts';
import type { TableCell, TableRow, TableView } from '../../../../extension/session/protocol.ts';
import { tablesOf } from '../../../../extension/session/tables/view.ts';

export function table(m: Machine, key: string): TableView {
  const found = tablesOf(m, 'all').find(each => each.key === key);
  if (found === undefined) {
    throw new Error(`no table ${key}`);
  }
  return found;
}

export function has(m: Machine, key: string): boolean {
  return tablesOf(m).some(each => each.key === key);
}

export function row(m: Machine, key: string, name: string): TableRow {
  const found = table(m, key).rows.find(each => each.key === name);
  if (found === undefined) {
    throw new Error(`no row ${name} in ${key}: ${table(m, key).rows.map(each => each.key)}`);
  }
  return found;
}

export function cell(m: Machine, key: string, name: string, column: string): TableCell {
  const at = table(m, key).columns.findIndex(each => each.name === column);
  if (at < 0) {
    throw new Error(`no column ${column} in ${key}`);
  }
  return row(m, key, name).cells[at];
}

/** The row's texts by column. */
export function texts(m: Machine, key: string, name: string): Readonly<Record<string, string>> {
  const { columns } = table(m, key);
  return Object.fromEntries(row(m, key, name).cells.map(({ text }, i) => [columns[i].name, text]));
}

/** What the last step changed: `row.column: before -> now`. */
export function changes(m: Machine, key: string): string[] {
  const { columns, rows } = table(m, key);
  return rows.flatMap(({ key: name, cells }) =>
    cells.flatMap(({ text, before }, i) =>
      before === undefined ? [] : [`${name}.${columns[i].name}: ${before} -> ${text}`],
    ),
  );
}
