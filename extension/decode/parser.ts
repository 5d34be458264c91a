import type { Token } from './tokens.ts';

/** A C constant expression as a tree; start and end are places in the text. */
export type Expression = { readonly start: number; readonly end: number } & (
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  | { readonly kind: 'unary'; readonly op: string; readonly operand: Expression }
  | { readonly kind: 'cast'; readonly type: string; readonly operand: Expression }
  | { readonly kind: 'binary'; readonly op: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'choice'; readonly test: Expression; readonly yes: Expression; readonly no: Expression }
);

const POWER: Readonly<Record<string, number>> = {
  '||': 2,
  '&&': 3,
  '|': 4,
  '^': 5,
  '&': 6,
  '==': 7,
  '!=': 7,
  '<': 8,
  '>': 8,
  '<=': 8,
  '>=': 8,
  '<<': 9,
  '>>': 9,
  '+': 10,
  '-': 10,
  '*': 11,
  '/': 11,
  '%': 11,
};
const CHOICE = 1;
const MAX_DEPTH = 60;

/** Integer types by their spelling: width in bits and signedness on a 64-bit kernel. */
export const integerTypes: Readonly<Record<string, readonly [bits: number, signed: boolean]>> = {
  u8: [8, false],
  __u8: [8, false],
  uint8_t: [8, false],
  'unsigned char': [8, false],
  u16: [16, false],
  __u16: [16, false],
  uint16_t: [16, false],
  u32: [32, false],
  __u32: [32, false],
  uint32_t: [32, false],
  unsigned: [32, false],
  'unsigned int': [32, false],
  int: [32, true],
  s32: [32, true],
  u64: [64, false],
  __u64: [64, false],
  uint64_t: [64, false],
  'unsigned long': [64, false],
  'unsigned long long': [64, false],
  long: [64, true],
  s64: [64, true],
};

class Parser {
  private at = 0;
  private depth = 0;
  private readonly tokens: readonly Token[];
  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  whole(): Expression | undefined {
    const tree = this.binary(0);
    return this.at === this.tokens.length ? tree : undefined;
  }

  private accept(text: string): Token | undefined {
    const token = this.tokens[this.at];
    if (token?.kind !== 'punctuator' || token.text !== text) return undefined;
    this.at++;
    return token;
  }

  private binary(least: number): Expression | undefined {
    if (this.depth >= MAX_DEPTH) return undefined;
    this.depth++;
    let left = this.unary();
    while (left) {
      const token = this.tokens[this.at];
      if (token?.kind !== 'punctuator') break;
      if (token.text === '?' && least <= CHOICE) {
        left = this.choice(left);
        continue;
      }
      const power = POWER[token.text];
      if (!power || power <= least) break;
      this.at++;
      const right = this.binary(power);
      left = right && { kind: 'binary', op: token.text, left, right, start: left.start, end: right.end };
    }
    this.depth--;
    return left;
  }

  private choice(test: Expression): Expression | undefined {
    this.at++;
    const yes = this.binary(0);
    if (!yes || !this.accept(':')) return undefined;
    const no = this.binary(0);
    return no && { kind: 'choice', test, yes, no, start: test.start, end: no.end };
  }

  private unary(): Expression | undefined {
    const token = this.tokens[this.at];
    if (!token) return undefined;
    this.at++;
    const { start, end } = token;
    if (token.kind === 'number') return { kind: 'number', text: token.text, start, end };
    if (token.kind === 'name') return this.name(token);
    if (token.kind === 'string') return undefined;
    if (token.text === '(') return this.cast(start) ?? this.group(start);
    if (!'~-+!'.includes(token.text) || this.depth >= MAX_DEPTH) return undefined;
    this.depth++;
    const operand = this.unary();
    this.depth--;
    return operand && { kind: 'unary', op: token.text, operand, start, end: operand.end };
  }

  private name(token: Token): Expression | undefined {
    if (!this.accept('(')) return { kind: 'name', name: token.text, start: token.start, end: token.end };
    const args: Expression[] = [];
    let close = this.accept(')');
    while (!close) {
      const arg = this.binary(0);
      if (!arg) return undefined;
      args.push(arg);
      close = this.accept(')');
      if (!close && !this.accept(',')) return undefined;
    }
    return { kind: 'call', name: token.text, args, start: token.start, end: close.end };
  }

  private cast(start: number): Expression | undefined {
    let type = '';
    let at = this.at;
    while (this.tokens[at]?.kind === 'name') type += `${type && ' '}${this.tokens[at++].text}`;
    if (!integerTypes[type] || this.tokens[at]?.text !== ')' || this.depth >= MAX_DEPTH) return undefined;
    this.at = at + 1;
    this.depth++;
    const operand = this.unary();
    this.depth--;
    return operand && { kind: 'cast', type, operand, start, end: operand.end };
  }

  private group(start: number): Expression | undefined {
    const inner = this.binary(0);
    const close = inner && this.accept(')');
    if (!close || inner.kind === 'name' || inner.kind === 'call') return close && inner;
    return { ...inner, start, end: close.end };
  }
}

/** The tree of a whole token sequence, or undefined when it is no expression of this subset. Never throws. */
export function parse(tokens: readonly Token[]): Expression | undefined {
  return new Parser(tokens).whole();
}
