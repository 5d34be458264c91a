/** A whole run as text: every step below the line that it belongs to. For terminals, transcripts and side-by-side comparison. */
import type { Program } from '../scenario/program.ts';
import type { StepView } from './protocol.ts';
import { Session } from './session.ts';

/** Lines without line ends; numbers of steps are left out when two runs are to be compared. */
export function stepLines(program: Program, numbered: boolean): string[] {
  const session = new Session(program);
  session.rules = [];
  const lines: string[] = [];
  let at = -1;
  while (!session.finished) {
    const { statement } = session;
    const number = session.runner.statement;
    session.move('stepInto');
    if (statement !== undefined && number !== at) {
      at = number;
      lines.push('', `${String(statement.range.line + 1).padStart(4)}  ${statement.text.trim()}`);
    }
    lines.push(...linesOf(session.explain(), numbered));
  }
  return lines;
}

function linesOf(step: StepView, numbered: boolean): string[] {
  const place = step.actor === 'scenario' ? step.place : step.path.slice(-2).join(' > ');
  const number = numbered ? `${String(step.number).padStart(4)}  ` : '';
  const indent = ' '.repeat(numbered ? 22 : 16);
  const assumed = step.assumed ? ' (assumed)' : '';
  return [
    `      ${number}${step.agent.padEnd(8)}  ${place}${assumed}`,
    indent + step.sentence,
    ...step.writes.map(({ field, before, after }) => `${indent}${field}: ${before} -> ${after}`),
  ];
}
