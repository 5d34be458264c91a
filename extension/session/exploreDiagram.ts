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
    runner.step();
    const { agent, place, sentence } = explain(runner, machine.position);
    const owner = agent.startsWith(BUFFER) ? agent.slice(BUFFER.length) : agent;
    let column = headings.indexOf(owner);
    if (column < 0) {
      column = headings.push(owner) - 1;
    }
    const restated = machine.codeOf(machine.position)?.step.line !== undefined;
    rows.push({ column, text: restated || owner !== agent ? sentence.replaceAll('`', '') : `${place}: ${sentence}` });
  }
  return { names: order.map(agent => machine.agentName(agent)), text: layOut(headings, rows) };
}
