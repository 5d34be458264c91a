import fc from 'fast-check';
import {
  ACTIONS,
  DELIVERY_MODES,
  EVENTS,
  FEATURES,
  keys,
  REGISTERS,
  SHORTHANDS,
  STATEMENTS,
  STATES,
} from '../../../extension/scenario/words.ts';

const number = fc.constantFrom(
  '0',
  '1',
  '2',
  '3',
  '0x41',
  '0x31',
  '0xfd',
  '0x0000000100000041',
  '0xfee01000',
  '300',
  '0x1_0',
  'RESCHEDULE_VECTOR',
);
const small = fc.constantFrom('0', '1', '2', '3');
const blank = fc.constantFrom(' ', '  ', '\t', '   ');
const comment = fc.constantFrom('', '', ' # why', '# tight', '   #', '\t# a: b, c');

const body = fc.oneof(
  fc
    .tuple(small, fc.constantFrom(...keys(STATES)), small)
    .map(([id, state, cpu]) => `vcpu ${id} ${state} on cpu ${cpu}`),
  fc.tuple(small, number, number).map(([id, a, b]) => `vcpu ${id} irr ${a} ${b} tpr 0x20 interrupts off`),
  fc.tuple(small, fc.constantFrom(...keys(ACTIONS)), number).map(([id, name, value]) => `vcpu ${id}: ${name} ${value}`),
  fc
    .tuple(small, fc.constantFrom('enter', 'exit', 'block', 'preempt', 'eoi', 'cli', 'sti'))
    .map(([id, name]) => `vcpu ${id}: ${name}`),
  fc
    .tuple(
      small,
      fc.constantFrom(...keys(DELIVERY_MODES)),
      number,
      fc.constantFrom('1', 'logical 3', ...keys(SHORTHANDS)),
    )
    .map(
      ([id, mode, vector, to]) =>
        `vcpu ${id}: ipi ${mode} ${['smi', 'nmi', 'init'].includes(mode) ? '' : vector} to ${to}`,
    ),
  fc
    .tuple(
      small,
      fc.constantFrom('pin 4 fixed', 'pin 4', 'write', 'read', 'pin 30 nmi to'),
      number,
      fc.constantFrom('', 'to 1 level masked'),
    )
    .map(([id, access, value, to]) => `vcpu ${id}: ioapic ${access} ${value} ${to}`),
  fc.tuple(number, number, number).map(([a, b, c]) => `vcpu 0: pv-ipi ${a} ${b} ${c} 0x41`),
  fc.constantFrom('vcpu 1: pv-ipi fixed 0x41 to 1 2..3', 'vcpu 1: lvt APIC_LVTT', 'vcpu 0 vmcb12 0x100 0x51'),
  fc
    .tuple(
      small,
      fc.constantFrom(' gsi 4', ': signal', ': assign gsi 5 resample', ' gsi 5 resample', ': deassign gsi 4'),
    )
    .map(([id, rest]) => `irqfd ${id}${rest}`),
  fc.tuple(small, number).map(([id, vector]) => `cpu ${id}: interrupt ${vector}`),
  fc.tuple(small, number).map(([id, value]) => `vcpu ${id}: wrmsr APIC_SELF_IPI ${value}`),
  fc.constantFrom(
    'race',
    'a: vcpu 0: eoi',
    'b: post(1, 0x41)',
    'h interrupts a: post(1)',
    'always (x == 1)',
    'never vcpu 1: pid.on 1, pid.sn 1',
    'never (x == 1)',
    'finally vcpu 1 takes 0x41',
  ),
  fc.constantFrom(
    'operation post(v) {',
    '  set_bit(v->irr[0x41])',
    '}',
    'shared x = 1',
    'list l',
    'variant old broken',
    'memory tso',
  ),
  fc.constantFrom('section one: two', 'section it’s #', 'let TARGET = 2', 'let TARGET=0..1', 'vcpu TARGET: eoi'),
  fc.constantFrom('repeat 2', 'repeat 2', 'end', 'end', 'vcpu 0..2: exit', 'expect no exit on vcpu 0..1'),
  fc.constantFrom('assign device', 'inhibit HYPERV', 'uninhibit 1'),
  fc.tuple(number, number).map(([address, data]) => `msi ${address} ${data}`),
  fc
    .tuple(small, number, number)
    .map(([id, a, b]) => `expect vcpu ${id}: irr has ${a} ${b}, pid.on 0,mode IN_GUEST_MODE`),
  fc
    .tuple(fc.constantFrom(...keys(EVENTS)), small)
    .map(([event, id]) => `expect no ${event} on vcpu ${id}, vcpu ${id} takes 0x41`),
  fc.constantFrom(
    ...keys(STATEMENTS),
    '',
    '',
    '  ',
    'kernel 6.1',
    'cpus 2',
    `with ${keys(FEATURES).join(' ')}`,
    ...keys(REGISTERS),
  ),
);

/** Lines that a scenario is made of, laid out anyhow. */
const line = fc
  .tuple(blank, body, comment, fc.boolean())
  .map(([indent, code, end, flush]) => (flush ? '' : indent) + code.replaceAll(' ', indent) + end);

/** Texts that are nearly scenarios. */
export const scenario = fc
  .tuple(
    fc.constantFrom('machine intel\nvcpus 4\nwith apicv\n', 'machine amd\nvcpus 2 xapic\n', ''),
    fc.array(line, { maxLength: 12 }),
    fc.constantFrom('\n', '\r\n'),
  )
  .map(([head, lines, end]) => `${head}${lines.join('\n')}`.replaceAll('\n', end));

/** Scenarios with pieces cut out, doubled, or replaced by noise. */
export const damaged = fc
  .tuple(
    scenario,
    fc.array(fc.tuple(fc.nat(), fc.nat(9), fc.string({ unit: 'binary', maxLength: 4 })), { maxLength: 4 }),
  )
  .map(([text, cuts]) =>
    cuts.reduce((whole, [at, length, noise]) => {
      const from = at % (whole.length + 1);
      return whole.slice(0, from) + noise + whole.slice(from + length);
    }, text),
  );

/** Any UTF-16 at all: lone surrogates, control characters, marks of the language. */
const unit = fc.oneof(
  fc.nat(0xffff).map(code => String.fromCharCode(code)),
  fc.constantFrom('\n', '\r', '\t', ':', ',', '#', ' ', '\ufeff', '\ud800', '\udfff', '\u2028', '\0', '.', '-', '_'),
  fc.constantFrom('vcpu ', 'expect ', 'machine intel\n', 'vcpus 2\n', '0x', 'on cpu ', 'irr has '),
);
export const hostile = fc.oneof(
  fc.array(unit, { maxLength: 60 }).map(units => units.join('')),
  damaged,
);
