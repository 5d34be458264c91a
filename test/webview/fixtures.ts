import type {
  CpuView,
  Snapshot,
  StepView,
  TimelineStep,
  ToWebview,
  VcpuView,
  VectorWords,
} from '../../extension/session/protocol.ts';

export const words = (...vectors: readonly number[]): VectorWords => {
  const out = new Array<number>(8).fill(0);
  for (const vector of vectors) out[vector >>> 5] = (out[vector >>> 5] | (1 << (vector & 31))) >>> 0;
  return out;
};

type Pid = NonNullable<VcpuView['pid']>;

export const pid = (cpu: number, change: Partial<Pid> = {}): Pid => ({
  on: false,
  sn: false,
  nv: 0xf2,
  nvName: 'POSTED_INTR_VECTOR',
  ndst: cpu,
  ndstCpu: cpu,
  pir: words(),
  ...change,
});

export const vcpu = (index: number, change: Partial<VcpuView> = {}): VcpuView => ({
  index,
  id: index,
  state: 'running',
  mode: 'IN_GUEST_MODE',
  cpu: index,
  apicMode: 'x2apic',
  pid: pid(index),
  irr: words(),
  isr: words(),
  tmr: words(),
  tpr: 0,
  ppr: 0,
  rvi: 0,
  svi: 0,
  requests: [],
  next: 'Nothing is pending.',
  changed: [],
  changedVectors: {},
  ...change,
});

export const cpu = (index: number, change: Partial<CpuView> = {}): CpuView => ({
  index,
  apicId: index,
  vcpu: index,
  pending: [],
  wakeupList: [],
  ...change,
});

export const step = (change: Partial<StepView> = {}): StepView => ({
  number: 3,
  agent: 'vcpu 0',
  actor: 'kvm',
  place: 'vmx_deliver_posted_interrupt',
  source: 'arch/x86/kvm/vmx/vmx.c',
  path: [
    'kvm_x2apic_icr_write',
    'kvm_irq_delivery_to_apic',
    '__apic_accept_irq',
    'vmx_deliver_interrupt',
    'vmx_deliver_posted_interrupt',
  ],
  sentence:
    'Sets the request bit of vector 0x41 in the PIR: it was clear, so the interrupt is new and the poster goes on to ON.',
  reads: [],
  writes: [{ field: 'vcpu 1.pid.pir', before: '0x41 clear', after: '0x41 set' }],
  assumed: false,
  marks: [],
  ...change,
});

export const snapshot = (change: Partial<Snapshot> = {}): Snapshot => ({
  sequence: 1,
  title: 'posted-running.irq',
  uri: 'file:///scenarios/posted-running.irq',
  profile: 'Linux 6.16 · Intel',
  position: 3,
  length: 14,
  finished: true,
  line: 9,
  statement: 'vcpu 0:  ipi fixed 0x41 to 1',
  step: step(),
  vcpus: [vcpu(0), vcpu(1)],
  cpus: [cpu(0), cpu(1)],
  tables: [],
  troubles: [],
  ...change,
});

const LANES = ['vcpu 0', 'vcpu 1', 'cpu 1'];

export const timeline = (length: number, lanes: readonly string[] = LANES, from = 1): ToWebview => ({
  type: 'timeline',
  lanes,
  from,
  steps: Array.from({ length }, (_, i): TimelineStep => {
    const n = from + i;
    return {
      step: n,
      lane: Math.floor(n / 3) % lanes.length,
      line: 9 + Math.floor(n / 7) * 2,
      place: 'vmx_deliver_posted_interrupt',
      marks: n % 14 === 5 ? ['notification'] : n % 14 === 11 ? ['vm exit'] : n % 14 === 13 ? ['wake-up'] : [],
    };
  }),
});

export interface Fixture {
  readonly name: string;
  readonly messages: readonly ToWebview[];
}

const fixture = (name: string, change: Partial<Snapshot>, lanes?: readonly string[]): Fixture => {
  const shown = snapshot({ title: `${name}.irq`, ...change });
  return {
    name,
    messages: [
      { type: 'snapshot', snapshot: shown },
      timeline(Math.min(shown.length, 400), lanes, Math.max(1, shown.position - 200)),
    ],
  };
};

export const RUNNING = fixture('running', {
  step: step({
    number: 6,
    agent: 'cpu 1',
    actor: 'cpu',
    place: 'posted-interrupt processing 5',
    source: 'SDM vol. 3, 30.6',
    path: ['posted-interrupt processing', 'posted-interrupt processing 5'],
    sentence: 'VIRR takes over the PIR and the PIR is cleared; no other agent can come between the read and the clear.',
    reads: [{ field: 'vcpu 1.pid.pir', before: '0x31 0x41' }],
    writes: [
      { field: 'vcpu 1.irr', before: '0x22', after: '0x22 0x31 0x41' },
      { field: 'vcpu 1.pid.pir', before: '0x31 0x41', after: 'empty' },
      { field: 'vcpu 1.rvi', before: '0x22', after: '0x41' },
    ],
  }),
  position: 6,
  vcpus: [
    vcpu(0),
    vcpu(1, {
      irr: words(0x22, 0x31, 0x41),
      isr: words(0x61),
      tmr: words(0x31),
      tpr: 0x20,
      ppr: 0x60,
      rvi: 0x41,
      svi: 0x61,
      next: '0x41 is requested; blocked by 0x61 in service: class 4 is not above class 6 of the PPR.',
      changed: ['pid.pir', 'irr', 'rvi'],
      changedVectors: { pir: [0x31, 0x41], irr: [0x31, 0x41] },
    }),
  ],
});

export const EXITED = fixture('exited', {
  step: step({
    number: 4,
    sentence: 'Sets ON; it was clear, so this poster has to notify the target.',
    reads: [{ field: 'vcpu 1.mode', before: 'OUTSIDE_GUEST_MODE' }],
    writes: [{ field: 'vcpu 1.pid.on', before: '0', after: '1' }],
  }),
  position: 4,
  vcpus: [
    vcpu(0),
    vcpu(1, {
      state: 'exited',
      mode: 'OUTSIDE_GUEST_MODE',
      pid: pid(1, { on: true, pir: words(0x41) }),
      requests: ['EVENT', 'UNBLOCK'],
      next: '0x41 waits in the PIR for the next VM entry: sync_pir_to_irr.',
      changed: ['pid.on'],
    }),
  ],
  cpus: [cpu(0), cpu(1, { vcpu: -1 })],
});

export const BLOCKED = fixture('blocked', {
  step: step({
    number: 9,
    agent: 'cpu 1',
    actor: 'host',
    place: 'pi_enable_wakeup_handler',
    source: 'arch/x86/kvm/vmx/posted_intr.c',
    path: ['vmx_vcpu_put', 'vmx_vcpu_pi_put', 'pi_enable_wakeup_handler'],
    sentence:
      'Compare-exchange of the control word: NV becomes the wake-up vector, so that a post finds a vCPU that sleeps.',
    writes: [
      { field: 'vcpu 1.pid.nv', before: '0xf2', after: '0xf1' },
      { field: 'cpu 1.wakeup', before: 'empty', after: 'vcpu 1' },
    ],
    assumed: true,
    marks: ['wake-up'],
  }),
  position: 9,
  vcpus: [
    vcpu(0),
    vcpu(1, {
      state: 'blocked',
      mode: 'OUTSIDE_GUEST_MODE',
      pid: pid(1, { nv: 0xf1, nvName: 'POSTED_INTR_WAKEUP_VECTOR' }),
      next: 'Nothing is pending; a post raises 0xf1 on cpu 1.',
      changed: ['pid.nv'],
    }),
    vcpu(2, {
      state: 'preempted',
      mode: 'OUTSIDE_GUEST_MODE',
      cpu: 1,
      pid: pid(1, { sn: true, pir: words(0x41, 0xef) }),
    }),
    vcpu(3, {
      state: 'offline',
      mode: 'OUTSIDE_GUEST_MODE',
      apicMode: 'disabled',
      pid: pid(0, { ndst: 0xffffffff, ndstCpu: -1 }),
    }),
  ],
  cpus: [cpu(0), cpu(1, { vcpu: -1, pending: [0xf1, 0xf2], wakeupList: [1, 2] })],
});

/** 2013: the descriptor is ON and PIR alone, and here a vCPU without virtual-interrupt delivery. */
export const OLD = fixture('2013', {
  profile: 'Linux 3.11 · Intel',
  vcpus: [0, 1].map(index => {
    const { rvi: _rvi, svi: _svi, ...bare } = vcpu(index, { apicMode: 'xapic', irr: words(0x41), requests: ['EVENT'] });
    return { ...bare, pid: { on: index === 1, pir: words(0x41) } };
  }),
});

export const MANY = fixture(
  '64-vcpus',
  {
    length: 5_000,
    position: 2_500,
    finished: false,
    step: step({ number: 2_500, writes: [{ field: 'vcpu 37.irr', before: 'empty', after: '0x41' }] }),
    vcpus: Array.from({ length: 64 }, (_, i) =>
      vcpu(i, {
        state: ['running', 'exited', 'blocked', 'preempted'][i % 4],
        irr: words(...(i % 5 === 0 ? [0x41, 0x30 + i] : [])),
        pid: pid(i, { on: i % 3 === 0, pir: words(...(i % 3 === 0 ? [0x20 + i] : [])) }),
        ...(i === 37 ? { irr: words(0x41), changed: ['irr'], changedVectors: { irr: [0x41] } } : {}),
      }),
    ),
    cpus: Array.from({ length: 64 }, (_, i) => cpu(i)),
  },
  Array.from({ length: 64 }, (_, i) => `vcpu ${i}`),
);

export const FAILING = fixture('failing', {
  position: 14,
  line: 0,
  statement: '',
  step: step({
    number: 14,
    agent: 'scenario',
    actor: 'scenario',
    place: 'expect',
    source: '',
    path: [],
    sentence: 'vcpu 1: irr has 0x41 does not hold.',
    reads: [{ field: 'vcpu 1.irr', before: 'empty' }],
    writes: [],
    marks: ['failure'],
  }),
  troubles: [
    { step: 11, line: 12, text: 'Vector 0x0f is illegal: bit 5 of the ESR of vcpu 1 is set and nothing is delivered.' },
    { step: 14, line: 14, text: 'Expectation failed: irr of vcpu 1 has 0x41. It is empty.' },
  ],
});

const HOSTILE_TEXT = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>&lt;b&gt;"\'`$\u202e\u0000';

export const HOSTILE = fixture('hostile', {
  title: HOSTILE_TEXT,
  profile: HOSTILE_TEXT,
  statement: HOSTILE_TEXT.repeat(6),
  step: step({
    sentence: HOSTILE_TEXT,
    place: `${HOSTILE_TEXT}${'x'.repeat(400)}`,
    path: [HOSTILE_TEXT, HOSTILE_TEXT],
    marks: [HOSTILE_TEXT],
    writes: [{ field: `vcpu 1.${HOSTILE_TEXT}`, before: HOSTILE_TEXT, after: 'y'.repeat(300) }],
  }),
  vcpus: [vcpu(0, { next: HOSTILE_TEXT, mode: HOSTILE_TEXT, state: HOSTILE_TEXT, requests: [HOSTILE_TEXT] })],
  troubles: [{ step: 1, line: 1, text: HOSTILE_TEXT }],
});

/** Every bit of every register: the fullest picture there is. */
export const FULL = fixture('full', {
  vcpus: [
    vcpu(0, {
      pid: pid(0, { on: true, sn: true, pir: new Array(8).fill(0xffffffff) }),
      irr: new Array(8).fill(0xaaaaaaaa),
      isr: new Array(8).fill(0xcccccccc),
      tmr: new Array(8).fill(0xf0f0f0f0),
      changed: ['irr'],
      changedVectors: { irr: [0x41, 0x42, 0x80], isr: [0x80] },
    }),
  ],
});

export const EMPTY: Fixture = {
  name: 'empty',
  messages: [{ type: 'empty', reason: 'No scenario runs.' }],
};

export const FIXTURES: readonly Fixture[] = [RUNNING, EXITED, BLOCKED, OLD, MANY, FAILING, HOSTILE, FULL, EMPTY];
