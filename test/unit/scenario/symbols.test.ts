import { describe, expect, it } from 'vitest';
import { parse } from '../../../extension/scenario/parse.ts';
import { definitionOf, fieldsAhead, mentions, symbolAt } from '../../../extension/scenario/symbols.ts';

const lines = [
  'machine intel',
  '  vcpus 3',
  'vcpu 1 preempted on cpu 2 irr 0xfd',
  'vcpu 0: ipi fixed RESCHEDULE_VECTOR to 1',
  'vcpu 0x1: enter on cpu 1',
  'expect vcpu 1: irr has 0xfd 0x41, pid.on 0, cpu 1',
  'expect vcpu 1 takes 253, no exit on vcpu 2, cpu 1: pending lacks 0xf2',
  'vcpu 1: oei',
];
const tree = parse(lines.join('\n'));
const texts = (symbol: Parameters<typeof mentions>[1]) =>
  mentions(tree, symbol).map(({ line, start, end }) => `${line}:${lines[line].slice(start, end)}`);

describe('mentions', () => {
  it('are found however they are spelled', () => {
    expect(texts('vcpu 1')).toEqual(['2:1', '4:0x1', '5:1', '6:1', '7:1']);
    expect(texts('vcpu 2')).toEqual(['6:2']);
    expect(texts('cpu 1')).toEqual(['4:1', '6:1']);
    expect(texts('vector 253')).toEqual(['2:0xfd', '3:RESCHEDULE_VECTOR', '5:0xfd', '6:253']);
  });

  it.each([
    [3, 'vcpu |0', 'vcpu 0'],
    [3, 'RESCHEDULE_VECTOR|', 'vector 253'],
    [4, 'cpu |1', 'cpu 1'],
    [2, '|preempted', undefined],
    [5, 'pid.on |0', undefined],
  ])('line %i at %s', (line, mark, expected) => {
    const column = lines[line].indexOf(mark.replace('|', '')) + mark.indexOf('|');
    expect(symbolAt(tree, line, column)).toBe(expected);
  });

  it('lead to the line that describes them', () => {
    expect(definitionOf(tree, 'vcpu 1')?.line).toBe(2);
    expect(definitionOf(tree, 'vcpu 2')?.line).toBe(1);
    expect(definitionOf(tree, 'cpu 1')).toBeUndefined();
    expect(definitionOf(tree, 'vector 253')).toBeUndefined();
  });
});

describe('devices', () => {
  const text = [
    'machine intel',
    '  vcpus 2',
    '  with apicv vtd-posting',
    'device nic posted to vcpu 1 vector 0x41',
    'device nic: interrupt',
    'expect device nic: irte.im 1',
  ];
  const scenario = parse(text.join('\n'));

  it('are found by name', () => {
    expect(symbolAt(scenario, 4, 8)).toBe('device nic');
    expect(mentions(scenario, 'device nic').map(({ line }) => line)).toEqual([3, 4, 5]);
    expect(definitionOf(scenario, 'device nic')?.line).toBe(3);
  });
});

describe('values beside the text', () => {
  it('are those of the fields that the next expectations name', () => {
    const ahead = (line: number) => fieldsAhead(tree, line).map(each => each.expression);
    expect(ahead(4)).toEqual(['vcpu 1.irr', 'vcpu 1.pid.on', 'vcpu 1.cpu', 'cpu 1.pending']);
    expect(ahead(6)).toEqual(['cpu 1.pending']);
    expect(ahead(3)).toEqual([]);
  });
});
