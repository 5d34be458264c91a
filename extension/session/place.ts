/** Where a run stands, by meaning: the statement and the step inside it. It outlives edits of the text, and the run itself. */
import type { Program } from '../scenario/program.ts';
import { matchLines } from './lineMatch.ts';
import type { Session } from './session.ts';

export interface Place {
  /** 0-based line of the statement that the last step belongs to; -1 before the first step. */
  readonly line: number;
  /** The statement's text. */
  readonly text: string;
  /** How often statements of that line were begun before: by `repeat`, ranges of vCPUs and sections. */
  readonly pass: number;
  /** The statement is done: the next step is that of another one. */
  readonly done: boolean;
  /** The step: who took it, in which operation (kernel function, rule of the manual), at which of its atomic actions. */
  readonly agent: string;
  readonly operation: string;
  readonly action: string;
  /** How often the statement came to it before. */
  readonly occurrence: number;
  /** Steps of the statement before this one: what is left to go by when it does not come to that step any more. */
  readonly offset: number;
}

/** Where a run went, in words of the text that it is a run of. */
export interface Anchor {
  readonly place: Place;
  /** The text; undefined when only the place was kept. */
  readonly text?: string;
}

export const START: Place = {
  line: -1,
  text: '',
  pass: 0,
  done: true,
  agent: '',
  operation: '',
  action: '',
  occurrence: 0,
  offset: 0,
};

/** The present place of a session. */
export function placeOf(session: Session): Place {
  const { position, program } = session;
  const index = session.statementOf(position);
  const statement = program.statements[index];
  if (position === 0 || statement === undefined) return START;
  const { line } = statement.range;
  const first = firstStepOf(session, index);
  const step = stepAt(session, position);
  let occurrence = 0;
  for (let each = first; each < position; each++) {
    if (same(stepAt(session, each), step)) occurrence++;
  }
  return {
    line,
    text: statement.text.trim(),
    pass: passesBefore(program, index),
    done: session.runner.betweenStatements,
    ...step,
    occurrence,
    offset: position - first,
  };
}

function passesBefore({ statements }: Program, index: number): number {
  const { line } = statements[index].range;
  let passes = 0;
  for (let each = 0; each < index; each++) {
    if (statements[each].range.line === line) passes++;
  }
  return passes;
}

export interface Found {
  /** The step after which the run stands at the place. */
  readonly position: number;
  /** The statement is in the text; otherwise the position is the end of the nearest earlier one. */
  readonly kept: boolean;
  /** The same place in words of this text: what to look for after the next edit. What was not found is still looked for. */
  readonly anchor: Anchor;
}

/** Where a session, which has run as far as it is to be known, stands at the place of `anchor`. `text`: what it is a run of. */
export function find(session: Session, anchor: Anchor, text: string): Found {
  const { place, text: before } = anchor;
  if (place.line < 0) return { position: 0, kept: true, anchor: { place, text } };
  const lines = linesOf(session.program);
  // A line of a file that is included has a number beyond those of the text.
  const own = before !== undefined && place.line < before.split('\n').length;
  const to = own ? matchLines(before, text) : undefined;
  const line = to === undefined ? lineByText(session.program, place) : to[place.line];
  const statements = lines.get(line ?? -1);
  if (statements !== undefined) {
    const index = statements[Math.min(place.pass, statements.length - 1)];
    const statement = session.program.statements[index];
    const here = { ...place, line: statement.range.line, text: statement.text.trim() };
    return { position: stepIn(session, index, place), kept: true, anchor: { place: here, text } };
  }
  for (let earlier = place.line - 1; earlier >= 0; earlier--) {
    const left = lines.get(to === undefined ? earlier : to[earlier]);
    if (left !== undefined) {
      const index = left[Math.min(place.pass, left.length - 1)];
      return { position: firstStepOf(session, index + 1) - 1, kept: false, anchor };
    }
  }
  return { position: 0, kept: false, anchor };
}

/** Indices of the statements of each line, in the order in which they run. */
function linesOf({ statements }: Program): Map<number, number[]> {
  const lines = new Map<number, number[]>();
  for (const [index, { range }] of statements.entries()) {
    const known = lines.get(range.line);
    if (known === undefined) lines.set(range.line, [index]);
    else known.push(index);
  }
  return lines;
}

/** Without the text of before: the nearest line with the same statement; undefined when there is none. */
function lineByText({ statements }: Program, place: Place): number | undefined {
  let nearest: number | undefined;
  for (const { range, text } of statements) {
    if (text.trim() !== place.text) continue;
    if (nearest === undefined || Math.abs(range.line - place.line) < Math.abs(nearest - place.line)) {
      nearest = range.line;
    }
  }
  return nearest;
}

/** The step in statement `index` that `place` means: the same one, else the one as far into the statement. */
function stepIn(session: Session, index: number, place: Place): number {
  const first = firstStepOf(session, index);
  const last = firstStepOf(session, index + 1) - 1;
  if (last < first) return last;
  if (place.done) return last;
  let nearest: number | undefined;
  let occurrence = 0;
  for (let each = first; each <= last; each++) {
    if (!same(stepAt(session, each), place)) continue;
    nearest = each;
    if (occurrence++ === place.occurrence) return each;
  }
  return nearest ?? Math.min(first + place.offset, last);
}

/** Number of the first recorded step of statement `index` or of a later one; one more than there are steps if there is none. */
function firstStepOf(session: Session, index: number): number {
  let low = 1;
  for (let high = session.length + 1; low < high; ) {
    const middle = (low + high) >>> 1;
    if (session.statementOf(middle) < index) low = middle + 1;
    else high = middle;
  }
  return low;
}

type StepKey = Pick<Place, 'agent' | 'operation' | 'action'>;

function stepAt({ runner: { machine } }: Session, step: number): StepKey {
  const agent = machine.agentName(machine.agentOf(step));
  const code = machine.codeOf(step);
  if (code === undefined) return { agent, operation: '', action: '' };
  const { operation } = code;
  const at = operation.steps.indexOf(code.step);
  const action = [...operation.labels].find(([, each]) => each === at)?.[0] ?? '';
  return { agent, operation: operation.name, action };
}

const same = (a: StepKey, b: StepKey): boolean =>
  a.operation === b.operation && a.action === b.action && a.agent === b.agent;

/** As a string that a view may keep and give back. */
export const writePlace = (place: Place): string => JSON.stringify(place);

/** What `writePlace` gave; undefined for anything else: it comes from outside. */
export function readPlace(text: unknown): Place | undefined {
  if (typeof text !== 'string' || text.length > 100_000) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const given = value as Readonly<Record<string, unknown>>;
  const fits = Object.entries(START).every(([name, like]) =>
    typeof like === 'number'
      ? Number.isInteger(given[name]) && (given[name] as number) >= -1
      : typeof given[name] === typeof like,
  );
  return fits ? (value as Place) : undefined;
}
