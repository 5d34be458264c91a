/** Statements of restated code, one atomic action each. */
import { FRAME_LOCALS } from '../engine/operation.ts';
import {
  accesses,
  bitsOf,
  type Expression,
  hasCall,
  hasCallInPlace,
  inPlace,
  type Place,
  type Statement,
} from '../engine/restated/code.ts';
import { CodeExpressions } from './codeExpression.ts';
import { NOTHING_ON_X86, STATEMENT_FUNCTIONS } from './codeFunctions.ts';
import { refuseIndex, refuseOutside, refuseTooWide } from './codeLimits.ts';
import type { Scope } from './codeScope.ts';
import { type CodeToken, codeOfLine, commentOfLine } from './codeTokens.ts';
import type { Range } from './program.ts';
import { shown } from './suggest.ts';
import type { SourceLine } from './tokens.ts';

/** As many words as a frame has. */
export const MOST_LOCALS = FRAME_LOCALS;

/** A local is a 32-bit word, whatever its type is called. */
const TYPES: readonly string[] = ['int', 'bool', 'unsigned', 'long', 'u8', 'u16', 'u32', 'u64'];

const one: Expression = { kind: 'number', value: 1 };
const zero: Expression = { kind: 'number', value: 0 };

export class CodeStatements extends CodeExpressions {
  private loops = 0;
  private atomic = 0;
  private readonly goals = new Map<string, Range>();
  private readonly labels = new Set<string>();

  constructor(
    tokens: readonly CodeToken[],
    scope: Scope,
    end: Range,
    private readonly lineOf: (number: number) => SourceLine,
  ) {
    super(tokens, scope, end);
  }

  /** Everything up to the closing brace, which is the last token. */
  body(): Statement[] {
    const statements: Statement[] = [];
    while (this.peek() !== undefined && this.peek()?.text !== '}') statements.push(...this.statement());
    this.expect('}', 'operation name() { … }');
    for (const [name, range] of this.goals) {
      if (!this.labels.has(name))
        this.fail(`There is no label \`${shown(name)}:\` in this operation.`, range, 'irq602');
    }
    return statements;
  }

  private block(): Statement[] {
    return this.deeper(() => this.blockOrStatement());
  }

  private blockOrStatement(): Statement[] {
    if (!this.accept('{')) return this.statement();
    const statements: Statement[] = [];
    while (this.peek() !== undefined && this.peek()?.text !== '}') statements.push(...this.statement());
    this.expect('}', '{ … }');
    return statements;
  }

  private base(token: CodeToken): { readonly line: number; readonly text: string } {
    const { line } = token.range;
    const comment = commentOfLine(this.lineOf(line));
    const code = codeOfLine(this.lineOf(line)).trim();
    return { line, text: comment === '' ? `\`${code.replace(/\s*[{;]$/, '')}\`` : comment };
  }

  private statement(): Statement[] {
    const token = this.peek();
    if (token === undefined || token.kind === 'bad') this.fail(`\`${shown(token?.text ?? '')}\` is no statement.`);
    const statements = this.statementOf(token, this.base(token));
    this.accept(';');
    return statements;
  }

  private statementOf(token: CodeToken, base: ReturnType<CodeStatements['base']>): Statement[] {
    if (TYPES.includes(token.text)) {
      while (TYPES.includes(this.peek()?.text ?? '')) this.at++;
      return this.declarations(base);
    }
    switch (token.text) {
      case 'if':
        this.at++;
        return [this.if(base)];
      case 'while': {
        this.at++;
        const condition = this.condition('while (…)');
        return [{ ...base, kind: 'while', condition, body: this.loop(), tests: 'first' }];
      }
      case 'do': {
        this.at++;
        const body = this.loop();
        this.expect('while', 'do { … } while (…)');
        return [{ ...base, kind: 'while', condition: this.condition('while (…)'), body, tests: 'last' }];
      }
      case 'for':
        this.at++;
        return this.for(base);
      case 'break':
      case 'continue':
        this.at++;
        if (this.loops === 0 || this.atomic > 0) this.fail(`\`${token.text}\` stands in no loop.`, token.range);
        return [{ ...base, kind: token.text }];
      case 'return':
        this.at++;
        return [this.return(token, base)];
      case 'goto': {
        this.at++;
        this.noJump(token);
        const label = this.name('a label');
        this.goals.set(label.text, label.range);
        return [{ ...base, kind: 'goto', name: label.text }];
      }
      case 'atomic': {
        this.at++;
        this.atomic++;
        const body = this.block();
        this.atomic--;
        return [{ ...base, kind: 'atomic', body }];
      }
    }
    const next = this.peek(1)?.text;
    if (token.kind === 'name' && next === ':') {
      this.at += 2;
      this.noJump(token);
      this.labels.add(token.text);
      return [{ ...base, kind: 'label', name: token.text }];
    }
    if (next === '(' && STATEMENT_FUNCTIONS.includes(token.text)) return this.effectFunction(base);
    return [this.assignment(token, base)];
  }

  private noJump(token: CodeToken): void {
    if (this.atomic > 0) this.fail(`\`atomic\` is one step: \`${token.text}\` cannot stand in it.`, token.range);
  }

  private declarations(base: ReturnType<CodeStatements['base']>): Statement[] {
    const statements: Statement[] = [];
    do {
      const token = this.name('the name of a local');
      const { locals } = this.scope;
      if (!locals.includes(token.text)) {
        if (locals.length === MOST_LOCALS) {
          this.fail(`An operation has room for ${MOST_LOCALS} parameters and locals.`, token.range, 'irq605');
        }
        locals.push(token.text);
      }
      if (this.accept('=')) {
        const value = this.value(token.range);
        statements.push({ ...base, kind: 'set', local: locals.indexOf(token.text), value });
      } else {
        statements.push({ ...base, kind: 'set', local: locals.indexOf(token.text), value: zero });
      }
    } while (this.accept(','));
    return statements;
  }

  private withoutCall(): Expression {
    const start = this.here;
    const value = this.expression();
    if (hasCall(value)) this.fail('A call gives its value to a local first: `int r = f(x)`.', start);
    return value;
  }

  /** A value that one step can find out. */
  private value(from: Range): Expression {
    const start = this.here;
    const value = this.expression();
    this.single(value, { ...start, end: this.peek(-1)?.range.end ?? start.end }, from);
    return value;
  }

  private single(value: Expression, range: Range, line: Range): void {
    if (this.atomic > 0) {
      if (hasCall(value)) this.fail('An operation takes many steps: it cannot be called in `atomic`.', range);
      return;
    }
    if (hasCall(value) && value.kind !== 'call') {
      this.fail(
        'A call stands alone: `int r = f(x)`, `return f(x)`, `if (f(x))`.',
        range.line === line.line ? range : line,
      );
    }
    if (value.kind === 'call' && (value.values.some(hasCall) || accesses(value) > 0)) {
      const message = 'An argument is a local or a constant. Load into a local first: `int x = …`, then `f(x)`.';
      this.fail(message, range, 'irq603');
    }
    if (accesses(value) > 1) {
      const message = `This reads or writes shared memory ${accesses(value)} times, and others may act in between. Take one after the other with \`int x = …\`, or write \`atomic { … }\` if it happens at once.`;
      this.fail(message, range, 'irq603');
    }
  }

  private condition(example: string): Expression {
    const start = this.here;
    const value = this.inside(() => this.expression(), example);
    this.leaves(value, start);
    return value;
  }

  private leaves(value: Expression, range: Range): void {
    if (value.kind === 'binary' && (value.operator === '&&' || value.operator === '||')) {
      this.leaves(value.left, range);
      this.leaves(value.right, range);
    } else if (value.kind === 'unary' && value.operator === '!') {
      this.leaves(value.of, range);
    } else {
      this.single(value, range, range);
    }
  }

  private loop(): Statement[] {
    this.loops++;
    const body = this.block();
    this.loops--;
    return body;
  }

  private if(base: ReturnType<CodeStatements['base']>): Statement {
    const condition = this.condition('if (…)');
    const then = this.block();
    const otherwise = this.accept('else') ? this.block() : [];
    return { ...base, kind: 'if', condition, then, else: otherwise };
  }

  /** `for (int i = 0; i < 4; i++)`. */
  private for(base: ReturnType<CodeStatements['base']>): Statement[] {
    const example = 'for (int i = 0; i < 4; i++)';
    this.expect('(', example);
    if (!TYPES.includes(this.peek()?.text ?? '')) this.expect('int', example);
    while (TYPES.includes(this.peek()?.text ?? '')) this.at++;
    const first = this.declarations(base);
    this.expect(';', example);
    const start = this.here;
    const condition = this.expression();
    this.leaves(condition, start);
    this.expect(';', example);
    const token = this.peek();
    if (token === undefined) this.fail(`Write \`${example}\`.`);
    const step = this.assignment(token, base);
    this.expect(')', example);
    const body = this.loop();
    if (body.some(each => jumps(each, 'continue'))) {
      this.fail('`continue` would skip the step of this `for`. Write it as `while`.', token.range);
    }
    return [...first, { ...base, kind: 'while', condition, body: [...body, step], tests: 'first' }];
  }

  private return(token: CodeToken, base: ReturnType<CodeStatements['base']>): Statement {
    this.noJump(token);
    const next = this.peek();
    if (next === undefined || next.text === '}' || next.text === ';' || next.range.line !== token.range.line) {
      return { ...base, kind: 'return' };
    }
    return { ...base, kind: 'return', value: this.value(token.range) };
  }

  /** `x = …`, `vcpu->mode = …`, `x += 1`, `x++`, or a function whose value is not wanted. */
  private assignment(token: CodeToken, base: ReturnType<CodeStatements['base']>): Statement {
    const local = this.scope.locals.indexOf(token.text);
    const next = this.peek(1)?.text ?? '';
    if (local >= 0 && next !== '->') {
      this.at += 2;
      const self: Expression = { kind: 'local', index: local };
      if (next === '=') return { ...base, kind: 'set', local, value: this.value(token.range) };
      if (next === '++' || next === '--') {
        const operator = next === '++' ? '+' : '-';
        return { ...base, kind: 'set', local, value: { kind: 'binary', operator, left: self, right: one } };
      }
      const operator = (['+', '-', '|', '&'] as const).find(each => next === `${each}=`);
      if (operator !== undefined) {
        const right = this.value(token.range);
        return { ...base, kind: 'set', local, value: { kind: 'binary', operator, left: self, right } };
      }
      this.fail(`Write \`${token.text} = …\`.`, token.range);
    }
    const start = this.at;
    const value = this.expression();
    if (!['=', '++', '--', '+=', '-=', '|=', '&='].includes(this.peek()?.text ?? '')) {
      if (value.kind !== 'call' && value.kind !== 'locked' && value.kind !== 'list') {
        this.fail('This does nothing. Write an assignment, a function or a call.', token.range);
      }
      this.single(value, token.range, token.range);
      return { ...base, kind: 'do', value };
    }
    this.at = start;
    const place = this.writable();
    if (!this.accept('=')) {
      const message = `This is a load and a store, and others may act in between. Write \`int x = ${token.text}…\` and the store after it, or \`atomic_inc\`, \`fetch_add\`, \`fetch_or\`.`;
      this.fail(message, this.here, 'irq603');
    }
    return this.store(base, place, token.range);
  }

  private store(base: ReturnType<CodeStatements['base']>, place: Place, range: Range): Statement {
    const here = this.here;
    const value = this.expression();
    refuseTooWide(value, place, here);
    if (hasCall(value) || hasCallInPlace(place)) {
      this.fail('A call gives its value to a local first: `int r = f(x)`.', range);
    }
    if (this.atomic === 0 && accesses(value) + inPlace(place) > 0) {
      const message =
        'This loads and stores, and others may act in between. Load into a local first: `int x = …`, or write `atomic { … }` if it happens at once.';
      this.fail(message, range, 'irq603');
    }
    return { ...base, kind: 'store', place, value };
  }

  private effectFunction(base: ReturnType<CodeStatements['base']>): Statement[] {
    const token = this.name('a function');
    this.expect('(', `${token.text}(…)`);
    const statements = this.functionOf(token, base);
    this.expect(')', `${token.text}(…)`);
    return statements;
  }

  private functionOf(token: CodeToken, base: ReturnType<CodeStatements['base']>): Statement[] {
    const { text } = token;
    if (NOTHING_ON_X86.includes(text)) return [];
    switch (text) {
      case 'smp_mb':
        return [{ ...base, kind: 'fence' }];
      case 'WRITE_ONCE':
      case 'atomic_set':
      case 'smp_store_release': {
        const place = this.writable();
        this.expect(',', `${text}(vcpu->mode, IN_GUEST_MODE)`);
        return [this.store(base, place, token.range)];
      }
      case '__set_bit':
      case '__clear_bit':
        return this.plainBit(base, text === '__set_bit');
      case 'list_add':
      case 'list_del': {
        const list = this.list();
        this.expect(',', `${text}(list, vcpu)`);
        const value = this.expression();
        if (this.atomic === 0 && accesses(value) > 0)
          this.single({ kind: 'list', operator: 'has', list, value }, token.range, token.range);
        return [{ ...base, kind: 'list', operator: text === 'list_add' ? 'add' : 'del', list, value }];
      }
      case 'wait_until':
        return [{ ...base, kind: 'wait', condition: this.withoutCall() }];
      case 'spin_lock':
      case 'raw_spin_lock':
      case 'mutex_lock': {
        const place = this.writable();
        const free: Expression = { kind: 'unary', operator: '!', of: { kind: 'load', place } };
        const wait: Statement = { ...base, kind: 'wait', condition: free };
        return [{ ...base, kind: 'atomic', body: [wait, { ...base, kind: 'store', place, value: one }] }];
      }
      case 'spin_unlock':
      case 'raw_spin_unlock':
      case 'mutex_unlock':
        return [{ ...base, kind: 'store', place: this.writable(), value: zero }];
      case 'local_irq_disable':
      case 'local_irq_enable':
        return [{ ...base, kind: 'irq', cpu: this.cpu(), off: text === 'local_irq_disable' }];
      case 'send_ipi': {
        const cpu = this.cpu();
        this.expect(',', 'send_ipi(cpu, 0xf2)');
        const { here } = this;
        const vector = this.expression();
        refuseOutside(vector, 256, here, 'Write a vector from 0 to 0xff.', 'irq401');
        return [{ ...base, kind: 'ipi', cpu, vector }];
      }
    }
    const start = this.here;
    const value = this.withoutCall();
    this.single(value, start, start);
    const condition: Expression = text === 'assert' ? value : { kind: 'unary', operator: '!', of: value };
    return [{ ...base, kind: 'assert', condition }];
  }

  private cpu(): Expression {
    const { here } = this;
    const cpu = this.expression();
    refuseIndex(this.scope, 'cpu', cpu, here);
    return cpu;
  }

  /** Not locked: the whole word is loaded and stored. */
  private plainBit(base: ReturnType<CodeStatements['base']>, set: boolean): Statement[] {
    const { locals } = this.scope;
    const start = this.at;
    const { here } = this;
    const first = this.expression();
    let bit = first;
    let place: Place;
    if (this.accept(',')) {
      place = this.writable();
      refuseOutside(first, bitsOf(place), here, 'This place has no such bit.');
    } else {
      this.at = start;
      place = this.writable();
      bit = zero;
      if (place.kind === 'vector') {
        bit = { kind: 'binary', operator: '&', left: place.vector, right: { kind: 'number', value: 31 } };
        const element: Expression = {
          kind: 'binary',
          operator: '>>',
          left: place.vector,
          right: { kind: 'number', value: 5 },
        };
        place = { kind: 'word', block: place.block, index: place.index, word: place.word, element };
      } else if (place.kind === 'field' && place.width === 1) {
        bit = { kind: 'number', value: place.bit };
        place = { ...place, bit: 0, width: 32 };
      }
    }
    const name = 'old word';
    if (!locals.includes(name)) {
      if (locals.length === MOST_LOCALS)
        this.fail(`An operation has room for ${MOST_LOCALS} parameters and locals.`, this.here, 'irq605');
      locals.push(name);
    }
    const local = locals.indexOf(name);
    const mask: Expression = { kind: 'binary', operator: '<<', left: one, right: bit };
    const self: Expression = { kind: 'local', index: local };
    const value: Expression = set
      ? { kind: 'binary', operator: '|', left: self, right: mask }
      : { kind: 'binary', operator: '&', left: self, right: { kind: 'unary', operator: '~', of: mask } };
    return [
      { ...base, kind: 'set', local, value: { kind: 'load', place } },
      { ...base, kind: 'store', place, value },
    ];
  }
}

function jumps(statement: Statement, kind: 'continue'): boolean {
  switch (statement.kind) {
    case 'if':
      return [...statement.then, ...statement.else].some(each => jumps(each, kind));
    default:
      return statement.kind === kind;
  }
}
