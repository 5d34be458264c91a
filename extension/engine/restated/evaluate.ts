/** Places and expressions as functions of the machine and the frame in which they are evaluated. */
import type { Machine } from '../machine.ts';
import { highest } from '../text.ts';
import { type BinaryOperator, bitsOf, type Expression, LIST_WORDS, type LockedOperator, type Place } from './code.ts';
import { Impossible, type Reason } from './impossible.ts';

export type Value = (m: Machine, frame: number) => number;

/** Where a place is: its word, its bits in the word, and the lowest of them. */
interface Where {
  readonly address: Value;
  readonly mask: Value;
  readonly shift: Value;
}

const constant =
  (value: number): Value =>
  () =>
    value;

/** Word `word` of a vCPU's or CPU's block; throws `Impossible` when there is no such vCPU or CPU. */
export function blockAt(block: 'vcpu' | 'cpu', index: Expression, word: number): Value {
  const number = evaluator(index);
  if (block === 'vcpu') {
    return (m, frame) => {
      const vcpu = number(m, frame);
      if (vcpu < 0 || vcpu >= m.vcpuCount) {
        throw new Impossible('vcpu');
      }
      return m.vcpu(vcpu) + word;
    };
  }
  return (m, frame) => {
    const cpu = number(m, frame);
    if (cpu < 0 || cpu >= m.cpuCount) {
      throw new Impossible('cpu');
    }
    return m.cpu(cpu) + word;
  };
}

/** The number, if it is from 0 to `count - 1`. */
export function below(count: number, value: number, otherwise: Reason): number {
  if (value < 0 || value >= count) {
    throw new Impossible(otherwise);
  }
  return value;
}

function maskOf(width: number, bit: number): number {
  return width >= 32 ? -1 : ((1 << width) - 1) << bit;
}

function whereIs(place: Place): Where {
  switch (place.kind) {
    case 'field':
      return {
        address: blockAt(place.block, place.index, place.word),
        mask: constant(maskOf(place.width, place.bit)),
        shift: constant(place.bit),
      };
    case 'vector': {
      const base = blockAt(place.block, place.index, place.word);
      const vector = evaluator(place.vector);
      return {
        address: (m, frame) => base(m, frame) + (below(256, vector(m, frame), 'vector') >>> 5),
        mask: (m, frame) => 1 << (vector(m, frame) & 31),
        shift: (m, frame) => vector(m, frame) & 31,
      };
    }
    case 'word': {
      const base = blockAt(place.block, place.index, place.word);
      const element = evaluator(place.element);
      return {
        address: (m, frame) => base(m, frame) + below(8, element(m, frame), 'element'),
        mask: constant(-1),
        shift: constant(0),
      };
    }
    case 'shared':
      return { address: sharedAt(place.offset, place.length, place.element), mask: constant(-1), shift: constant(0) };
    case 'bit': {
      const of = whereIs(place.of);
      const bit = evaluator(place.bit);
      const bits = bitsOf(place.of);
      const shift: Value = (m, frame) => of.shift(m, frame) + below(bits, bit(m, frame), 'bit');
      return { address: of.address, mask: (m, frame) => 1 << shift(m, frame), shift };
    }
    case 'set':
      throw new Error('a whole set of vectors is no place');
  }
}

function sharedAt(offset: number, length: number, element: Expression | undefined): Value {
  if (element === undefined) {
    return m => m.added + offset;
  }
  const index = evaluator(element);
  return (m, frame) => m.added + offset + below(length, index(m, frame), 'element');
}

function reader(place: Place): Value {
  if (place.kind === 'set') {
    const base = blockAt(place.block, place.index, place.word);
    return (m, frame) => {
      let count = 0;
      const at = base(m, frame);
      for (let i = 0; i < 8; i++) {
        for (let rest = m.load(at + i); rest !== 0; rest &= rest - 1) {
          count++;
        }
      }
      return count;
    };
  }
  const { address, mask, shift } = whereIs(place);
  return (m, frame) => {
    const bits = mask(m, frame);
    const word = m.loadBits(address(m, frame), bits);
    return bits === -1 ? word : word >>> shift(m, frame);
  };
}

/** Writes a place: `visible` at once (locked), or as a plain store. */
export function writer(place: Place, value: Value, visible: boolean): (m: Machine, frame: number) => void {
  const { address, mask, shift } = whereIs(place);
  const atOnce = visible || (place.kind === 'field' && place.register === true);
  return (m, frame) => {
    const bits = mask(m, frame);
    const at = address(m, frame);
    const written = (value(m, frame) << shift(m, frame)) & bits;
    if (m.buffers !== undefined && !atOnce) {
      m.buffers.store(at, bits, written);
      return;
    }
    m.put(at, (m.words[at] & ~bits) | written);
  };
}

const LOCKED: Readonly<Record<LockedOperator, (old: number, first: number, second: number) => number>> = {
  test_and_set_bit: () => 1,
  test_and_clear_bit: () => 0,
  set_bit: () => 1,
  clear_bit: () => 0,
  xchg: (_old, value) => value,
  cmpxchg: (old, expected, value) => (old === expected ? value : old),
  fetch_add: (old, value) => (old + value) | 0,
  fetch_or: (old, value) => old | value,
  fetch_and: (old, value) => old & value,
};

function locked(operator: LockedOperator, place: Place, values: readonly Expression[]): Value {
  const apply = LOCKED[operator];
  const read = reader(place);
  const [first = constant(0), second = constant(0)] = values.map(evaluator);
  let next = 0;
  const write = writer(place, () => next, true);
  return (m, frame) => {
    m.smp_mb();
    const old = read(m, frame);
    next = apply(old, first(m, frame), second(m, frame));
    write(m, frame);
    return old;
  };
}

function listed(expression: Extract<Expression, { kind: 'list' }>): Value {
  const { operator, list } = expression;
  const value = expression.value === undefined ? constant(0) : evaluator(expression.value);
  switch (operator) {
    case 'length':
      return m => m.load(m.added + list);
    case 'entry':
      return (m, frame) => {
        const at = value(m, frame);
        return at >= 0 && at < m.load(m.added + list) ? m.load(m.added + list + 1 + at) : -1;
      };
    case 'has':
      return (m, frame) => (find(m, list, value(m, frame)) >= 0 ? 1 : 0);
    case 'pop':
      return m => {
        m.smp_mb();
        if (m.load(m.added + list) === 0) {
          return -1;
        }
        const head = m.load(m.added + list + 1);
        removeAt(m, list, 0);
        return head;
      };
  }
}

function find(m: Machine, list: number, value: number): number {
  const length = m.load(m.added + list);
  for (let i = 0; i < length; i++) {
    if (m.load(m.added + list + 1 + i) === value) {
      return i;
    }
  }
  return -1;
}

function removeAt(m: Machine, list: number, at: number): void {
  const base = m.added + list;
  const length = m.words[base] - 1;
  for (let i = at; i < length; i++) {
    m.store(base + 1 + i, m.words[base + 2 + i]);
  }
  m.store(base + 1 + length, 0);
  m.store(base, length);
}

/** `list_add` puts an entry behind the others, whether it is in the list or not; `list_del` takes the first one out. */
export function listChange(operator: 'add' | 'del', list: number, value: Value): (m: Machine, frame: number) => void {
  if (operator === 'del') {
    return (m, frame) => {
      m.smp_mb();
      const at = find(m, list, value(m, frame));
      if (at >= 0) {
        removeAt(m, list, at);
      }
    };
  }
  return (m, frame) => {
    m.smp_mb();
    const length = m.load(m.added + list);
    if (length === LIST_WORDS - 1) {
      throw new Impossible('list');
    }
    m.store(m.added + list + 1 + length, value(m, frame));
    m.store(m.added + list, length + 1);
  };
}

function divisor(value: number): number {
  if (value === 0) {
    throw new Impossible('division');
  }
  return value;
}

const BINARY: Readonly<Record<BinaryOperator, (a: number, b: number) => number>> = {
  '||': (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
  '&&': (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '&': (a, b) => a & b,
  '==': (a, b) => (a === b ? 1 : 0),
  '!=': (a, b) => (a !== b ? 1 : 0),
  '<': (a, b) => (a < b ? 1 : 0),
  '>': (a, b) => (a > b ? 1 : 0),
  '<=': (a, b) => (a <= b ? 1 : 0),
  '>=': (a, b) => (a >= b ? 1 : 0),
  '<<': (a, b) => a << below(32, b, 'shift'),
  '>>': (a, b) => a >> below(32, b, 'shift'),
  '+': (a, b) => (a + b) | 0,
  '-': (a, b) => (a - b) | 0,
  '*': (a, b) => Math.imul(a, b),
  '/': (a, b) => (a / divisor(b)) | 0,
  '%': (a, b) => (a % divisor(b)) | 0,
};

/** The expression as a function. `call` is the compiler's business; `done` asks the agenda. */
export function evaluator(expression: Expression): Value {
  switch (expression.kind) {
    case 'number':
      return constant(expression.value);
    case 'local': {
      const at = 1 + expression.index;
      return (m, frame) => m.words[frame + at];
    }
    case 'load':
      return reader(expression.place);
    case 'locked':
      return locked(expression.operator, expression.place, expression.values);
    case 'highest': {
      const { place } = expression;
      if (place.kind !== 'set') {
        throw new Error('only a set has a highest vector');
      }
      const base = blockAt(place.block, place.index, place.word);
      return (m, frame) => highest(m, base(m, frame));
    }
    case 'list':
      return listed(expression);
    case 'unary': {
      const of = evaluator(expression.of);
      switch (expression.operator) {
        case '-':
          return (m, frame) => -of(m, frame) | 0;
        case '~':
          return (m, frame) => ~of(m, frame);
        case '!':
          return (m, frame) => (of(m, frame) === 0 ? 1 : 0);
      }
      break;
    }
    case 'binary': {
      const left = evaluator(expression.left);
      const right = evaluator(expression.right);
      if (expression.operator === '&&') {
        return (m, frame) => (left(m, frame) !== 0 && right(m, frame) !== 0 ? 1 : 0);
      }
      if (expression.operator === '||') {
        return (m, frame) => (left(m, frame) !== 0 || right(m, frame) !== 0 ? 1 : 0);
      }
      const apply = BINARY[expression.operator];
      return (m, frame) => apply(left(m, frame), right(m, frame));
    }
    case 'done': {
      const { agent } = expression;
      return m => (m.agenda?.done(agent) ? 1 : 0);
    }
    case 'call':
      throw new Error('a call stands alone');
  }
  throw new Error('unreachable');
}
