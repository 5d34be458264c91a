/** Breakpoints as the protocol states them, turned into stop rules of a session. */
import type { DebugProtocol } from '@vscode/debugprotocol';
import type { MachineConfig } from '../../engine/config.ts';
import { INVARIANTS, type InvariantName } from '../../engine/invariants.ts';
import type { Machine } from '../../engine/machine.ts';
import { allNames, kernelName } from '../../engine/names.ts';
import { operations } from '../../engine/operation.ts';
import { nearest } from '../../scenario/suggest.ts';
import { compile, type Expression, UserError } from '../expression.ts';
import type { Runner } from '../runner.ts';
import type { Session } from '../session.ts';
import { type StopRule, TROUBLES, type TroubleName } from '../stopRules.ts';

const INVARIANT_NAMES = Object.keys(INVARIANTS) as InvariantName[];

export const EXCEPTION_FILTERS: DebugProtocol.ExceptionBreakpointsFilter[] = Object.entries(TROUBLES).map(
  ([filter, { label, stops }]) => ({
    filter,
    label,
    default: stops,
    ...(filter === 'invariant'
      ? { supportsCondition: true, conditionDescription: `all, or some of: ${INVARIANT_NAMES.join(', ')}` }
      : {}),
  }),
);

const DEFAULT_FILTERS = EXCEPTION_FILTERS.filter(filter => filter.default).map(({ filter }) => ({ filterId: filter }));

/** A message names at most so many functions. */
const MOST_NAMED = 3;

const FIRST_ID = { line: 1, function: 1_000_001, data: 2_000_001, trouble: 3_000_001 } as const;

interface Conditions {
  readonly condition?: string;
  readonly hitCondition?: string;
  readonly logMessage?: string;
}

/** What the client has asked for, kept so that a restarted run gets the same. */
export class Breakpoints {
  private lines: readonly DebugProtocol.SourceBreakpoint[] = [];
  private functions: readonly DebugProtocol.FunctionBreakpoint[] = [];
  private data: readonly DebugProtocol.DataBreakpoint[] = [];
  private filters: readonly DebugProtocol.ExceptionFilterOptions[] = DEFAULT_FILTERS;

  /** `program`: the file that runs. A client tells the breakpoints of every file, this one's or not. */
  setLines(
    { source, breakpoints = [] }: DebugProtocol.SetBreakpointsArguments,
    session: Session,
    program: string,
  ): DebugProtocol.Breakpoint[] {
    if (!isSameFile(source, program)) {
      const message = refusalOf(source, session);
      return listOf(breakpoints).map(() => ({ verified: false, message }));
    }
    this.lines = listOf(breakpoints);
    return this.apply(session)
      .filter(({ of }) => of === 'line')
      .map(({ answer }) => answer);
  }

  setFunctions(
    breakpoints: readonly DebugProtocol.FunctionBreakpoint[] = [],
    session: Session,
  ): DebugProtocol.Breakpoint[] {
    this.functions = listOf(breakpoints);
    return this.apply(session)
      .filter(({ of }) => of === 'function')
      .map(({ answer }) => answer);
  }

  setData(breakpoints: readonly DebugProtocol.DataBreakpoint[] = [], session: Session): DebugProtocol.Breakpoint[] {
    this.data = listOf(breakpoints);
    return this.apply(session)
      .filter(({ of }) => of === 'data')
      .map(({ answer }) => answer);
  }

  setFilters(
    { filters = [], filterOptions = [] }: DebugProtocol.SetExceptionBreakpointsArguments,
    session: Session,
  ): DebugProtocol.Breakpoint[] {
    this.filters = [...listOf(filters).map(filterId => ({ filterId })), ...listOf(filterOptions)];
    return this.apply(session)
      .filter(({ of }) => of === 'trouble')
      .map(({ answer }) => answer);
  }

  /** Gives the session its rules; one answer for each breakpoint, verified or with the reason why not. */
  apply(session: Session): { readonly of: StopRule['kind']; readonly answer: DebugProtocol.Breakpoint }[] {
    const rules: StopRule[] = [];
    const counts = { line: 0, function: 0, data: 0, trouble: 0 };
    const answers: { of: StopRule['kind']; answer: DebugProtocol.Breakpoint }[] = [];
    const add = (of: StopRule['kind'], asked: Conditions, make: (common: Common) => Made) => {
      // Setting breakpoints of one kind leaves the ids of the others alone.
      const id = FIRST_ID[of] + counts[of]++;
      try {
        const { rule, line } = make({ id, ...conditionsOf(asked, session.runner) });
        rules.push(rule);
        answers.push({ of, answer: { id, verified: true, ...(line === undefined ? {} : { line }) } });
      } catch (error) {
        answers.push({ of, answer: { id, verified: false, message: (error as Error).message } });
      }
    };
    for (const asked of this.lines) {
      add('line', asked, common => {
        const line = statementLine(session, asked.line - 1);
        return { rule: { ...common, kind: 'line', line }, line: line + 1 };
      });
    }
    for (const asked of this.functions) {
      add('function', asked, common => ({
        rule: { ...common, kind: 'function', name: functionName(asked.name, session.runner.machine) },
      }));
    }
    for (const asked of this.data) {
      add('data', asked, common => {
        const { field } = compile(asked.dataId, session.runner.machine);
        if (field === undefined) {
          throw new UserError(`${asked.dataId} is no field`);
        }
        return { rule: { ...common, kind: 'data', ref: field } };
      });
    }
    for (const asked of this.filters) {
      add('trouble', {}, common => ({ rule: { ...common, kind: 'trouble', ...troubleOf(asked) } }));
    }
    session.rules = rules;
    return answers;
  }
}

type Common = Pick<StopRule, 'id' | 'condition' | 'hits' | 'log'>;

interface Made {
  readonly rule: StopRule;
  readonly line?: number;
}

function troubleOf({ filterId, condition = '' }: DebugProtocol.ExceptionFilterOptions): {
  readonly name: TroubleName;
  readonly invariants?: readonly InvariantName[];
} {
  if (!Object.hasOwn(TROUBLES, filterId)) {
    throw new UserError(`there is no trouble called ${filterId}`);
  }
  const name = filterId as TroubleName;
  const names = condition.split(/[\s,]+/).filter(Boolean);
  const unknown = names.find(each => !Object.hasOwn(INVARIANTS, each));
  if (unknown !== undefined) {
    throw new UserError(`there is no invariant called ${unknown}; write some of ${INVARIANT_NAMES.join(', ')}`);
  }
  return names.length === 0 ? { name } : { name, invariants: names as InvariantName[] };
}

/** What a client sends may be anything; what it once was must not stay in the way. */
function listOf<T>(asked: readonly T[]): readonly T[] {
  return Array.isArray(asked) ? asked : [];
}

/** 1-based lines from `line` to `endLine` on which a statement begins. */
export function breakpointLocations(
  { program }: Session,
  { line, endLine = line }: DebugProtocol.BreakpointLocationsArguments,
): DebugProtocol.BreakpointLocation[] {
  const lines = program.statements.map(({ range }) => range.line + 1);
  return [...new Set(lines)].filter(each => each >= line && each <= endLine).map(each => ({ line: each }));
}

/** A breakpoint between statements belongs to the next one. */
function statementLine(session: Session, from: number): number {
  const lines = session.program.statements.map(({ range }) => range.line).filter(line => line >= from);
  if (lines.length === 0) {
    throw new UserError('no statement on this line or below it');
  }
  return lines.reduce((first, line) => Math.min(first, line));
}

/** Names of functions that the engine knows, as the kernel of `config` has them; without it, as any kernel has them. */
function functionNames(config?: MachineConfig): Set<string> {
  const namesOf = (name: string) => (config === undefined ? allNames(name) : [kernelName(config, name)]);
  const own = operations.flatMap(({ name, via, steps }) => [name, ...via, ...steps.flatMap(step => step.via)]);
  return new Set(own.flatMap(namesOf).filter(name => name !== ''));
}

function functionName(asked: string, { config, profile }: Machine): string {
  const name = asked.trim();
  const here = functionNames(config);
  if (here.has(name)) {
    return name;
  }
  const elsewhere = functionNames().has(name);
  const other = kernelName(config, name);
  if (elsewhere) {
    const instead = other === name || other === '' ? 'its steps stand in another one' : `it is called ${other}`;
    throw new UserError(`${profile.name} has no function ${name}: there ${instead}`);
  }
  const near = nearestNames(name, [...here]);
  const instead = near.length > 0 ? `did you mean ${near.join(', ')}?` : 'write one as the call stack shows it';
  throw new UserError(`no step of the engine lies in ${name}; ${instead}`);
}

/** Those that contain what was written, or the one with fewest slips. */
function nearestNames(name: string, known: readonly string[]): string[] {
  const bare = name.replace(/\(.*$/, '').toLowerCase();
  const near = nearest(bare, known);
  const containing = bare.length < 3 ? [] : known.filter(each => each.toLowerCase().includes(bare));
  return [...new Set([...(near === undefined ? [] : [near]), ...containing])].slice(0, MOST_NAMED);
}

/** An included file has no statements, only what the scenario is made of. */
function refusalOf(source: DebugProtocol.Source, { program }: Session): string {
  const included = program.files?.some(file => isSameFile(source, file.replace(/^(?:\.\.\/)+/, '')));
  return included
    ? 'this file is included: it describes, and nothing in it is a statement. Set the breakpoint in the scenario, or on a function by its name'
    : 'this file is not the scenario that runs';
}

/** Paths as clients write them: a URI or a path, absolute or not. */
function isSameFile({ path, name }: DebugProtocol.Source = {}, program: string): boolean {
  const plain = (text: string) =>
    text
      .replace(/^file:\/\//, '')
      .replaceAll('\\', '/')
      .replace(/^\/?[a-z]:/i, drive => drive.replace('/', '').toLowerCase());
  const [asked, runs] = [plain(path ?? name ?? ''), plain(program)];
  return asked === runs || asked.endsWith(`/${runs}`) || runs.endsWith(`/${asked}`);
}

function conditionsOf({ condition, hitCondition, logMessage }: Conditions, runner: Runner): Omit<Common, 'id'> {
  return {
    ...(condition ? { condition: compile(condition, runner.machine) } : {}),
    ...(hitCondition ? { hits: hitTest(hitCondition) } : {}),
    ...(logMessage ? { log: logger(logMessage, runner) } : {}),
  };
}

const HIT = /^\s*(==|>=|<=|>|<|%)?\s*(\d{1,9})\s*$/;

/** `3`, `>= 3`, `% 2`: on the third hit, from the third on, on every second. */
function hitTest(text: string): (count: number) => boolean {
  const match = HIT.exec(text);
  if (match === null) {
    throw new UserError(`'${text}' is no hit count; write 3, >= 3 or % 2`);
  }
  const wanted = Number(match[2]);
  switch (match[1]) {
    case '>=':
      return count => count >= wanted;
    case '>':
      return count => count > wanted;
    case '<=':
      return count => count <= wanted;
    case '<':
      return count => count < wanted;
    case '%':
      return count => wanted > 0 && count % wanted === 0;
    default:
      return count => count === wanted;
  }
}

/** `PIR is {vcpu 1.pid.pir}` */
function logger(text: string, runner: Runner): (runner: Runner) => string {
  const parts: (string | Expression)[] = text
    .split(/(\{[^}]*\})/)
    .map(part => (part.startsWith('{') ? compile(part.slice(1, -1), runner.machine) : part));
  return ({ machine }) => parts.map(part => (typeof part === 'string' ? part : part.print(machine))).join('');
}
