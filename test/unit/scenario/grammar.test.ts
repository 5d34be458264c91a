import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import oniguruma from 'vscode-oniguruma';
import textmate, { type IGrammar } from 'vscode-textmate';
import { FIELDS } from '../../../extension/engine/fields.ts';
import {
  ACTIONS,
  DELIVERY_MODES,
  FEATURES,
  keys,
  REGISTERS,
  SHORTHANDS,
  STATEMENTS,
  STATES,
  VENDORS,
} from '../../../extension/scenario/words.ts';

const root = path.resolve(import.meta.dirname, '../../..');
const read = (file: string) => readFileSync(path.join(root, file));

let grammar: IGrammar;
beforeAll(async () => {
  const wasm = createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm');
  await oniguruma.loadWASM(readFileSync(wasm).buffer as ArrayBuffer);
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: sources => new oniguruma.OnigScanner(sources),
      createOnigString: text => new oniguruma.OnigString(text),
    }),
    loadGrammar: async () => textmate.parseRawGrammar(read('syntaxes/irq.tmLanguage.json').toString(), 'irq.json'),
  });
  const loaded = await registry.loadGrammar('source.irq');
  if (!loaded) throw new Error('no grammar');
  grammar = loaded;
});

/** `text scope` of every token that has a scope of its own, without the suffix of the language. */
function tokens(line: string): string[] {
  return grammar
    .tokenizeLine(line, textmate.INITIAL)
    .tokens.filter(({ scopes }) => scopes.length > 1)
    .map(
      ({ startIndex, endIndex, scopes }) =>
        `${line.slice(startIndex, endIndex)} ${scopes[scopes.length - 1].replace(/\.irq$/, '')}`,
    );
}

describe('grammar', () => {
  it.each([
    ['machine intel', ['machine keyword.control', 'intel support.type']],
    [
      'include "a/b.irq" # it',
      [
        'include keyword.control.import',
        '"a/b.irq" string.quoted.double',
        '# punctuation.definition.comment',
        ' it comment.line.number-sign',
      ],
    ],
    [
      'include "a # it',
      [
        'include keyword.control.import',
        '"a  string.quoted.double',
        '# punctuation.definition.comment',
        ' it comment.line.number-sign',
      ],
    ],
    ['include', ['include keyword.control.import']],
    ['  kernel  6.16', ['kernel keyword.other', '6.16 constant.numeric']],
    ['  vcpus   4 x2apic', ['vcpus keyword.other', '4 constant.numeric', 'x2apic support.type']],
    ['  with apicv vtd-posting', ['with keyword.other', 'apicv support.type', 'vtd-posting support.type']],
    [
      'vcpu 1 blocked on cpu 2',
      [
        'vcpu storage.type',
        '1 constant.numeric.decimal',
        'blocked constant.language',
        'on keyword.operator.word',
        'cpu storage.type',
        '2 constant.numeric.decimal',
      ],
    ],
    [
      'irqfd 0 gsi 4 resample',
      [
        'irqfd keyword.other',
        '0 constant.numeric',
        'gsi keyword.operator.word',
        '4 constant.numeric.decimal',
        'resample constant.language',
      ],
    ],
    [
      'irqfd 0: signal',
      ['irqfd storage.type', '0 constant.numeric', ': punctuation.separator', 'signal entity.name.function'],
    ],
    [
      'vcpu 0:  icr 0x00000001000000fd',
      [
        'vcpu storage.type',
        '0 constant.numeric',
        ': punctuation.separator',
        'icr entity.name.function',
        '0x00000001000000fd constant.numeric.hex',
      ],
    ],
    [
      'vcpu 0: ipi fixed RESCHEDULE_VECTOR to all-but-self',
      [
        'vcpu storage.type',
        '0 constant.numeric',
        ': punctuation.separator',
        'ipi entity.name.function',
        'fixed constant.language',
        'RESCHEDULE_VECTOR constant.language',
        'to keyword.operator.word',
        'all-but-self constant.language',
      ],
    ],
    [
      'msi 0xfee0300c 65',
      ['msi entity.name.function', '0xfee0300c constant.numeric.hex', '65 constant.numeric.decimal'],
    ],
    [
      'expect vcpu 2: irr has 0x41, pid.on 0',
      [
        'expect keyword.control',
        'vcpu storage.type',
        '2 constant.numeric.decimal',
        ': punctuation.separator',
        'irr variable.other.property',
        'has keyword.operator.word',
        '0x41 constant.numeric.hex',
        ', punctuation.separator',
        'pid.on variable.other.property',
        '0 constant.numeric.decimal',
      ],
    ],
    [
      'expect no exit on vcpu 1 # why: 0x41',
      [
        'expect keyword.control',
        'no keyword.operator.word',
        'exit support.function',
        'on keyword.operator.word',
        'vcpu storage.type',
        '1 constant.numeric.decimal',
        '# punctuation.definition.comment',
        ' why: 0x41 comment.line.number-sign',
      ],
    ],
    ['operation update_irr(v) {', ['operation keyword.control', 'update_irr entity.name.function']],
    [
      '    int pir = xchg(v->pid.pir.word[2], 0)  # take it',
      [
        'int storage.type',
        'xchg support.function',
        'pid.pir.word variable.other.property',
        '2 constant.numeric.decimal',
        ', punctuation.separator',
        '0 constant.numeric.decimal',
        '# punctuation.definition.comment',
        ' take it comment.line.number-sign',
      ],
    ],
    ['  } else {', ['else keyword.control']],
    [
      '  h interrupts v: handler()',
      [
        'h entity.name.label',
        'interrupts keyword.operator.word',
        'v entity.name.label',
        ': punctuation.separator',
        'handler support.function',
      ],
    ],
    [
      '  a: vcpu 0: eoi',
      [
        'a entity.name.label',
        ': punctuation.separator',
        'vcpu storage.type',
        '0 constant.numeric',
        ': punctuation.separator',
        'eoi entity.name.function',
      ],
    ],
    ['variant before broken', ['variant keyword.other', 'broken constant.language']],
    [
      'finally vcpu 2 takes 0x41',
      [
        'finally keyword.control',
        'vcpu storage.type',
        '2 constant.numeric.decimal',
        'takes keyword.operator.word',
        '0x41 constant.numeric.hex',
      ],
    ],
    [
      'section a target that’s away # why',
      [
        'section keyword.control',
        'a target that’s away entity.name.section',
        '# punctuation.definition.comment',
        ' why comment.line.number-sign',
      ],
    ],
    [
      'let TARGET = 2',
      ['let keyword.other', 'TARGET constant.other', '= keyword.operator.assignment', '2 constant.numeric.decimal'],
    ],
    ['repeat 3', ['repeat keyword.control', '3 constant.numeric.decimal']],
    ['end', ['end keyword.control']],
    [
      'vcpu 1..LAST: enter',
      ['vcpu storage.type', '1..LAST constant.numeric', ': punctuation.separator', 'enter entity.name.function'],
    ],
    [
      'device nic: interrupt',
      ['device storage.type', 'nic entity.name.label', ': punctuation.separator', 'interrupt entity.name.function'],
    ],
  ])('colours %s', (line, expected) => {
    expect(tokens(line)).toEqual(expected);
  });

  it.each(['vcpux', 'pid.onn', 'expected', '0xfg', 'exits', 'a-self'])('does not colour a part of %s', word => {
    expect(tokens(`    ${word}`).filter(each => each.startsWith(word.slice(0, 3)))).toEqual([]);
  });

  it('knows every word of the language', () => {
    const words = [FEATURES, STATES, DELIVERY_MODES, SHORTHANDS].flatMap(table => keys<Record<string, string>>(table));
    expect(words.filter(word => !tokens(`   ${word}`)[0]?.startsWith(`${word} `))).toEqual([]);
    const fields = [
      ...keys(REGISTERS).filter(name => !['apic', 'interrupts'].includes(name)),
      ...FIELDS.map(field => field.path),
    ];
    expect(fields.filter(word => !tokens(`x ${word} 0`)[0]?.startsWith(`${word} `))).toEqual([]);
    expect(keys(STATEMENTS).filter(word => tokens(`${word} 1`)[0]?.startsWith(`${word} `) !== true)).toEqual([]);
    expect(keys(ACTIONS).filter(word => tokens(`vcpu 0: ${word}`)[3] !== `${word} entity.name.function`)).toEqual([]);
    expect(keys(VENDORS).filter(word => tokens(`machine ${word}`)[1] !== `${word} support.type`)).toEqual([]);
  });
});

describe('language configuration', () => {
  const { wordPattern, indentationRules } = JSON.parse(read('syntaxes/language-configuration.json').toString());
  const matches = (rule: string, line: string) => new RegExp(indentationRules[rule]).test(line);

  it('indents settings, agents and code, and nothing else', () => {
    for (const line of ['machine intel', 'race', 'repeat 3', 'operation post(v) {', '  if (x) {  # why'])
      expect(matches('increaseIndentPattern', line)).toBe(true);
    for (const line of ['  vcpus 2', 'vcpu 0: eoi', '}']) expect(matches('increaseIndentPattern', line)).toBe(false);
    for (const line of [
      '  vcpu 0 blocked',
      '  device nic irte 5',
      '  }',
      '  end',
      '  always (x)',
      '  finally(x)',
      '  section a',
    ])
      expect(matches('decreaseIndentPattern', line)).toBe(true);
    // Statements may stand in a `repeat`.
    for (const line of [
      '  vcpu->pid.on',
      '  vcpus 2',
      '  vcpu(1)->irr',
      '  a: vcpu 0',
      '  vcpu 0: eoi',
      '  expect no exit',
      '  nic: interrupt',
    ])
      expect(matches('decreaseIndentPattern', line)).toBe(false);
  });

  it.each(['pid.on', '0x41', 'vtd-posting', 'all-but-self', '6.16', 'RESCHEDULE_VECTOR'])('keeps %s whole', word => {
    expect(`vcpu 1: ${word}, 2`.match(new RegExp(wordPattern, 'g'))).toContain(word);
  });
});
