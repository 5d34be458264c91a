/** The diagram of kernel commit messages: a column for each agent, steps in order downwards, at most 72 columns wide. */
import { check } from '../scenario/check.ts';
import { parse } from '../scenario/parse.ts';
import type { ScenarioText } from '../scenario/tree.ts';
import { explain } from './explain.ts';
import type { Runner } from './runner.ts';
import { Session } from './session.ts';

const WIDTH = 72;
const GAP = 2;
/** Narrower columns cannot hold `kvm_vcpu_trigger_posted_interrupt` in one piece. */
const NARROWEST = 16;

export interface DiagramRow {
  readonly column: number;
  readonly text: string;
}

/**
 * Lays rows out under their headings. More columns than fit side by side stand as a list with the agent in front of each row.
 * The result has no trailing blanks and ends with a newline.
 */
export function layOut(headings: readonly string[], rows: readonly DiagramRow[]): string {
  const width = Math.floor((WIDTH - GAP * (headings.length - 1)) / Math.max(headings.length, 1));
  if (headings.length === 0) {
    return '';
  }
  if (width < NARROWEST) {
    return rows
      .map(({ column, text }) => wrapped(`${headings[column]}: ${text}`, WIDTH).join('\n  '))
      .join('\n')
      .concat('\n');
  }
  const indent = (column: number) => ' '.repeat(column * (width + GAP));
  const rule = headings.map(heading => '-'.repeat(Math.min(heading.length, width)));
  const lines = [side(headings, width), side(rule, width)];
  for (const { column, text } of rows) {
    for (const line of wrapped(text, width)) {
      lines.push(indent(column) + line);
    }
  }
  return `${lines.map(line => line.trimEnd()).join('\n')}\n`;
}

function side(cells: readonly string[], width: number): string {
  return cells.map(cell => cell.slice(0, width).padEnd(width)).join(' '.repeat(GAP));
}

/** Words in lines of at most `width`, under the first one's indentation and one more; a word that is longer is broken. */
function wrapped(text: string, width: number): string[] {
  const indent = ' '.repeat(text.length - text.trimStart().length);
  const lines: string[] = [];
  let line = '';
  const open = () => indent + (lines.length > 0 ? ' ' : '');
  for (let word of text.split(/\s+/).filter(Boolean)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? open() + word : `${line} ${word}`;
    while (line.length > width) {
      lines.push(line.slice(0, width));
      word = line.slice(width);
      line = open() + word;
    }
  }
  return line === '' ? lines : [...lines, line];
}

/** The recorded steps of a run, 1-based and inclusive, with the function in front where it changes. */
export function diagramOf(runner: Runner, from: number, to: number): string {
  const { machine } = runner;
  const { position } = machine;
  const headings: string[] = [];
  const rows: DiagramRow[] = [];
  const places = new Map<number, string>();
  for (let step = from; step <= to; step++) {
    const { agent, actor, place, sentence } = explain(runner, step);
    if (actor === 'scenario') {
      continue;
    }
    let column = headings.indexOf(agent);
    if (column < 0) {
      column = headings.push(agent) - 1;
    }
    if (places.get(column) !== place) {
      places.set(column, place);
      rows.push({ column, text: `${place}:` });
    }
    rows.push({ column, text: ` ${sentence}` });
  }
  machine.seek(position);
  return layOut(headings, rows);
}

/** The whole run of a scenario; undefined when the text has errors. */
export function diagramOfText(text: ScenarioText): string | undefined {
  const { program } = check(parse(text));
  if (program === undefined) {
    return undefined;
  }
  const session = new Session(program);
  session.rules = [];
  session.move('continue');
  return diagramOf(session.runner, 1, session.length);
}
