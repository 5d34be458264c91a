/** An order of a race, taken step by step: as names of agents, and as the diagram of commit messages. */
import type { Program } from '../scenario/program.ts';
import { type DiagramRow, layOut } from './diagram.ts';
import { explain } from './explain.ts';
import { Runner } from './runner.ts';

export interface OrderDiagram {
  /** Who takes each step. */
  readonly names: readonly string[];
  /** A column for each agent, at most 72 characters wide. */
  readonly text: string;
}

const BUFFER = 'store buffer of ';

export function orderDiagram(program: Program, order: readonly number[]): OrderDiagram {
  const runner = new Runner(program, order);
  const { machine, race } = runner;
  while (!runner.atRace || race?.running !== true) {
    if (order.length === 0 || runner.finished) {
      return { names: [], text: '' };
    }
    runner.step();
  }
  const headings: string[] = [];
  const rows: DiagramRow[] = [];
  for (let taken = 0; taken < order.length; taken++) {
    const stored = machine.buffers?.count(order[taken]) ?? 0;
    runner.step();
    const waits = (machine.buffers?.count(order[taken]) ?? 0) > stored;
    const { agent, place, sentence } = explain(runner, machine.position);
    const owner = agent.startsWith(BUFFER) ? agent.slice(BUFFER.length) : agent;
    let column = headings.indexOf(owner);
    if (column < 0) {
      column = headings.push(owner) - 1;
    }
    const restated = machine.codeOf(machine.position)?.step.line !== undefined;
    const said = restated || owner !== agent ? sentence.replaceAll('`', '') : `${place}: ${sentence}`;
    rows.push({ column, text: waits ? `${said} (in the store buffer)` : said });
  }
  const text = headings.length <= MOST_COLUMNS ? layOut(headings, rows) : listed(headings, rows);
  return { names: order.map(agent => machine.agentName(agent)), text };
}

/** Columns that are still wide enough to read. */
const MOST_COLUMNS = 3;
const WIDTH = 72;

/** One below the other, with the agent in front. */
function listed(headings: readonly string[], rows: readonly DiagramRow[]): string {
  const margin = 2 + Math.max(...headings.map(heading => heading.length));
  const lines: string[] = [];
  for (const { column, text } of rows) {
    let line = headings[column].padEnd(margin);
    for (const word of text.split(/\s+/)) {
      if (line.length + 1 + word.length > WIDTH && line.length > margin) {
        lines.push(line.trimEnd());
        line = ' '.repeat(margin + 1);
      }
      line += line.length > margin + 1 || (line.length === margin + 1 && line.trim() !== '') ? ` ${word}` : word;
    }
    lines.push(line.slice(0, WIDTH).trimEnd());
  }
  return `${lines.join('\n')}\n`;
}
