/** A machine in a test: actions one by one, each run to its end, and what can be seen then. */
import { expect } from 'vitest';
import type { KernelVersion, MachineConfig, VcpuConfig } from '../../../extension/engine/config.ts';
import { hasVector, readNumber, readVectors } from '../../../extension/engine/fieldAccess.ts';
import { findField } from '../../../extension/engine/fields.ts';
import { brokenInvariants, type InvariantName } from '../../../extension/engine/invariants.ts';
import { device_interrupt } from '../../../extension/engine/iommu/device.ts';
import { postedEntry } from '../../../extension/engine/iommu/remapping.ts';
import { D, EVENT, IOMMU, IOMMU_FLAG, V } from '../../../extension/engine/layout.ts';
import { MARK, type Machine } from '../../../extension/engine/machine.ts';
import type { Operation, Step } from '../../../extension/engine/operation.ts';
import type { Statement } from '../../../extension/scenario/program.ts';
import { type AgentAction, begin } from '../../../extension/session/actions.ts';
import { Runner } from '../../../extension/session/runner.ts';

export type { AgentAction };

export interface StepRecord {
  readonly agent: string;
  readonly operation: string;
  /** Key of the step in its operation. */
  readonly label: string;
}

type VcpuOptions = Partial<VcpuConfig>;

export interface Options extends Partial<Omit<MachineConfig, 'vcpus' | 'kernel'>> {
  readonly kernel?: KernelVersion;
  readonly vcpus?: readonly VcpuOptions[];
  /** Mode of every local APIC. */
  readonly apic?: 'xapic' | 'x2apic';
}

const RANGE = { line: 0, start: 0, end: 0 };

/** Four vCPUs running on CPUs of their own, x2APIC, APICv, Linux 6.16, unless said otherwise. */
export function machineConfig({ vcpus, apic = 'x2apic', ...options }: Options = {}): MachineConfig {
  const described = vcpus ?? [{}, {}, {}, {}];
  return {
    vendor: 'intel',
    kernel: '6.16',
    hostApic: 'x2apic',
    apicv: true,
    ipiv: false,
    vtdPosting: false,
    irqchip: 'kernel',
    x2apicApi: -1,
    vectorHashing: true,
    cpus: Array.from({ length: Math.max(8, described.length) }, (_, id) => ({ apicId: id })),
    ...options,
    vcpus: described.map((vcpu, id) => ({
      id,
      apic,
      state: 'running',
      cpu: id,
      bsp: id === 0,
      interruptsEnabled: true,
      ldr: 1 << (24 + (id & 7)),
      ...vcpu,
    })),
  };
}

function labelOf(operation: Operation, step: Step): string {
  const at = operation.steps.indexOf(step);
  return [...operation.labels].find(([, index]) => index === at)?.[0] ?? '';
}

export class World {
  readonly m: Machine;
  private readonly runner: Runner;
  private readonly statements: Statement[] = [];

  constructor(options: Options = {}) {
    this.runner = new Runner({ machine: machineConfig(options), statements: this.statements });
    this.m = this.runner.machine;
  }

  /** Carries the action out, and everything that it sets off. */
  do(action: AgentAction): StepRecord[] {
    const from = this.m.length;
    this.statements.push({ range: RANGE, text: action.kind, action });
    while (!this.runner.finished) {
      const found = this.runner.judgement();
      expect(found?.obstacle, action.kind).toBeUndefined();
      this.runner.step();
      this.watch();
    }
    return this.steps(from);
  }

  /** Names of the invariants that were broken after some step, once each; the harmless ones too. */
  readonly broken = new Set<InvariantName>();

  private watch(): void {
    for (const { name } of brokenInvariants(this.m)) {
      this.broken.add(name);
    }
  }

  /** Steps after `from`, in order. */
  steps(from = 0): StepRecord[] {
    const records: StepRecord[] = [];
    for (let step = from + 1; step <= this.m.length; step++) {
      const code = this.m.codeOf(step);
      if (code !== undefined) {
        records.push({
          agent: this.m.agentName(this.m.agentOf(step)),
          operation: code.operation.name,
          label: labelOf(code.operation, code.step),
        });
      }
    }
    return records;
  }

  // Actions in short.

  ipi(vcpu: number, to: number, vector: number, bits = 0): StepRecord[] {
    const x2apic = this.m.config.vcpus[vcpu].apic === 'x2apic';
    return this.do({ kind: 'icr', vcpu, value: { lo: vector | bits, hi: x2apic ? to : to << 24 } });
  }

  icr(vcpu: number, lo: number, hi = 0): StepRecord[] {
    return this.do({ kind: 'icr', vcpu, value: { lo, hi } });
  }

  page(vcpu: number, offset: number, value: number): StepRecord[] {
    return this.do({ kind: 'page', vcpu, offset, value });
  }

  wrmsr(vcpu: number, msr: number, lo: number, hi = 0): StepRecord[] {
    return this.do({ kind: 'wrmsr', vcpu, msr, value: { lo, hi } });
  }

  enter(vcpu: number, cpu?: number): StepRecord[] {
    return this.do(cpu === undefined ? { kind: 'enter', vcpu } : { kind: 'enter', vcpu, cpu });
  }

  /** Device 0 signals; its IRTE posts `vector` to `vcpu`. Needs `devices`. */
  device(vcpu: number, vector: number): StepRecord[] {
    const { m } = this;
    const from = m.length;
    const base = m.device(0);
    postedEntry(vcpu, vector, [0, 0, 0, 0]).forEach((word, i) => {
      m.store(base + D.irte + i, word | 0);
    });
    m.store(base + D.irte_is_cached, 0);
    m.store(m.layout.iommu + IOMMU.flags, 1 << IOMMU_FLAG.IRE);
    m.start(m.deviceAgent(0), device_interrupt, 0, 0xfee00010 | 0, 0);
    this.drain();
    return this.steps(from);
  }

  /** Everybody acts until nobody has anything left to do. */
  drain(): void {
    const { m } = this;
    for (;;) {
      let agent = m.agentCount - 1;
      while (agent >= 0 && !m.ready(agent)) {
        agent--;
      }
      if (agent < 0) {
        return;
      }
      m.step(agent);
      m.close();
      this.watch();
    }
  }

  /** Gives an action to its agent without a step being taken. Returns the agent. */
  begin(action: AgentAction): number {
    return begin(this.m, action);
  }

  /** Steps of one agent, until the step `label` is the next or it is idle. */
  advance(agent: number, label: string): void {
    const { m } = this;
    while (!m.idle(agent)) {
      const frame = m.nextFrame(agent);
      if (frame !== undefined && labelOf(frame.operation, frame.step) === label) {
        return;
      }
      m.step(agent);
      m.close();
      this.watch();
    }
    throw new Error(`never came to ${label}`);
  }

  /** One step of one agent. */
  one(agent: number): void {
    this.m.step(agent);
    this.m.close();
    this.watch();
  }

  // What can be seen.

  number(vcpu: number, path: string): number {
    const field = findField('vcpu', path);
    if (field === undefined) {
      throw new Error(`no field ${path}`);
    }
    return readNumber(this.m, { field, index: vcpu });
  }

  vectors(vcpu: number, path: string): number[] {
    const field = findField('vcpu', path);
    if (field === undefined) {
      throw new Error(`no field ${path}`);
    }
    return readVectors(this.m, { field, index: vcpu });
  }

  has(vcpu: number, path: string, vector: number): boolean {
    const field = findField('vcpu', path);
    return field !== undefined && hasVector(this.m, { field, index: vcpu }, vector);
  }

  /** Vectors that the guest has taken since `forget`. */
  taken(vcpu: number): number[] {
    const found: number[] = [];
    for (let vector = 0; vector < 256; vector++) {
      if (this.m.test_bit(vector, this.m.vcpu(vcpu) + V.taken)) {
        found.push(vector);
      }
    }
    return found;
  }

  happened(vcpu: number, event: keyof typeof EVENT): boolean {
    return this.m.test_bit(EVENT[event], this.m.vcpu(vcpu) + V.events);
  }

  /** Physical interrupts that were sent in these steps: marks of kind `notification`. */
  notifications(from: number): number {
    let count = 0;
    for (let step = from + 1; step <= this.m.length; step++) {
      count += (this.m.marksOf(step) >>> MARK.notification) & 1;
    }
    return count;
  }

  /** Basic reasons of the VM exits after step `from`, in order, with their qualification. */
  exits(from: number): (readonly [reason: number, qualification: number])[] {
    const found: [number, number][] = [];
    const end = this.m.length;
    for (let step = from + 1; step <= end; step++) {
      const code = this.m.codeOf(step);
      if (code?.operation.name === 'VM exit') {
        this.m.seek(step);
        const vcpu = [...Array(this.m.vcpuCount).keys()].find(
          index => this.m.vcpuAgent(index) === this.m.agentOf(step) || this.left(step, index),
        );
        const base = this.m.vcpu(vcpu ?? 0);
        found.push([this.m.words[base + V.exit_reason], this.m.words[base + V.exit_qualification]]);
      }
    }
    this.m.seek(end);
    return found;
  }

  private left(step: number, vcpu: number): boolean {
    const state = this.m.vcpu(vcpu) + V.state;
    return [...this.m.changesOf(step)].some(([address]) => address === state);
  }

  /** Begins to count events and vectors anew. */
  forget(): number {
    for (let vcpu = 0; vcpu < this.m.vcpuCount; vcpu++) {
      const base = this.m.vcpu(vcpu);
      this.m.store(base + V.events, 0);
      for (let i = 0; i < 8; i++) {
        this.m.store(base + V.taken + i, 0);
      }
    }
    this.m.closeAs(0xfffe, 0);
    return this.m.length;
  }

  /** Changes words by hand, as a step of the user. */
  set(change: (m: Machine) => void): void {
    change(this.m);
    this.m.closeAs(0xfffe, 0);
  }
}

/** One assigned device behind the IOMMU. */
export const DEVICE = [{ name: 'nic', irte: 0, sourceId: 0, host: { cpu: 0, vector: 0x30 }, assigned: true }] as const;

/** `operation.label`, or only the operation: is it among the steps? */
export function ran(steps: readonly StepRecord[], operation: string, label?: string): boolean {
  return steps.some(step => step.operation === operation && (label === undefined || step.label === label));
}

/** Runs one operation of KVM on the vCPU's thread. */
export function call(world: World, vcpu: number, what: Parameters<World['m']['start']>[1], ...args: number[]): number {
  world.m.start(world.m.vcpuAgent(vcpu), what, vcpu, ...args);
  world.drain();
  return world.m.result;
}
