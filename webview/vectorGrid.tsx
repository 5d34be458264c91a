import { Component, type VNode } from 'preact';
import type { VcpuView } from '../extension/session/protocol.ts';
import type { Question } from './actions.ts';
import { t } from './l10n.ts';
import { hex8, type RegisterName, register, rowBits, rowMask } from './vectors.ts';

const ROWS = Array.from({ length: 16 }, (_, i) => i);
const DIGITS = ROWS.map(n => n.toString(16));

/** Letter of each register in a cell, weakest first; TMR is an underline, for it says how, not whether. */
const LETTERS: readonly (readonly [letter: string, name: string])[] = [
  ['P', 'PIR'],
  ['R', 'IRR'],
  ['S', 'ISR'],
];

const REGISTERS: readonly RegisterName[] = ['pir', 'irr', 'isr', 'tmr'];

/** Where a vector's bit lies: a 32-bit register of the (virtual) APIC page holds 32 vectors, each register 10H from the next. */
function whereabouts(vector: number): string {
  const register = (base: number) => (base + ((vector & 0xe0) >>> 1)).toString(16).toUpperCase();
  return t(
    'vector {0} = {1}: bit {2} of ISR {3}H, TMR {4}H, IRR {5}H; PIR byte {6} bit {7}',
    hex8(vector),
    vector,
    vector & 31,
    register(0x100),
    register(0x180),
    register(0x200),
    vector >>> 3,
    vector & 7,
  );
}

const WHEREABOUTS: readonly string[] = Array.from({ length: 256 }, (_, vector) => whereabouts(vector));

interface RowProps {
  readonly row: number;
  /** 16 bits per register, in the order PIR, IRR, ISR, TMR. */
  readonly bits: readonly number[];
  /** Bits that the last step changed, in the same order. */
  readonly changed: readonly number[];
  /** Column in the tab order, or -1. */
  readonly focus: number;
}

const same = (a: readonly number[], b: readonly number[]): boolean => a.every((value, i) => value === b[i]);

/** What a cell says in words. */
function describe(
  vector: number,
  set: readonly string[],
  cleared: readonly string[],
  isNew: readonly string[],
  level: boolean,
): string {
  const parts = [set.length > 0 ? t('set in {0}', set.join(', ')) : t('clear')];
  if (isNew.length > 0) parts.push(t('set by this step in {0}', isNew.join(', ')));
  if (cleared.length > 0) parts.push(t('cleared by this step in {0}', cleared.join(', ')));
  if (level) parts.push(t('level-triggered in TMR'));
  return t('vector {0} {1}', hex8(vector), parts.join(', '));
}

function Cell({ row, column, bits, changed, focus }: RowProps & { readonly column: number }): VNode {
  const bit = 1 << column;
  const vector = row * 16 + column;
  const shown = LETTERS.map(([letter, name], i) => ({
    letter,
    name,
    set: (bits[i] & bit) !== 0,
    changed: (changed[i] & bit) !== 0,
  })).filter(each => each.set || each.changed);
  const level = (bits[3] & bit) !== 0;
  const set = shown.filter(each => each.set);
  const gone = shown.filter(each => !each.set);
  const label = describe(
    vector,
    set.map(each => each.name),
    gone.map(each => each.name),
    set.filter(each => each.changed).map(each => each.name),
    level,
  );
  const classes = [
    set.at(-1)?.name.toLowerCase(),
    shown.length > 2 && 'crowded',
    level && 'level',
    ((changed[3] & bit) !== 0 || shown.some(each => each.changed)) && 'changed',
  ].filter(Boolean);
  const letters = (of: typeof shown) => (of.length > 0 ? of.map(each => each.letter).join('') : undefined);
  return (
    <td
      class={classes.join(' ')}
      data-vector={vector}
      data-set={letters(set) ?? (level ? '_' : undefined)}
      data-gone={letters(gone)}
      tabIndex={focus === column ? 0 : -1}
      aria-label={label}
      data-tip={WHEREABOUTS[vector]}
    />
  );
}

class Row extends Component<RowProps> {
  override shouldComponentUpdate(next: RowProps): boolean {
    const now = this.props;
    return next.focus !== now.focus || !same(next.bits, now.bits) || !same(next.changed, now.changed);
  }

  override render(props: RowProps): VNode {
    const empty = props.bits.every(bits => bits === 0) && props.changed.every(bits => bits === 0);
    return (
      <tr class={empty ? 'empty' : ''}>
        <th scope="row">{DIGITS[props.row]}</th>
        {ROWS.map(column => (
          <Cell key={column} {...props} column={column} />
        ))}
      </tr>
    );
  }
}

interface GridProps {
  readonly vcpu: VcpuView;
  readonly onAsk: (question: Question, fields: readonly string[]) => void;
}

interface GridState {
  readonly focus: number;
}

/** Where a key leads in a 16 x 16 grid. */
function target(key: string, from: number, ctrl: boolean): number | undefined {
  const row = from & 0xf0;
  switch (key) {
    case 'ArrowRight':
      return Math.min(from + 1, row + 15);
    case 'ArrowLeft':
      return Math.max(from - 1, row);
    case 'ArrowDown':
      return from + 16 < 256 ? from + 16 : from;
    case 'ArrowUp':
      return from >= 16 ? from - 16 : from;
    case 'Home':
      return ctrl ? 0 : row;
    case 'End':
      return ctrl ? 255 : row + 15;
    case 'PageUp':
      return from & 15;
    case 'PageDown':
      return 0xf0 | (from & 15);
    default:
      return undefined;
  }
}

/** The 256 vectors of a vCPU: row = high digit, column = low digit, so that a vector is read off as it is written. */
export class VectorGrid extends Component<GridProps, GridState> {
  override state: GridState = { focus: 0 };

  #focus(table: HTMLElement, vector: number): void {
    this.setState({ focus: vector });
    table.querySelector<HTMLElement>(`[data-vector="${vector}"]`)?.focus();
  }

  /** Asks for the last step that moved a vector, in whichever register; with Shift for the next that reads it. */
  #ask(vector: number, shift: boolean): void {
    const { vcpu, onAsk } = this.props;
    onAsk(
      shift ? 'reader' : 'writer',
      ['pid.pir', 'irr', 'isr'].map(name => `vcpu ${vcpu.index}.${name}[${hex8(vector)}]`),
    );
  }

  override render({ vcpu }: GridProps, { focus }: GridState): VNode {
    const onKeyDown = (event: KeyboardEvent & { readonly currentTarget: HTMLElement }) => {
      const next = target(event.key, focus, event.ctrlKey);
      if (event.key === 'Enter') this.#ask(focus, event.shiftKey);
      else if (next !== undefined) this.#focus(event.currentTarget, next);
      else return;
      event.preventDefault();
    };
    const onClick = (event: MouseEvent & { readonly currentTarget: HTMLElement }) => {
      const vector = (event.target as HTMLElement).closest<HTMLElement>('[data-vector]')?.dataset['vector'];
      if (vector !== undefined) this.#focus(event.currentTarget, Number(vector));
    };
    return (
      <table
        // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a grid whose cells the arrows walk, as ARIA defines it
        role="grid"
        class="vectors"
        aria-label={t('Vectors of vCPU {0}', vcpu.index)}
        aria-readonly="true"
        onKeyDown={onKeyDown}
        onClick={onClick}
        onDblClick={event => this.#ask(focus, event.shiftKey)}
      >
        <thead>
          <tr>
            <td />
            {DIGITS.map(digit => (
              <th key={digit} scope="col">
                {digit}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {ROWS.map(row => (
            <Row
              key={row}
              row={row}
              bits={REGISTERS.map(name => rowBits(register(vcpu, name), row))}
              changed={REGISTERS.map(name => rowMask(vcpu.changedVectors[name], row))}
              focus={focus >>> 4 === row ? focus & 15 : -1}
            />
          ))}
        </tbody>
      </table>
    );
  }
}
