/** Operations that a scenario restates: blocks of code between `operation NAME(…) {` and the brace that closes it. */
import type { Actor, Operation } from '../engine/operation.ts';
import type { Restated } from '../engine/restated/code.ts';
import { FUNCTIONS } from './codeFunctions.ts';
import { CodeProblem } from './codeProblem.ts';
import type { Scope } from './codeScope.ts';
import { CodeStatements, MOST_LOCALS } from './codeStatement.ts';
import { braces, type CodeToken, codeTokens } from './codeTokens.ts';
import type { Range } from './program.ts';
import type { Report } from './report.ts';
import { alternatives, nearest, shown } from './suggest.ts';
import { homeOf, lineOf, type Tree } from './tree.ts';

const ACTORS: readonly Actor[] = ['guest', 'kvm', 'host', 'cpu', 'iommu', 'device', 'vmm'];
/** An operation that runs by itself before the race begins. */
export const INIT = 'init';
const MOST_PARAMETERS = 6;

export interface OperationBlock {
  readonly name: string;
  readonly actor: Actor;
  readonly parameters: readonly string[];
  readonly range: Range;
  /** Behind the opening brace, up to and with the closing one. */
  readonly body: readonly CodeToken[];
}

/** Finds the operations and makes their names known, so that each can call the others. */
export function declareOperations(tree: Tree, scope: Scope, report: Report): OperationBlock[] {
  for (const [name, operation] of scope.engine) {
    scope.callables.set(name, { callee: operation, parameters: mostArguments(operation), own: false });
  }
  const blocks: OperationBlock[] = [];
  for (const node of tree.nodes) {
    if (node.kind !== 'race' || node.part !== 'operation') continue;
    const block = guarded(report, () => headOf(tree, node.range));
    if (block === undefined) continue;
    if (blocks.some(each => each.name === block.name)) {
      report.add('irq607', block.range, `The operation \`${shown(block.name)}\` is written down already.`);
      continue;
    }
    if (FUNCTIONS.includes(block.name)) {
      report.add('irq607', block.range, `\`${block.name}\` is a function of the language. Write another name.`);
      continue;
    }
    scope.callables.set(block.name, { callee: blocks.length, parameters: block.parameters.length, own: true });
    blocks.push(block);
  }
  return blocks;
}

export function checkOperations(
  tree: Tree,
  blocks: readonly OperationBlock[],
  scope: Scope,
  report: Report,
): Restated[] {
  const restated = blocks.map(({ name, actor, parameters, range, body }): Restated => {
    scope.locals = [...parameters];
    const end = body[body.length - 1]?.range ?? range;
    const statements =
      guarded(report, () => new CodeStatements(body, scope, end, line => lineOf(tree, line)).body()) ?? [];
    const replaces = scope.engine.get(name);
    return {
      name: replaces?.name ?? name,
      actor,
      ...(replaces && { replaces }),
      parameters: parameters.length,
      locals: scope.locals,
      body: statements,
    };
  });
  refuseRecursion(blocks, restated, report);
  return restated;
}

/** An operation's first locals are its arguments. */
function mostArguments(operation: Operation): number {
  return Math.min(operation.locals.length, MOST_PARAMETERS);
}

/** Numbers of the scenario's own operations that are called somewhere in this part of a tree. */
function calleesIn(part: unknown): number[] {
  if (typeof part !== 'object' || part === null) return [];
  const { kind, callee } = part as { readonly kind?: unknown; readonly callee?: unknown };
  const own = kind === 'call' && typeof callee === 'number' ? [callee] : [];
  // A built-in operation is no part of the text.
  const rest = kind === 'call' && typeof callee === 'object' ? { ...part, callee: undefined } : part;
  return [...own, ...Object.values(rest).flatMap(calleesIn)];
}

/** A kernel stack is small, and an agent's is smaller: no operation may come back to itself. */
function refuseRecursion(blocks: readonly OperationBlock[], restated: readonly Restated[], report: Report): void {
  const calls = restated.map(({ body }) => new Set(calleesIn(body)));
  const reaches = (from: number, goal: number, seen: Set<number>): boolean =>
    [...(calls[from] ?? [])].some(next => {
      if (next === goal) return true;
      if (seen.has(next)) return false;
      seen.add(next);
      return reaches(next, goal, seen);
    });
  blocks.forEach(({ name, range }, index) => {
    if (reaches(index, index, new Set())) {
      report.add('irq604', range, `\`${shown(name)}\` calls itself. Write a loop instead.`);
    }
  });
}

/**
 * Complains about an operation that nothing calls and that was probably meant to replace one of the engine's, and about one that wants more
 * than the engine gives it.
 */
export function checkCalled(blocks: readonly OperationBlock[], scope: Scope, report: Report): void {
  const { engine } = scope;
  for (const { name, range, parameters } of blocks) {
    if (name === INIT || scope.called.has(name)) continue;
    const replaces = engine.get(name);
    if (replaces !== undefined) {
      const most = mostArguments(replaces);
      if (parameters.length > most) {
        const message = `\`${shown(name)}\` has ${parameters.length} parameters, and the engine calls it with at most ${most}.`;
        report.add('irq604', range, `${message} Leave out parameters, or call it in the race.`);
      }
      continue;
    }
    const near = nearest(name, [...engine.keys()]);
    if (near !== undefined) {
      report.add(
        'irq604',
        range,
        `Nothing calls \`${shown(name)}\`, and the engine has no such operation. Did you mean \`${near}\`?`,
        {
          title: `Change to '${near}'`,
          range,
          text: near,
        },
      );
    }
  }
}

function guarded<T>(report: Report, read: () => T): T | undefined {
  try {
    return read();
  } catch (problem) {
    if (!(problem instanceof CodeProblem)) throw problem;
    report.add(problem.code, problem.range, problem.message);
    return undefined;
  }
}

/** `operation name(a, b) by host {` and everything up to the matching brace. */
function headOf(tree: Tree, range: Range): OperationBlock {
  const tokens: CodeToken[] = [];
  let depth = 0;
  const home = homeOf(tree, range.line);
  for (let i = home.line; i < home.tree.lines.length; i++) {
    const found = codeTokens(home.tree.lines[i], range.line - home.line + i);
    tokens.push(...found);
    depth += braces(found);
    if (depth <= 0) break;
  }
  const open = tokens.findIndex(token => token.text === '{');
  const [, name, ...rest] = tokens.slice(0, open < 0 ? tokens.length : open);
  const example = '`operation vmx_vcpu_pi_put(vcpu, blocking) {`';
  if (open < 0 || name?.kind !== 'name' || name.range.line !== range.line) {
    throw new CodeProblem('irq601', range, `Write a name, parameters in parentheses and a brace: ${example}.`);
  }
  if (depth > 0) throw new CodeProblem('irq601', range, 'The closing brace of this operation is missing. Write `}`.');
  const close = rest.findIndex(token => token.text === ')');
  const parameters = rest.slice(1, close).filter(token => token.text !== ',' && token.text !== 'int');
  if (rest[0]?.text !== '(' || close < 0 || parameters.some(token => token.kind !== 'name')) {
    throw new CodeProblem('irq601', range, `Write the parameters in parentheses: ${example}.`);
  }
  if (parameters.length > MOST_PARAMETERS) {
    throw new CodeProblem(
      'irq605',
      range,
      `An operation has at most ${MOST_PARAMETERS} parameters, and ${MOST_LOCALS} with its locals.`,
    );
  }
  const [by, who, more] = rest.slice(close + 1);
  const actor = by === undefined ? 'kvm' : ACTORS.find(each => each === who?.text);
  if ((by !== undefined && by.text !== 'by') || actor === undefined || more !== undefined) {
    const message = `Behind the parameters may stand who acts: \`by host\`, one of ${alternatives(ACTORS)}.`;
    throw new CodeProblem('irq601', by?.range ?? range, message);
  }
  return {
    name: name.text,
    actor,
    parameters: parameters.map(token => token.text),
    range: name.range,
    body: tokens.slice(open + 1),
  };
}
