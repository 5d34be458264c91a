import type { MachineConfig } from '../engine/config.ts';
import { APIC_BASE_MSR } from '../engine/lapic/registers.ts';
import { decode, type Format } from '../formats/format.ts';
import { icr, x2apicIcr } from '../formats/icr.ts';
import { ioapicRte } from '../formats/ioapicRte.ts';
import { msi } from '../formats/msi.ts';
import { REGISTER_OFFSETS } from './checkAction.ts';
import { checkMachine } from './checkMachine.ts';
import { checkIcr, checkIpi, checkMsi } from './checkMessage.ts';
import { entryOf } from './checkPin.ts';
import { checkVcpus } from './checkVcpus.ts';
import { asStatement } from './completeRace.ts';
import { constantsOf, machineWithValues, valuesOf } from './constants.ts';
import { type Expected, Listener } from './expected.ts';
import { fieldNamed } from './fieldNames.ts';
import { apicvInhibits } from './inhibits.ts';
import { link, namesIn } from './link.ts';
import { declarations } from './names.ts';
import { parseLine } from './parse.ts';
import { pathOf, resolved } from './path.ts';
import type { Range } from './program.ts';
import { Report } from './report.ts';
import type { Token } from './tokens.ts';
import { type ActionNode, lineOf, type Tree } from './tree.ts';
import { hexByte, numberOf, VECTORS } from './values.ts';
import { isKey, RACE_STATEMENTS } from './words.ts';

export interface Explanation {
  readonly range: Range;
  /** Markdown; built from tables and numbers only, never from free text of the scenario. */
  readonly text: string;
}

function machineOf(tree: Tree): MachineConfig {
  const report = new Report();
  const frame = checkMachine(tree, report);
  return { ...frame.machine, ...checkVcpus(tree, frame, report) };
}

function explainVector(word: Token): string | undefined {
  const value = Object.hasOwn(VECTORS, word.text) ? BigInt(VECTORS[word.text]) : numberOf(word);
  if (value === undefined || value > 0xffn) return undefined;
  const vector = Number(value);
  const [name] = Object.entries(VECTORS).find(([, each]) => each === vector) ?? [];
  const illegal = vector < 16 ? ' Vectors 0 to 15 are illegal for fixed delivery.' : '';
  return `Vector ${hexByte(vector)} (${vector})${name ? `, \`${name}\`` : ''}: priority class ${vector >> 4}.${illegal}`;
}

function explainField(block: string, path: string): string | undefined {
  const field = fieldNamed(block, path);
  if (!field) return undefined;
  const width = field.kind === 'vectors' ? 'set of vectors' : field.kind === 'flag' ? 'one bit' : `${field.width} bits`;
  return `\`${field.path}\` (${width}): ${field.doc}`;
}

function explainRegister(word: Token): string | undefined {
  const offset = REGISTER_OFFSETS[word.text] ?? Number(numberOf(word) ?? -1n);
  const [name] = Object.entries(REGISTER_OFFSETS).find(([, each]) => each === offset || msrOf(each) === offset) ?? [];
  if (name === undefined) return undefined;
  const place = REGISTER_OFFSETS[name];
  return `\`${name}\`: offset 0x${place.toString(16).padStart(3, '0')} of the APIC page, MSR 0x${msrOf(place).toString(16)}.`;
}

function msrOf(offset: number): number {
  return APIC_BASE_MSR + (offset >>> 4);
}

function explainInhibit(word: Token, tree: Tree): string | undefined {
  const machine = machineOf(tree);
  const { kernel, vendor } = machine;
  const { inhibitReasons, requiredInhibits } = apicvInhibits(machine);
  const bit = /^[0-9]/.test(word.text) ? Number(numberOf(word) ?? -1n) : inhibitReasons.indexOf(word.text);
  const name = inhibitReasons[bit];
  if (name === undefined) return undefined;
  const honoured = vendor === 'amd' || ((requiredInhibits >>> bit) & 1) === 1 ? '' : ' Intel does not honour it.';
  return `\`APICV_INHIBIT_REASON_${name}\`: bit ${bit} in Linux ${kernel}.${honoured}`;
}

function explainDevice(word: Token, written: Tree): string | undefined {
  const tree = link(written);
  const node = tree.nodes.find(each => each.kind === 'device' && each.name?.text === word.text);
  if (!node) return undefined;
  const text = lineOf(tree, node.range.line).text.slice(node.range.start, node.range.end);
  return `${new Report([], namesIn(tree)).line(node.range.line)}: \`${text.replaceAll('`', '')}\``;
}

/** What a file brings, by name; the path was resolved when the tree was linked. */
function explainFile(word: Token, written: Tree): string | undefined {
  const tree = link(written);
  const name = resolved('', pathOf(word));
  const file = tree.included?.find(each => each.name === name);
  if (!file) return undefined;
  const { kernel, vendor, vcpus } = machineOf(machineWithValues(tree));
  const names = declarations(file.tree).map(({ kind, text }) => `${kind === 'constant' ? 'value' : kind} \`${text}\``);
  const machine = `the machine is ${vendor === 'amd' ? 'AMD' : 'Intel'}, Linux ${kernel}, with ${vcpus.length} vCPU${vcpus.length === 1 ? '' : 's'}`;
  return `\`${name.replaceAll('`', '')}\`: ${machine}${names.length > 0 ? `; here are declared ${names.join(', ')}` : ''}.`;
}

function explainVcpu(word: Token, tree: Tree): string | undefined {
  const id = numberOf(word);
  const vcpu = machineOf(tree).vcpus.find(each => BigInt(each.id) === id);
  if (!vcpu) return undefined;
  const mode = { xapic: 'xAPIC', x2apic: 'x2APIC', disabled: 'no' }[vcpu.apic];
  return `vCPU ${vcpu.id} at the start: ${vcpu.state}, CPU ${vcpu.cpu}, ${mode} local APIC.`;
}

function explainId(word: Token, tree: Tree): string | undefined {
  const id = numberOf(word);
  const found = machineOf(tree).vcpus.find(each => BigInt(each.id) === id);
  return found ? `APIC ID ${found.id}: vCPU ${found.id}.` : undefined;
}

/** The fields of a message, one a line, in the order of their bits from the top. */
function fieldsOf(title: string, format: Format, words: readonly number[]): string {
  const { fields } = decode(format, words);
  const rows = fields
    .filter(({ field }) => !field.reserved)
    .map(({ field, text }) => `${field.name.padEnd(18)} ${text}`);
  return `${title}\n\n\`\`\`text\n${rows.reverse().join('\n')}\n\`\`\``;
}

const hex32 = (value: number) => value.toString(16).padStart(8, '0');

/** What an `icr`, `ipi` or `msi` line sends. */
function explainMessage(node: ActionNode, tree: Tree): string | undefined {
  const machine = machineOf(tree);
  const report = new Report();
  if (node.name?.text === 'msi') {
    const message = checkMsi(node, machine, report);
    if (!message) return undefined;
    const { address, data } = message;
    const high = address.hi === 0 ? '' : hex32(address.hi);
    return fieldsOf(
      `MSI address \`0x${high}${hex32(address.lo)}\`, data \`0x${data.toString(16).padStart(4, '0')}\``,
      msi,
      [address.lo, address.hi, data],
    );
  }
  if (node.name?.text === 'ioapic') {
    const entry = node.access?.text === 'pin' ? entryOf(node, machine, report) : undefined;
    const [lo = 0, hi = 0] = entry ?? [];
    return entry && fieldsOf(`Redirection entry \`0x${hex32(hi)}${hex32(lo)}\``, ioapicRte, entry);
  }
  if (node.name?.text !== 'icr' && node.name?.text !== 'ipi') return undefined;
  const id = node.vcpu && numberOf(node.vcpu);
  const sender = machine.vcpus.find(each => BigInt(each.id) === id);
  if (!sender) return undefined;
  const value = node.delivery
    ? checkIpi(node.delivery, sender, machine, report)
    : checkIcr(node.value, sender, machine, report);
  if (!value) return undefined;
  const x2apic = sender.apic === 'x2apic';
  const title = `ICR \`0x${hex32(value.hi)}${hex32(value.lo)}\` (${x2apic ? 'x2APIC' : 'xAPIC'})`;
  return fieldsOf(title, x2apic ? x2apicIcr : icr, [value.lo, value.hi]);
}

function explain(expected: Expected, word: Token, tree: Tree): string | undefined {
  switch (expected.kind) {
    case 'word':
      return isKey(expected.words, word.text) ? expected.words[word.text] : undefined;
    case 'file':
      return explainFile(word, tree);
    case 'device':
      return explainDevice(word, tree);
    case 'vcpu':
      return explainVcpu(word, tree);
    case 'id':
      return explainId(word, tree);
    case 'vector':
      return explainVector(word);
    case 'register':
      return explainRegister(word);
    case 'inhibit':
      return explainInhibit(word, tree);
    case 'kernel':
      return word.text === '2013'
        ? 'The rules with which posted interrupts came: Linux 3.11.'
        : `The rules of Linux ${word.text}.`;
    case 'field':
      return explainField(expected.block, word.text);
    case 'value':
      return fieldNamed(expected.block, expected.field)?.kind === 'vectors'
        ? explainVector(word)
        : explainField(expected.block, expected.field);
    default:
      return undefined;
  }
}

/** What the word at a place means in this scenario; undefined where there is nothing to say. */
export function explainAt(tree: Tree, line: number, column: number): Explanation | undefined {
  const source = tree.lines[line];
  const word = source?.code.find(({ range }) => range.start <= column && column < range.end);
  if (!word) return undefined;
  const race = tree.parsed[line]?.node;
  if (race?.kind === 'race' && word === race.head && race.part !== 'code' && race.part !== 'agent') {
    return isKey(RACE_STATEMENTS, word.text) ? { range: word.range, text: RACE_STATEMENTS[word.text] } : undefined;
  }
  const code = asStatement(source.code, race?.kind === 'race' && race.part === 'agent');
  if (!code.includes(word) || (race?.kind === 'race' && race.part === 'code')) return undefined;
  const constants = constantsOf(tree);
  const values = valuesOf(code, constants);
  const value = values[code.indexOf(word)];
  const found = explainWord(value, values, machineWithValues(tree));
  if (!constants.has(word.text)) return found;
  const defined = `\`${word.text}\` is \`${value.text}\` here.`;
  return { range: word.range, text: found ? `${defined} ${found.text}` : defined };
}

function explainWord(word: Token, code: readonly Token[], tree: Tree): Explanation | undefined {
  const listener = new Listener();
  const { node } = parseLine(code, listener);
  if (node.kind === 'action' && !node.broken && (word === node.name || word === node.value || word === node.data)) {
    const message = explainMessage(node, tree);
    if (message) return { range: word.range, text: message };
  }
  const expected = listener.roles.get(word);
  const text = expected && explain(expected, word, tree);
  return text === undefined ? undefined : { range: word.range, text };
}
