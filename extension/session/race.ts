/** A race at work: what each agent still has to do, when the race is over, and what it has broken. Everything it remembers is in the machine's memory. */

import type { Addition, Agenda } from '../engine/addition.ts';
import { atWork } from '../engine/agents.ts';
import { VCPU_STATE } from '../engine/fields.ts';
import { brokenInvariants, INVARIANTS, type InvariantName } from '../engine/invariants.ts';
import { AGENT, AGENT_WORDS, V } from '../engine/layout.ts';
import { type Machine, SCENARIO, VMM } from '../engine/machine.ts';
import { FAILED_ASSERTION } from '../engine/restated/code.ts';
import { evaluator, type Value } from '../engine/restated/evaluate.ts';
import { canFail, failureAt, orElse } from '../engine/restated/impossible.ts';
import type { Program, Statement } from '../scenario/program.ts';
import type { Race, RaceAgent, RaceCondition } from '../scenario/race.ts';
import { INIT } from '../scenario/restate.ts';
import { type AgentAction, agentOf, begin, obstacle } from './actions.ts';
import { judge } from './expectations.ts';
import { BROKEN, COUNTERS, PHASE, SPUN, TAKEN, threadsOf } from './raceAddition.ts';

/** Numbers of the engine's own invariants among the conditions: one for each name and vCPU. */
const INVARIANT = 1 << 28;
const INVARIANT_NUMBERS = 1 << 16;
const NAMES = Object.keys(INVARIANTS) as readonly InvariantName[];

const BEFORE = 0;
/** The operation `init` runs, and nobody else. */
const INITIAL = 1;
const RUNNING = 2;
const OVER = 3;

/** What was found about one condition. */
export interface RaceVerdict {
  readonly text: string;
  readonly holds: boolean;
  readonly found: string;
}

export class RaceRun implements Agenda {
  readonly race: Race;
  /** Agents of the machine by agent of the race. */
  readonly agents: readonly number[];
  private readonly m: Machine;
  private readonly words: number;
  private readonly counters: number;
  private readonly init: number;
  private readonly initOperation: number;
  private readonly operations: Addition['operations'];
  private readonly tests: readonly Value[];
  /** Is there a condition that counts steps? */
  private readonly counts: boolean;
  /** Invariants of the engine that are asked after each step. */
  readonly invariants: readonly InvariantName[];

  constructor(
    m: Machine,
    program: Program,
    race: Race,
    /** Who takes each step; when it ends or cannot be followed, the default order. */
    private readonly order: readonly number[] = [],
  ) {
    this.m = m;
    this.race = race;
    const threads = threadsOf(race);
    this.agents = race.agents.map(agent => this.agentOf(agent, threads));
    this.words = m.added + (program.additions?.words ?? 0);
    this.counters = this.words + COUNTERS + race.agents.length;
    this.operations = m.addition.operations;
    this.init = m.addedAgent(threads.length);
    this.initOperation = program.additions?.operations.findIndex(each => each.name === INIT) ?? -1;
    const engineActs = race.agents.some(agent => agent.does.kind === 'actions');
    this.invariants = engineActs
      ? NAMES.filter(name => INVARIANTS[name].kind === 'trouble' && !race.invariantsOff.includes(name))
      : [];
    this.tests = race.conditions.map(condition => testOf(condition));
    this.counts = race.conditions.some(({ within }) => within !== undefined);
  }

  private agentOf(agent: RaceAgent, threads: readonly RaceAgent[]): number {
    const { m } = this;
    if (agent.does.kind === 'code') {
      return m.addedAgent(threads.indexOf(agent));
    }
    const action = agent.does.actions[0]?.action as AgentAction | undefined;
    return action === undefined ? VMM : agentOf(m, action);
  }

  // Agenda.

  get racing(): boolean {
    return this.phase === RUNNING;
  }

  has(agent: number): boolean {
    return this.phase === RUNNING && (this.next(agent) !== undefined || this.wakes(agent));
  }

  begin(agent: number): void {
    const { m } = this;
    const statement = this.next(agent);
    if (statement === undefined) {
      begin(m, { kind: 'enter', vcpu: agent - 1 });
      return;
    }
    const counter = this.progressAddress(this.agents.indexOf(agent));
    m.store(counter, m.words[counter] + 1);
    begin(m, statement.action as AgentAction);
  }

  done(index: number): boolean {
    const { m } = this;
    const agent = this.agents[index];
    const idle = m.load(m.layout.agents + agent * AGENT_WORDS + AGENT.depth) === 0;
    return idle && this.phase === RUNNING && this.statementOf(agent) === undefined;
  }

  /** Is this an agent of the race, or does it let out the stores of one? */
  owns(agent: number): boolean {
    const threads = this.m.buffers?.threads ?? this.m.agentCount;
    return this.agents.includes(agent % threads);
  }

  /** How many of its actions the agent of the machine has begun. */
  progress(agent: number): number {
    const at = this.agents.indexOf(agent);
    return at < 0 ? 0 : this.m.words[this.progressAddress(at)];
  }

  /** Where the agent of the race counts its actions. */
  progressAddress(index: number): number {
    return this.words + COUNTERS + index;
  }

  holds(agent: number): boolean {
    const { m, phase } = this;
    if (phase === BEFORE || phase === OVER) {
      return false;
    }
    if (phase === INITIAL) {
      return agent !== this.init;
    }
    for (let i = 0; i < this.agents.length; i++) {
      const { interrupts } = this.race.agents[i];
      if (interrupts !== undefined && this.agents[interrupts] === agent && atWork(m, this.agents[i])) {
        return true;
      }
    }
    // A handler on the CPU of a vCPU's thread interrupts it.
    if (agent < 1 || agent > m.vcpuCount || m.idle(agent)) {
      return false;
    }
    return !m.idle(m.cpuAgent(m.words[m.vcpu(agent - 1) + V.cpu]));
  }

  // The run.

  private get phase(): number {
    return this.m.words[this.words + PHASE];
  }

  /** Gives every thread its operation. Part of the first step of the race. */
  start(): void {
    const { m } = this;
    if (this.initOperation < 0) {
      this.startThreads();
      return;
    }
    m.store(this.words + PHASE, INITIAL);
    m.start(this.init, this.operations[this.initOperation]);
    if (m.idle(this.init)) {
      this.startThreads();
    }
  }

  private startThreads(): void {
    const { m } = this;
    m.buffers?.drain(this.init);
    m.store(this.words + PHASE, RUNNING);
    this.race.agents.forEach(({ does }, i) => {
      if (does.kind === 'code') {
        m.start(this.agents[i], this.operations[does.operation]);
      }
    });
    this.noteEventual();
  }

  /** Who takes the next step; SCENARIO when a condition broke or nobody can do anything more. */
  nextAgent(): number {
    const { m } = this;
    if (m.words[this.words + BROKEN] !== 0) {
      return SCENARIO;
    }
    const wanted = this.order[m.words[this.words + TAKEN]];
    if (wanted !== undefined && m.ready(wanted)) {
      return wanted;
    }
    const spun = m.words[this.words + SPUN];
    return this.inDefaultOrder().find(agent => (spun & bitOf(agent)) === 0 && m.ready(agent)) ?? SCENARIO;
  }

  /** Stores become visible at once, hardware acts as soon as it can, then the agents as they stand in the text. */
  private inDefaultOrder(): number[] {
    const { m } = this;
    const all = Array.from({ length: m.agentCount }, (_, i) => i);
    const rank = (agent: number) => {
      const at = this.agents.indexOf(agent);
      return at >= 0 ? 1000 + at : agent > m.vcpuCount ? 0 : 2000;
    };
    return all.sort((a, b) => rank(a) - rank(b) || b - a);
  }

  /** After a step of `agent`, still part of it. */
  stepped(agent: number): void {
    const { m } = this;
    if (this.phase === INITIAL) {
      if (m.idle(this.init)) {
        this.startThreads();
      }
      return;
    }
    const at = this.agents.indexOf(agent);
    const interrupted = at < 0 ? undefined : this.race.agents[at].interrupts;
    if (interrupted !== undefined && atWork(m, agent)) {
      // Taking an interrupt lets out the stores of the thread that it interrupts.
      m.buffers?.drain(this.agents[interrupted]);
    }
    if (!this.counts) {
      return;
    }
    this.race.conditions.forEach(({ within }, i) => {
      const count = this.counters + 2 * i;
      if (within !== undefined && this.agents[within.agent] === agent && m.words[count] < within.steps) {
        m.store(count, m.words[count] + 1);
      }
    });
    this.noteEventual();
  }

  /** What must hold `eventually` may hold from the beginning. */
  private noteEventual(): void {
    const { m } = this;
    this.race.conditions.forEach(({ within }, i) => {
      const met = this.counters + 2 * i + 1;
      if (within !== undefined && m.words[met] === 0 && this.tests[i](m, 0) !== 0) {
        m.store(met, 1);
      }
    });
  }

  /** Number of a condition that the present state breaks, from 1; 0 for none; above those, what `failureAt` tells of the code. */
  broken(): number {
    const { m } = this;
    const failure = this.brokenCode();
    if (failure > 0) {
      return failure;
    }
    if (this.phase !== RUNNING) {
      return 0;
    }
    const condition =
      1 +
      this.race.conditions.findIndex((condition, i) => {
        if (condition.when === 'always') {
          return this.tests[i](m, 0) === 0;
        }
        const { within } = condition;
        const count = this.counters + 2 * i;
        return within !== undefined && m.words[count] >= within.steps && m.words[count + 1] === 0;
      });
    return condition > 0 ? condition : this.brokenInvariant(false);
  }

  private brokenCode(): number {
    const failure = this.m.words[this.m.added + FAILED_ASSERTION];
    return failure === 0 ? 0 : this.race.conditions.length + failure;
  }

  /** Number of an invariant that the present state breaks; 0 for none, and where only threads act: there a field may mean anything. */
  private brokenInvariant(atTheEnd: boolean): number {
    if (this.invariants.length === 0) {
      return 0;
    }
    const broken = brokenInvariants(this.m, atTheEnd).find(({ name }) => this.invariants.includes(name));
    return broken === undefined ? 0 : INVARIANT + NAMES.indexOf(broken.name) * INVARIANT_NUMBERS + broken.index;
  }

  brokenAtTheEnd(): number {
    const failure = this.brokenCode();
    if (failure > 0) {
      return failure;
    }
    const condition =
      1 +
      this.race.conditions.findIndex(({ when }, i) =>
        when === 'finally'
          ? this.tests[i](this.m, 0) === 0
          : when === 'eventually' && this.m.words[this.counters + 2 * i + 1] === 0,
      );
    return condition > 0 ? condition : this.brokenInvariant(true);
  }

  /** What `broken` and `brokenAtTheEnd` count, in words. */
  textOf(condition: number): string {
    if (condition >= INVARIANT) {
      const name = NAMES[Math.floor((condition - INVARIANT) / INVARIANT_NUMBERS)];
      return `${name}, vcpu ${(condition - INVARIANT) % INVARIANT_NUMBERS}: ${INVARIANTS[name].sentence}`;
    }
    if (condition > this.race.conditions.length) {
      return failureAt(condition - this.race.conditions.length);
    }
    return this.race.conditions[condition - 1].text;
  }

  /** Does an agent of the race take the next step, and not `init`? */
  get running(): boolean {
    return this.phase === RUNNING || (this.phase === BEFORE && this.initOperation < 0);
  }

  /** Starts the race and runs `init`: what follows is up to the agents. */
  prepare(): void {
    const { m } = this;
    this.start();
    while (this.phase === INITIAL) {
      m.step(this.init);
      this.stepped(this.init);
    }
    m.close();
  }

  /** Takes a step in a session, and notes what it broke. */
  step(agent: number): void {
    const { m } = this;
    if (this.running) {
      m.store(this.words + TAKEN, m.words[this.words + TAKEN] + 1);
    }
    const before = this.changes();
    m.step(agent);
    this.stepped(agent);
    const changed = [...this.changes()].some(([address, difference]) => (before.get(address) ?? 0) !== difference);
    const spun = changed ? 0 : m.words[this.words + SPUN] | bitOf(agent);
    m.store(this.words + SPUN, spun);
    const broken = this.broken();
    if (broken > 0) {
      m.store(this.words + BROKEN, broken);
    }
  }

  /** By address, what has changed since the last step was closed. */
  private changes(): ReadonlyMap<number, number> {
    const changes = new Map<number, number>();
    this.m.forEachUncommitted((address, difference) => {
      changes.set(address, (changes.get(address) ?? 0) ^ difference);
    });
    return changes;
  }

  finish(): void {
    this.m.store(this.words + PHASE, OVER);
  }

  /** The judgement at the end of a race in a session. */
  verdicts(): RaceVerdict[] {
    const { m, race } = this;
    const noted = m.words[this.words + BROKEN];
    const broken = noted !== 0 ? noted : this.brokenAtTheEnd();
    if (broken === 0) {
      return race.conditions.map(({ text }) => ({ text, holds: true, found: '' }));
    }
    return [{ text: this.textOf(broken), holds: false, found: this.foundFor(broken) }];
  }

  private foundFor(broken: number): string {
    const condition = this.race.conditions[broken - 1];
    if (condition?.holds.kind === 'conditions') {
      return foundBy(this.m, condition);
    }
    return this.m.words[this.words + BROKEN] !== 0 ? 'this step breaks it' : 'nobody can do anything more';
  }

  private next(agent: number): Statement | undefined {
    const statement = this.statementOf(agent);
    return statement === undefined || obstacle(this.m, statement.action as AgentAction) !== undefined
      ? undefined
      : statement;
  }

  /** What the agent has to begin next; undefined when nothing of what it was given is left. */
  private statementOf(agent: number): Statement | undefined {
    const at = this.agents.indexOf(agent);
    const does = at < 0 ? undefined : this.race.agents[at].does;
    return does?.kind === 'actions' ? does.actions[this.m.words[this.progressAddress(at)]] : undefined;
  }

  /** A thread that was woken and has nothing else to do goes back to the guest. */
  private wakes(agent: number): boolean {
    const { m } = this;
    return (
      agent >= 1 &&
      agent <= m.vcpuCount &&
      m.words[m.vcpu(agent - 1) + V.state] === VCPU_STATE.woken &&
      obstacle(m, { kind: 'enter', vcpu: agent - 1 }) === undefined
    );
  }
}

/** Not 0 where the condition is kept. */
export function testOf(condition: RaceCondition): Value {
  const { never } = condition;
  const value = conditionValue(condition);
  return never ? (m, frame) => (value(m, frame) === 0 ? 1 : 0) : value;
}

function conditionValue({ holds }: RaceCondition): Value {
  if (holds.kind === 'expression') {
    const value = evaluator(holds.expression);
    // What cannot be calculated does not hold.
    return canFail(holds.expression) ? (m, frame) => orElse(0, () => value(m, frame)) : value;
  }
  const { conditions } = holds;
  return m => (conditions.every(condition => judge(m, condition).holds) ? 1 : 0);
}

/** What was found where the condition is not kept, in words; empty for an expression. */
export function foundBy(m: Machine, { holds, never }: RaceCondition): string {
  const verdicts = holds.kind === 'conditions' ? holds.conditions.map(condition => judge(m, condition)) : [];
  return verdicts.flatMap(verdict => (verdict.holds && !never ? [] : [verdict.found])).join('; ');
}

/** Machines with more agents share bits: then somebody waits a step longer. */
function bitOf(agent: number): number {
  return 1 << (agent & 31);
}
