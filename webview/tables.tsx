import { Component, type VNode } from 'preact';
import type { TableChoice, TableView } from '../extension/session/protocol.ts';
import type { Question } from './actions.ts';
import { t } from './l10n.ts';
import { TableGrid } from './tableGrid.tsx';
import { isTouched } from './tableRows.ts';

export interface TablesProps {
  readonly tables: readonly TableView[];
  readonly choice: TableChoice;
  readonly onChoose: (choice: TableChoice) => void;
  readonly onAsk: (question: Question, fields: readonly string[]) => void;
}

/** Open: by the user's choice, else when the table matters in every run and holds something. */
export function isOpen({ key, featured, busy }: TableView, { opened, closed }: TableChoice): boolean {
  return opened.includes(key) || (featured && busy > 0 && !closed.includes(key));
}

/** The choice after the user has opened or closed a table. */
function chosen({ opened, closed }: TableChoice, key: string, open: boolean): TableChoice {
  const without = (keys: readonly string[]) => keys.filter(each => each !== key);
  return open
    ? { opened: [...without(opened), key], closed: without(closed) }
    : { opened: without(opened), closed: [...without(closed), key] };
}

function Changed(): VNode {
  return (
    <span class="delta" role="img" aria-label={t('changed by this step')}>
      Δ
    </span>
  );
}

/** Rows of so many that are not idle. */
const countOf = ({ busy, count }: TableView): string => (busy === count ? String(count) : `${busy}/${count}`);

interface OpenProps {
  readonly table: TableView;
  readonly onAsk: TablesProps['onAsk'];
}

/** An open table: what is idle stays away until it is asked for. */
class OpenTable extends Component<OpenProps, { readonly all: boolean }> {
  override state = { all: false };

  override shouldComponentUpdate(next: OpenProps, { all }: { readonly all: boolean }): boolean {
    return next.table !== this.props.table || all !== this.state.all;
  }

  override render({ table, onAsk }: OpenProps, { all }: { readonly all: boolean }): VNode {
    const { key, title, note, rows, count, busy, whole } = table;
    const shown = all ? rows : rows.filter(row => !row.idle || isTouched(row));
    const id = `table-${key.replaceAll(' ', '-')}`;
    return (
      <section class="table" id={id} aria-labelledby={`${id}-title`}>
        <header>
          <h3 id={`${id}-title`}>
            {title} <span class="count">{countOf(table)}</span>
            {rows.some(isTouched) && <Changed />}
          </h3>
          <p class="note">{note}</p>
        </header>
        {shown.length > 0 && <TableGrid table={table} rows={shown} onAsk={onAsk} />}
        {whole && count > busy && (
          <button type="button" class="link" aria-expanded={all} onClick={() => this.setState({ all: !all })}>
            {all ? t('hide what is idle') : t('show {0} idle', count - busy)}
          </button>
        )}
      </section>
    );
  }
}

/** What the machine has beside its vCPUs and CPUs: a button for each table, and below them those that are open. */
export class Tables extends Component<TablesProps, { readonly current: number }> {
  override state = { current: 0 };

  override shouldComponentUpdate(next: TablesProps, { current }: { readonly current: number }): boolean {
    return next.tables !== this.props.tables || next.choice !== this.props.choice || current !== this.state.current;
  }

  readonly #onKeyDown = (event: KeyboardEvent & { readonly currentTarget: HTMLElement }): void => {
    const last = this.props.tables.length - 1;
    const { current } = this.state;
    const next = { ArrowRight: Math.min(current + 1, last), ArrowLeft: Math.max(current - 1, 0), Home: 0, End: last }[
      event.key
    ];
    if (next === undefined) return;
    event.preventDefault();
    this.setState({ current: next });
    event.currentTarget.querySelectorAll<HTMLElement>('button')[next]?.focus();
  };

  override render({ tables, choice, onChoose, onAsk }: TablesProps, { current }: { readonly current: number }): VNode {
    const stop = Math.min(current, tables.length - 1);
    const open = tables.filter(table => isOpen(table, choice));
    return (
      <section class="tables" aria-labelledby="tables-title">
        <h2 id="tables-title" class="visually-hidden">
          {t('Tables')}
        </h2>
        <div class="chips" role="toolbar" aria-label={t('Tables')} onKeyDown={this.#onKeyDown}>
          {tables.map((table, i) => {
            const { key, title, note, rows } = table;
            const expanded = isOpen(table, choice);
            const touched = rows.filter(isTouched);
            return (
              <button
                key={key}
                type="button"
                class={touched.length > 0 ? 'disclosure chip changed' : 'disclosure chip'}
                aria-expanded={expanded}
                tabIndex={i === stop ? 0 : -1}
                data-table={key}
                data-tip={[note, ...touched.map(row => t('changed: {0}', row.key))].join('\n')}
                onFocus={() => this.setState({ current: i })}
                onClick={() => onChoose(chosen(choice, key, !expanded))}
              >
                {title} <span class="count">{countOf(table)}</span>
                {touched.length > 0 && <Changed />}
              </button>
            );
          })}
        </div>
        {open.map(table => (
          <OpenTable key={table.key} table={table} onAsk={onAsk} />
        ))}
      </section>
    );
  }
}
