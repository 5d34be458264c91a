import type { Cursor } from './cursor.ts';
import type { Range } from './program.ts';
import { notOneOf } from './suggest.ts';
import type { Token } from './tokens.ts';
import type { ConditionNode, FieldTest } from './tree.ts';
import { CALLS, EVENT_PREPOSITION, EVENTS, GLUE, isKey, keys } from './words.ts';

/** What fields belong to. */
const BLOCKS: readonly string[] = ['vcpu', 'cpu', 'device', 'iommu', 'guest', 'pin'];

/** Words with which a condition begins. */
const BEGINNINGS = {
  vcpu: GLUE.vcpu,
  cpu: GLUE.cpu,
  device: GLUE.device,
  iommu: GLUE.iommu,
  guest: GLUE.guest,
  pin: GLUE.pin,
  no: GLUE.no,
  ...EVENTS,
  ...CALLS,
};

interface Subject {
  readonly block: Token;
  readonly index: Token;
}

function reach(from: Token, cursor: Cursor): Range {
  return { ...from.range, end: cursor.last().range.end };
}

/** The test, its values and where it stands: `has 0x41`, `has no 0x41`, `lacks 0x41`, `is 0`, `is not 0`, or only `0`. */
function parseTest(cursor: Cursor): FieldTest | undefined {
  if (cursor.accept('has')) return cursor.accept('no') || cursor.accept('not') ? 'has not' : 'has';
  if (cursor.accept('lacks')) return 'has not';
  if (cursor.accept('is')) return cursor.accept('not') ? 'is not' : 'is';
  const next = cursor.peek();
  if (next?.kind === 'word') return 'is';
  return cursor.missing('Write what the field must be: `pid.on 1`, `rvi 0x41`, `irr has 0x41` or `irr lacks 0x41`.');
}

function parseField(cursor: Cursor, subject: Subject): ConditionNode | undefined {
  const field = cursor.word('Write a field: `irr has 0x41`, `pid.on 0` or `rvi 0x41`.', {
    kind: 'field',
    block: subject.block.text,
  });
  if (!field || cursor.failed) return undefined;
  const before = cursor.peek();
  const named = { block: subject.block.text, field: field.text };
  cursor.offer({ kind: 'test', ...named });
  const test = parseTest(cursor);
  const values: Token[] = [];
  if (!cursor.failed) {
    do {
      const value = cursor.word('Write the value: a number, or a name such as `IN_GUEST_MODE`.', {
        kind: 'value',
        ...named,
      });
      if (value) values.push(value);
    } while (!cursor.failed && cursor.peek()?.kind === 'word');
  }
  const spelled = before !== undefined && values[0] !== before ? before.range : field.range;
  return {
    kind: 'field',
    range: reach(field, cursor),
    ...subject,
    field,
    ...(test && { test }),
    testRange: spelled,
    values,
  };
}

/** `call of pi_wakeup_handler`, `no trace kvm_apicv_accept_irq`. */
function parseCall(cursor: Cursor, word: Token, no: Token | undefined): ConditionNode | undefined {
  const trace = word.text === 'trace';
  const example = trace ? 'trace kvm_apicv_accept_irq' : 'call of pi_wakeup_handler';
  if (!trace && !cursor.keyword('of', example)) return undefined;
  const name = cursor.word(`Write the name: \`${example}\`.`, { kind: trace ? 'trace' : 'function' });
  return name && { kind: 'call', range: reach(no ?? word, cursor), name, trace, happens: !no };
}

function parseEvent(cursor: Cursor): ConditionNode | undefined {
  const no = cursor.accept('no');
  const word = cursor.oneOf({ ...EVENTS, ...CALLS }, 'an event');
  if (!word || cursor.failed) return undefined;
  if (isKey(CALLS, word.text)) return parseCall(cursor, word, no);
  if (!isKey(EVENTS, word.text)) return undefined;
  const event = word.text;
  const preposition = EVENT_PREPOSITION[event];
  const example = `${no ? 'no ' : ''}${event} ${preposition} vcpu 1`;
  if (!cursor.keyword(preposition, example) || !cursor.keyword('vcpu', example)) return undefined;
  const index = cursor.number("the vCPU's number", example, 'vcpu');
  if (!index) return undefined;
  return { kind: 'event', range: reach(no ?? word, cursor), event, index, happens: !no };
}

/** `vcpu 2 takes 0x41`, `vcpu 2 takes nothing`, `vcpu 2 does not take 0x41`. */
function parseTakes(cursor: Cursor, { block, index }: Subject): ConditionNode | undefined {
  const base = { kind: 'event', event: 'interrupt', index } as const;
  const negative = cursor.accept('does');
  if (negative) {
    if (!cursor.keyword('not', 'vcpu 2 does not take 0x41') || !cursor.keyword('take', 'vcpu 2 does not take 0x41'))
      return undefined;
  } else if (!cursor.keyword('takes', 'vcpu 2 takes 0x41')) {
    return undefined;
  }
  if (!negative && cursor.accept('nothing')) return { ...base, range: reach(block, cursor), happens: false };
  const vector = cursor.number('the vector', 'vcpu 2 takes 0x41', 'vector');
  return vector && { ...base, range: reach(block, cursor), vector, happens: !negative };
}

function parseSubject(cursor: Cursor): Subject | undefined {
  const only = cursor.accept('iommu') ?? cursor.accept('guest');
  if (only) return { block: only, index: only };
  const device = cursor.accept('device');
  if (device) {
    const name = cursor.word('Write the name of a device: `device nic: irte.im 1`.', { kind: 'device' });
    return name && { block: device, index: name };
  }
  const pin = cursor.accept('pin');
  if (pin) {
    const index = cursor.number('a pin of the IOAPIC', 'pin 4: remote_irr 1');
    return index && { block: pin, index };
  }
  const block = cursor.accept('cpu') ?? cursor.accept('vcpu');
  const kind = block?.text === 'cpu' ? 'cpu' : 'vcpu';
  const index = cursor.number(kind === 'cpu' ? "the CPU's number" : "the vCPU's number", `${kind} 1`, kind);
  return block && index && { block, index };
}

interface Step {
  readonly condition?: ConditionNode | undefined;
  /** Whom the next condition is about when it does not say. */
  readonly subject?: Subject | undefined;
}

function parseNamed(cursor: Cursor): Step {
  const named = parseSubject(cursor);
  if (!named || cursor.failed) return {};
  if (cursor.accept(':')) return { condition: parseField(cursor, named), subject: named };
  if (named.block.text === 'vcpu') return { condition: parseTakes(cursor, named) };
  cursor.keyword(':', 'cpu 1: pending has 0xf2');
  return {};
}

/** What stands behind `vcpu 2` where it begins a condition of its own. */
const FOLLOW_SUBJECT: readonly string[] = [':', 'takes', 'does'];

function parseCondition(cursor: Cursor, subject: Subject | undefined): Step {
  const next = cursor.peek();
  if (subject) cursor.offer({ kind: 'word', words: BEGINNINGS });
  if (next && BLOCKS.includes(next.text)) {
    // `cpu 1` behind a vCPU is that vCPU's field (`vcpu 2: state running, cpu 1`), and `vcpu 3` behind a CPU is that CPU's.
    const ownField =
      subject &&
      (next.text === 'vcpu' || next.text === 'cpu') &&
      subject.block.text !== next.text &&
      !FOLLOW_SUBJECT.includes(cursor.peek(2)?.text ?? '');
    return ownField ? { condition: parseField(cursor, subject), subject } : parseNamed(cursor);
  }
  if (next?.text === 'no' || (next && (isKey(EVENTS, next.text) || isKey(CALLS, next.text))))
    return { condition: parseEvent(cursor) };
  if (subject) return { condition: parseField(cursor, subject), subject };
  if (next?.kind === 'word') {
    cursor.fail(notOneOf('irq205', next, 'what an expectation begins with', keys(BEGINNINGS)));
  } else {
    cursor.word('Write what must hold: `expect vcpu 2: irr has 0x41` or `expect no exit on vcpu 1`.', {
      kind: 'word',
      words: BEGINNINGS,
    });
  }
  return {};
}

/** The conditions of `expect`, separated by commas. A subject (`vcpu 2:`) holds until the next one or an event. */
export function parseConditions(cursor: Cursor): ConditionNode[] {
  const conditions: ConditionNode[] = [];
  let subject: Subject | undefined;
  do {
    const step = parseCondition(cursor, subject);
    subject = step.subject;
    if (step.condition) conditions.push(step.condition);
  } while (!cursor.failed && cursor.accept(','));
  return conditions;
}
