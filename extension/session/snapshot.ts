/** The picture that the inspector draws, taken from a session at its present step. */
import { HOST_VECTORS, VCPU_MODE, VCPU_STATE } from '../engine/fields.ts';
import { C, PID_CONTROL, PID_NDST, POSTED_INTR_ON, POSTED_INTR_SN, REQ, V } from '../engine/layout.ts';
import { type Machine, USER } from '../engine/machine.ts';
import { kernelName } from '../engine/names.ts';
import { vectorsAt } from '../engine/text.ts';
import { ndstOf } from '../engine/vmx/scheduling.ts';
import { markNames } from './explain.ts';
import { nextDelivery } from './nextDelivery.ts';
import type { CpuView, Snapshot, StepView, TableChoice, TimelineStep, VcpuView, VectorWords } from './protocol.ts';
import type { Session } from './session.ts';
import { tablesOf } from './tables/view.ts';

/** What the session does not know: how the run is called and where its text stands. */
export interface SnapshotTitle {
  readonly title: string;
  readonly uri: string;
}

const EN = 1 << 11;
const EXTD = 1 << 10;

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
    vcpus: program.machine.vcpus.map((_, index) => vcpuView(machine, index, step)),
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

function nameOf(values: Readonly<Record<string, number>>, value: number): string {
  return Object.entries(values).find(([, known]) => known === value)?.[0] ?? '';
}

function wordsAt(m: Machine, address: number): VectorWords {
  return Array.from(m.words.subarray(address, address + 8), word => word >>> 0);
}

function vcpuView(m: Machine, index: number, step: StepView): VcpuView {
  const base = m.vcpu(index);
  const apicbase = m.words[base + V.apicbase];
  const requests = m.words[base + V.requests];
  const status = m.words[base + V.guest_intr_status];
  return {
    index,
    id: m.config.vcpus[index].id,
    state: nameOf(VCPU_STATE, m.words[base + V.state]),
    mode: nameOf(VCPU_MODE, m.words[base + V.mode]),
    cpu: m.words[base + V.cpu],
    apicMode: (apicbase & EN) === 0 ? 'disabled' : (apicbase & EXTD) !== 0 ? 'x2apic' : 'xapic',
    ...(m.config.apicv && m.config.vendor === 'intel'
      ? { pid: descriptorView(m, index), rvi: status & 0xff, svi: (status >>> 8) & 0xff }
      : {}),
    irr: wordsAt(m, base + V.irr),
    isr: wordsAt(m, base + V.isr),
    tmr: wordsAt(m, base + V.tmr),
    tpr: m.words[base + V.tpr] & 0xff,
    ppr: m.words[base + V.ppr] & 0xff,
    requests: Object.entries(REQ)
      .filter(([, bit]) => (requests & (1 << bit)) !== 0)
      .map(([name]) => name),
    next: nextDelivery(m, index),
    ...changesIn(step, `vcpu ${index}.`),
  };
}

function descriptorView(m: Machine, index: number): NonNullable<VcpuView['pid']> {
  const pid = m.vcpu(index) + V.pi_desc;
  const control = m.words[pid + PID_CONTROL];
  const ndst = m.words[pid + PID_NDST];
  const nv = (control >>> 16) & 0xff;
  const on = (control & (1 << POSTED_INTR_ON)) !== 0;
  const pir = wordsAt(m, pid);
  if (m.profile.vmx.wakeupVector === 'none') {
    return { on, pir };
  }
  return {
    on,
    pir,
    sn: (control & (1 << POSTED_INTR_SN)) !== 0,
    nv,
    nvName: nameOf(HOST_VECTORS, nv),
    ndst: ndst >>> 0,
    ndstCpu: m.config.cpus.findIndex((_, cpu) => ndstOf(m, cpu) === ndst),
  };
}

const VECTOR_FIELD = /^(pid\.)?(pir|irr|isr|tmr)\[(0x[0-9a-f]+)\]$/;

/** Which fields of the subject the step changed, by the paths of the field table; vectors also one by one. */
function changesIn(step: StepView, subject: string): Pick<VcpuView, 'changed' | 'changedVectors'> {
  const changed = new Set<string>();
  const changedVectors: Partial<Record<'pir' | 'irr' | 'isr' | 'tmr', number[]>> = {};
  for (const { field } of step.writes) {
    if (!field.startsWith(subject)) {
      continue;
    }
    const path = field.slice(subject.length);
    const vector = VECTOR_FIELD.exec(path);
    if (vector === null) {
      changed.add(path);
      continue;
    }
    const register = vector[2] as 'pir' | 'irr' | 'isr' | 'tmr';
    changed.add(`${vector[1] ?? ''}${register}`);
    (changedVectors[register] ??= []).push(Number(vector[3]));
  }
  return { changed: [...changed], changedVectors };
}

function cpuViews(m: Machine): CpuView[] {
  const sleepers = m.config.cpus.map((): number[] => []);
  for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
    const base = m.vcpu(vcpu);
    if (m.words[base + V.on_wakeup_list] !== 0) {
      sleepers[m.words[base + V.cpu]]?.push(vcpu);
    }
  }
  return m.config.cpus.map(({ apicId }, index) => ({
    index,
    apicId,
    vcpu: m.words[m.cpu(index) + C.vcpu],
    pending: vectorsAt(m.words, m.cpu(index) + C.irr),
    wakeupList: sleepers[index],
  }));
}
