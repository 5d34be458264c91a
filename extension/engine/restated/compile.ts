/** Restated operations as operations of the engine: one step for each access to shared memory, silent control flow in between. */
import { send_ipi } from '../kvm/kick.ts';
import { C } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { type Flow, NEXT, type Operation, operations, RETURN, type Step } from '../operation.ts';
import { type Callee, type Expression, FAILED_ASSERTION, type Restated, type Statement, touches } from './code.ts';
import { below, blockAt, evaluator, listChange, type Value, writer } from './evaluate.ts';
import { canFail, Impossible, orElse } from './impossible.ts';
import { type Flows, localsIn, noteLiveness, type Target } from './liveness.ts';

interface Loop {
  readonly again: Target;
  readonly out: Target;
}

type Effect = (m: Machine, frame: number) => void;

/** Compiles the operations of one scenario. Operation `i` has the number of what it replaces, or else stands behind the engine's own. */
export function compileOperations(all: readonly Restated[], storeBuffers: boolean): Operation[] {
  const ids = all.map((each, i) => each.replaces?.id ?? operations.length + i);
  const compiled: Operation[] = [];
  const find = (callee: Callee): Operation => (typeof callee === 'number' ? compiled[callee] : callee);
  all.forEach((each, i) => {
    const layout = new Layout(find, storeBuffers);
    const operation: Operation = {
      id: ids[i],
      name: each.name,
      actor: each.actor,
      source: () => 'restated in the scenario',
      via: [],
      inLoop: false,
      uninterruptible: each.replaces?.uninterruptible ?? false,
      locals: each.locals,
      labels: new Map(),
      steps: layout.compile(each.body),
    };
    noteLiveness(operation, layout.flows);
    compiled.push(operation);
  });
  return compiled;
}

class Layout {
  /** By step: where it leads, and which locals it uses and sets. */
  readonly flows: Flows[] = [];
  private readonly steps: Step[] = [];
  private readonly labels = new Map<string, Target>();
  private readonly find: (callee: Callee) => Operation;
  private readonly storeBuffers: boolean;

  constructor(find: (callee: Callee) => Operation, storeBuffers: boolean) {
    this.find = find;
    this.storeBuffers = storeBuffers;
  }

  compile(body: readonly Statement[]): readonly Step[] {
    this.block(body, undefined);
    this.silent(m => m.return(0), LEAVES);
    return this.steps;
  }

  private block(body: readonly Statement[], loop: Loop | undefined): void {
    for (const statement of body) {
      this.statement(statement, loop);
    }
  }

  private statement(statement: Statement, loop: Loop | undefined): void {
    switch (statement.kind) {
      case 'set': {
        const { local } = statement;
        this.value(statement, statement.value, (m, value) => m.local(local, value), 1 << local);
        return;
      }
      case 'do':
        this.value(statement, statement.value, () => {});
        return;
      case 'return':
        this.return(statement);
        return;
      case 'if':
        this.if(statement, loop);
        return;
      case 'while':
        this.while(statement);
        return;
      case 'break':
      case 'continue': {
        if (loop !== undefined) {
          this.jump(statement.kind === 'break' ? loop.out : loop.again);
        }
        return;
      }
      case 'goto':
        this.jump(this.label(statement.name));
        return;
      case 'label':
        this.label(statement.name).at = this.steps.length;
        return;
      case 'fence':
        if (this.storeBuffers) {
          this.effect(statement, m => m.smp_mb());
        }
        return;
      case 'wait':
        this.wait(statement, statement.condition, () => {});
        return;
      case 'atomic':
        this.atomic(statement);
        return;
      case 'assert':
        if (touches(statement.condition)) {
          this.effect(statement, effectOf(statement, false));
        } else {
          const check = effectOf(statement, false);
          this.add(
            statement,
            false,
            m => {
              check(m, m.frame);
              return NEXT;
            },
            { ...GOES_ON, uses: localsIn(statement) },
          );
        }
        return;
      default:
        this.effect(statement, effectOf(statement, false));
    }
  }

  /** Evaluates in a step of its own, if it has to be one, and hands the value on. */
  private value(
    statement: Statement,
    expression: Expression,
    use: (m: Machine, value: number) => void,
    defines = 0,
  ): void {
    if (expression.kind === 'call') {
      this.call(statement, expression);
      this.silent(
        m => {
          use(m, m.result);
          return NEXT;
        },
        { ...GOES_ON, defines },
      );
      return;
    }
    const evaluate = evaluator(expression);
    this.add(
      statement,
      touches(expression),
      m => {
        use(m, evaluate(m, m.frame));
        return NEXT;
      },
      { ...GOES_ON, uses: localsIn(expression), defines },
    );
  }

  private return(statement: Extract<Statement, { kind: 'return' }>): void {
    const { value } = statement;
    if (value === undefined) {
      this.silent(m => m.return(0), LEAVES);
      return;
    }
    if (value.kind === 'call') {
      this.call(statement, value);
      this.silent(() => RETURN, LEAVES);
      return;
    }
    const evaluate = evaluator(value);
    this.add(statement, touches(value), m => m.return(evaluate(m, m.frame)), { ...LEAVES, uses: localsIn(value) });
  }

  private if(statement: Extract<Statement, { kind: 'if' }>, loop: Loop | undefined): void {
    const { condition } = statement;
    if (condition.kind === 'number') {
      this.block(condition.value !== 0 ? statement.then : statement.else, loop);
      return;
    }
    const then: Target = { at: -1 };
    const otherwise: Target = { at: -1 };
    const end: Target = { at: -1 };
    this.branch(statement, condition, then, otherwise);
    then.at = this.steps.length;
    this.block(statement.then, loop);
    if (statement.else.length > 0) {
      this.jump(end);
    }
    otherwise.at = this.steps.length;
    this.block(statement.else, loop);
    end.at = this.steps.length;
  }

  private while(statement: Extract<Statement, { kind: 'while' }>): void {
    const { condition, tests } = statement;
    const start: Target = { at: -1 };
    const again: Target = { at: -1 };
    const out: Target = { at: -1 };
    const test = () => {
      again.at = this.steps.length;
      if (condition.kind !== 'number') {
        this.branch(statement, condition, start, out);
      } else if (tests === 'last' || condition.value === 0) {
        this.jump(condition.value !== 0 ? start : out);
      }
    };
    if (tests === 'first') {
      test();
    }
    start.at = this.steps.length;
    this.block(statement.body, { again, out });
    if (tests === 'last') {
      test();
    } else {
      this.jump(again);
    }
    out.at = this.steps.length;
  }

  /** `&&`, `||` and `!` decide step by step, as in C. */
  private branch(statement: Statement, condition: Expression, yes: Target, no: Target): void {
    if (condition.kind === 'unary' && condition.operator === '!') {
      this.branch(statement, condition.of, no, yes);
      return;
    }
    if (condition.kind === 'binary' && (condition.operator === '&&' || condition.operator === '||')) {
      const more: Target = { at: -1 };
      const and = condition.operator === '&&';
      this.branch(statement, condition.left, and ? more : yes, and ? no : more);
      more.at = this.steps.length;
      this.branch(statement, condition.right, yes, no);
      return;
    }
    if (condition.kind === 'call') {
      this.call(statement, condition);
      this.silent(m => (m.result !== 0 ? yes.at : no.at), { ...LEAVES, next: [yes, no] });
      return;
    }
    const evaluate = evaluator(condition);
    this.add(statement, touches(condition), m => (evaluate(m, m.frame) !== 0 ? yes.at : no.at), {
      uses: localsIn(condition),
      defines: 0,
      next: [yes, no],
    });
  }

  private wait(statement: Statement, condition: Expression, then: Effect): void {
    const holds = evaluator(condition);
    const mayFail = canFail(condition);
    this.flows.push({ ...GOES_ON, uses: localsIn(statement) });
    this.steps.push({
      ...stepOf(
        statement,
        this.guarded(statement, m => {
          if (mayFail) {
            holds(m, m.frame);
          }
          then(m, m.frame);
          return NEXT;
        }),
      ),
      until: mayFail ? m => orElse(1, () => holds(m, m.frame)) !== 0 : m => holds(m, m.frame) !== 0,
    });
  }

  /** A `wait_until` at the beginning is part of the step: the agent waits, and goes on without anybody in between. */
  private atomic(statement: Extract<Statement, { kind: 'atomic' }>): void {
    const [first, ...rest] = statement.body;
    if (first?.kind === 'wait') {
      this.wait(statement, first.condition, together(rest));
    } else {
      this.effect(statement, together(statement.body));
    }
  }

  private call(statement: Statement, { callee, values }: Extract<Expression, { kind: 'call' }>): void {
    const args = values.map(evaluator);
    const none: Value = () => 0;
    const [a = none, b = none, c = none, d = none, e = none, f = none] = args;
    this.silent(
      this.guarded(statement, m => {
        const { frame } = m;
        return m.call(this.find(callee), a(m, frame), b(m, frame), c(m, frame), d(m, frame), e(m, frame), f(m, frame));
      }),
      { ...GOES_ON, uses: localsIn(values) },
    );
  }

  private label(name: string): Target {
    let target = this.labels.get(name);
    if (target === undefined) {
      target = { at: -1 };
      this.labels.set(name, target);
    }
    return target;
  }

  private jump(target: Target): void {
    this.silent(() => target.at, { ...GOES_ON, next: [target] });
  }

  private effect(statement: Statement, effect: Effect): void {
    this.add(
      statement,
      true,
      m => {
        effect(m, m.frame);
        return NEXT;
      },
      { ...GOES_ON, uses: localsIn(statement) },
    );
  }

  private silent(run: (m: Machine) => Flow, flows: Flows): void {
    this.flows.push(flows);
    this.steps.push({ say: '', run, silent: true, via: [], assumed: false });
  }

  /** The step, or the failure of the statement when it cannot be taken: the agent leaves the operation. */
  private guarded(statement: Statement, run: (m: Machine) => Flow): (m: Machine) => Flow {
    if (!canFail(statement)) {
      return run;
    }
    return m => {
      try {
        return run(m);
      } catch (problem) {
        if (!(problem instanceof Impossible)) {
          throw problem;
        }
        fail(m, problem.at(statement.line));
        return RETURN;
      }
    };
  }

  private add(statement: Statement, visible: boolean, run: (m: Machine) => Flow, flows: Flows): void {
    const step = this.guarded(statement, run);
    if (!visible) {
      this.silent(step, flows);
      return;
    }
    this.flows.push(flows);
    this.steps.push(stepOf(statement, step));
  }
}

const GOES_ON: Flows = { uses: 0, defines: 0, next: [undefined] };
const LEAVES: Flows = { uses: 0, defines: 0, next: [] };

function stepOf({ text, line }: Statement, run: (m: Machine) => Flow): Step {
  return { say: text, run, silent: false, via: [], assumed: false, line };
}

/** Statements as one effect, for `atomic`: nothing else happens in between, and every store is visible at the end. */
function together(body: readonly Statement[]): Effect {
  const effects = body.map(each => effectOf(each, true));
  return (m, frame) => {
    m.smp_mb();
    for (const effect of effects) {
      effect(m, frame);
    }
  };
}

/** The first failure is the one that is told. */
function fail(m: Machine, what: number): void {
  if (m.words[m.added + FAILED_ASSERTION] === 0) {
    m.put(m.added + FAILED_ASSERTION, what);
  }
}

/** What one statement without jumps does. `visible`: its stores are visible at once. */
function effectOf(statement: Statement, visible: boolean): Effect {
  switch (statement.kind) {
    case 'set': {
      const value = evaluator(statement.value);
      const { local } = statement;
      return (m, frame) => m.local(local, value(m, frame));
    }
    case 'do':
      return evaluator(statement.value);
    case 'store':
      return writer(statement.place, evaluator(statement.value), visible);
    case 'list':
      return listChange(statement.operator, statement.list, evaluator(statement.value));
    case 'irq': {
      const irqs = blockAt('cpu', statement.cpu, C.irqs_off);
      const off = statement.off ? 1 : 0;
      return (m, frame) => m.store(irqs(m, frame), off);
    }
    case 'ipi': {
      const cpu = evaluator(statement.cpu);
      const exists = blockAt('cpu', statement.cpu, 0);
      const vector = evaluator(statement.vector);
      return (m, frame) => {
        m.smp_mb();
        exists(m, frame);
        send_ipi(m, cpu(m, frame), below(256, vector(m, frame), 'vector'));
      };
    }
    case 'assert': {
      const condition = evaluator(statement.condition);
      const { line } = statement;
      return (m, frame) => {
        if (condition(m, frame) === 0) {
          fail(m, line + 1);
        }
      };
    }
    case 'if': {
      const condition = evaluator(statement.condition);
      const then = together(statement.then);
      const otherwise = together(statement.else);
      return (m, frame) => (condition(m, frame) !== 0 ? then(m, frame) : otherwise(m, frame));
    }
    case 'while': {
      const condition = evaluator(statement.condition);
      const body = together(statement.body);
      const first = statement.tests === 'last';
      return (m, frame) => {
        if (first) {
          body(m, frame);
        }
        for (let rounds = 0; condition(m, frame) !== 0; rounds++) {
          if (rounds > MOST_ROUNDS) {
            throw new RangeError(`line ${statement.line + 1}: a loop in \`atomic\` does not end`);
          }
          body(m, frame);
        }
      };
    }
    case 'atomic':
      return together(statement.body);
    case 'fence':
      return m => m.smp_mb();
    default:
      throw new Error(`line ${statement.line + 1}: ${statement.kind} is no part of a step`);
  }
}

const MOST_ROUNDS = 10_000;
