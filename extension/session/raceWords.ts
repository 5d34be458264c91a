/** Which words of the machine the conditions of a race look at after every step. */
import { C, V } from '../engine/layout.ts';
import type { Machine } from '../engine/machine.ts';
import type { Expression, Place, Statement } from '../engine/restated/code.ts';
import type { Program } from '../scenario/program.ts';

/** Undefined when a condition or an agent looks at more than words (`done`, `eventually`, interrupts): then no step can be taken alone. */
export function visibleWords(m: Machine, program: Program): ReadonlySet<number> | undefined {
  const { race, additions } = program;
  if (race === undefined || race.agents.some(agent => agent.interrupts !== undefined)) {
    return undefined;
  }
  const asks = (additions?.operations ?? []).some(({ body }) => body.some(statementAsks));
  if (asks || race.conditions.some(({ when }) => when === 'eventually')) {
    return undefined;
  }
  const visible = new Set<number>();
  for (const { when, holds } of race.conditions) {
    if (when !== 'always') {
      continue;
    }
    if (holds.kind === 'conditions') {
      addBlocks(m, visible);
    } else if (asksWhoIsDone(holds.expression)) {
      return undefined;
    } else {
      addExpression(m, holds.expression, visible);
    }
  }
  return visible;
}

function addBlocks(m: Machine, words: Set<number>): void {
  for (let address = m.layout.vcpus; address < m.layout.cpus + m.cpuCount * C.words; address++) {
    words.add(address);
  }
}

function addExpression(m: Machine, expression: Expression, words: Set<number>): void {
  for (const each of parts(expression)) {
    if ('place' in each) {
      addPlace(m, each.place, words);
    } else if (each.kind === 'list') {
      for (let i = 0; i < 9; i++) {
        words.add(m.added + each.list + i);
      }
    }
  }
}

/** Whichever element or vCPU an index means: all of them. */
function addPlace(m: Machine, place: Place, words: Set<number>): void {
  switch (place.kind) {
    case 'shared':
      for (let i = 0; i < place.length; i++) {
        words.add(m.added + place.offset + i);
      }
      return;
    case 'bit':
      addPlace(m, place.of, words);
      return;
    default: {
      const count = place.kind === 'field' ? 1 : 8;
      const [base, size, blocks] =
        place.block === 'vcpu' ? [m.layout.vcpus, V.words, m.vcpuCount] : [m.layout.cpus, C.words, m.cpuCount];
      for (let block = 0; block < blocks; block++) {
        for (let i = 0; i < count; i++) {
          words.add(base + block * size + place.word + i);
        }
      }
    }
  }
}

/** The expression and everything in it. */
function* parts(expression: Expression): Generator<Expression> {
  yield expression;
  switch (expression.kind) {
    case 'unary':
      yield* parts(expression.of);
      return;
    case 'binary':
      yield* parts(expression.left);
      yield* parts(expression.right);
      return;
    case 'locked':
    case 'call':
      for (const value of expression.values) {
        yield* parts(value);
      }
      return;
    case 'list':
      if (expression.value !== undefined) {
        yield* parts(expression.value);
      }
  }
}

function asksWhoIsDone(expression: Expression): boolean {
  return [...parts(expression)].some(each => each.kind === 'done');
}

function statementAsks(statement: Statement): boolean {
  switch (statement.kind) {
    case 'if':
      return asksWhoIsDone(statement.condition) || [...statement.then, ...statement.else].some(statementAsks);
    case 'while':
      return asksWhoIsDone(statement.condition) || statement.body.some(statementAsks);
    case 'atomic':
      return statement.body.some(statementAsks);
    case 'wait':
    case 'assert':
      return asksWhoIsDone(statement.condition);
    case 'set':
    case 'store':
    case 'do':
    case 'return':
      return statement.value !== undefined && asksWhoIsDone(statement.value);
    default:
      return false;
  }
}
