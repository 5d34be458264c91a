/**
 * The vCPUs and CPUs of a machine as the inspector draws them. Of many vCPUs a step touches few: the others are the objects of last time,
 * which is how `delta.ts` knows without a look at them.
 */
import { HOST_VECTORS, VCPU_MODE, VCPU_STATE } from '../engine/fields.ts';
import { C, PID_CONTROL, PID_NDST, POSTED_INTR_ON, POSTED_INTR_SN, REQ, V } from '../engine/layout.ts';
import type { Machine } from '../engine/machine.ts';
import { vectorsAt } from '../engine/text.ts';
import { ndstOf } from '../engine/vmx/piDesc.ts';
import { listOwner } from '../engine/vmx/wakeup.ts';
import { nextDelivery } from './nextDelivery.ts';
import type { CpuView, StepView, VcpuView, VectorWords } from './protocol.ts';

const EN = 1 << 11;
const EXTD = 1 << 10;

/** What was made last, and from which words: a view depends on those of its block, and a vCPU's on who runs on its CPU. */
interface Made {
  readonly words: Int32Array;
  readonly running: Int32Array;
  readonly views: VcpuView[];
  readonly cpuWords: Int32Array;
  readonly cpuViews: CpuView[];
}

const made = new WeakMap<Machine, Made>();

function madeOf(m: Machine): Made {
  let known = made.get(m);
  if (known === undefined) {
    known = {
      words: new Int32Array(m.vcpuCount * V.words),
      running: new Int32Array(m.vcpuCount),
      views: [],
      cpuWords: new Int32Array(m.cpuCount * C.words),
      cpuViews: [],
    };
    made.set(m, known);
  }
  return known;
}

/** Takes over the words at `address`; false when they were the same already. */
function differs(m: Machine, address: number, count: number, known: Int32Array, at: number): boolean {
  let different = false;
  for (let i = 0; i < count; i++) {
    if (known[at + i] !== m.words[address + i]) {
      known[at + i] = m.words[address + i];
      different = true;
    }
  }
  return different;
}

const SUBJECT = /^vcpu (\d+)\./;

/** Numbers of the vCPUs that the step wrote to. */
function writtenBy(step: StepView): Set<number> {
  return new Set(step.writes.flatMap(({ field }) => Number(SUBJECT.exec(field)?.[1] ?? -1)));
}

export function vcpuViews(m: Machine, step: StepView): VcpuView[] {
  const { words, running, views } = madeOf(m);
  const written = writtenBy(step);
  for (let index = 0; index < m.vcpuCount; index++) {
    const base = m.vcpu(index);
    const isOther = differs(m, base, V.words, words, index * V.words);
    const runs = m.words[m.cpu(m.words[base + V.cpu]) + C.vcpu];
    const view = views[index];
    if (view === undefined || isOther || running[index] !== runs || written.has(index) || view.changed.length > 0) {
      running[index] = runs;
      views[index] = vcpuView(m, index, step);
    }
  }
  return [...views];
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

const sameList = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i]);

export function cpuViews(m: Machine): CpuView[] {
  const { cpuWords, cpuViews: views } = madeOf(m);
  const sleepers = m.config.cpus.map((): number[] => []);
  for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
    const base = m.vcpu(vcpu);
    if (m.words[base + V.on_wakeup_list] !== 0) {
      sleepers[m.words[base + listOwner(m)]]?.push(vcpu);
    }
  }
  m.config.cpus.forEach(({ apicId }, index) => {
    const base = m.cpu(index);
    const isOther = differs(m, base, C.words, cpuWords, index * C.words);
    const view = views[index];
    if (view === undefined || isOther || !sameList(view.wakeupList, sleepers[index])) {
      const pending = vectorsAt(m.words, base + C.irr);
      views[index] = { index, apicId, vcpu: m.words[base + C.vcpu], pending, wakeupList: sleepers[index] };
    }
  });
  return [...views];
}
