/**
 * Expressions over a machine's fields, for watches, conditions and log messages:
 * `vcpu 1.pid.on == 1 && vcpu 1.irr has 0x41`, `cpu 0.pending`, `vcpu 2.mode != IN_GUEST_MODE`.
 */
import { type FieldRef, hasField, hasVector, printField, readNumber, readVectors } from '../engine/fieldAccess.ts';
import { type Block, FIELDS, findField } from '../engine/fields.ts';
import { IOAPIC_NUM_PINS } from '../engine/layout.ts';
import type { Machine } from '../engine/machine.ts';

/** A problem that the user can mend; its message is shown as it is. */
export class UserError extends Error {}

export interface Expression {
  /** Value for a person: a field as the inspector prints it, `true`, `0x41`. */
  print(m: Machine): string;
  /** As a condition: not zero, or not empty. */
  holds(m: Machine): boolean;
  /** The one field that the expression names, if it is nothing else. */
  readonly field?: FieldRef;
}

type Operand =
  | { readonly kind: 'field'; readonly ref: FieldRef }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'truth'; readonly holds: (m: Machine) => boolean };

const TOKEN = /\s*(?:(0x[0-9a-f]+|\d+)|(\.?[a-z_][\w.]*)|(==|!=|<=|>=|&&|\|\||[<>!()[\]:]))/iy;

/** A field of each subject that has a number. */
const EXAMPLES = { vcpu: 'pid.on', cpu: 'pending', pin: 'remote_irr' } as const;

interface Token {
  readonly text: string;
  readonly kind: 'number' | 'word' | 'sign';
}

/** Throws UserError when the text is no expression, or names what `m` does not have. */
export function compile(text: string, m: Machine): Expression {
  const parser = new Parser(tokenize(text), m, text);
  const operand = parser.or();
  parser.end();
  return {
    print: machine => print(machine, operand),
    holds: machine => truth(machine, operand),
    ...(operand.kind === 'field' ? { field: operand.ref } : {}),
  };
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) {
      throw new UserError(`'${text}': '${text.slice(at).trim().slice(0, 8)}' is not understood`);
    }
    const [, number, word, sign] = match;
    tokens.push(
      number !== undefined
        ? { text: number, kind: 'number' }
        : word !== undefined
          ? { text: word, kind: 'word' }
          : { text: sign, kind: 'sign' },
    );
  }
  return tokens;
}

class Parser {
  private at = 0;
  private readonly tokens: readonly Token[];
  private readonly m: Machine;
  private readonly text: string;

  constructor(tokens: readonly Token[], m: Machine, text: string) {
    this.tokens = tokens;
    this.m = m;
    this.text = text;
  }

  or(): Operand {
    let left = this.and();
    while (this.take('||')) {
      const [a, b] = [left, this.and()];
      left = { kind: 'truth', holds: m => truth(m, a) || truth(m, b) };
    }
    return left;
  }

  end(): void {
    if (this.at < this.tokens.length) {
      throw this.wrong(`'${this.tokens[this.at].text}' is too much`);
    }
  }

  private and(): Operand {
    let left = this.comparison();
    while (this.take('&&')) {
      const [a, b] = [left, this.comparison()];
      left = { kind: 'truth', holds: m => truth(m, a) && truth(m, b) };
    }
    return left;
  }

  private comparison(): Operand {
    const left = this.operand();
    const sign = ['==', '!=', '<=', '>=', '<', '>'].find(each => this.take(each));
    if (sign !== undefined) {
      return this.compared(left, sign, this.operand());
    }
    return this.takeWord('has') ? this.membership(left, this.operand()) : left;
  }

  private compared(left: Operand, sign: string, right: Operand): Operand {
    const a = this.numeric(left, right);
    const b = this.numeric(right, left);
    const tests: Readonly<Record<string, (x: number, y: number) => boolean>> = {
      '==': (x, y) => x === y,
      '!=': (x, y) => x !== y,
      '<=': (x, y) => x <= y,
      '>=': (x, y) => x >= y,
      '<': (x, y) => x < y,
      '>': (x, y) => x > y,
    };
    return { kind: 'truth', holds: m => tests[sign](a(m), b(m)) };
  }

  /** A number, or the name of one of the values that the field on the other side may have. */
  private numeric(operand: Operand, other: Operand): (m: Machine) => number {
    switch (operand.kind) {
      case 'number':
        return () => operand.value;
      case 'field':
        if (operand.ref.field.kind === 'vectors') {
          throw this.wrong(`${operand.ref.field.path} is a set of vectors: write \`has 0x41\``);
        }
        return m => readNumber(m, operand.ref);
      case 'name': {
        const values = other.kind === 'field' ? (other.ref.field.values ?? {}) : {};
        if (!Object.hasOwn(values, operand.text)) {
          throw this.wrong(`'${operand.text}' is neither a number nor a value of the other side`);
        }
        return () => values[operand.text];
      }
      case 'truth':
        throw this.wrong('comparisons cannot be compared: join them with && or ||');
    }
  }

  private membership(set: Operand, member: Operand): Operand {
    if (set.kind !== 'field' || set.ref.field.kind !== 'vectors') {
      throw this.wrong('`has` follows a set of vectors: irr, isr, tmr, pid.pir or pending');
    }
    return { kind: 'truth', holds: vectorTest(set.ref, this.vector(member)) };
  }

  private vector(operand: Operand): number {
    if (operand.kind !== 'number' || operand.value > 0xff) {
      throw this.wrong('a vector is a number from 0x00 to 0xff');
    }
    return operand.value;
  }

  private operand(): Operand {
    if (this.take('!')) {
      const operand = this.operand();
      return { kind: 'truth', holds: m => !truth(m, operand) };
    }
    if (this.take('(')) {
      const inner = this.or();
      this.must(')');
      return inner;
    }
    const token = this.tokens[this.at++];
    if (token === undefined) {
      throw this.wrong('something is missing at the end; write for example: vcpu 1.pid.on');
    }
    if (token.kind === 'number') {
      return { kind: 'number', value: this.number(token.text) };
    }
    if (token.text === 'vcpu' || token.text === 'cpu' || token.text === 'pin') {
      return this.field(token.text);
    }
    if (token.text === 'device' || /^(iommu|guest)(\.|$)/.test(token.text)) {
      return this.otherField(token.text);
    }
    if (token.kind === 'word') {
      return { kind: 'name', text: token.text };
    }
    throw this.wrong(`'${token.text}' stands where a field or a number is expected`);
  }

  /** `vcpu 2.pid.on`, `vcpu 2: irr[0x41]`. */
  private field(block: keyof typeof EXAMPLES): Operand {
    const index = this.tokens[this.at++];
    if (index?.kind !== 'number') {
      throw this.wrong(`${block} needs its number; write for example: ${block} 1.${EXAMPLES[block]}`);
    }
    const count = { vcpu: this.m.vcpuCount, cpu: this.m.cpuCount, pin: IOAPIC_NUM_PINS }[block];
    const number = this.number(index.text);
    if (number >= count) {
      throw this.wrong(`there is no ${block} ${number}; the last one is ${block} ${count - 1}`);
    }
    this.take(':');
    const path = this.tokens[this.at++]?.text.replace(/^\./, '') ?? '';
    const field = findField(block, path);
    if (field === undefined) {
      const known = FIELDS.filter(each => each.block === block).map(each => each.path);
      throw this.wrong(`${block} ${number} has no field '${path}'; it has ${known.join(', ')}`);
    }
    const ref = { field, index: number };
    if (!this.take('[')) {
      return { kind: 'field', ref };
    }
    const vector = this.vector(this.operand());
    this.must(']');
    if (field.kind !== 'vectors') {
      throw this.wrong(`${path} is no set of vectors`);
    }
    return { kind: 'truth', holds: vectorTest(ref, vector) };
  }

  /** `device nic.irte.im`, `device nic: irte.im`, `iommu.fault`, `guest: online`. */
  private otherField(word: string): Operand {
    const text = word === 'device' ? (this.tokens[this.at++]?.text ?? '') : word;
    const [subject, ...inside] = text.split('.');
    this.take(':');
    const path = inside.length > 0 ? inside.join('.') : (this.tokens[this.at++]?.text.replace(/^\./, '') ?? '');
    const block: Block = word === 'device' ? 'device' : subject === 'iommu' ? 'iommu' : 'guest';
    const devices = this.m.config.devices ?? [];
    const index = block === 'device' ? devices.findIndex(({ name }) => name === subject) : 0;
    if (index < 0) {
      const known = devices.map(({ name }) => name).join(', ');
      throw this.wrong(
        known === '' ? 'the machine has no device' : `there is no device '${subject}'; there is ${known}`,
      );
    }
    if (block === 'guest' && this.m.config.guest === undefined) {
      throw this.wrong("the guest's kernel does nothing in this scenario");
    }
    const field = findField(block, path);
    if (field === undefined) {
      const known = FIELDS.filter(each => each.block === block && hasField(this.m, each)).map(each => each.path);
      throw this.wrong(`${block} has no field '${path}'; it has ${known.join(', ')}`);
    }
    return { kind: 'field', ref: { field, index } };
  }

  private number(text: string): number {
    const value = Number(text);
    if (value > 0xffffffff) {
      throw this.wrong(`${text} is wider than 32 bits`);
    }
    return value;
  }

  private take(sign: string): boolean {
    const token = this.tokens[this.at];
    if (token?.kind !== 'sign' || token.text !== sign) {
      return false;
    }
    this.at++;
    return true;
  }

  private takeWord(word: string): boolean {
    if (this.tokens[this.at]?.text !== word) {
      return false;
    }
    this.at++;
    return true;
  }

  private must(sign: string): void {
    if (!this.take(sign)) {
      throw this.wrong(`'${sign}' is missing`);
    }
  }

  private wrong(why: string): UserError {
    return new UserError(`'${this.text.trim()}': ${why}`);
  }
}

function vectorTest(ref: FieldRef, vector: number): (m: Machine) => boolean {
  return m => hasVector(m, ref, vector);
}

function truth(m: Machine, operand: Operand): boolean {
  switch (operand.kind) {
    case 'truth':
      return operand.holds(m);
    case 'number':
      return operand.value !== 0;
    case 'name':
      throw new UserError(`'${operand.text}' names nothing; write for example: vcpu 1.pid.on`);
    case 'field':
      return operand.ref.field.kind === 'vectors'
        ? readVectors(m, operand.ref).length > 0
        : readNumber(m, operand.ref) !== 0;
  }
}

function print(m: Machine, operand: Operand): string {
  switch (operand.kind) {
    case 'field':
      return printField(m, operand.ref);
    case 'number':
      return `0x${operand.value.toString(16)}`;
    default:
      return String(truth(m, operand));
  }
}
