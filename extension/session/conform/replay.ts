/** Replays one recorded case on the engine and compares every answer with that of real KVM. */
import { kvm_set_irq } from '../../engine/ioapic/routing.ts';
import { SOURCE } from '../../engine/ioapic/state.ts';
import { CS_RESET, kvm_apic_accept_events } from '../../engine/lapic/events.ts';
import { kvm_set_msi } from '../../engine/lapic/msi.ts';
import { kvm_x2apic_msr_write } from '../../engine/lapic/msr.ts';
import { process_nmi, process_smi } from '../../engine/lapic/requests.ts';
import { kvm_apic_set_base } from '../../engine/lapic/reset.ts';
import { KVM_APIC_INIT, MP_STATE, REQ, V } from '../../engine/layout.ts';
import { type Machine, VMM } from '../../engine/machine.ts';
import { agentOf, type OnStep } from './agent.ts';
import { Guest } from './guest.ts';
import { effective, hexOf, ioapicChanges, ioapicImage, lapicChanges, lapicImage } from './image.ts';
import { setUp } from './machine.ts';
import type { Answer, Injection, Vector } from './vector.ts';

/** One answer that differs. */
export interface Disagreement {
  /** `setup`, `eff[1]`, `steps[0]`, `final[2]` */
  readonly where: string;
  readonly kvm: unknown;
  readonly engine: unknown;
}

const CS_FLAT = 8;

/** Same keys with the same values, whatever their order. */
export function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) {
    return a === b;
  }
  if (Array.isArray(a) !== Array.isArray(b)) {
    return false;
  }
  const left = a as Answer;
  const right = b as Answer;
  const keys = Object.keys(left);
  return keys.length === Object.keys(right).length && keys.every(key => same(left[key], right[key]));
}

class Replay {
  private readonly m: Machine;
  private readonly vector: Vector;
  private readonly onStep: OnStep | undefined;
  private readonly guests = new Map<number, Guest>();
  private lapics: Int32Array[];
  private ioapic: Int32Array;

  constructor(m: Machine, vector: Vector, onStep: OnStep | undefined) {
    this.m = m;
    this.vector = vector;
    this.onStep = onStep;
    this.lapics = this.everyVcpu(v => lapicImage(m, v));
    this.ioapic = ioapicImage(m);
  }

  everyVcpu<T>(each: (vcpu: number) => T): T[] {
    return Array.from({ length: this.m.vcpuCount }, (_, v) => each(v));
  }

  answer(step: Injection): Answer {
    return { op: step.op, ...this.inject(step), ...this.changes() };
  }

  final(vcpu: number): Answer {
    const { m } = this;
    const agent = agentOf(m, m.vcpuAgent(vcpu), this.onStep);
    const base = m.vcpu(vcpu);
    agent.run(process_nmi, vcpu);
    if (m.test_and_clear_bit(REQ.SMI, base + V.requests)) {
      agent.run(process_smi, vcpu);
    }
    const pending = m.words[base + V.nmi_pending];
    const nmi = m.profile.delivery.reportedNmis === 'how many' ? pending : Math.min(pending, 1);
    const injected = m.words[base + V.nmi_injected];
    const smi = m.words[base + V.smi_pending];
    const latched = m.test_bit(KVM_APIC_INIT, base + V.pending_events);
    const mp = this.mpState(vcpu);
    const cs = m.words[base + V.cs];
    return {
      mp,
      ...(nmi !== 0 || injected !== 0 ? { nmi_pending: nmi, nmi_injected: injected } : {}),
      ...(smi !== 0 ? { smi } : {}),
      ...(latched ? { init_latched: 1 } : {}),
      ...(cs !== CS_RESET && cs !== CS_FLAT ? { cs: hexOf(cs) } : {}),
    };
  }

  private inject(step: Injection): Answer {
    const { m } = this;
    const vmm = agentOf(m, VMM, this.onStep);
    switch (step.op) {
      case 'msi':
        return { ret: vmm.run(kvm_set_msi, step.lo | 0, step.hi | 0, step.data | 0) };
      case 'line':
        return { ret: 0, status: vmm.run(kvm_set_irq, step.gsi, SOURCE.userspace, step.level, 1) };
      case 'mp':
        return { ret: 0, mp: this.mpState(step.v) };
      case 'setmsr':
        return { ret: this.setMsr(step.v, step.idx, step.val[0] | 0, step.val[1] | 0) };
      case 'run':
        return { ...this.guest(step.src).run(step.ops) };
    }
  }

  private guest(vcpu: number): Guest {
    const known = this.guests.get(vcpu);
    const guest = known ?? new Guest(this.m, vcpu, agentOf(this.m, this.m.vcpuAgent(vcpu), this.onStep));
    this.guests.set(vcpu, guest);
    return guest;
  }

  /** KVM_GET_MP_STATE: INIT and SIPI take effect; a kicked vCPU that was halted counts as runnable. */
  private mpState(vcpu: number): number {
    const { m } = this;
    agentOf(m, m.vcpuAgent(vcpu), this.onStep).run(kvm_apic_accept_events, vcpu);
    const state = m.words[m.vcpu(vcpu) + V.mp_state];
    const kicked = m.words[m.vcpu(vcpu) + V.pv_unhalted] !== 0;
    return state === MP_STATE.HALTED && kicked ? MP_STATE.RUNNABLE : state;
  }

  /** KVM_SET_MSRS: how many were written. */
  private setMsr(vcpu: number, msr: number, low: number, high: number): number {
    const agent = agentOf(this.m, this.m.vcpuAgent(vcpu), this.onStep);
    if (msr === 0x1b) {
      return high === 0 && agent.run(kvm_apic_set_base, vcpu, low, 1) === 0 ? 1 : 0;
    }
    const known = msr >= 0x800 && msr < 0x900;
    return known && agent.run(kvm_x2apic_msr_write, vcpu, msr, low, high) === 0 ? 1 : 0;
  }

  private changes(): Answer {
    const lapics = this.everyVcpu(v => lapicImage(this.m, v));
    const d = lapics
      .map((image, v) => lapicChanges(this.lapics[v], image, v))
      .filter((change): change is Answer => change !== undefined);
    this.lapics = lapics;
    if (this.vector.chip === 'split') {
      return { d };
    }
    const ioapic = ioapicImage(this.m);
    const io = ioapicChanges(this.m, this.ioapic, ioapic);
    this.ioapic = ioapic;
    return io === undefined ? { d } : { d, io };
  }
}

/** Everything in which the engine and the recording disagree; empty = they agree. */
export function replay(vector: Vector, onStep?: OnStep): Disagreement[] {
  const { machine, errors } = setUp(vector);
  const run = new Replay(machine, vector, onStep);
  const found: Disagreement[] = [];
  const compare = (where: string, kvm: unknown, engine: unknown) => {
    if (!same(kvm, engine)) {
      found.push({ where, kvm, engine });
    }
  };
  const compareEach = (where: string, kvm: readonly unknown[], engine: readonly unknown[]) => {
    for (let i = 0; i < Math.max(kvm.length, engine.length); i++) {
      compare(`${where}[${i}]`, kvm[i], engine[i]);
    }
  };
  compare('setup', vector.result.setup_err, errors);
  compareEach(
    'eff',
    vector.result.eff,
    run.everyVcpu(v => effective(machine, v)),
  );
  vector.inject.forEach((step, i) => {
    onStep?.('', `step ${i}`, JSON.stringify(step));
    compare(`steps[${i}]`, vector.result.steps[i], run.answer(step));
  });
  compareEach(
    'final',
    vector.result.final,
    run.everyVcpu(v => run.final(v)),
  );
  return found;
}
