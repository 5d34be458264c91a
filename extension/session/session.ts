/** One run of a program, and every way to move through it. The debugger, the inspector and the command line all hold one of these. */
import { INVARIANTS } from '../engine/invariants.ts';
import { G } from '../engine/layout.ts';
import { MARK, SCENARIO, USER } from '../engine/machine.ts';
import type { CheckOptions } from '../scenario/check.ts';
import type { Program, Statement } from '../scenario/program.ts';
import type { ScenarioText } from '../scenario/tree.ts';
import { type AgentAction, begin, obstacle } from './actions.ts';
import { explain } from './explain.ts';
import { UserError } from './expression.ts';
import { lastWriter } from './lastWriter.ts';
import { ReadWatch, replayUntilRead } from './nextReader.ts';
import type { Motion, ReaderSearch, StepView, Trouble } from './protocol.ts';
import { Runner } from './runner.ts';
import { applies, brokenBy, type StopRule } from './stopRules.ts';
import { type Broken, sentenceOf } from './watches.ts';

/** Why a motion ended. */
export type StopReason = 'step' | 'breakpoint' | 'failure' | 'end' | 'start' | 'paused';

export interface Stop {
  readonly reason: StopReason;
  /** For `failure`: what went wrong, e.g. what was expected and what was found. */
  readonly text?: string;
  /** The rules that stopped the motion. */
  readonly rules?: readonly StopRule[];
}

/** What stops a run unless it is told otherwise. */
export const DEFAULT_RULES: readonly StopRule[] = [
  { id: 0, kind: 'trouble', name: 'expectation' },
  { id: 0, kind: 'trouble', name: 'impossible' },
];

/** Decides about pausing a long motion; asked every few thousand steps. */
export interface Patience {
  /** True: stop where we are. */
  exhausted(): boolean;
}

const ENDLESS: Patience = { exhausted: () => false };
const STEPS_BETWEEN_LOOKS = 4096;

/** Steps that a search for a reader looks at: a second's work. */
const MOST_LOOKED_AT = 1 << 15;

/** From what a run's program was checked: it is checked anew for another profile. */
export interface RunSource {
  readonly text: ScenarioText;
  readonly options: CheckOptions;
}

export class Session {
  readonly program: Program;
  readonly runner: Runner;
  /** Where motions stop on their way. */
  rules: readonly StopRule[] = DEFAULT_RULES;
  /** From what the program was checked; without it there is no comparison with other profiles. */
  source: RunSource | undefined;
  /** How often the recorded steps were given another way, by a change by hand. */
  changes = 0;
  /** Prints what log points say. */
  log: (text: string) => void = () => {};

  /** Which agent takes each step of the race. */
  readonly order: readonly number[];

  /** Index of the statement of each recorded step. */
  private statements: number[] = [];
  private failureAt: Map<number, Trouble> = new Map();
  private hits = new Map<StopRule, number>();
  private listeners = new Set<() => void>();
  /** Step after which nothing more can happen; -1 while the run has not come there. */
  private end = -1;
  /** Sees what new steps read. */
  private watch: ReadWatch | undefined;

  /** `order`: which agent takes each step of the program's race. */
  constructor(program: Program, order: readonly number[] = []) {
    this.program = program;
    this.order = order;
    this.runner = new Runner(program, order);
    this.lookForEnd();
  }

  /** Called after every motion, and after a field was changed by hand. */
  onDidMove(listener: () => void): { dispose(): void } {
    this.listeners.add(listener);
    return { dispose: () => this.listeners.delete(listener) };
  }

  get position(): number {
    return this.runner.machine.position;
  }

  get length(): number {
    return this.runner.machine.length;
  }

  /** The present position is the end of the program. */
  get finished(): boolean {
    return this.runner.finished;
  }

  /** The end of the program is recorded: nothing more can happen after `length`, wherever the present position is. */
  get complete(): boolean {
    return this.end === this.length;
  }

  /** The statement that runs or runs next; undefined at the end. */
  get statement(): Statement | undefined {
    return this.program.statements[this.runner.statement];
  }

  /** 1-based line of the statement to which `step` belongs; 0 when it is not recorded. */
  lineOf(step: number): number {
    const statement = this.program.statements[this.statementOf(step)];
    return statement === undefined ? 0 : statement.range.line + 1;
  }

  /** Index of the statement to which `step` belongs; -1 when it is not recorded. A later step never belongs to an earlier statement. */
  statementOf(step: number): number {
    return this.statements[step - 1] ?? -1;
  }

  /** Expectations that failed and statements that could not be carried out, up to the present position. */
  get troubles(): Trouble[] {
    return [...this.failureAt.values()].filter(trouble => trouble.step <= this.position);
  }

  move(motion: Motion, patience: Patience = ENDLESS): Stop {
    const stop = this.motion(motion, patience);
    this.announce();
    return stop;
  }

  /** Goes to the state after `step`, which may lie ahead of what has run so far; stops at the end of the program. */
  seek(step: number, patience: Patience = ENDLESS): Stop {
    const { machine } = this.runner;
    machine.seek(Math.min(Math.max(step, 0), machine.length));
    let stop: Stop = { reason: 'step' };
    for (let count = 1; machine.position < step && !this.finished; count++) {
      this.advance();
      if (count % STEPS_BETWEEN_LOOKS === 0 && patience.exhausted()) {
        stop = { reason: 'paused' };
        break;
      }
    }
    this.announce();
    return stop;
  }

  /** Goes back to the last step that changed one of these fields, as `FieldTouch` names them; to the start if none did. */
  seekWriter(fields: readonly string[]): Stop {
    return this.seek(lastWriter(this.runner.machine, fields));
  }

  /**
   * Goes to the next step that reads one of these fields, as `FieldTouch` names them. When no recorded step does, runs on as
   * `continue` does; a run that is not stopped on the way comes back when nobody reads them. Looks at `MOST_LOOKED_AT` steps.
   */
  seekReader(fields: readonly string[], patience: Patience = ENDLESS): ReaderSearch {
    const { machine } = this.runner;
    const from = this.position;
    const watch = new ReadWatch(machine, fields);
    const end = from + MOST_LOOKED_AT;
    replayUntilRead(this.runner, watch, Math.min(this.length, end));
    const recorded = this.position;
    let outcome: ReaderSearch['outcome'] = watch.seen ? 'recorded' : 'none';
    if (!watch.seen && recorded < end) {
      this.watch = watch;
      const stop = this.forward(() => watch.seen || this.position >= end, patience);
      this.watch = undefined;
      outcome = watch.seen ? 'ahead' : stop.rules === undefined ? 'none' : 'stopped';
    }
    const to = this.position;
    if (outcome === 'none') {
      machine.seek(from);
    }
    this.announce();
    return { fields, outcome, from, recorded, to };
  }

  /** Goes to the moment before statement `index` begins, back or ahead; stops at the end if it never does. */
  goTo(index: number, patience: Patience = ENDLESS): Stop {
    const there = () => this.runner.betweenStatements && this.runner.statement === index;
    if (this.runner.statement > index || (this.runner.statement === index && !there())) {
      this.backward(there, []);
    }
    while (!there() && !this.finished && !patience.exhausted()) {
      this.advance();
    }
    this.announce();
    return { reason: there() ? 'step' : 'end' };
  }

  /**
   * Carries out an action that the scenario does not have, between two statements. Throws UserError when it cannot be done now.
   * The scenario's next statement follows when all that the action sets off is done.
   */
  inject(action: AgentAction): void {
    const { machine, betweenStatements } = this.runner;
    if (!betweenStatements) {
      throw new UserError('the line is not done yet: step over first');
    }
    const why = obstacle(machine, action);
    if (why !== undefined) {
      throw new UserError(why);
    }
    this.change(() => {
      machine.store(G.current, begin(machine, action) + 1);
      machine.store(G.interlude, 1);
    });
  }

  /** What the step that led here did. */
  explain(): StepView {
    return explain(this.runner, this.position);
  }

  /** Changes memory by hand: a step of its own, after which everything is run anew. */
  change(write: () => void): void {
    const { machine } = this.runner;
    machine.truncate();
    this.changes++;
    this.end = -1;
    for (const step of this.failureAt.keys()) {
      if (step > machine.position) {
        this.failureAt.delete(step);
      }
    }
    const { statement } = this.runner;
    write();
    machine.closeAs(USER, 1 << MARK.user);
    this.lookForEnd();
    this.statements[machine.position - 1] = statement;
    this.announce();
  }

  private motion(motion: Motion, patience: Patience): Stop {
    switch (motion) {
      case 'stepInto':
        return this.forward(() => true, patience);
      case 'stepOver': {
        const { statement } = this.runner;
        return this.forward(() => this.runner.statement !== statement || this.runner.betweenStatements, patience);
      }
      case 'stepOut':
        return this.stepOut(patience);
      case 'continue':
        return this.forward(() => false, patience);
      case 'stepBack':
        return this.stepBack();
      case 'reverseContinue':
        return this.backward(() => false);
    }
  }

  /** Until the operation in which the next step lies has returned, or the statement is done. */
  private stepOut(patience: Patience): Stop {
    const { machine, statement } = this.runner;
    const agent = this.runner.nextAgent();
    const depth = agent >= 0 && agent !== SCENARIO ? machine.stack(agent).length : 0;
    return this.forward(() => this.runner.statement !== statement || machine.stack(agent).length < depth, patience);
  }

  private stepBack(): Stop {
    if (this.position === 0) {
      return { reason: 'start' };
    }
    if (!this.runner.betweenStatements) {
      this.runner.machine.seek(this.position - 1);
      return { reason: 'step' };
    }
    return this.backward(() => this.runner.betweenStatements, []);
  }

  private forward(there: () => boolean, patience: Patience): Stop {
    for (let count = 1; ; count++) {
      if (this.finished) {
        return { reason: 'end' };
      }
      this.advance();
      const stopped = this.stoppedBy(this.rules.filter(rule => this.strikes(rule)));
      if (stopped !== undefined) {
        return stopped;
      }
      if (there()) {
        return { reason: this.finished ? 'end' : 'step' };
      }
      if (count % STEPS_BETWEEN_LOOKS === 0 && patience.exhausted()) {
        return { reason: 'paused' };
      }
    }
  }

  /** Back until `there`, a rule applies or the start is reached; hits are not counted on the way back. */
  private backward(there: () => boolean, rules = this.rules): Stop {
    const { machine } = this.runner;
    while (machine.position > 0) {
      machine.seek(machine.position - 1);
      const stopped = this.stoppedBy(
        rules.filter(rule => rule.log === undefined && rule.kind !== 'trouble' && applies(rule, this.runner)),
      );
      if (stopped !== undefined) {
        return stopped;
      }
      if (there()) {
        return { reason: 'step' };
      }
    }
    return { reason: 'start' };
  }

  /** Does the rule stop a motion forwards here? Counts the hit, and prints if that is all that it does. */
  private strikes(rule: StopRule): boolean {
    if (!applies(rule, this.runner)) {
      return false;
    }
    const count = (this.hits.get(rule) ?? 0) + 1;
    this.hits.set(rule, count);
    if (rule.hits !== undefined && !rule.hits(count)) {
      return false;
    }
    if (rule.log !== undefined) {
      this.log(rule.log(this.runner));
      return false;
    }
    return true;
  }

  private stoppedBy(rules: readonly StopRule[]): Stop | undefined {
    if (rules.length === 0) {
      return undefined;
    }
    if (!rules.some(rule => rule.kind === 'trouble')) {
      return { reason: 'breakpoint', rules };
    }
    const broken = brokenBy(this.runner).map(name => `${name}: ${INVARIANTS[name].sentence}`);
    const isInvariant = rules.some(rule => rule.kind === 'trouble' && rule.name === 'invariant');
    const text = isInvariant ? broken.join('; ') : this.sentenceOf(this.position);
    return { reason: 'failure', text, rules };
  }

  /** One step ahead: again, if it was undone, else anew. */
  private advance(): void {
    const { machine } = this.runner;
    if (machine.position < machine.length) {
      machine.seek(machine.position + 1);
      return;
    }
    const index = this.runner.statement;
    const { statement } = this;
    machine.observer = this.watch;
    this.runner.step();
    machine.observer = undefined;
    this.lookForEnd();
    this.statements[machine.position - 1] = index;
    if ((machine.marksOf(machine.position) & (1 << MARK.failure)) !== 0 && statement !== undefined) {
      const step = machine.position;
      this.failureAt.set(step, { step, line: statement.range.line + 1, text: this.sentenceOf(step) });
    }
  }

  /** What `step` has broken of what `always` and `never` ask for. The present position stays. */
  brokenBy(step: number): readonly Broken[] {
    const { machine, watches } = this.runner;
    if (!watches.any || step === 0 || step > this.length) {
      return [];
    }
    const { position } = machine;
    machine.seek(step);
    const broken = watches.brokenBy(this.statementOf(step));
    machine.seek(position);
    return broken;
  }

  /** The conditions that the step has broken, or else what it did. */
  private sentenceOf(step: number): string {
    const broken = this.brokenBy(step);
    return broken.length > 0 ? broken.map(sentenceOf).join('; ') : explain(this.runner, step).sentence;
  }

  /** To be called where the journal has grown. */
  private lookForEnd(): void {
    if (this.runner.finished) {
      this.end = this.position;
    }
  }

  private announce(): void {
    for (const listener of this.listeners) {
      listener();
    }
  }
}
