/** Races: agents, conditions, variants, and what a scenario adds to the machine. */
import type { MachineConfig } from '../engine/config.ts';
import { INVARIANTS, type InvariantName } from '../engine/invariants.ts';
import { accesses, FAILED_ASSERTION, hasCall, LIST_WORDS, type Restated } from '../engine/restated/code.ts';
import { checkConditions } from './checkConditions.ts';
import { CodeExpressions } from './codeExpression.ts';
import { CodeProblem } from './codeProblem.ts';
import { builtIns, Scope, type Shared } from './codeScope.ts';
import { codeTokens } from './codeTokens.ts';
import { constantsOf } from './constants.ts';
import type { Condition, Range, Statement } from './program.ts';
import {
  type Additions,
  NO_ADDITIONS,
  type Race,
  type RaceAgent,
  type RaceCondition,
  type Variant,
  type Watch,
} from './race.ts';
import type { Report } from './report.ts';
import { checkCalled, checkOperations, declareOperations } from './restate.ts';
import { titleOf } from './sections.ts';
import { alternatives, shown } from './suggest.ts';
import type { Token } from './tokens.ts';
import { type ActionNode, type ExpectNode, lineOf, type RaceNode, type Tree } from './tree.ts';
import { numberOf } from './values.ts';

export interface CheckedRace {
  readonly additions: Additions;
  readonly race: Race | undefined;
  /** Conditions that steps outside of a race must keep. */
  readonly watches: readonly Watch[];
}

/** Agents that a race may have: more have more orders than anybody waits for. */
const MOST_AGENTS = 16;
const MOST_ELEMENTS = 64;

export function raceNodes(tree: Tree): readonly RaceNode[] {
  return tree.nodes.filter(node => node.kind === 'race');
}

/** `variant before broken`, `variant after`. */
export function checkVariants(tree: Tree, report: Report): Variant[] {
  const variants: Variant[] = [];
  for (const { part, range } of raceNodes(tree)) {
    if (part !== 'variant') continue;
    const [, name, expected, more] = lineOf(tree, range.line).code;
    const known = expected === undefined || expected.text === 'broken' || expected.text === 'holds';
    if (name?.kind !== 'word' || !known || more !== undefined) {
      report.add(
        'irq601',
        range,
        'Write a name and what exploring it shows: `variant before broken` or `variant after holds`.',
      );
    } else if (variants.some(each => each.name === name.text)) {
      report.add('irq607', name.range, `There is a variant \`${shown(name.text)}\` already. Write another name.`);
    } else {
      variants.push({ name: name.text, range, expected: expected?.text === 'broken' ? 'broken' : 'holds' });
    }
  }
  return variants;
}

/** How the checker reads one action, as it does outside of races. */
export type CheckAction = (node: ActionNode) => readonly Statement[];

export function checkRace(
  tree: Tree,
  machine: MachineConfig,
  vcpus: number | undefined,
  variants: readonly Variant[],
  variant: string | undefined,
  checkAction: CheckAction,
  report: Report,
): CheckedRace {
  const nodes = raceNodes(tree);
  if (nodes.length === 0) return { additions: NO_ADDITIONS, race: undefined, watches: [] };
  const scope = new Scope(FAILED_ASSERTION + 1, builtIns(machine));
  scope.count = { vcpu: vcpus ?? Infinity, cpu: machine.cpus.length };
  for (const { name } of variants) scope.variants.set(name, name === variant ? 1 : 0);
  for (const [name, value] of constantsOf(tree)) {
    const number = numberOf({ ...nodes[0].head, text: value });
    if (number !== undefined && number <= 0xffffffffn) scope.variants.set(name, Number(number) | 0);
  }
  let storeBuffers = true;
  for (const node of nodes) {
    if (node.part === 'shared' || node.part === 'list') declare(tree, node, scope, report);
    if (node.part === 'memory') storeBuffers = memoryOf(tree, node, report);
  }
  const drafts = agentDrafts(tree, nodes, report);
  for (const [i, { label }] of drafts.entries()) scope.agents.set(label, i);
  const blocks = declareOperations(tree, scope, report);
  const operations: Restated[] = checkOperations(tree, blocks, scope, report);
  const own = operations.length;
  const agents = drafts.map((draft): RaceAgent => {
    const actions = draft.nodes.flatMap(node => (node.action && !node.broken ? checkAction(node.action) : []));
    const { label, range } = draft;
    const interrupts = draft.interrupts && interrupted(draft.interrupts, scope, report);
    const rest = interrupts === undefined ? {} : { interrupts };
    if (draft.nodes.every(node => node.action)) return { label, range, does: { kind: 'actions', actions }, ...rest };
    operations.push(threadOf(tree, draft, scope, report));
    return { label, range, does: { kind: 'code', operation: operations.length - 1 }, ...rest };
  });
  const conditions = nodes.flatMap(node =>
    node.part === 'condition' && !node.broken ? (conditionOf(tree, node, machine, vcpus, scope, report) ?? []) : [],
  );
  const start = nodes.find(node => node.part === 'race');
  const watches = start ? [] : watchesOf(tree, conditions);
  if (start) checkCalled(blocks, scope, report);
  checkShape(nodes, agents, start, report);
  const used = own > 0 && operations.some(operation => operation.body.length > 0);
  return {
    additions: {
      shared: [...scope.shared.values()],
      words: used || scope.shared.size > 0 ? scope.words : 1,
      operations,
      storeBuffers: storeBuffers && (own > 0 || start !== undefined),
    },
    watches,
    race: start && {
      range: start.range,
      agents,
      conditions,
      invariantsOff: nodes.flatMap(node => invariantsOff(tree, node, report)),
    },
  };
}

/** `shared cond, waiter = 1, count[2]`; `list wakeup_list`. */
function declare(tree: Tree, { part, range }: RaceNode, scope: Scope, report: Report): void {
  const tokens = codeTokens(lineOf(tree, range.line), range.line).slice(1);
  const wrong = () => {
    const example = part === 'list' ? '`list wakeup_list`' : '`shared sleeping, cond = 1, count[2]`';
    report.add('irq601', range, `Write names separated by commas: ${example}.`);
  };
  for (let at = 0; at < tokens.length; at++) {
    const name = tokens[at];
    if (name.kind !== 'name') {
      wrong();
      return;
    }
    if (scope.shared.has(name.text)) {
      report.add('irq607', name.range, `\`${shown(name.text)}\` is declared already. Write another name.`);
      return;
    }
    let length = 1;
    let initial = 0;
    if (tokens[at + 1]?.text === '[' && part === 'shared') {
      length = Number(tokens[at + 2]?.text);
      if (tokens[at + 3]?.text !== ']' || !(length >= 1 && length <= MOST_ELEMENTS)) {
        wrong();
        return;
      }
      at += 3;
    }
    if (tokens[at + 1]?.text === '=' && part === 'shared') {
      const minus = tokens[at + 2]?.text === '-' ? 1 : 0;
      initial = Number(tokens[at + 2 + minus]?.text.replaceAll('_', '')) * (minus === 1 ? -1 : 1);
      if (!Number.isInteger(initial)) {
        wrong();
        return;
      }
      at += 2 + minus;
    }
    const shared: Shared =
      part === 'list'
        ? { name: name.text, kind: 'list', offset: scope.words, length: LIST_WORDS, initial: 0 }
        : { name: name.text, kind: 'variable', offset: scope.words, length, initial: initial | 0 };
    scope.shared.set(name.text, shared);
    scope.words += shared.length;
    at++;
    if (at < tokens.length && tokens[at].text !== ',') {
      wrong();
      return;
    }
  }
}

function memoryOf(tree: Tree, { range }: RaceNode, report: Report): boolean {
  const [, word, more] = lineOf(tree, range.line).code;
  if ((word?.text !== 'tso' && word?.text !== 'sc') || more !== undefined) {
    report.add('irq601', range, 'Write `memory tso` (stores wait in store buffers, as on x86) or `memory sc`.');
  }
  return word?.text !== 'sc';
}

const INVARIANT_NAMES = Object.keys(INVARIANTS).filter(isKeyOf(INVARIANTS));

function isKeyOf<T extends object>(object: T): (name: string) => name is keyof T & string {
  return (name): name is keyof T & string => Object.hasOwn(object, name);
}

/** `invariants off`, `invariants without asleep-with-work, rvi-below-virr`. */
function invariantsOff(tree: Tree, { part, range }: RaceNode, report: Report): readonly InvariantName[] {
  if (part !== 'invariants') return [];
  const [, word, ...rest] = lineOf(tree, range.line).code;
  if (word?.text === 'off' && rest.length === 0) return INVARIANT_NAMES;
  const names = rest.filter(token => token.text !== ',');
  const known = names.map(({ text }) => text).filter(isKeyOf(INVARIANTS));
  if (word?.text !== 'without' || known.length === 0 || known.length < names.length) {
    const message = `Write \`invariants off\`, or behind \`invariants without\` some of ${alternatives(INVARIANT_NAMES)}.`;
    report.add('irq601', range, message);
  }
  return known;
}

interface Draft {
  readonly label: string;
  readonly range: Range;
  readonly nodes: RaceNode[];
  interrupts?: Token;
}

function agentDrafts(tree: Tree, nodes: readonly RaceNode[], report: Report): Draft[] {
  const drafts: Draft[] = [];
  for (const node of nodes) {
    if (node.part !== 'agent') continue;
    const label = lineOf(tree, node.range.line).code[0].text;
    let draft = drafts.find(each => each.label === label);
    if (!draft) drafts.push((draft = { label, range: node.range, nodes: [] }));
    draft.nodes.push(node);
    if (node.interrupts) draft.interrupts = node.interrupts;
  }
  for (const { nodes: lines } of drafts) {
    const calls = lines.filter(node => node.from !== undefined);
    if (calls.length > 0 && calls.length < lines.length) {
      report.add(
        'irq606',
        calls[0].range,
        'An agent either calls operations or carries out actions, not both. Use two labels.',
      );
    }
  }
  return drafts;
}

function interrupted(word: Token, scope: Scope, report: Report): number | undefined {
  const agent = scope.agents.get(word.text);
  if (agent === undefined) {
    report.add(
      'irq602',
      word.range,
      `\`${shown(word.text)}\` is no agent of this race. Write the label of the thread that is interrupted.`,
    );
  }
  return agent;
}

/** The calls of one agent, one after the other, as an operation that its thread runs. */
function threadOf(tree: Tree, { label, nodes }: Draft, scope: Scope, report: Report): Restated {
  scope.locals = [];
  const body = nodes.flatMap(({ range, from }): Restated['body'] => {
    if (from === undefined) return [];
    const line = lineOf(tree, range.line);
    const text = line.text.slice(from, line.comment?.range.start).trim();
    const value = read(tree, range, from, scope, report, code => code.expression());
    if (value === undefined) return [];
    if (value.kind === 'call' && accesses(value) > 0) {
      report.add('irq603', range, 'The arguments of an agent are constants. Load in the operation that it calls.');
      return [];
    }
    if (value.kind !== 'call' || value.values.some(hasCall)) {
      report.add('irq604', range, 'An agent calls an operation: `a: post(1, 0x41)`.');
      return [];
    }
    return [{ kind: 'do', value, line: range.line, text }];
  });
  return { name: label, actor: 'kvm', parameters: 0, locals: [], body };
}

/** Reads code that stands on one line; undefined after a problem, which is reported. */
function read<T>(
  tree: Tree,
  range: Range,
  from: number,
  scope: Scope,
  report: Report,
  what: (code: CodeExpressions) => T,
): T | undefined {
  const tokens = codeTokens(lineOf(tree, range.line), range.line, from);
  try {
    const code = new CodeExpressions(tokens, scope, { ...range, start: range.end });
    const value = what(code);
    code.close();
    return value;
  } catch (problem) {
    if (!(problem instanceof CodeProblem)) throw problem;
    report.add(problem.code, problem.range, problem.message);
    return undefined;
  }
}

function conditionOf(
  tree: Tree,
  node: RaceNode,
  machine: MachineConfig,
  vcpus: number | undefined,
  scope: Scope,
  report: Report,
): RaceCondition | undefined {
  const { range, from, conditions } = node;
  const line = lineOf(tree, range.line);
  const text = line.text.slice(range.start, range.end);
  const never = node.head.text === 'never';
  const word = never ? 'always' : (node.head.text as RaceCondition['when']);
  const within = node.within && withinOf(node.within, scope, report);
  if (node.within && !within) return undefined;
  const common = {
    when: node.gets ? 'finally' : word,
    ...(never && { never }),
    range,
    text,
    ...(within && { within }),
  } as const;
  if (from !== undefined) {
    scope.locals = [];
    const expression = read(tree, range, from, scope, report, code => code.expression());
    if (expression && hasCall(expression)) {
      report.add('irq604', range, 'A condition looks at the state: it cannot call an operation.');
      return undefined;
    }
    return expression && { ...common, holds: { kind: 'expression', expression } };
  }
  const expect: ExpectNode = { ...node, kind: 'expect', conditions: conditions ?? [] };
  const list: Condition[] = checkConditions(expect, line, machine, vcpus, report);
  return { ...common, holds: { kind: 'conditions', conditions: list } };
}

function withinOf(
  { steps, agent }: NonNullable<RaceNode['within']>,
  scope: Scope,
  report: Report,
): RaceCondition['within'] {
  const count = numberOf(steps);
  const index = scope.agents.get(agent.text);
  if (count === undefined || count < 1n || count > 10_000n) {
    report.add('irq304', steps.range, 'Write a number of steps from 1 to 10000.');
    return undefined;
  }
  if (index === undefined) {
    report.add('irq602', agent.range, `\`${shown(agent.text)}\` is no agent of this race.`);
    return undefined;
  }
  return { steps: Number(count), agent: index };
}

/** May the condition stand without a race? */
function isWatch({ head, gets }: RaceNode): boolean {
  return (head.text === 'always' || head.text === 'never') && !gets;
}

/** In a section a condition is about that section, above the first about all. */
function watchesOf(tree: Tree, conditions: readonly RaceCondition[]): readonly Watch[] {
  const byLine = new Map(conditions.map(condition => [condition.range.line, condition]));
  let section: string | undefined;
  return tree.nodes.flatMap((node): Watch[] => {
    if (node.kind === 'section') section = titleOf(tree, node);
    const condition = node.kind === 'race' ? byLine.get(node.range.line) : undefined;
    return condition ? [{ condition, ...(section !== undefined && { section }) }] : [];
  });
}

function checkShape(
  nodes: readonly RaceNode[],
  agents: readonly RaceAgent[],
  start: RaceNode | undefined,
  report: Report,
): void {
  const races = nodes.filter(node => node.part === 'race');
  if (races.length > 1) {
    report.add(
      'irq606',
      races[1].range,
      `Line ${races[0].range.line + 1} has a race already. Write one file for each.`,
    );
  }
  const condition = nodes.find(node => node.part === 'condition' && (start || !isWatch(node)));
  if (!start) {
    if (condition)
      report.add(
        'irq606',
        condition.range,
        'There is no race that this could be about. Write `race` and its agents above, or `expect`.',
      );
    return;
  }
  if (agents.length === 0) {
    report.add('irq606', start.range, 'A race needs agents. Write them below: `a: vcpu 0: ipi fixed 0x41 to 2`.');
  } else if (agents.length > MOST_AGENTS) {
    report.add('irq605', start.range, `A race has at most ${MOST_AGENTS} agents.`);
  } else if (!condition) {
    report.add(
      'irq606',
      start.range,
      'Nothing is asked of this race. Write a condition below it: `finally vcpu 2 takes 0x41`.',
    );
  }
}
