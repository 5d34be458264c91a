import { describe, expect, it } from 'vitest';
import { check } from '../../../extension/scenario/check.ts';
import { complete } from '../../../extension/scenario/complete.ts';
import { explainAt } from '../../../extension/scenario/explain.ts';
import { parse } from '../../../extension/scenario/parse.ts';
import { type Name, nameAt, objection, placesOf } from '../../../extension/scenario/rename.ts';
import { semanticTokens } from '../../../extension/scenario/semantic.ts';
import { signaturesAt } from '../../../extension/scenario/signature.ts';
import { definitionOf, mentions, symbolAt } from '../../../extension/scenario/symbols.ts';
import { MACHINE, problems } from './problems.ts';

const TEXT = `${MACHINE}device nic posted to vcpu 2 vector 0x41
let LAST = 3
let V = 0x55
shared x
operation post(a) {
  set_bit(a->irr[V])
  if (done(a)) x = 1
}
operation both(v) {
  post(v)
}
vcpu 0..LAST: exit
vcpu LAST: ipi fixed V to LAST
device nic: interrupt
expect device nic: posted_to 2, vcpu LAST: irr has V
race
  a: device nic: interrupt
  b: post(1)
  c interrupts b: both(LAST)
eventually within 20 of b (x == 1)`;

/** The text with the name at the first `«` of a line replaced everywhere. */
function renamed(kind: Name['kind'], name: string, other: string): string {
  const tree = parse(TEXT);
  const lines = TEXT.split('\n');
  for (const { line, start, end } of placesOf(tree, { kind, text: name }).reverse()) {
    lines[line] = lines[line].slice(0, start) + other + lines[line].slice(end);
  }
  return lines.join('\n');
}

describe('rename', () => {
  it('changes the name of a value wherever it stands, and nothing else', () => {
    expect(renamed('constant', 'LAST', 'TOP')).toBe(TEXT.replaceAll('LAST', 'TOP'));
    expect(renamed('constant', 'V', 'W')).toBe(TEXT.replaceAll(/\bV\b/g, 'W'));
  });

  it('changes the name of a device, also of one that an agent uses', () => {
    expect(renamed('device', 'nic', 'disk')).toBe(TEXT.replaceAll('nic', 'disk'));
  });

  it('changes the name of an operation where it is written down and called', () => {
    expect(renamed('operation', 'post', 'send')).toBe(TEXT.replaceAll('post(', 'send('));
  });

  it('keeps locals that are called as an agent is', () => {
    const after = renamed('agent', 'a', 'sender');
    expect(after).toBe(TEXT.replace('  a:', '  sender:').replace('done(a)', 'done(sender)'));
    expect(renamed('agent', 'b', 'k')).toBe(
      TEXT.replace('  b:', '  k:').replace('interrupts b', 'interrupts k').replace('of b', 'of k'),
    );
  });

  it('keeps what the scenario means', () => {
    expect(problems(TEXT)).toEqual([]);
    const meaning = (text: string) => check(parse(text)).program?.statements.map(({ action }) => action.kind);
    for (const [kind, name, other] of [
      ['constant', 'LAST', 'TOP'],
      ['device', 'nic', 'disk'],
      ['operation', 'both', 'all_of_them'],
      ['agent', 'c', 'handler'],
      ['variable', 'x', 'posted'],
    ] as const) {
      expect(problems(renamed(kind, name, other))).toEqual([]);
      expect(meaning(renamed(kind, name, other))).toEqual(meaning(TEXT));
    }
  });

  it('finds the name at a place', () => {
    const at = (line: string, word: string) => {
      const number = TEXT.split('\n').indexOf(line);
      const name = nameAt(parse(TEXT), number, line.indexOf(word));
      return name && `${name.kind} ${name.text} ${name.range.start}`;
    };
    expect(at('vcpu 0..LAST: exit', 'LAST')).toBe('constant LAST 8');
    expect(at('vcpu 0..LAST: exit', 'vcpu')).toBeUndefined();
    expect(at('  a: device nic: interrupt', 'nic')).toBe('device nic 12');
    expect(at('  c interrupts b: both(LAST)', 'both')).toBe('operation both 18');
    expect(at('  set_bit(a->irr[V])', 'set_bit')).toBeUndefined();
  });

  it('says what cannot be a name', () => {
    const tree = parse(TEXT);
    expect(objection(tree, { kind: 'constant', text: 'V' }, 'W')).toBeUndefined();
    expect(objection(tree, { kind: 'constant', text: 'V' }, 'V')).toBeUndefined();
    expect(objection(tree, { kind: 'constant', text: 'V' }, 'w')).toMatch(/capitals/);
    expect(objection(tree, { kind: 'constant', text: 'V' }, 'LAST')).toMatch(/already/);
    expect(objection(tree, { kind: 'constant', text: 'V' }, 'RESCHEDULE_VECTOR')).toMatch(/meaning/);
    expect(objection(tree, { kind: 'agent', text: 'a' }, 'b')).toMatch(/already/);
    expect(objection(tree, { kind: 'agent', text: 'a' }, 'x y')).toMatch(/letters/);
  });
});

describe('semantic tokens', () => {
  it('tell names, fields and values apart', () => {
    const text = `${TEXT.replace('vcpu 0..LAST: exit', 'section what it shows\nvcpu 0..LAST: exit')}\nexpect vcpu 1: mode IN_GUEST_MODE`;
    const tree = parse(text);
    const lines = text.split('\n');
    const found = semanticTokens(tree, 4, lines.length).map(
      ({ range, type, modifiers }) =>
        `${lines[range.line].slice(range.start, range.end)} ${[type, ...modifiers].join('.')}`,
    );
    expect(found).toEqual([
      'nic class.declaration',
      'LAST variable.declaration.readonly',
      'V variable.declaration.readonly',
      'x variable.declaration',
      'post function.declaration',
      'V variable.readonly',
      'a label',
      'x variable',
      'both function.declaration',
      'post function',
      'what it shows namespace.declaration',
      'LAST variable.readonly',
      ...['LAST variable.readonly', 'V variable.readonly', 'LAST variable.readonly'],
      'nic class',
      ...['nic class', 'posted_to property', 'LAST variable.readonly', 'irr property', 'V variable.readonly'],
      ...['a label.declaration', 'nic class'],
      ...['b label.declaration', 'post function'],
      ...['c label.declaration', 'b label', 'both function', 'LAST variable.readonly'],
      ...['b label', 'x variable'],
      ...['mode property', 'IN_GUEST_MODE enumMember.readonly'],
    ]);
  });

  it('are given for some lines only', () => {
    expect(semanticTokens(parse(TEXT), 5, 5).map(({ range }) => range)).toEqual([{ line: 5, start: 4, end: 8 }]);
    expect(semanticTokens(parse(TEXT), 1000, 2000)).toEqual([]);
  });
});

describe('signature help', () => {
  /** The form with `«»` around the part that is being written. */
  const at = (line: string): string | undefined => {
    const found = signaturesAt(parse(`${MACHINE}${line}`), 4, line.length);
    if (!found) return undefined;
    const { label, parameters } = found.signatures[found.active];
    const part = parameters[found.parameter];
    return part ? `${label.slice(0, part.start)}«${label.slice(part.start, part.end)}»${label.slice(part.end)}` : label;
  };

  it.each([
    ['vcpu 0: icr ', 'icr «ICR»'],
    ['vcpu 0: ipi ', 'ipi «MODE» VECTOR to DESTINATION'],
    ['vcpu 0: ipi fix', 'ipi «MODE» VECTOR to DESTINATION'],
    ['vcpu 0: ipi fixed ', 'ipi MODE «VECTOR» to DESTINATION'],
    ['vcpu 0: ipi fixed 0x41 to ', 'ipi MODE VECTOR to «DESTINATION»'],
    ['vcpu 0: ipi fixed 0x41 to 1 ', 'ipi MODE VECTOR to DESTINATION'],
    ['vcpu 0: ioapic ', 'ioapic pin «PIN» MODE VECTOR to TARGET'],
    ['vcpu 0: ioapic pin 4 0x31 ', 'ioapic pin PIN ENTRY'],
    ['vcpu 0: ioapic write 0x18 ', 'ioapic write REGISTER «VALUE»'],
    ['vcpu 0: ioapic read ', 'ioapic read «REGISTER»'],
    ['vcpu 0: pv-ipi fixed 0x41 to ', 'pv-ipi MODE VECTOR to «ID…»'],
    ['vcpu 0: pv-ipi 0x6 0 ', 'pv-ipi BITMAP_LOW BITMAP_HIGH «MIN» ICR'],
    ['vcpu 0: lvt ', 'lvt «LVT»'],
    ['irqfd 0 gsi ', 'irqfd IRQFD gsi «GSI»'],
    ['irqfd 0: assign gsi ', 'assign gsi «GSI»'],
    ['vcpu 0: ipi nmi to ', 'ipi SIMPLE to «DESTINATION»'],
    ['msi ', 'msi «ADDRESS» DATA'],
    ['msi 0xfee01000 ', 'msi ADDRESS «DATA»'],
    ['msi fixed 0x41 to ', 'msi MODE VECTOR to «TARGET»'],
    ['device nic: route 0xfee01000 ', 'route ADDRESS «DATA»'],
    ['vcpu 0: wrmsr ', 'wrmsr «MSR» VALUE'],
    ['vcpu 0: write APIC_EOI ', 'write OFFSET «VALUE»'],
    ['expect vcpu ', 'expect vcpu «VCPU»: FIELD IS'],
    ['expect vcpu 1: irr has ', 'expect vcpu VCPU: FIELD has «VECTOR…»'],
    ['expect vcpu 1: pid.on 0, rvi ', 'expect vcpu VCPU: FIELD «IS»'],
    ['expect vcpu 1: pid.on 0, vcpu 2 takes ', 'expect vcpu VCPU takes «VECTOR»'],
    ['expect no exit on vcpu ', 'expect no exit on vcpu «VCPU»'],
    ['let ', 'let «NAME» = VALUE'],
    ['let TARGET = ', 'let NAME = «VALUE»'],
    ['repeat ', 'repeat «COUNT»'],
    ['vcpu 0: eoi ', undefined],
    ['vcpu 0: ipi fixed # ', undefined],
    ['vcpu ', undefined],
    ['let', undefined],
    ['', undefined],
  ])('%j', (line, expected) => {
    expect(at(line)).toBe(expected);
  });

  it('knows what an agent does', () => {
    const text = `${MACHINE}race\n  a: vcpu 0: ipi fixed `;
    expect(signaturesAt(parse(text), 5, 100)).toMatchObject({ active: 0, parameter: 1 });
  });
});

describe('names in races', () => {
  const text = `${MACHINE}shared x, lock[2] = 1
list waiters
variant before broken
variant after
operation post(v, x) {
  x = 1
  if (before) lock[0] = 2
}
operation take(v) {
  int lock = x
  list_add(waiters, v)
  WRITE_ONCE(x, lock)
}
race
  a: post(1, 2)
  b: vcpu 2: ipi fixed 0x41 to 1
finally vcpu 1 takes 0x41, vcpu 2: pid.on 0
always vcpu 1 gets 0x41
eventually within 20 of a (x == 1)`;
  const tree = parse(text);
  const lines = text.split('\n');
  const found = (entity: Parameters<typeof mentions>[1]) =>
    mentions(tree, entity).map(({ line, start }) => `${line - 3}:${start}`);
  const at = (line: number, word: string) => symbolAt(tree, line + 3, lines[line + 3].indexOf(word));

  it('tell variables from parameters and locals of the same name', () => {
    expect(problems(text).filter(each => !each.startsWith('irq60'))).toEqual([]);
    expect(found('variable x')).toEqual(['1:7', '10:13', '12:13', '19:27']);
    expect(found('variable lock')).toEqual(['1:10', '7:14']);
    expect(found('variable waiters')).toEqual(['2:5', '11:11']);
    expect(found('variant before')).toEqual(['3:8', '7:6']);
    expect(found('operation post')).toEqual(['5:10', '15:5']);
    expect(found('agent a')).toEqual(['15:2', '19:24']);
  });

  it('lead to where they are declared', () => {
    for (const [entity, line] of [
      ['variable x', 1],
      ['variable waiters', 2],
      ['variant after', 4],
      ['operation take', 9],
      ['agent b', 16],
      ['vcpu 2', 0],
    ] as const) {
      expect([entity, definitionOf(tree, entity)?.line]).toEqual([entity, line + (line === 0 ? 2 : 3)]);
    }
  });

  it('vCPUs and vectors are found in what agents do and in conditions', () => {
    expect(at(16, '2')).toBe('vcpu 2');
    expect(at(17, '0x41')).toBe('vector 65');
    expect(found('vcpu 1')).toEqual(['17:13', '18:12']);
    expect(found('vector 65')).toEqual(['16:23', '17:21', '18:19']);
  });

  it('are explained and completed there', () => {
    const column = lines[20].indexOf('pid.on');
    expect(explainAt(tree, 20, column)?.text).toMatch(/^`pid.on`/);
    expect(complete(tree, 20, column).suggestions.map(({ label }) => label)).toContain('pid.nv');
    expect(signaturesAt(tree, 21, lines[21].indexOf('0x41'))?.signatures.length).toBeGreaterThan(1);
  });
});
