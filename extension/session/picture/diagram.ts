/** A run as a picture: a column for each agent, steps in order downwards, the scenario's lines across. */
import { explain } from '../explain.ts';
import type { Drawing, StepView } from '../protocol.ts';
import type { Session } from '../session.ts';
import { bold, dim, LINE_HEIGHT, MONO, round, run, SANS, Sheet } from './sheet.ts';

/** A longer run is drawn from its end: no reader follows more, and no printer either. */
const MOST_STEPS = 400;

const MARGIN = 20;
/** Room for the numbers of the steps. */
const GUTTER = 44;
const COLUMN = 270;
const GAP = 26;
const INSET = 8;
const SMALL = { ...SANS, size: 12 };

interface Row extends StepView {
  readonly line: number;
}

/** What the scenario itself does (to expect) is no agent's. */
function rowsOf(session: Session, from: number, to: number): Row[] {
  const { runner } = session;
  const { machine } = runner;
  const { position } = machine;
  const rows: Row[] = [];
  for (let step = from; step <= to; step++) {
    const view = explain(runner, step);
    if (view.actor !== 'scenario') rows.push({ ...view, line: session.lineOf(step) });
  }
  machine.seek(position);
  return rows;
}

/** Recorded steps `from`..`to`, 1-based and inclusive; the session stays where it is. */
export function diagramDrawing(session: Session, title: string, from: number, to: number): Drawing {
  const { runner } = session;
  const first = Math.max(from, to - MOST_STEPS + 1);
  const rows = rowsOf(session, first, to);
  const agents = [...new Set(rows.map(({ agent }) => agent))];
  const width = 2 * MARGIN + GUTTER + Math.max(2, agents.length) * (COLUMN + GAP) - GAP;
  const right = width - MARGIN;
  const sheet = new Sheet(width, MARGIN);
  const xOf = (agent: string) => MARGIN + GUTTER + agents.indexOf(agent) * (COLUMN + GAP);

  const { name } = runner.machine.profile;
  sheet.text(MARGIN, right, { ...SANS, size: 15 }, [bold(title), dim(`   ${name}   steps ${first} to ${to}`)]);
  sheet.gap(10);
  const top = sheet.y;
  for (const agent of agents) {
    sheet.y = top;
    sheet.text(xOf(agent) + INSET, xOf(agent) + COLUMN, SANS, [bold(agent)]);
  }
  sheet.gap(4);
  const lifeline = sheet.y;

  const places = new Map<string, string>();
  let line = 0;
  for (const row of rows) {
    if (row.line !== line && row.line > 0) {
      line = row.line;
      statement(sheet, right, line, session);
    }
    step(sheet, row, xOf(row.agent), places.get(row.agent) !== row.place);
    places.set(row.agent, row.place);
  }
  for (const agent of agents) {
    sheet.boxBehind({ x: xOf(agent), y: round(lifeline), width: 1, height: round(sheet.y - lifeline), fill: 'line' });
  }
  return sheet.drawing(`${title}, steps ${first} to ${to}`, described(rows));
}

function statement(sheet: Sheet, right: number, line: number, { runner }: Session): void {
  const text = runner.program.statements.find(({ range }) => range.line + 1 === line)?.text.trim() ?? '';
  sheet.gap(8);
  const height = MONO.size * LINE_HEIGHT + 4;
  sheet.box({ x: MARGIN, y: round(sheet.y), width: right - MARGIN, height: round(height), fill: 'tint' });
  sheet.gap(1);
  // A statement that is longer than the sheet is wide ends in dots: it must not fall out of its band.
  const room = Math.floor((right - MARGIN) / (MONO.size * 0.62)) - `line ${line}  `.length - 4;
  const shown = text.length > room ? `${text.slice(0, room)}…` : text;
  sheet.text(MARGIN + INSET, right, MONO, [dim(`line ${line}  `), run(shown)]);
  sheet.gap(6);
}

function step(sheet: Sheet, { number, place, sentence, marks }: Row, x: number, isNew: boolean): void {
  sheet.gap(3);
  if (isNew) sheet.text(x + INSET, x + COLUMN, MONO, [bold(place)]);
  const { y } = sheet;
  sheet.text(MARGIN, MARGIN + GUTTER, SMALL, [dim(String(number))]);
  sheet.y = y;
  sheet.text(x + INSET, x + COLUMN, SMALL, [
    run(sentence),
    ...marks.map(mark => run(`  [${mark}]`, mark === 'failure' ? 'trouble' : 'mark', { bold: true })),
  ]);
  sheet.box({ x: x - 3, y: round(y + SMALL.size * 0.6), width: 7, height: 7, fill: 'ink' });
}

/** The diagram read aloud. */
const described = (rows: readonly Row[]): string =>
  rows.map(({ number, agent, place, sentence }) => `${number}. ${agent}, ${place}: ${sentence}`).join(' ');
