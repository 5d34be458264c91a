/** Expressions of restated code: C's operators, places, and the kernel's functions that return a value. */
import {
  type BinaryOperator,
  bitsOf,
  type Expression,
  type LockedOperator,
  type Place,
} from '../engine/restated/code.ts';
import { folded, number } from './codeFold.ts';
import { BIT_FUNCTIONS, LIST_FUNCTIONS, REQUEST_FUNCTIONS, VALUE_FUNCTIONS, WORD_FUNCTIONS } from './codeFunctions.ts';
import { refuseIndex, refuseOutside, refuseTooWide } from './codeLimits.ts';
import { CodeProblem } from './codeProblem.ts';
import { CONSTANTS, codeField, codeFieldNames, type Scope } from './codeScope.ts';
import type { CodeToken } from './codeTokens.ts';
import type { Code } from './diagnostics.ts';
import type { Range } from './program.ts';
import { alternatives, nearest, shown } from './suggest.ts';

const LEVELS: readonly (readonly BinaryOperator[])[] = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];

/** Deeper than anybody reads, and far from what the reader's own stack holds. */
const MOST_NESTED = 32;

/** Reads tokens of one operation or condition. */
export class CodeExpressions {
  protected at = 0;
  private depth = 0;
  private nested = 0;

  constructor(
    protected readonly tokens: readonly CodeToken[],
    protected readonly scope: Scope,
    /** Where to complain when the text ends too early. */
    private readonly end: Range,
  ) {}

  protected peek(ahead = 0): CodeToken | undefined {
    return this.tokens[this.at + ahead];
  }

  /** The number that was read last, without parentheses behind it. */
  protected get before(): Range {
    return (this.peek(-1)?.text === ')' ? this.peek(-2) : this.peek(-1))?.range ?? this.end;
  }

  protected get here(): Range {
    return this.peek()?.range ?? this.end;
  }

  /** Nothing may follow. */
  close(): void {
    const next = this.peek();
    if (next !== undefined) this.fail(`\`${shown(next.text)}\` is too much here.`, next.range);
  }

  protected fail(message: string, range: Range = this.here, code: Code = 'irq601'): never {
    throw new CodeProblem(code, range, message);
  }

  protected accept(text: string): CodeToken | undefined {
    return this.peek()?.text === text ? this.tokens[this.at++] : undefined;
  }

  expect(text: string, example: string): CodeToken {
    const found = this.accept(text);
    if (!found && this.peek()?.text === '=') this.fail('Write `==` to compare.');
    return found ?? this.fail(`Write \`${text}\` here, as in \`${example}\`.`);
  }

  protected name(what: string): CodeToken {
    const token = this.peek();
    if (token?.kind !== 'name') this.fail(`Write ${what} here.`);
    this.at++;
    return token;
  }

  /** Is the next token on the line of the one before it, or inside parentheses? Otherwise a new statement begins. */
  private continues(): boolean {
    const next = this.peek();
    const last = this.peek(-1);
    return next !== undefined && (this.depth > 0 || last === undefined || next.range.line === last.range.line);
  }

  expression(level = 0): Expression {
    if (level === LEVELS.length) return this.unary();
    let left = this.expression(level + 1);
    while (this.continues()) {
      const operator = LEVELS[level].find(each => each === this.peek()?.text);
      if (operator === undefined) break;
      this.at++;
      const { range } = this.peek() ?? { range: this.end };
      const right = this.expression(level + 1);
      if ((operator === '/' || operator === '%') && right.kind === 'number' && right.value === 0) {
        this.fail('This divides by zero.', range);
      }
      if (operator === '<<' || operator === '>>') refuseOutside(right, 32, range, 'A word has 32 bits.');
      left = folded({ kind: 'binary', operator, left, right });
    }
    return left;
  }

  private unary(): Expression {
    for (const operator of ['!', '-', '~'] as const) {
      if (this.accept(operator)) return folded({ kind: 'unary', operator, of: this.deeper(() => this.unary()) });
    }
    return this.primary();
  }

  /** Reads what stands inside something else. */
  protected deeper<T>(read: () => T): T {
    if (++this.nested > MOST_NESTED) {
      this.fail(`This is nested more than ${MOST_NESTED} deep. Give a part of it a name of its own.`);
    }
    const value = read();
    this.nested--;
    return value;
  }

  protected inside<T>(read: () => T, example: string): T {
    this.expect('(', example);
    this.depth++;
    const value = this.deeper(read);
    this.expect(')', example);
    this.depth--;
    return value;
  }

  private primary(): Expression {
    const token = this.peek();
    if (token === undefined) this.fail('A value is missing here.');
    if (token.text === '(') return this.arrow(this.inside(() => this.expression(), '(a + b)'));
    if (token.kind === 'number') {
      this.at++;
      const value = Number(token.text.replaceAll('_', ''));
      if (!(value <= 0xffffffff)) this.fail(`\`${shown(token.text)}\` has more than 32 bits.`, token.range);
      return this.arrow(number(value | 0));
    }
    if (token.kind !== 'name') this.fail(`\`${shown(token.text)}\` is no value. Write a name, a number or \`(\`.`);
    if (this.peek(1)?.text === '(') {
      const block = token.text === 'vcpu' || token.text === 'cpu';
      return block ? { kind: 'load', place: this.place() } : this.function();
    }
    if (this.scope.shared.has(token.text) && !this.scope.locals.includes(token.text)) {
      return { kind: 'load', place: this.place() };
    }
    this.at++;
    return this.arrow(this.named(token));
  }

  private named(token: CodeToken): Expression {
    const local = this.scope.locals.indexOf(token.text);
    if (local >= 0) return { kind: 'local', index: local };
    const value = this.scope.variants.get(token.text) ?? CONSTANTS.get(token.text);
    if (value !== undefined) return number(value);
    const [first, ...path] = token.text.split('.');
    if (path.length > 0 && this.scope.locals.includes(first)) {
      this.fail(`A field of vCPU \`${first}\` is \`${first}->${path.join('.')}\`.`, token.range, 'irq602');
    }
    return this.unknown(token, this.scope.names(), 'a variable, a local or a constant');
  }

  protected unknown(token: CodeToken, candidates: readonly string[], what: string): never {
    const near = nearest(token.text, candidates);
    const remedy = near === undefined ? `Declare it with \`shared\` or \`int\`.` : `Did you mean \`${near}\`?`;
    this.fail(`\`${shown(token.text)}\` is not ${what}. ${remedy}`, token.range, 'irq602');
  }

  /** `vcpu->mode`: what stands in front of the arrow is the number of a vCPU. */
  private arrow(index: Expression): Expression {
    return this.peek()?.text === '->' ? { kind: 'load', place: this.field('vcpu', index) } : index;
  }

  /** Something that can be read and written. */
  place(): Place {
    this.accept('&'); // the kernel's functions take addresses
    const token = this.peek();
    if (token === undefined) this.fail('Write a variable or a field here: `mode`, `vcpu->pid.on`.');
    const shared = this.scope.shared.get(token.text);
    if (shared?.kind === 'list') {
      this.fail(`\`${token.text}\` is a list. Use \`list_add\`, \`list_del\`, \`list_has\` …`, token.range);
    }
    if (shared !== undefined && !this.scope.locals.includes(token.text)) {
      this.at++;
      const { offset, length } = shared;
      if (this.accept('[')) {
        const range = this.here;
        const element = this.deeper(() => this.expression());
        this.expect(']', `${token.text}[0]`);
        refuseOutside(element, length, range, `\`${token.text}\` has ${length} element${length === 1 ? '' : 's'}.`);
        return { kind: 'shared', offset, length, element };
      }
      if (length > 1) this.fail(`\`${token.text}\` is an array: write \`${token.text}[0]\`.`, token.range);
      return { kind: 'shared', offset, length };
    }
    if ((token.text === 'vcpu' || token.text === 'cpu') && this.peek(1)?.text === '(') {
      this.at++;
      const index = this.inside(() => this.expression(), `${token.text}(1)->…`);
      return this.field(token.text, index);
    }
    const value = this.primary();
    if (value.kind !== 'load')
      this.fail('This is no place in memory. Write `vcpu->pid.on` or a `shared` variable.', token.range);
    return value.place;
  }

  private field(block: 'vcpu' | 'cpu', index: Expression): Place {
    refuseIndex(this.scope, block, index, this.before);
    this.expect('->', block === 'cpu' ? 'cpu(1)->pending' : 'vcpu->mode');
    const token = this.name('a field');
    const path = token.text.replace(/\.word$/, '');
    const field = codeField(block, path);
    if (field === undefined) {
      const near = nearest(path, codeFieldNames(block));
      const remedy = near ? `Did you mean \`${near}\`?` : `Write ${alternatives(codeFieldNames(block))}.`;
      this.fail(
        `\`${shown(path)}\` is no field of a ${block === 'cpu' ? 'CPU' : 'vCPU'}. ${remedy}`,
        token.range,
        'irq602',
      );
    }
    const { word } = field;
    if (!field.set)
      return { kind: 'field', block, index, word, bit: field.bit, width: field.width, register: field.register };
    if (!this.accept('[')) return { kind: 'set', block, index, word };
    const range = this.here;
    const element = this.expression();
    this.expect(']', 'vcpu->pid.pir[0x41]');
    const vectors = path === token.text;
    if (vectors) refuseOutside(element, 256, range, 'Write a vector from 0 to 0xff.', 'irq401');
    else refuseOutside(element, 8, range, 'A set has the words 0 to 7.');
    return vectors
      ? { kind: 'vector', block, index, word, vector: element }
      : { kind: 'word', block, index, word, element };
  }

  private comma(): void {
    this.expect(',', 'xchg(state, 1)');
  }

  private function(): Expression {
    const token = this.name('a function');
    const { text } = token;
    if (Object.hasOwn(BIT_FUNCTIONS, text))
      return this.inside(() => this.bit(BIT_FUNCTIONS[text]), `${text}(vcpu->pid.on)`);
    if (Object.hasOwn(REQUEST_FUNCTIONS, text)) {
      return this.inside(() => this.request(REQUEST_FUNCTIONS[text]), `${text}(KVM_REQ_EVENT, vcpu)`);
    }
    if (Object.hasOwn(WORD_FUNCTIONS, text))
      return this.inside(() => this.word(...WORD_FUNCTIONS[text]), `${text}(state, 1)`);
    if (Object.hasOwn(LIST_FUNCTIONS, text))
      return this.inside(() => this.listed(...LIST_FUNCTIONS[text]), `${text}(list)`);
    switch (text) {
      case 'likely':
      case 'unlikely':
        return this.inside(() => this.expression(), `${text}(x)`);
      case 'READ_ONCE':
      case 'atomic_read':
      case 'smp_load_acquire':
        return this.inside(() => ({ kind: 'load', place: this.place() }), `${text}(vcpu->mode)`);
      case 'try_cmpxchg':
        return this.inside(() => {
          const swap = this.word('cmpxchg', 2);
          return { kind: 'binary', operator: '==', left: swap, right: swap.values[0] };
        }, 'try_cmpxchg(state, 0, 1)');
      case 'atomic_inc':
      case 'atomic_dec':
        return this.inside(() => this.add(text === 'atomic_inc' ? 1 : -1), `${text}(count)`);
      case 'atomic_inc_return':
        return this.inside(() => {
          return { kind: 'binary', operator: '+', left: this.add(1), right: number(1) };
        }, `${text}(count)`);
      case 'atomic_dec_and_test':
        return this.inside(() => {
          return { kind: 'binary', operator: '==', left: this.add(-1), right: number(1) };
        }, `${text}(count)`);
      case 'list_empty':
        return this.inside(
          () => folded({ kind: 'unary', operator: '!', of: this.listed('length', 0) }),
          'list_empty(list)',
        );
      case 'kvm_request_pending':
        return this.inside(() => {
          const { word, bit, width } = codeField('vcpu', 'requests') ?? { word: 0, bit: 0, width: 32 };
          const index = this.expression();
          refuseIndex(this.scope, 'vcpu', index, this.before);
          return { kind: 'load', place: { kind: 'field', block: 'vcpu', index, word, bit, width } };
        }, 'kvm_request_pending(vcpu)');
      case 'highest':
        return this.inside(() => this.highest(), 'highest(vcpu->irr)');
      case 'done':
        return this.inside(() => this.done(), 'done(a)');
    }
    return this.call(token);
  }

  private add(value: number): Expression {
    return { kind: 'locked', operator: 'fetch_add', place: this.writable(), values: [number(value)] };
  }

  /** A place that is not a whole set. */
  protected writable(): Place {
    const start = this.here;
    const place = this.place();
    if (place.kind === 'set')
      this.fail('This is a whole set. Name a vector: `vcpu->irr[0x41]`, or 32 of them: `vcpu->irr.word[2]`.', start);
    return place;
  }

  private bit(operator: LockedOperator | 'test'): Expression {
    const start = this.at;
    const { here } = this;
    const first = this.expression();
    let place: Place;
    if (this.accept(',')) {
      const of = this.writable();
      const bits = bitsOf(of);
      refuseOutside(
        first,
        bits,
        here,
        bits === 1 ? 'This place is a bit.' : `This place has the bits 0 to ${bits - 1}.`,
      );
      place = { kind: 'bit', of, bit: first };
    } else {
      this.at = start;
      place = this.writable();
      if (place.kind === 'shared' || (place.kind === 'field' && place.width > 1))
        place = { kind: 'bit', of: place, bit: number(0) };
    }
    return operator === 'test' ? { kind: 'load', place } : { kind: 'locked', operator, place, values: [] };
  }

  private request(operator: LockedOperator | 'test'): Expression {
    const { here } = this;
    const request = this.expression();
    this.comma();
    const index = this.expression();
    refuseIndex(this.scope, 'vcpu', index, this.before);
    const { word, bit, width } = codeField('vcpu', 'requests') ?? { word: 0, bit: 0, width: 32 };
    refuseOutside(request, width, here, 'Write a request such as `KVM_REQ_EVENT`.');
    const place: Place = { kind: 'bit', of: { kind: 'field', block: 'vcpu', index, word, bit, width }, bit: request };
    return operator === 'test' ? { kind: 'load', place } : { kind: 'locked', operator, place, values: [] };
  }

  private word(operator: LockedOperator, count: number): Extract<Expression, { kind: 'locked' }> {
    const place = this.writable();
    const values: Expression[] = [];
    while (values.length < count) {
      this.comma();
      const { here } = this;
      const value = this.expression();
      refuseTooWide(value, place, here);
      values.push(value);
    }
    return { kind: 'locked', operator, place, values };
  }

  protected list(): number {
    const token = this.name('a list');
    const shared = this.scope.shared.get(token.text);
    if (shared?.kind !== 'list') {
      const lists = [...this.scope.shared.values()].filter(each => each.kind === 'list').map(each => each.name);
      const near = nearest(token.text, lists);
      const remedy = near ? `Did you mean \`${near}\`?` : `Declare it: \`list ${token.text}\`.`;
      this.fail(`\`${shown(token.text)}\` is not a list. ${remedy}`, token.range, 'irq602');
    }
    return shared.offset;
  }

  private listed(operator: 'has' | 'length' | 'entry' | 'pop', values: number): Expression {
    const list = this.list();
    if (values === 0) return { kind: 'list', operator, list };
    this.comma();
    return { kind: 'list', operator, list, value: this.expression() };
  }

  private highest(): Expression {
    const start = this.here;
    const place = this.place();
    if (place.kind !== 'set') this.fail('Only a set of vectors has a highest one: `highest(vcpu->irr)`.', start);
    return { kind: 'highest', place };
  }

  private done(): Expression {
    const token = this.name('an agent of the race');
    const agent = this.scope.agents.get(token.text);
    if (agent === undefined) this.unknown(token, [...this.scope.agents.keys()], 'an agent of the race');
    return { kind: 'done', agent };
  }

  /** `f(a, b)`: an operation of the scenario or of the engine. */
  call(token: CodeToken): Expression {
    const callable = this.scope.callables.get(token.text);
    this.scope.called.add(token.text);
    if (callable === undefined) {
      const near = nearest(token.text, [...this.scope.callables.keys(), ...VALUE_FUNCTIONS]);
      const remedy = near
        ? `Did you mean \`${near}\`?`
        : ['switch', 'goto', 'do'].includes(token.text)
          ? 'Of C there are `if`, `else`, `while`, `for` and `return`.'
          : `Write it down: \`operation ${token.text}() {\`.`;
      this.fail(`There is no operation \`${shown(token.text)}\`. ${remedy}`, token.range, 'irq604');
    }
    const values = this.inside(() => {
      const list: Expression[] = [];
      while (this.peek()?.text !== ')') {
        if (list.length > 0) this.comma();
        list.push(this.expression());
      }
      return list;
    }, `${token.text}(1)`);
    const { parameters, own } = callable;
    if (own ? values.length !== parameters : values.length > parameters) {
      const count = parameters === 1 ? '1 argument' : `${parameters} arguments`;
      this.fail(
        `\`${token.text}\` takes ${own ? '' : 'at most '}${count}, not ${values.length}.`,
        token.range,
        'irq604',
      );
    }
    return { kind: 'call', callee: callable.callee, values };
  }
}
