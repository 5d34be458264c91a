/** The picture that the inspector draws, taken from a session at its present step. */
import { USER } from '../engine/machine.ts';
import { kernelName } from '../engine/names.ts';
import { markNames } from './explain.ts';
import type { Snapshot, TableChoice, TimelineStep } from './protocol.ts';
import type { Session } from './session.ts';
import { tablesOf } from './tables/view.ts';
import { cpuViews, vcpuViews } from './vcpuViews.ts';

/** What the session does not know: how the run is called and where its text stands. */
export interface SnapshotTitle {
  readonly title: string;
  readonly uri: string;
}

/** `tables`: which tables the view shows whole; absent = those that open by themselves. */
export function snapshotOf(
  session: Session,
  { title, uri }: SnapshotTitle,
  sequence: number,
  tables?: TableChoice | 'all',
): Snapshot {
  const { machine, program } = session.runner;
  const step = session.explain();
  // After a failed expectation the machine has moved on; what failed is what the picture is about.
  const failed = step.marks.includes('failure') ? session.lineOf(step.number) : 0;
  const statement = program.statements.find(({ range }) => range.line + 1 === failed) ?? session.statement;
  return {
    sequence,
    title,
    uri,
    profile: `${machine.profile.name} · ${program.machine.vendor === 'intel' ? 'Intel' : 'AMD'}`,
    position: session.position,
    length: session.length,
    finished: session.complete,
    line: statement === undefined ? 0 : statement.range.line + 1,
    statement: statement === undefined ? '' : statement.text.trim(),
    step,
    vcpus: vcpuViews(machine, step),
    cpus: cpuViews(machine),
    tables: tablesOf(machine, tables),
    troubles: session.troubles,
  };
}

/** Lane names, and one mark for each step in `from`..`to` (1-based, inclusive). */
export function timelineOf(session: Session, from: number, to: number): { lanes: string[]; steps: TimelineStep[] } {
  const { machine } = session.runner;
  const lanes: string[] = [];
  const steps: TimelineStep[] = [];
  for (let step = Math.max(from, 1); step <= Math.min(to, machine.length); step++) {
    const agent = machine.agentName(machine.agentOf(step));
    const operation = machine.codeOf(step)?.operation.name;
    const place = operation === undefined ? '' : kernelName(machine.config, operation) || operation;
    const own = operation === undefined ? ownStep(session, step) : undefined;
    let lane = lanes.indexOf(agent);
    if (lane < 0) {
      lane = lanes.push(agent) - 1;
    }
    const marks = [...markNames(machine.marksOf(step)), ...(own?.marks ?? [])];
    steps.push({ step, lane, line: session.lineOf(step), place: own?.place ?? place, marks });
  }
  return { lanes, steps };
}

/** A step that no operation takes: the scenario's own, or a change by hand. */
function ownStep(session: Session, step: number): { readonly place: string; readonly marks: readonly string[] } {
  const { machine, program } = session.runner;
  if (machine.agentOf(step) === USER) {
    return { place: 'set by hand', marks: ['by hand'] };
  }
  const line = session.lineOf(step) - 1;
  const kind = program.statements.find(({ range }) => range.line === line)?.action.kind ?? '';
  return { place: kind, marks: kind === 'expect' || kind === 'race' ? ['expectation'] : [] };
}
