import { FIELDS } from '../engine/fields.ts';
import { REGISTER_OFFSETS } from './checkAction.ts';
import { checkMachine, DEMANDS, type Frame, KERNELS } from './checkMachine.ts';
import { countCpus } from './checkVcpus.ts';
import { agentSuggestions, asStatement, codeSuggestions, surroundings } from './completeRace.ts';
import type { Completion, Suggestion } from './completion.ts';
import { constantsOf, machineWithValues } from './constants.ts';
import { type Expected, Listener } from './expected.ts';
import { fieldNamed } from './fieldNames.ts';
import { functionNames, traceNames } from './functionNames.ts';
import { apicvInhibits } from './inhibits.ts';
import { link } from './link.ts';
import { parseLine } from './parse.ts';
import { Report } from './report.ts';
import { TEMPLATES } from './templates.ts';
import { scanLine } from './tokens.ts';
import { lineOf, type Tree } from './tree.ts';
import { hexByte, numberOf, VECTORS } from './values.ts';
import { isKey, RACE_STATEMENTS, STATEMENTS, type Words } from './words.ts';

/** Words that describe the start, and stand above the first action. */
const ABOVE: readonly string[] = [
  'include',
  'machine',
  'kernel',
  'vcpus',
  'cpus',
  'host',
  'with',
  'choose',
  'pin',
  'irqfd',
];
/** Of these there may be several. */
const MANY: readonly string[] = ['with', 'include', 'choose', 'pin', 'irqfd'];
/** More numbers than these are quicker typed than chosen. */
const MOST_NUMBERS = 64;

function fromWords(words: Words): Suggestion[] {
  return Object.entries(words).map(([label, doc]) => ({ label, kind: 'keyword', doc }));
}

function numbers(count: number, detail: (n: number) => string): Suggestion[] {
  return Array.from({ length: Math.min(count, MOST_NUMBERS) }, (_, n) => ({
    label: `${n}`,
    kind: 'number',
    detail: detail(n),
  }));
}

/** Vectors that the text uses already, then those with a name. */
function vectors(tree: Tree): Suggestion[] {
  const used = new Set<number>();
  for (const { code } of tree.lines) {
    for (const token of code) {
      const value = /^0x[0-9a-f]{2}$/i.test(token.text) ? numberOf(token) : undefined;
      if (value !== undefined && value >= 16n) used.add(Number(value));
    }
  }
  const plain = [...used]
    .sort((a, b) => a - b)
    .map((v): Suggestion => ({ label: hexByte(v), kind: 'vector', detail: 'used above or below' }));
  return [
    ...plain,
    ...Object.entries(VECTORS).map(([label, v]): Suggestion => ({ label, kind: 'vector', detail: hexByte(v) })),
  ];
}

/** Statements that may begin this line. */
function statements(tree: Tree, line: number): Suggestion[] {
  const acted = tree.nodes.some(node => node.range.line < line && (node.kind === 'action' || node.kind === 'expect'));
  const written = new Set(
    link(tree)
      .nodes.filter(node => node.range.line !== line)
      .map(node => node.head.text),
  );
  const words = fromWords({ ...STATEMENTS, ...RACE_STATEMENTS }).filter(
    ({ label }) => !ABOVE.includes(label) || (!acted && !(written.has(label) && !MANY.includes(label))),
  );
  const templates = TEMPLATES.filter(each => each.machine !== written.has('machine'));
  return [
    ...words,
    ...templates.map(
      ({ label, detail, body }): Suggestion => ({ label, detail, kind: 'template', snippet: body.join('\n') }),
    ),
  ];
}

function features(words: Words, tree: Tree, { machine }: Frame): Suggestion[] {
  const written = new Set(
    link(tree).nodes.flatMap(node => (node.kind === 'with' ? node.features.map(({ text }) => text) : [])),
  );
  return fromWords(words).filter(({ label }) => {
    const demand = DEMANDS[label as keyof typeof DEMANDS];
    const since = demand?.since ? KERNELS.indexOf(demand.since) : 0;
    return (
      !written.has(label) &&
      (demand?.vendor ?? machine.vendor) === machine.vendor &&
      KERNELS.indexOf(machine.kernel) >= since
    );
  });
}

function values(block: string, path: string, tree: Tree): Suggestion[] {
  const field = fieldNamed(block, path);
  if (field?.kind === 'vectors') return vectors(tree);
  if (field?.kind === 'flag') return numbers(2, () => path);
  return Object.entries(field?.values ?? {}).map(([label, value]) => ({ label, kind: 'value', detail: `${value}` }));
}

function test(block: string, path: string, tree: Tree): Suggestion[] {
  const field = fieldNamed(block, path);
  if (field?.kind === 'vectors') {
    return fromWords({
      has: 'Every vector that follows is in the set.',
      lacks: 'No vector that follows is in the set.',
    });
  }
  return [...values(block, path, tree), ...fromWords({ 'is not': 'The field has another value.' })];
}

function startOf(written: Tree, n: number): string {
  const tree = link(written);
  const node = tree.nodes.find(each => each.kind === 'vcpu' && each.index?.text === `${n}`);
  return node ? lineOf(tree, node.range.line).text.slice(node.range.start, node.range.end) : 'running';
}

function suggest(expected: Expected, tree: Tree, frame: Frame): Suggestion[] {
  switch (expected.kind) {
    case 'word':
      return isKey(expected.words, 'apicv') ? features(expected.words, tree, frame) : fromWords(expected.words);
    case 'vcpu':
      return numbers(frame.vcpuCount ?? 1, n => startOf(tree, n));
    case 'device':
      return link(tree).nodes.flatMap(node =>
        node.kind === 'device' && node.name ? [{ label: node.name.text, kind: 'value' }] : [],
      );
    case 'cpu':
      return numbers(countCpus(tree, frame), n => `CPU ${n}`);
    case 'id':
      return numbers(frame.vcpuCount ?? 1, n => `APIC ID of vCPU ${n}`);
    case 'vector':
      return vectors(tree);
    case 'kernel':
      return KERNELS.map(label => ({
        label,
        kind: 'value',
        detail: label === '2013' ? 'Linux 3.11' : `Linux ${label}`,
      }));
    case 'inhibit':
      return apicvInhibits(frame.machine).inhibitReasons.map((label, bit) => ({
        label,
        kind: 'value',
        detail: `bit ${bit}`,
      }));
    case 'function':
    case 'trace':
      return (expected.kind === 'trace' ? traceNames() : functionNames()).map(label => ({ label, kind: 'value' }));
    case 'register':
      return Object.entries(REGISTER_OFFSETS).map(([label, offset]) => ({
        label,
        kind: 'value',
        detail: `0x${offset.toString(16).padStart(3, '0')}`,
      }));
    case 'field':
      return FIELDS.filter(each => each.block === expected.block).map(({ path, doc }) => ({
        label: path,
        kind: 'field',
        doc,
      }));
    case 'test':
      return test(expected.block, expected.field, tree);
    case 'value':
      return values(expected.block, expected.field, tree);
    default:
      return [];
  }
}

const NUMBERS: readonly Expected['kind'][] = ['vcpu', 'cpu', 'vector', 'id', 'number', 'value', 'register'];

/** Names that the scenario gives to values, where a value may stand. */
function constants(expected: readonly Expected[], tree: Tree): Suggestion[] {
  const fits = expected.some(each => {
    const field = each.kind === 'test' ? fieldNamed(each.block, each.field) : undefined;
    return NUMBERS.includes(each.kind) || (field !== undefined && field.kind !== 'vectors');
  });
  return fits ? [...constantsOf(tree)].map(([label, detail]) => ({ label, kind: 'value', detail })) : [];
}

/** What may be written at a column of a line (UTF-16, 0-based): the parser's own answer, narrowed to this scenario. */
export function complete(tree: Tree, line: number, column: number): Completion {
  const before = (tree.lines[line]?.text ?? '').slice(0, column);
  const partial = /[A-Za-z0-9_.-]*$/.exec(before)?.[0] ?? '';
  const start = column - partial.length;
  const above = before.slice(0, start);
  const { code: whole, comment } = scanLine(above, line);
  if (comment) return { start, suggestions: [] };
  const where = surroundings(tree, line);
  if (where === 'operation') return { start, suggestions: codeSuggestions(tree, above) };
  if (whole.length === 0) return { start, suggestions: statements(tree, line) };
  const code = asStatement(whole, where === 'race');
  if (code.length === 0) return { start, suggestions: where === 'race' ? agentSuggestions(tree) : [] };
  const listener = new Listener();
  parseLine(code, listener);
  const frame = checkMachine(machineWithValues(tree), new Report());
  // `has`, `lacks` and `is` fit some fields and not others: the field decides.
  const decided = listener.next.some(each => each.kind === 'test');
  const next = decided ? listener.next.filter(each => each.kind === 'test' || each.kind === 'field') : listener.next;
  const found = new Map<string, Suggestion>();
  for (const each of [...next.flatMap(expected => suggest(expected, tree, frame)), ...constants(next, tree)]) {
    // A comma may follow nearly everything; offered, it would take the Enter that ends the line.
    if (each.label !== ',' && !found.has(each.label)) found.set(each.label, each);
  }
  return { start, suggestions: [...found.values()] };
}
