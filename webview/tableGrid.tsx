import { Component, createRef, type VNode } from 'preact';
import type { TableCell, TableRow, TableView } from '../extension/session/protocol.ts';
import type { Question } from './actions.ts';
import { t } from './l10n.ts';
import { isTouched } from './tableRows.ts';

/** Rows that are drawn without a window of their own. */
const FEW = 100;
/** Height of a row in CSS pixels, as in the style sheet. */
const ROW = 20;
/** Rows drawn beyond the visible part. */
const MARGIN = 12;
/** Rows that the window shows. */
const WINDOW = 24;

interface Focus {
  readonly row: number;
  readonly column: number;
}

interface GridProps {
  readonly table: TableView;
  /** The rows to be drawn, which may be less than the table has. */
  readonly rows: readonly TableRow[];
  readonly onAsk: (question: Question, fields: readonly string[]) => void;
}

interface GridState {
  readonly focus: Focus;
  /** First row of the window. */
  readonly first: number;
}

/** What the cell means, and that its last writer can be asked for. */
function tipOf({ decode, fields }: TableCell): string | undefined {
  const ask = fields && t('Enter: who wrote {0}? Shift+Enter: when is it next read?', fields[0]);
  const lines = [decode, ask].filter(line => line !== undefined);
  return lines.length > 0 ? lines.join('\n') : undefined;
}

interface CellProps {
  readonly cell: TableCell;
  readonly at: number;
  readonly focused: boolean;
}

function Cell({ cell, at, focused }: CellProps): VNode {
  const { text, before } = cell;
  const changed = before !== undefined;
  return (
    <td
      class={changed ? 'changed' : text === '–' ? 'dim' : ''}
      tabIndex={focused ? 0 : -1}
      data-column={at}
      data-ask={cell.fields?.join('|')}
      data-tip={tipOf(cell)}
    >
      {changed ? (
        <>
          {before !== '' && (
            <>
              <del>
                <span class="visually-hidden">{t('before:')} </span>
                {before}
              </del>
              <span class="arrow" aria-hidden="true">
                {' → '}
              </span>
            </>
          )}
          <ins>
            <span class="visually-hidden">{t('now:')} </span>
            {text}
          </ins>
        </>
      ) : (
        text
      )}
    </td>
  );
}

interface RowProps {
  readonly row: TableRow;
  readonly index: number;
  /** Column with the tab stop, or -1. */
  readonly focus: number;
}

class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const now = this.props;
    return next.row !== now.row || next.focus !== now.focus || next.index !== now.index;
  }

  override render({ row, index, focus }: RowProps): VNode {
    const [head, ...cells] = row.cells;
    const touched = isTouched(row);
    return (
      <tr class={touched ? 'changed' : ''} data-row={index} aria-rowindex={index + 2}>
        <th
          scope="row"
          tabIndex={focus === 0 ? 0 : -1}
          data-column={0}
          data-ask={head.fields?.join('|')}
          data-tip={tipOf(head)}
        >
          {head.text}
          {touched && (
            <span class="delta" role="img" aria-label={t('changed by this step')}>
              Δ
            </span>
          )}
        </th>
        {cells.map((cell, i) => (
          <Cell key={i} cell={cell} at={i + 1} focused={focus === i + 1} />
        ))}
      </tr>
    );
  }
}

/** Where a key leads in a grid of so many rows and columns. */
function target(key: string, { row, column }: Focus, rows: number, columns: number, ctrl: boolean): Focus | undefined {
  switch (key) {
    case 'ArrowRight':
      return { row, column: Math.min(column + 1, columns - 1) };
    case 'ArrowLeft':
      return { row, column: Math.max(column - 1, 0) };
    case 'ArrowDown':
      return { row: Math.min(row + 1, rows - 1), column };
    case 'ArrowUp':
      return { row: Math.max(row - 1, 0), column };
    case 'PageDown':
      return { row: Math.min(row + WINDOW - 2, rows - 1), column };
    case 'PageUp':
      return { row: Math.max(row - WINDOW + 2, 0), column };
    case 'Home':
      return { row: ctrl ? 0 : row, column: 0 };
    case 'End':
      return { row: ctrl ? rows - 1 : row, column: columns - 1 };
    default:
      return undefined;
  }
}

/** One table as a grid that the arrows walk. A long one has a window of its own and draws the rows near it. */
export class TableGrid extends Component<GridProps, GridState> {
  override state: GridState = { focus: { row: 0, column: 0 }, first: 0 };
  readonly #box = createRef<HTMLDivElement>();
  /** The cell that the keyboard is on its way to. */
  #wanted: Focus | undefined;

  override componentDidUpdate(): void {
    if (!this.#wanted) return;
    const { row, column } = this.#wanted;
    this.#wanted = undefined;
    this.#box.current
      ?.querySelector<HTMLElement>(`[data-row="${row}"] > [data-column="${column}"]`)
      ?.focus({ preventScroll: this.#isLong });
  }

  get #isLong(): boolean {
    return this.props.rows.length > FEW;
  }

  #go(focus: Focus): void {
    const box = this.#box.current!;
    this.#wanted = focus;
    if (!this.#isLong) {
      this.setState({ focus });
      return;
    }
    const top = focus.row * ROW;
    const room = box.clientHeight - 2 * ROW;
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top > box.scrollTop + room) box.scrollTop = top - room;
    this.setState({ focus, first: Math.floor(box.scrollTop / ROW) });
  }

  readonly #onKeyDown = (event: KeyboardEvent): void => {
    const { rows, table } = this.props;
    const focus = this.#focus();
    if (event.key === 'Enter') {
      this.#ask(event.target as HTMLElement, event.shiftKey);
      event.preventDefault();
      return;
    }
    const next = target(event.key, focus, rows.length, table.columns.length, event.ctrlKey || event.metaKey);
    if (next === undefined) return;
    this.#go(next);
    event.preventDefault();
  };

  readonly #onClick = (event: MouseEvent): void => {
    const cell = (event.target as HTMLElement).closest<HTMLElement>('[data-column]');
    const row = cell?.closest<HTMLElement>('[data-row]');
    if (cell && row) this.#go({ row: Number(row.dataset.row), column: Number(cell.dataset.column) });
  };

  readonly #onDoubleClick = (event: MouseEvent): void => this.#ask(event.target as HTMLElement, event.shiftKey);

  readonly #onScroll = (): void => {
    const first = Math.floor(this.#box.current!.scrollTop / ROW);
    if (this.#isLong && first !== this.state.first) this.setState({ first });
  };

  #ask(element: HTMLElement, shift: boolean): void {
    const fields = element.closest<HTMLElement>('[data-ask]')?.dataset.ask;
    if (fields !== undefined) this.props.onAsk(shift ? 'reader' : 'writer', fields.split('|'));
  }

  /** The tab stop, which may have stood in a row that is gone. */
  #focus(): Focus {
    const { focus } = this.state;
    return { ...focus, row: Math.min(focus.row, Math.max(this.props.rows.length - 1, 0)) };
  }

  override render({ table, rows }: GridProps, { first }: GridState): VNode {
    const isLong = rows.length > FEW;
    const from = isLong ? Math.max(0, Math.min(first - MARGIN, rows.length - WINDOW)) : 0;
    const to = isLong ? Math.min(rows.length, first + WINDOW + MARGIN) : rows.length;
    const focus = this.#focus();
    const drawn = rows.slice(from, to).map((row, i) => ({ row, index: from + i }));
    const stop = focus.row >= from && focus.row < to ? focus : { row: from, column: 0 };
    return (
      <div class={isLong ? 'grid-box long' : 'grid-box'} ref={this.#box} onScroll={this.#onScroll}>
        <table
          // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a grid whose cells the arrows walk, as ARIA defines it
          role="grid"
          class="grid"
          style={isLong ? { marginTop: `${from * ROW}px`, marginBottom: `${(rows.length - to) * ROW}px` } : {}}
          aria-label={table.title}
          aria-readonly="true"
          aria-rowcount={rows.length + 1}
          aria-colcount={table.columns.length}
          onKeyDown={this.#onKeyDown}
          onClick={this.#onClick}
          onDblClick={this.#onDoubleClick}
        >
          <thead>
            <tr aria-rowindex={1}>
              {table.columns.map(({ name, doc }) => (
                <th key={name} scope="col" data-tip={doc || undefined}>
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {drawn.map(({ row, index }) => (
              <Row key={row.key} row={row} index={index} focus={stop.row === index ? stop.column : -1} />
            ))}
          </tbody>
        </table>
      </div>
    );
  }
}
