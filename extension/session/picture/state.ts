/** The present state as a picture: who acted and why, and each vCPU that has something to tell. */
import { bitRuns, setBits } from '../../formats/bits.ts';
import type { CpuView, Drawing, FieldTouch, Run, Snapshot, StepView, VcpuView, VectorWords } from '../protocol.ts';
import { GRID_LEGEND, GRID_SIZE, vectorGrid } from './grid.ts';
import { bold, dim, MONO, round, run, SANS, Sheet } from './sheet.ts';
import { tables } from './tables.ts';

/** Fits a page of paper and a column of a bug tracker. */
const WIDTH = 860;
const MARGIN = 20;
const RIGHT = WIDTH - MARGIN;
const INSET = 12;
/** Width of the names in front of values. */
const LABEL = 76;

/** Of more vCPUs than this that have something to tell, the ones that the step changed come first and the others are counted. */
const MOST_CARDS = 24;
/** Cards up to which each has its grid. */
const MOST_GRIDS = 8;
const MOST_TOUCHES = 16;
const MOST_TROUBLES = 6;
const MOST_IDLE = 16;
/** Entries of a list of vectors; a run of vectors is one. */
const MOST_VECTORS = 48;

const REGISTERS = ['pir', 'irr', 'isr', 'tmr'] as const;
type Register = (typeof REGISTERS)[number];

const hex8 = (value: number): string => `0x${value.toString(16).padStart(2, '0')}`;
const hex32 = (value: number): string => `0x${(value >>> 0).toString(16).padStart(8, '0')}`;
const isEmpty = (words: VectorWords | undefined): boolean => (words ?? []).every(word => word === 0);

const wordsOf = (vcpu: VcpuView, name: Register): VectorWords | undefined =>
  name === 'pir' ? vcpu.pid?.pir : vcpu[name];

function isIdle(vcpu: VcpuView): boolean {
  const { pid, irr, isr, requests, changed } = vcpu;
  return !pid?.on && isEmpty(pid?.pir) && isEmpty(irr) && isEmpty(isr) && requests.length + changed.length === 0;
}

function touch({ field, before, after }: FieldTouch): Run[] {
  return after === undefined
    ? [dim('read   '), run(field), dim(`  ${before}`)]
    : [dim('write  '), run(field), run('  '), run(before, 'dim', { struck: true }), dim(' → '), bold(after)];
}

function reason(sheet: Sheet, step: StepView): void {
  const x = MARGIN + INSET;
  const top = sheet.y;
  const actor = step.number === 0 ? 'initial state' : step.agent;
  sheet.text(x, RIGHT, SANS, [bold(actor), ...step.marks.flatMap(mark => [dim('  · '), run(mark, 'mark')])]);
  if (step.number > 0) {
    sheet.text(x, RIGHT, MONO, [bold(step.place), dim(step.source === '' ? '' : `  ${step.source}`)]);
    if (step.path.length > 1) sheet.text(x, RIGHT, MONO, [dim(step.path.join(' → '))]);
  }
  sheet.gap(3);
  sheet.text(x, RIGHT, SANS, [run(step.sentence || 'Nothing has happened yet.')]);
  if (step.assumed) {
    sheet.text(x, RIGHT, SANS, [bold('assumed'), dim(': this rule was read neither in a manual nor in a kernel tree')]);
  }
  sheet.gap(3);
  const touches = [...step.reads, ...step.writes];
  for (const each of touches.slice(0, MOST_TOUCHES)) sheet.text(x, RIGHT, MONO, touch(each));
  if (touches.length > MOST_TOUCHES) sheet.text(x, RIGHT, MONO, [dim(`… ${touches.length - MOST_TOUCHES} more`)]);
  sheet.box({ x: MARGIN, y: round(top + 3), width: 3, height: round(sheet.y - top - 3), fill: 'ink' });
}

interface Column {
  readonly x: number;
  readonly right: number;
}

function labelled(sheet: Sheet, { x, right }: Column, label: string, runs: readonly Run[]): void {
  const { y } = sheet;
  sheet.text(x, x + LABEL, MONO, [dim(label)]);
  sheet.y = y;
  sheet.text(x + LABEL, right, MONO, runs);
}

/** A name and its value; what the step changed is bold and has a triangle. */
const field = (vcpu: VcpuView, path: string, name: string, value: string): Run[] =>
  vcpu.changed.includes(path)
    ? [dim(`${name} `), run(`Δ${value}`, 'mark', { bold: true }), run('  ')]
    : [dim(`${name} `), run(value), run('  ')];

function listed(runs: readonly (readonly [number, number])[]): string {
  const shown = runs
    .slice(0, MOST_VECTORS)
    .map(([first, last]) => (first === last ? hex8(first) : `${hex8(first)}–${hex8(last)}`));
  return runs.length > MOST_VECTORS ? `${shown.join(' ')} … ${runs.length - MOST_VECTORS} more` : shown.join(' ');
}

function vectors(sheet: Sheet, column: Column, vcpu: VcpuView, name: Register): void {
  const words = wordsOf(vcpu, name);
  const changed = vcpu.changedVectors[name] ?? [];
  if (words === undefined || (isEmpty(words) && changed.length === 0)) return;
  const set = setBits(words);
  const fresh = changed.filter(vector => set.includes(vector));
  const gone = changed.filter(vector => !set.includes(vector));
  const steady = [...words];
  for (const vector of fresh) steady[vector >>> 5] &= ~(1 << (vector & 31));
  labelled(sheet, column, name.toUpperCase(), [
    ...fresh.map(vector => run(`+${hex8(vector)} `, 'mark', { bold: true })),
    ...gone.flatMap(vector => [run(`−${hex8(vector)}`, 'dim', { struck: true }), run(' ')]),
    run(listed(bitRuns(steady.map(word => word >>> 0)))),
  ]);
}

function descriptor(sheet: Sheet, column: Column, vcpu: VcpuView): void {
  const { pid } = vcpu;
  if (!pid) return;
  const runs = field(vcpu, 'pid.on', 'ON', String(Number(pid.on)));
  if (pid.sn !== undefined) runs.push(...field(vcpu, 'pid.sn', 'SN', String(Number(pid.sn))));
  if (pid.nv !== undefined) {
    runs.push(...field(vcpu, 'pid.nv', 'NV', `${hex8(pid.nv)} ${pid.nvName ?? ''}`.trim()));
  }
  if (pid.ndst !== undefined) {
    const cpu = (pid.ndstCpu ?? -1) >= 0 ? ` cpu ${pid.ndstCpu}` : '';
    runs.push(...field(vcpu, 'pid.ndst', 'NDST', `${hex32(pid.ndst)}${cpu}`));
  }
  labelled(sheet, column, 'pi_desc', runs);
}

function card(sheet: Sheet, vcpu: VcpuView, withGrid: boolean): void {
  const { index, id, apicMode, state, mode, cpu, tpr, ppr, rvi, svi, requests, next, changed } = vcpu;
  const top = sheet.y;
  const column = { x: MARGIN + INSET, right: RIGHT - INSET - (withGrid ? GRID_SIZE + INSET : 0) };
  sheet.gap(4);
  sheet.text(column.x, column.right, SANS, [
    bold(`vCPU ${index}`),
    changed.length > 0 ? run(' Δ', 'mark', { bold: true }) : run(''),
    dim(`  ${apicMode}${id === index ? '' : ` id ${id}`}   `),
    run(`${state} on cpu ${cpu}, ${mode}`),
  ]);
  sheet.gap(2);
  descriptor(sheet, column, vcpu);
  for (const name of REGISTERS) vectors(sheet, column, vcpu, name);
  labelled(sheet, column, 'priority', [
    ...field(vcpu, 'tpr', 'TPR', hex8(tpr)),
    ...field(vcpu, 'ppr', 'PPR', hex8(ppr)),
    ...(rvi === undefined ? [] : field(vcpu, 'rvi', 'RVI', hex8(rvi))),
    ...(svi === undefined ? [] : field(vcpu, 'svi', 'SVI', hex8(svi))),
  ]);
  if (requests.length > 0) labelled(sheet, column, 'requests', [run(requests.join(' '))]);
  labelled(sheet, column, 'next', [run(next)]);
  sheet.gap(6);
  if (withGrid) {
    sheet.y = Math.max(sheet.y, top + GRID_SIZE + INSET);
    vectorGrid(sheet, column.right + INSET, top + INSET / 2, vcpu);
  }
  const height = round(sheet.y - top);
  sheet.box({ x: MARGIN + 0.5, y: round(top) + 0.5, width: WIDTH - 2 * MARGIN - 1, height, stroke: 'line' });
  if (changed.length > 0) sheet.box({ x: MARGIN, y: round(top), width: 3, height: height + 1, fill: 'mark' });
  sheet.gap(8);
}

/** An empty grid tells nothing. */
const hasVectors = (vcpu: VcpuView): boolean =>
  !isEmpty(vcpu.pid?.pir) ||
  !isEmpty(vcpu.irr) ||
  !isEmpty(vcpu.isr) ||
  Object.values(vcpu.changedVectors).some(vectors => vectors.length > 0);

function vcpus(sheet: Sheet, all: readonly VcpuView[]): void {
  const telling = all.filter(vcpu => !isIdle(vcpu));
  const isChanged = ({ changed }: VcpuView) => changed.length > 0;
  const shown =
    telling.length <= MOST_CARDS
      ? telling
      : [...telling.filter(isChanged), ...telling.filter(vcpu => !isChanged(vcpu))].slice(0, MOST_CARDS);
  const withGrid = (vcpu: VcpuView) => shown.length <= MOST_GRIDS && hasVectors(vcpu);
  for (const vcpu of shown) card(sheet, vcpu, withGrid(vcpu));
  if (shown.some(withGrid)) sheet.text(MARGIN, RIGHT, { ...SANS, size: 11 }, [dim(GRID_LEGEND)]);
  const others = telling.length - shown.length;
  if (others > 0) sheet.text(MARGIN, RIGHT, SANS, [dim(`… ${others} more with something pending`)]);
  const idle = all.filter(isIdle);
  if (idle.length === 0) return;
  const names = idle.slice(0, MOST_IDLE).map(({ index, state }) => `vCPU ${index} (${state})`);
  const rest = idle.length > MOST_IDLE ? ` … ${idle.length - MOST_IDLE} more` : '';
  sheet.text(MARGIN, RIGHT, SANS, [dim(`nothing pending: ${names.join(', ')}${rest}`)]);
}

function cpus(sheet: Sheet, all: readonly CpuView[]): void {
  for (const { index, vcpu, pending, wakeupList } of all) {
    if (pending.length + wakeupList.length === 0) continue;
    sheet.text(MARGIN, RIGHT, MONO, [
      bold(`cpu ${index}`),
      dim(`  runs ${vcpu >= 0 ? `vcpu ${vcpu}` : 'host'}`),
      ...(pending.length > 0 ? [dim('  pending '), run(pending.map(hex8).join(' '))] : []),
      ...(wakeupList.length > 0 ? [dim('  wake-up list '), run(wakeupList.map(each => `vcpu ${each}`).join(' '))] : []),
    ]);
  }
}

export function stateDrawing(snapshot: Snapshot): Drawing {
  const { title, profile, position, length, line, statement, step, troubles } = snapshot;
  const sheet = new Sheet(WIDTH, MARGIN);
  sheet.text(MARGIN, RIGHT, { ...SANS, size: 15 }, [bold(title), dim(`   ${profile}   step ${position} of ${length}`)]);
  if (line > 0) sheet.text(MARGIN, RIGHT, MONO, [dim(`line ${line}  `), run(statement)]);
  sheet.rule();
  reason(sheet, step);
  sheet.gap(10);
  const latest = troubles.slice(-MOST_TROUBLES);
  for (const each of latest) {
    sheet.text(MARGIN, RIGHT, SANS, [
      run(`! step ${each.step}, line ${each.line}: `, 'trouble', { bold: true }),
      run(each.text),
    ]);
  }
  if (latest.length > 0) sheet.gap(10);
  vcpus(sheet, snapshot.vcpus);
  cpus(sheet, snapshot.cpus);
  sheet.gap(8);
  tables(sheet, snapshot.tables, RIGHT);
  const told = step.number === 0 ? step.sentence : `${step.agent}: ${step.place}. ${step.sentence}`;
  return sheet.drawing(`${title}, step ${position} of ${length}`, told);
}
