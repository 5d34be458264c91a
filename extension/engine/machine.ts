/** A machine at work: its memory, its agents and the one way in which anything happens, `step`. */
import { type Addition, type Agenda, NOTHING_ADDED, withRestated } from './addition.ts';
import { nameOfAgent, subjectOf } from './agents.ts';
import type { MachineConfig } from './config.ts';
import { afterCall, beforeStep, isHeld } from './holding.ts';
import { switchesOf } from './lapic/switches.ts';
import { AGENT, AGENT_WORDS, C, D, FRAME_WORDS, G, type Layout, layoutOf, MAX_DEPTH, V } from './layout.ts';
import { Memory } from './memory.ts';
import { CALL, type Flow, type Frame, NEXT, type Operation, RETURN, type Step } from './operation.ts';
import { type Profile, profileOf } from './profile.ts';
import { stackOf } from './stack.ts';
import { StoreBuffers } from './storeBuffers.ts';

/** What a CPU's interrupt hardware, a host interrupt handler, the IOMMU or a thread of the host would do now of its own accord. */
export type Spontaneous = (m: Machine, agent: number) => Operation | undefined;

// Plain numbers for the hot paths: a property of a shared object costs a look-up at every use.
const VCPU_WORDS = V.words;
const { depth: DEPTH, result: RESULT, words: AGENT_HEADER } = AGENT;

const NO_CODE = -1;
/** More silent steps in a row than any operation takes. */
const MOST_SILENT_STEPS = 1 << 16;

export { SCENARIO, USER, VMM } from './agents.ts';
export { MARK } from './marks.ts';
export type { Frame } from './operation.ts';

export class Machine extends Memory {
  readonly config: MachineConfig;
  readonly profile: Profile;
  readonly switches: number; // bits of `SWITCH`
  readonly layout: Layout;
  readonly vcpuCount: number;
  readonly cpuCount: number;
  readonly deviceCount: number;
  readonly agentCount: number;
  readonly addition: Addition;
  /** Every operation by its number; those that the scenario restates stand in the place of the engine's own. */
  readonly operations: readonly Operation[];
  /** First of the words that the scenario added. */
  readonly added: number;
  /** Stores that are not visible yet; undefined when every store is visible at once. */
  readonly buffers: StoreBuffers | undefined;
  /** What agents have to do beside the operations that they run; only while a race runs. */
  agenda: Agenda | undefined;
  /** Frames are wiped when they are left, so that states compare equal whatever ran before (exploration). */
  wiping = false;

  /** Agent whose step runs; only meaningful inside a step. */
  agent = 0;
  private readonly spontaneous: Spontaneous;
  /** Agents of the machine itself; those of the scenario follow. */
  readonly ownAgents: number;
  /** Address of the running operation's frame: its locals follow. */
  frame = 0;
  private callee: Operation | undefined;
  private readonly arguments = new Int32Array(FRAME_WORDS - 1);
  private marks = 0;
  private stepped = 0;
  private head = 0;

  constructor(config: MachineConfig, spontaneous: Spontaneous, addition: Addition = NOTHING_ADDED) {
    const devices = config.devices?.length ?? 0;
    const own = 2 + config.vcpus.length + config.cpus.length + (devices > 0 ? devices + 1 : 0);
    const threads = own + addition.agents.length;
    const agentCount = addition.storeBuffers ? 2 * threads : threads;
    const layout = layoutOf(config, agentCount);
    const added = layout.size + (addition.storeBuffers ? threads * StoreBuffers.words : 0);
    super(added + addition.words);
    this.addition = addition;
    this.operations = withRestated(addition.operations);
    this.added = added;
    this.buffers = addition.storeBuffers ? new StoreBuffers(this, layout.size, threads) : undefined;
    this.ownAgents = own;
    this.config = config;
    this.profile = profileOf(config);
    this.switches = switchesOf(config, this.profile.delivery);
    this.layout = layout;
    this.vcpuCount = config.vcpus.length;
    this.cpuCount = config.cpus.length;
    this.deviceCount = devices;
    this.agentCount = agentCount;
    this.spontaneous = spontaneous;
  }

  vcpu(index: number): number {
    return this.layout.vcpus + index * VCPU_WORDS;
  }

  cpu(index: number): number {
    return this.layout.cpus + index * C.words;
  }

  vcpuAgent(index: number): number {
    return 1 + index;
  }

  cpuAgent(index: number): number {
    return 1 + this.vcpuCount + index;
  }

  get iommuAgent(): number {
    return 1 + this.vcpuCount + this.cpuCount;
  }

  deviceAgent(index: number): number {
    return this.iommuAgent + 1 + index;
  }

  /** Threads of the host that are no vCPU's: work items and threaded interrupt handlers. Only machines with devices have it. */
  get kthreadAgent(): number {
    return this.iommuAgent + 1 + this.deviceCount;
  }

  device(index: number): number {
    return this.layout.devices + index * D.words;
  }

  /** The block `V` of vmcs02; only machines that have L2 own one. */
  nested(vcpu: number): number {
    return this.layout.nested + vcpu * V.words;
  }

  /** Agent number `index` of those that the scenario added. */
  addedAgent(index: number): number {
    return this.ownAgents + index;
  }

  /** `vmm`, `vcpu 2`, `cpu 0`, `iommu`, or what the scenario calls it. */
  agentName(agent: number): string {
    return nameOfAgent(this, agent);
  }

  // What a step's code may use, besides the primitives of `Memory`.

  /** Sets local `index` of the running operation. */
  local(index: number, value: number): void {
    this.store(this.frame + 1 + index, value);
  }

  /** What the last called operation of this agent returned. */
  get result(): number {
    return this.resultOf(this.agent);
  }

  /** What the last operation of `agent` returned. */
  resultOf(agent: number): number {
    return this.words[this.agentAddress(agent) + RESULT];
  }

  /** Returns from the operation with a result. */
  return(value: number): Flow {
    this.store(this.agentAddress(this.agent) + RESULT, value);
    return RETURN;
  }

  /** Calls an operation; the caller goes on with its next step when it returns. */
  call(callee: Operation, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): Flow {
    this.callee = callee;
    const args = this.arguments;
    args[0] = a;
    args[1] = b;
    args[2] = c;
    args[3] = d;
    args[4] = e;
    args[5] = f;
    return CALL;
  }

  mark(bit: number): void {
    this.marks |= 1 << bit;
  }

  // Scheduling.

  /** Gives an idle agent an operation to run. It becomes part of the next step. */
  start(agent: number, what: Operation, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0): void {
    if (!this.idle(agent)) {
      throw new Error(`${this.agentName(agent)} is already at work`);
    }
    this.call(what, a, b, c, d, e, f);
    this.push(agent);
    this.settle(agent);
  }

  /**
   * Gives an idle agent an operation and carries it out to its end, as if it ran alone; returns its result. Where nobody sees single steps
   * (no recording, nothing restated), an operation that can be done at once is.
   */
  finish(agent: number, what: Operation, a = 0, b = 0, c = 0, d = 0): number {
    const { atOnce } = what;
    if (atOnce !== undefined && !this.recording && this.addition === NOTHING_ADDED && this.observer === undefined) {
      this.agent = agent;
      return (this.words[this.agentAddress(agent) + RESULT] = atOnce(this, a, b, c, d));
    }
    this.start(agent, what, a, b, c, d);
    if (this.idle(agent)) {
      this.closeAs(agent, 0);
    }
    while (!this.idle(agent)) {
      this.step(agent);
      if (this.recording) {
        this.close();
      }
    }
    return this.resultOf(agent);
  }

  /** Has this agent nothing left of what it was given? */
  idle(agent: number): boolean {
    return this.words[this.agentAddress(agent) + DEPTH] === 0;
  }

  /** Can this agent take a step now? */
  ready(agent: number): boolean {
    if (isHeld(this, agent) || this.agenda?.holds(agent)) {
      return false;
    }
    if (this.idle(agent)) {
      return this.arising(agent) !== undefined || (this.agenda?.has(agent) ?? false);
    }
    return !this.waits(agent);
  }

  /** Takes one atomic step of a ready agent. `close` then puts it into the journal. */
  step(agent: number): void {
    this.arise(agent);
    this.marks = 0;
    this.stepped = agent;
    this.agent = agent;
    // What was begun may have been nothing but control flow.
    this.head = this.idle(agent) ? NO_CODE : this.words[this.top(agent)];
    if (this.head === NO_CODE) {
      return;
    }
    this.deferring = this.buffers?.watch(agent, this.operations[this.head >>> 16]);
    this.runOne(agent);
    this.settle(agent);
    this.forwarding = false;
    this.deferring = undefined;
  }

  /** Gives an idle agent what arises of itself. Throws when there is nothing to do. */
  arise(agent: number): void {
    if (!this.idle(agent)) {
      return;
    }
    const arising = this.arising(agent);
    if (arising === undefined) {
      if (this.agenda?.has(agent)) {
        this.agenda.begin(agent);
        return;
      }
      throw new Error(`${this.agentName(agent)} has nothing to do`);
    }
    this.start(agent, arising, subjectOf(this, agent));
  }

  /** Ends the step that `step` took, together with everything that was stored since. */
  close(): void {
    this.commit((this.stepped << 16) | this.marks, this.head);
  }

  /** Ends a step that is no operation's: an expectation, or a change by the user. */
  closeAs(agent: number, marks: number): void {
    this.commit((agent << 16) | marks, NO_CODE);
  }

  agentOf(step: number): number {
    return this.firstOf(step) >>> 16;
  }

  marksOf(step: number): number {
    return this.firstOf(step) & 0xffff;
  }

  /** The operation and step that journal entry `step` ran, or undefined for a step of the scenario itself. */
  codeOf(step: number): { readonly operation: Operation; readonly step: Step } | undefined {
    return this.codeAt(this.secondOf(step));
  }

  /** The agent's call stack, innermost first; empty when it is idle. */
  stack(agent: number): Frame[] {
    return stackOf(this, agent);
  }

  /** What the agent is about to do, in a sentence; undefined when it is idle and nothing arises of itself. */
  nextFrame(agent: number): Frame | undefined {
    const arising = this.idle(agent) ? this.arising(agent) : undefined;
    if (arising !== undefined) {
      return { operation: arising, step: arising.steps[0], locals: [subjectOf(this, agent)] };
    }
    return this.stack(agent)[0];
  }

  private arising(agent: number): Operation | undefined {
    if (agent >= this.ownAgents) {
      return this.buffers?.arising(agent);
    }
    return agent > this.vcpuCount ? this.spontaneous(this, agent) : undefined;
  }

  /** Does the agent's next step have to wait for another agent? */
  private waits(agent: number): boolean {
    const { words } = this;
    const address = this.top(agent);
    const head = words[address];
    const { until } = this.operations[head >>> 16].steps[head & 0xffff];
    if (until === undefined) {
      return false;
    }
    this.agent = this.buffers?.look(agent) ?? agent;
    this.frame = address;
    const holds = until(this, words[address + 1], words[address + 2], words[address + 3]);
    this.forwarding = false;
    return !holds;
  }

  private agentAddress(agent: number): number {
    return this.layout.agents + agent * AGENT_WORDS;
  }

  /** Frame number `depth`, 1 = outermost. */
  frameAddress(agent: number, depth: number): number {
    return this.agentAddress(agent) + AGENT_HEADER + (depth - 1) * FRAME_WORDS;
  }

  private top(agent: number): number {
    return this.frameAddress(agent, this.words[this.agentAddress(agent) + DEPTH]);
  }

  private push(agent: number): void {
    const callee = this.operations[(this.callee as Operation).id];
    const base = this.agentAddress(agent);
    const depth = this.words[base + DEPTH] + 1;
    if (depth > MAX_DEPTH) {
      throw new Error(`${callee.name}: more than ${MAX_DEPTH} frames`);
    }
    const address = this.frameAddress(agent, depth);
    this.store(base + DEPTH, depth);
    this.store(address, callee.id << 16);
    for (let i = 0; i < callee.locals.length; i++) {
      this.store(address + 1 + i, i < 6 ? this.arguments[i] : 0);
    }
    if (callee.uninterruptible) {
      afterCall(this, agent);
    }
  }

  private pop(agent: number, left: Operation): void {
    const base = this.agentAddress(agent);
    const depth = this.words[base + DEPTH];
    this.store(base + DEPTH, depth - 1);
    if (this.wiping) {
      const address = this.frameAddress(agent, depth);
      for (let i = 0; i < FRAME_WORDS; i++) {
        this.store(address + i, 0);
      }
    }
    if (left.uninterruptible && this.words[G.holder] === agent + 1) {
      this.store(G.holder, 0);
    }
  }

  private runOne(agent: number): void {
    const { words } = this;
    const address = this.top(agent);
    const head = words[address];
    const running = this.operations[head >>> 16];
    const at = head & 0xffff;
    this.agent = agent;
    this.frame = address;
    const { run, silent } = running.steps[at];
    if (!silent && this.addition !== NOTHING_ADDED) {
      beforeStep(this, agent);
    }
    const flow = run(
      this,
      words[address + 1],
      words[address + 2],
      words[address + 3],
      words[address + 4],
      words[address + 5],
      words[address + 6],
      words[address + 7],
      words[address + 8],
    );
    if (flow === NEXT) {
      this.store(address, head + 1);
    } else if (flow === RETURN) {
      this.pop(agent, running);
    } else if (flow === CALL) {
      this.store(address, head + 1);
      this.push(agent);
    } else if (typeof flow === 'number') {
      this.store(address, (head & ~0xffff) | flow);
    } else {
      const target = running.labels.get(flow);
      if (target === undefined) {
        throw new Error(`${running.name} has no step '${flow}'`);
      }
      this.store(address, (head & ~0xffff) | target);
    }
  }

  /** Runs silent steps and leaves finished operations until an atomic step is next or the agent is idle. */
  private settle(agent: number): void {
    const base = this.agentAddress(agent);
    let silence = MOST_SILENT_STEPS;
    while (this.words[base + DEPTH] > 0) {
      const head = this.words[this.top(agent)];
      const running = this.operations[head >>> 16];
      const at = head & 0xffff;
      if (at >= running.steps.length) {
        this.pop(agent, running);
      } else if (running.steps[at].silent) {
        this.runOne(agent);
      } else {
        return;
      }
      if (--silence < 0) {
        throw new Error(`${running.name} goes round without doing anything`);
      }
    }
  }

  protected override forwarded(address: number): number {
    const { buffers, words } = this;
    return buffers === undefined ? words[address] : buffers.forwarded(address, words[address]);
  }

  protected override drain(): void {
    this.buffers?.drain(this.agent);
    this.forwarding = false;
  }

  /** The operation and step that a frame's first word names. */
  codeAt(head: number): { readonly operation: Operation; readonly step: Step } | undefined {
    if (head === NO_CODE) {
      return undefined;
    }
    const running = this.operations[head >>> 16];
    const step = running.steps[head & 0xffff];
    return step === undefined ? undefined : { operation: running, step };
  }
}
