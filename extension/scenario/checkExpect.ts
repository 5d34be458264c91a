import { type Block, FIELDS, type FieldInfo, findField } from '../engine/fields.ts';
import { IOAPIC_NUM_PINS } from '../engine/layout.ts';
import { deviceIndex } from './checkDevice.ts';
import type { LineMachine } from './checkMessage.ts';
import { isThere } from './checkPin.ts';
import { cpuIndex, vcpuIndex } from './checkVcpus.ts';
import { functionNames, traceFunction, traceNames } from './functionNames.ts';
import type { Condition } from './program.ts';
import type { Report } from './report.ts';
import { nearest, notOneOf, shown } from './suggest.ts';
import type { SourceLine, Token } from './tokens.ts';
import type { ConditionNode, ExpectNode } from './tree.ts';
import { hexByte, numberOf } from './values.ts';

type FieldNode = Extract<ConditionNode, { kind: 'field' }>;

const hexadecimal = (value: number) => (value < 10 ? `${value}` : hexByte(value));

/** What the field of this machine cannot show, or undefined. */
function absent({ path, vendor }: FieldInfo, machine: LineMachine): string | undefined {
  const virtual = path.startsWith('pid.') || path === 'rvi' || path === 'svi';
  if (virtual && machine.vendor === 'amd') return `AMD has no \`${path}\`; look at \`irr\` and \`isr\`.`;
  if (virtual && !machine.apicv)
    return `Without APICv \`${path}\` is never used. Write \`with apicv\`, or look at \`irr\`.`;
  if (vendor !== undefined && vendor !== machine.vendor && !path.startsWith('avic.')) {
    return `\`${path}\` belongs to ${vendor === 'amd' ? 'AMD' : 'Intel'}, this machine does not have it.`;
  }
  if (path.startsWith('avic.') && !(machine.vendor === 'amd' && machine.apicv)) {
    return `\`${path}\` belongs to AMD. Write \`machine amd\` and \`with avic\`, or look at \`irr\`.`;
  }
  if (machine.kernel === '2013' && ['pid.sn', 'pid.nv', 'pid.ndst'].includes(path)) {
    return `The descriptor of 2013 has only PIR and ON: \`${path}\` is always 0.`;
  }
  return undefined;
}

function fits(field: FieldInfo, node: FieldNode, report: Report): boolean {
  const set = field.kind === 'vectors';
  const asksSet = node.test === 'has' || node.test === 'has not';
  if (set !== asksSet) {
    const right = set ? (node.test === 'is not' ? 'lacks' : 'has') : node.test === 'has not' ? 'is not' : 'is';
    const what = set ? 'is a set of vectors' : 'is a single value';
    const value = node.values[0];
    const range = { ...node.field.range, end: value.range.end };
    const text = `${node.field.text} ${right} ${value.text}`;
    report.add('irq502', node.range, `\`${field.path}\` ${what}. Write \`${text}\`.`, {
      title: `Change to '${text}'`,
      range,
      text,
    });
    return false;
  }
  if (!set && node.values.length > 1) {
    const range = { ...node.values[1].range, end: node.values[node.values.length - 1].range.end };
    report.add('irq502', range, `\`${field.path}\` has one value. Write a comma before the next condition.`);
    return false;
  }
  return true;
}

function resolve(field: FieldInfo, word: Token, report: Report): number | undefined {
  if (field.kind === 'vectors') return report.vector(word);
  const names = field.values ?? {};
  if (Object.hasOwn(names, word.text)) return names[word.text];
  const number = numberOf(word);
  if (field.kind === 'enum') {
    if (number !== undefined && Object.values(names).some(value => BigInt(value) === number)) return Number(number);
    report.push(notOneOf('irq503', word, `a value of \`${field.path}\``, Object.keys(names)));
    return undefined;
  }
  if (number === undefined) {
    const known = Object.keys(names);
    const near = nearest(word.text, known);
    if (near) report.push(notOneOf('irq503', word, `a value of \`${field.path}\``, known));
    else
      report.add('irq503', word.range, `\`${shown(word.text)}\` is not a value of \`${field.path}\`. Write a number.`);
    return undefined;
  }
  if (number >> BigInt(field.width) === 0n) return Number(number);
  const most = field.kind === 'flag' ? '0 or 1' : `a number of at most ${field.width} bits`;
  report.add('irq503', word.range, `\`${shown(word.text)}\` does not fit \`${field.path}\`. Write ${most}.`);
  return undefined;
}

const OWNERS = {
  vcpu: 'a vCPU',
  cpu: 'a CPU',
  device: 'a device',
  iommu: 'the IOMMU',
  guest: "the guest's kernel",
  pin: 'a pin of the IOAPIC',
} as const satisfies Record<Block, string>;
const BLOCKS = Object.keys(OWNERS) as readonly Block[];

function subjectOf({ index: { text } }: FieldNode, block: Block, index: number): string {
  if (block === 'iommu' || block === 'guest') return block;
  return `${block} ${block === 'device' ? text : index}`;
}

/** Number of what the condition is about. */
function indexOf(
  { index, range }: FieldNode,
  block: Block,
  machine: LineMachine,
  vcpus: number | undefined,
  report: Report,
): number | undefined {
  switch (block) {
    case 'vcpu':
      return vcpuIndex(index, vcpus, report);
    case 'cpu':
      return cpuIndex(index, machine.cpus.length, report);
    case 'device':
      return deviceIndex(index, machine, report);
    case 'iommu':
      return 0;
    case 'pin':
      return isThere(machine, range, report) ? report.within(index, 'a pin', 0, IOAPIC_NUM_PINS - 1) : undefined;
    case 'guest':
      if (machine.guest) return 0;
      report.add('irq312', range, "The guest's kernel does nothing here. Write `guest: boot` above.");
      return undefined;
  }
}

function checkField(node: FieldNode, machine: LineMachine, vcpus: number | undefined, report: Report): Condition[] {
  const block = BLOCKS.find(each => each === node.block.text) ?? 'vcpu';
  const index = indexOf(node, block, machine, vcpus, report);
  const field = findField(block, node.field.text);
  if (!field) {
    const paths = FIELDS.filter(each => each.block === block).map(each => each.path);
    const of = OWNERS[block];
    report.push(notOneOf('irq501', node.field, `a field of ${of}`, paths));
    return [];
  }
  if (!node.test || !fits(field, node, report)) return [];
  const missing = absent(field, machine);
  if (missing) report.add('irq504', node.field.range, missing);
  const test = node.test;
  return node.values.flatMap((word): Condition[] => {
    const value = resolve(field, word, report);
    if (value === undefined || index === undefined) return [];
    const verb = test === 'is' ? '' : test === 'has not' ? ' lacks' : ` ${test}`;
    const named = /^[A-Za-z]/.test(word.text) ? word.text : hexadecimal(value);
    const text = `${subjectOf(node, block, index)}: ${field.path}${verb} ${named}`;
    return [{ kind: 'field', range: node.range, text, subject: { block, index }, field: field.path, test, value }];
  });
}

function checkCall(node: Extract<ConditionNode, { kind: 'call' }>, line: SourceLine, report: Report): Condition[] {
  const { name, trace, range, happens } = node;
  const known = trace ? traceNames() : functionNames();
  if (!known.includes(name.text)) {
    const near = nearest(name.text, known);
    const what = trace ? 'a trace event of the engine' : 'a kernel function with a step of the engine';
    // Hundreds of names help nobody.
    if (near !== undefined || trace) report.push(notOneOf('irq205', name, what, known));
    else
      report.add(
        'irq205',
        name.range,
        `\`${shown(name.text)}\` is not ${what}. Write one that the steps of a run show.`,
      );
    return [];
  }
  const text = line.text.slice(range.start, range.end).replaceAll(/\s+/g, ' ');
  return [{ kind: 'call', range, text, name: trace ? traceFunction(name.text) : name.text, happens }];
}

/** The conditions of one `expect`; a set tested for several vectors becomes one condition for each. */
export function checkExpect(
  node: ExpectNode,
  line: SourceLine,
  machine: LineMachine,
  vcpus: number | undefined,
  report: Report,
): Condition[] {
  return node.conditions.flatMap((condition): Condition[] => {
    if (condition.kind === 'field') return checkField(condition, machine, vcpus, report);
    if (condition.kind === 'call') return checkCall(condition, line, report);
    const vcpu = vcpuIndex(condition.index, vcpus, report);
    const vector = report.vector(condition.vector);
    if (vcpu === undefined || (condition.vector && vector === undefined)) return [];
    const { range, event, happens } = condition;
    const text = line.text.slice(range.start, range.end).replaceAll(/\s+/g, ' ');
    return [{ kind: 'event', range, text, event, vcpu, ...(vector === undefined ? {} : { vector }), happens }];
  });
}
