/** What the machine has beside its vCPUs: rows that the step touched, and those in use of tables that open by themselves. */
import type { Run, TableRow, TableView } from '../protocol.ts';
import { dim, MONO, run, SANS, type Sheet } from './sheet.ts';

const MOST_ROWS = 16;
const INDENT = 12;

const isTouched = ({ cells }: TableRow): boolean => cells.some(({ before }) => before !== undefined);

/** Column names and values in a line; what the step changed shows what it was. */
function runsOf({ cells }: TableRow, columns: TableView['columns']): Run[] {
  return cells.flatMap(({ text, before }, i) => [
    dim(`${columns[i].name} `),
    ...(before === undefined
      ? [run(text)]
      : [run(before, 'dim', { struck: true }), dim(' → '), run(text, 'mark', { bold: true })]),
    run('  '),
  ]);
}

export function tables(sheet: Sheet, all: readonly TableView[], right: number): void {
  for (const { title, columns, featured, whole, rows } of all) {
    const shown = rows.filter(row => isTouched(row) || (featured && whole && !row.idle));
    if (shown.length === 0) continue;
    sheet.text(sheet.margin, right, { ...SANS, size: 12 }, [run(title, 'ink', { bold: true })]);
    for (const row of shown.slice(0, MOST_ROWS)) {
      const top = sheet.y;
      sheet.text(sheet.margin + INDENT, right, MONO, runsOf(row, columns));
      if (isTouched(row)) sheet.box({ x: sheet.margin, y: top + 2, width: 3, height: sheet.y - top, fill: 'mark' });
    }
    if (shown.length > MOST_ROWS) {
      sheet.text(sheet.margin + INDENT, right, MONO, [dim(`… ${shown.length - MOST_ROWS} more`)]);
    }
    sheet.gap(6);
  }
}
