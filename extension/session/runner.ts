/**
 * Runs a program on its machine, one atomic step after the other. What comes next depends on nothing but the machine's memory, so a step
 * that was undone can be taken again, and is the same.
 */
import { G, V } from '../engine/layout.ts';
import { MARK, type Machine, SCENARIO } from '../engine/machine.ts';
import { createMachine } from '../engine/x86.ts';
import type { Program, Statement } from '../scenario/program.ts';
import { type AgentAction, begin, obstacle } from './actions.ts';
import { judge, type Verdict } from './expectations.ts';
import { RaceRun, type RaceVerdict } from './race.ts';
import { additionOf, setShared } from './raceAddition.ts';
import { Watches } from './watches.ts';

/** What a step that no agent takes is about: a judged expectation, or a statement that could not be carried out. */
export interface Judgement {
  readonly statement: Statement;
  readonly verdicts: readonly Verdict[];
  readonly obstacle?: string;
  /** At the end of a race: its conditions. */
  readonly race?: readonly RaceVerdict[];
}

export class Runner {
  readonly program: Program;
  readonly machine: Machine;

  /** The race of the program; undefined when it has none. */
  readonly race: RaceRun | undefined;

  /** What every step must keep. */
  readonly watches: Watches;

  /** Memory at the start, to which every section goes back. */
  private readonly initial: Int32Array | undefined;

  /** `order`: which agent takes each step of the race. */
  constructor(program: Program, order: readonly number[] = []) {
    this.program = program;
    this.machine = createMachine(program.machine, additionOf(program));
    setShared(this.machine, program);
    this.race = program.race && new RaceRun(this.machine, program, program.race, order);
    this.machine.agenda = this.race;
    this.watches = new Watches(this.machine, program);
    this.initial = program.sections && this.machine.words.slice();
  }

  /** Does the race run, or run next? */
  get atRace(): boolean {
    const { action } = this.program.statements[this.statement] ?? {};
    return action?.kind === 'race' && this.machine.words[G.interlude] === 0;
  }

  /** Index of the statement that runs, or runs next; the number of statements at the end. */
  get statement(): number {
    return this.machine.words[G.statement];
  }

  get finished(): boolean {
    return this.statement >= this.program.statements.length && this.betweenStatements;
  }

  /** No agent is in the middle of anything: the next step begins a statement. */
  get betweenStatements(): boolean {
    return this.machine.words[G.current] === 0;
  }

  /** The agent that takes the next step; SCENARIO when the next step is an expectation or an impossible statement; -1 at the end. */
  nextAgent(): number {
    const current = this.machine.words[G.current];
    if (this.race !== undefined && this.atRace && current !== 0) {
      return this.race.nextAgent();
    }
    if (current !== 0) {
      return this.machine.ready(current - 1) ? current - 1 : this.findReady();
    }
    return this.finished ? -1 : SCENARIO;
  }

  /** Takes the next step. Must not be called when `finished`. */
  step(): void {
    const m = this.machine;
    if (m.words[G.interlude] !== 0) {
      this.stepAgent();
      return;
    }
    const { action } = this.program.statements[this.statement];
    if (action.kind === 'race') {
      this.stepRace();
      return;
    }
    if (action.kind === 'section') {
      this.startAnew();
      this.pass(!this.watches.any || this.watches.notKept(this.statement).length === 0);
      return;
    }
    if (m.words[G.current] === 0) {
      if (action.kind === 'expect') {
        m.store(G.expected, 1);
        this.pass(this.judgement()?.verdicts.every(verdict => verdict.holds) ?? true);
        return;
      }
      this.forgetEvents();
      if (obstacle(m, action) !== undefined) {
        this.pass(false);
        return;
      }
      m.store(G.current, begin(m, action) + 1);
    }
    this.stepAgent();
  }

  /** Everything is as at the start; where the run is, and what failed before, stays. */
  private startAnew(): void {
    const m = this.machine;
    const { statement } = this;
    const failures = m.words[G.failures];
    for (const [address, word] of this.initial?.entries() ?? []) {
      m.store(address, word);
    }
    m.store(G.statement, statement);
    m.store(G.failures, failures);
  }

  private stepAgent(): void {
    const m = this.machine;
    const agent = this.nextAgent();
    const index = this.statement;
    const before = this.watches.any ? this.watches.before(index) : [];
    m.store(G.current, agent + 1);
    m.step(agent);
    if (this.watches.any && this.watches.notKept(index).some(each => !before.includes(each))) {
      m.store(G.failures, m.words[G.failures] + 1);
      m.mark(MARK.failure);
    }
    if (this.nextAgent() < 0) {
      m.store(G.current, 0);
      // What was typed by hand between two statements is done; the scenario goes on where it was.
      m.store(G.statement, this.statement + (m.words[G.interlude] !== 0 ? 0 : 1));
      m.store(G.interlude, 0);
    }
    m.close();
  }

  private stepRace(): void {
    const m = this.machine;
    const race = this.race as RaceRun;
    if (m.words[G.current] === 0) {
      this.forgetEvents();
      race.start();
    }
    const agent = race.nextAgent();
    if (agent === SCENARIO) {
      const holds = race.verdicts().every(verdict => verdict.holds);
      m.store(G.current, 0);
      race.finish();
      this.pass(holds);
      return;
    }
    m.store(G.current, agent + 1);
    race.step(agent);
    m.close();
  }

  /** Pushes the frames that the coming step of `agent` starts from, without taking it. For explanations; the caller restores the memory. */
  prepare(agent: number): void {
    const m = this.machine;
    if (this.betweenStatements && this.race !== undefined && this.atRace) {
      this.race.start();
    } else if (this.betweenStatements) {
      begin(m, this.program.statements[this.statement].action as AgentAction);
    }
    m.arise(agent);
  }

  /** What the coming step of the scenario itself will find; undefined when the coming step is an agent's. */
  judgement(): Judgement | undefined {
    const statement = this.program.statements[this.statement];
    if (statement?.action.kind === 'race') {
      const over = !this.betweenStatements && this.race?.nextAgent() === SCENARIO;
      return over ? { statement, verdicts: [], race: this.race?.verdicts() ?? [] } : undefined;
    }
    if (statement === undefined || !this.betweenStatements) {
      return undefined;
    }
    const { action } = statement;
    if (action.kind === 'section') {
      return { statement, verdicts: [] };
    }
    if (action.kind === 'expect') {
      const { statements } = this.program;
      let expects = 0;
      while (statements[this.statement - 1 - expects]?.action.kind === 'expect') expects++;
      return { statement, verdicts: action.conditions.map(condition => judge(this.machine, condition, expects)) };
    }
    const why = obstacle(this.machine, action as AgentAction);
    return why === undefined ? undefined : { statement, verdicts: [], obstacle: why };
  }

  private pass(holds: boolean): void {
    const m = this.machine;
    if (!holds) {
      m.store(G.failures, m.words[G.failures] + 1);
    }
    m.store(G.statement, this.statement + 1);
    m.closeAs(SCENARIO, holds ? 0 : 1 << MARK.failure);
  }

  /** Events are counted from the first action after an `expect` on. */
  private forgetEvents(): void {
    const m = this.machine;
    if (m.words[G.expected] === 0) {
      return;
    }
    m.store(G.expected, 0);
    for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
      const base = m.vcpu(vcpu);
      m.store(base + V.events, 0);
      for (let i = 0; i < 8; i++) {
        m.store(base + V.taken + i, 0);
      }
    }
  }

  /** Interrupt hardware first, then the VMM and the vCPUs' threads, then IOMMU, devices and the host's other threads; -1 when nobody has anything to do. */
  private findReady(): number {
    const m = this.machine;
    for (let cpu = 0; cpu < m.cpuCount; cpu++) {
      if (m.ready(m.cpuAgent(cpu))) {
        return m.cpuAgent(cpu);
      }
    }
    for (let agent = 0; agent <= m.vcpuCount; agent++) {
      if (m.ready(agent)) {
        return agent;
      }
    }
    for (let agent = m.iommuAgent; agent < m.ownAgents; agent++) {
      if (m.ready(agent)) {
        return agent;
      }
    }
    return -1;
  }
}
