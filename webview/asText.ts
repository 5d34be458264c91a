/** The picture as plain text for a mail: ASCII, no line longer than 72 columns, nothing that is idle. */
import type {
  CpuView,
  FieldTouch,
  Snapshot,
  TableRow,
  TableView,
  VcpuView,
  VectorWords,
} from '../extension/session/protocol.ts';
import { isTouched } from './tableRows.ts';
import { hex8, hex32, type RegisterName, register, vectorRuns } from './vectors.ts';

const WIDTH = 72;

const ASCII: Readonly<Record<string, string>> = { '·': '-', '→': '->', '–': '-', '…': '...', '’': "'", '\n': ' ' };

/** Lines of `text`, the first indented by `indent`, the others by `hang`. A word longer than a line is cut. */
function wrap(text: string, indent: number, hang: number): string[] {
  const room = WIDTH - hang;
  const words = text
    .replace(/[^ -~]/gu, each => ASCII[each] ?? '?')
    .split(' ')
    .flatMap(word => word.match(new RegExp(`.{1,${room}}`, 'g')) ?? ['']);
  const lines: string[] = [];
  let line = ' '.repeat(indent);
  let isFresh = true;
  for (const word of words) {
    if (!isFresh && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = ' '.repeat(hang);
      isFresh = true;
    }
    line += isFresh ? word : ` ${word}`;
    isFresh = false;
  }
  return [...lines, line].map(each => each.trimEnd());
}

/** A labelled line: the text begins 9 columns behind the label. */
const labelled = (indent: number, label: string, text: string): string[] =>
  wrap(`${label.padEnd(8)} ${text}`, indent, indent + 9);

function touch({ field, before, after }: FieldTouch): string[] {
  return after === undefined
    ? labelled(2, 'read', `${field}  ${before}`)
    : labelled(2, 'write', `${field}  ${before} -> ${after}`);
}

const runs = (words: VectorWords): string =>
  vectorRuns(words)
    .map(([first, last]) => (first === last ? hex8(first) : `${hex8(first)}-${hex8(last)}`))
    .join(' ');

const isEmpty = (words: VectorWords | undefined): boolean => words === undefined || words.every(word => word === 0);

function vectors(vcpu: VcpuView, name: RegisterName): string[] {
  const words = register(vcpu, name);
  const changed = (vcpu.changedVectors[name] ?? []).map(vector => {
    const isSet = ((words?.[vector >>> 5] ?? 0) >>> (vector & 31)) & 1;
    return `${isSet ? '+' : '-'}${hex8(vector)}`;
  });
  if (isEmpty(words) && changed.length === 0) return [];
  const change = changed.length > 0 ? `  (${changed.join(' ')})` : '';
  return labelled(4, name.toUpperCase(), `${isEmpty(words) ? 'empty' : runs(words!)}${change}`);
}

function descriptor({ pid }: VcpuView): string[] {
  if (!pid) return [];
  const parts = [`ON ${Number(pid.on)}`];
  if (pid.sn !== undefined) parts.push(`SN ${Number(pid.sn)}`);
  if (pid.nv !== undefined) parts.push(`NV ${hex8(pid.nv)} ${pid.nvName ?? ''}`.trim());
  if (pid.ndst !== undefined)
    parts.push(`NDST ${hex32(pid.ndst)}${(pid.ndstCpu ?? -1) >= 0 ? ` (cpu ${pid.ndstCpu})` : ''}`);
  return labelled(4, 'pi_desc', parts.join(', '));
}

/** Nothing is set, nothing pends and the step did not touch it. */
function isIdle(vcpu: VcpuView): boolean {
  const { pid, irr, isr, requests, changed } = vcpu;
  return !pid?.on && isEmpty(pid?.pir) && isEmpty(irr) && isEmpty(isr) && requests.length + changed.length === 0;
}

function vcpuText(vcpu: VcpuView): string[] {
  const { index, state, mode, cpu, tpr, ppr, rvi, svi, requests, next, changed } = vcpu;
  const status = rvi === undefined ? '' : `, RVI ${hex8(rvi)}, SVI ${hex8(svi ?? 0)}`;
  return [
    ...wrap(
      `${changed.length > 0 ? '*' : ''} vcpu ${index}: ${state} on cpu ${cpu}, ${mode}`,
      changed.length > 0 ? 0 : 1,
      4,
    ),
    ...descriptor(vcpu),
    ...(['pir', 'irr', 'isr', 'tmr'] as const).flatMap(name => vectors(vcpu, name)),
    ...labelled(4, 'priority', `TPR ${hex8(tpr)}, PPR ${hex8(ppr)}${status}`),
    ...(requests.length > 0 ? labelled(4, 'requests', requests.join(' ')) : []),
    ...labelled(4, 'next', next),
  ];
}

function cpuText({ index, vcpu, pending, wakeupList }: CpuView): string[] {
  if (pending.length + wakeupList.length === 0) return [];
  const parts = [`cpu ${index}: ${vcpu >= 0 ? `runs vcpu ${vcpu}` : 'host'}`];
  if (pending.length > 0) parts.push(`pending ${pending.map(hex8).join(' ')}`);
  if (wakeupList.length > 0) parts.push(`wake-up list ${wakeupList.map(each => `vcpu ${each}`).join(' ')}`);
  return wrap(parts.join(', '), 2, 4);
}

/** Rows of a table that are written. */
const MOST_ROWS = 16;

/** `* 0x5: device nic, mode posted, cache none -> same`: a row by its first value, the others behind the names of their columns. */
function rowText({ columns }: TableView, row: TableRow): string[] {
  const [head, ...cells] = row.cells;
  const values = cells
    .map(({ text, before }, i) => ({ name: columns[i + 1]?.name ?? '', text, before }))
    .filter(({ text, before }) => text !== '–' || before !== undefined)
    .map(({ name, text, before }) => {
      const value = before === undefined ? text : `${before} -> ${text}`;
      return `${columns.length > 2 ? `${name} ` : ''}${value}`;
    });
  return wrap(`${isTouched(row) ? '*' : ' '} ${head.text}: ${values.join(', ')}`, 2, 8);
}

/** What a reader of the view sees of a table: of an open one what is not idle, of a closed one what the step changed. */
function tableText(table: TableView, isOpen: (table: TableView) => boolean): string[] {
  const open = table.whole && isOpen(table);
  const rows = table.rows.filter(row => isTouched(row) || (open && !row.idle));
  if (rows.length === 0) return [];
  const left = rows.length - MOST_ROWS;
  return [
    ...wrap(table.title, 2, 4),
    ...rows.slice(0, MOST_ROWS).flatMap(row => rowText(table, row)),
    ...(left > 0 ? wrap(`... ${left} more`, 4, 4) : []),
  ];
}

const matters = ({ featured, busy }: TableView): boolean => featured && busy > 0;

/** @param isOpen which tables are written whole; absent = those that open by themselves */
export function asText(snapshot: Snapshot, isOpen: (table: TableView) => boolean = matters): string {
  const { title, profile, position, length, line: number, statement, step, vcpus, cpus, tables, troubles } = snapshot;
  const idle = vcpus.filter(isIdle);
  const lines = [
    ...wrap(`${title}, ${profile}, step ${position} of ${length}`, 0, 2),
    ...(number > 0 ? wrap(`line ${number}: ${statement}`, 0, 2) : []),
    '',
    ...wrap(`${step.agent}: ${step.place}${step.source === '' ? '' : ` (${step.source})`}`, 0, 2),
    ...(step.path.length > 1 ? wrap(step.path.join(' > '), 2, 4) : []),
    ...wrap(`${step.assumed ? '(assumed) ' : ''}${step.sentence}`, 2, 2),
    ...[...step.reads, ...step.writes].flatMap(touch),
    ...(step.marks.length > 0 ? labelled(2, 'marks', step.marks.join(', ')) : []),
    '',
    ...vcpus.filter(vcpu => !isIdle(vcpu)).flatMap(vcpuText),
    ...(idle.length > 0
      ? wrap(`idle: ${idle.map(({ index, state }) => `vcpu ${index} (${state})`).join(', ')}`, 2, 4)
      : []),
    ...cpus.flatMap(cpuText),
    ...tables.flatMap(table => tableText(table, isOpen)),
    ...(troubles.length > 0 ? [''] : []),
    ...troubles.flatMap(trouble => wrap(`! step ${trouble.step}, line ${trouble.line}: ${trouble.text}`, 0, 2)),
  ];
  return `${lines.join('\n')}\n`;
}
