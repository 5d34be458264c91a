import { Cursor } from './cursor.ts';
import { diagnostic } from './diagnostics.ts';
import type { Listener } from './expected.ts';
import { parseAction, parseCpuAction, parseLineAction, parseMsi, parseVmAction } from './parseAction.ts';
import { parseChoose, parseDevice, parseGuest, parsePin } from './parseDevice.ts';
import { parseConditions } from './parseExpect.ts';
import { parseInclude } from './parseInclude.ts';
import { parseIrqfd } from './parseIrqchip.ts';
import { RaceLines } from './parseRace.ts';
import type { Range } from './program.ts';
import { notOneOf } from './suggest.ts';
import { moveRange, scan, type Token } from './tokens.ts';
import type { Node, ParsedLine, RegisterNode, ScenarioText, Tree } from './tree.ts';
import {
  ACTIONS,
  FEATURES,
  isKey,
  keys,
  MODES,
  REGISTERS,
  STATEMENTS,
  STATES,
  SWITCH,
  VCPU_MODES,
  VENDORS,
} from './words.ts';

/** Registers whose setting is a list of vectors. */
const LISTS: readonly string[] = ['irr', 'isr', 'tmr'];

/** Distributes Omit over the union of nodes. */
type Body = Node extends infer N ? (N extends Node ? Omit<N, 'range' | 'head' | 'broken'> : never) : never;

function parseRegisters(cursor: Cursor): RegisterNode[] {
  const registers: RegisterNode[] = [];
  while (cursor.peek() && !cursor.failed) {
    cursor.accept(',');
    const name = cursor.oneOf(REGISTERS, 'a register');
    if (!name || cursor.failed) break;
    const values: Token[] = [];
    const add = (value: Token | undefined) => value && values.push(value);
    if (name.text === 'interrupts') {
      add(cursor.oneOf(SWITCH, 'whether interrupts are taken'));
    } else if (name.text === 'apic') {
      add(cursor.oneOf(VCPU_MODES, 'a mode'));
    } else if (name.text === 'vmcb12') {
      add(cursor.number('int_ctl of vmcb12', 'vmcb12 0x00010100 0x51'));
      if (!cursor.failed) add(cursor.number('int_vector of vmcb12', 'vmcb12 0x00010100 0x51', 'vector'));
    } else {
      const list = LISTS.includes(name.text);
      const kind = list || name.text === 'l2' ? 'vector' : 'number';
      do add(cursor.number(`the value of ${name.text}`, '0x20', kind));
      while (list && !cursor.failed && /^[0-9A-Z]/.test(cursor.peek()?.text ?? ''));
      if (list) cursor.offer({ kind: 'vector' });
    }
    registers.push({ name, values });
  }
  cursor.offer({ kind: 'word', words: REGISTERS });
  return registers;
}

function missingColon(cursor: Cursor, action: Token): void {
  const { line, end } = cursor.last().range;
  const fix = { title: "Insert ':'", range: { line, start: end, end }, text: ':' };
  cursor.fail(
    diagnostic(
      'irq202',
      action.range,
      `A colon stands before what a vCPU does. Write \`vcpu 0: ${action.text}\`.`,
      fix,
    ),
  );
}

function parseVcpu(cursor: Cursor): Body {
  const index = cursor.number("the vCPU's number", 'vcpu 1', 'vcpu');
  if (cursor.accept(':')) return parseAction(cursor, index);
  const next = cursor.peek();
  cursor.offer({ kind: 'word', words: { ...STATES, ...REGISTERS } });
  if (!next) cursor.missing('Write where the vCPU is (`vcpu 1 running on cpu 1`) or what it does (`vcpu 1: eoi`).');
  if (next && isKey(ACTIONS, next.text) && !isKey(REGISTERS, next.text)) missingColon(cursor, next);
  const register = next !== undefined && isKey(REGISTERS, next.text);
  const state = next === undefined || register ? undefined : cursor.oneOf(STATES, 'a state of a vCPU');
  let cpu: Token | undefined;
  if (!cursor.failed && cursor.accept('on')) {
    cursor.keyword('cpu', 'on cpu 1');
    cpu = cursor.failed ? undefined : cursor.number("the CPU's number", 'on cpu 1', 'cpu');
  }
  const registers = cursor.failed ? [] : parseRegisters(cursor);
  return { kind: 'vcpu', registers, ...(index && { index }), ...(state && { state }), ...(cpu && { cpu }) };
}

function parseFeatures(cursor: Cursor): Body {
  const features: Token[] = [];
  do {
    const feature = cursor.oneOf(FEATURES, 'a feature');
    if (feature) features.push(feature);
    cursor.accept(',');
  } while (cursor.peek() && !cursor.failed);
  cursor.offer({ kind: 'word', words: FEATURES });
  return { kind: 'with', features };
}

function parseSetting(head: Token, cursor: Cursor): Body {
  const value = settingValue(head, cursor);
  if (head.text === 'vcpus') cursor.offer({ kind: 'word', words: MODES });
  const more = head.text === 'vcpus' && !cursor.failed && cursor.peek() !== undefined;
  const mode = more ? cursor.oneOf(MODES, 'an APIC mode') : undefined;
  return { kind: 'setting', ...(value && { value }), ...(mode && { mode }) };
}

function settingValue(head: Token, cursor: Cursor): Token | undefined {
  switch (head.text) {
    case 'kernel':
      return cursor.word('Write the kernel version whose rules apply: `kernel 6.16`.', { kind: 'kernel' });
    case 'host':
      return cursor.oneOf(MODES, "the host's APIC mode");
    default:
      return cursor.number(`how many ${head.text === 'vcpus' ? 'vCPUs' : 'CPUs'} there are`, `${head.text} 4`);
  }
}

function parseStatement(head: Token, cursor: Cursor): Body {
  switch (head.text) {
    case 'machine': {
      const vendor = cursor.oneOf(VENDORS, 'a vendor');
      return { kind: 'machine', ...(vendor && { vendor }) };
    }
    case 'kernel':
    case 'vcpus':
    case 'cpus':
    case 'host':
      return parseSetting(head, cursor);
    case 'with':
      return parseFeatures(cursor);
    case 'vcpu':
      return parseVcpu(cursor);
    case 'msi':
      return parseMsi(head, cursor);
    case 'cpu':
      return parseCpuAction(cursor);
    case 'device':
      return parseDevice(cursor);
    case 'pin':
      return parsePin(cursor);
    case 'irqfd':
      return parseIrqfd(cursor);
    case 'gsi':
      return parseLineAction(head, cursor);
    case 'guest':
      return parseGuest(head, cursor);
    case 'choose':
      return parseChoose(cursor);
    case 'assign':
    case 'inhibit':
    case 'uninhibit':
      return parseVmAction(head, cursor);
    case 'let':
      return parseLet(cursor);
    case 'repeat': {
      const count = cursor.number('how many times', 'repeat 3');
      return { kind: 'repeat', ...(count && { count }) };
    }
    case 'end':
      return { kind: 'end' };
    case 'expect':
      return { kind: 'expect', conditions: parseConditions(cursor) };
    default:
      cursor.fail(notOneOf('irq201', head, 'the beginning of a statement', keys(STATEMENTS)));
      return { kind: 'unknown' };
  }
}

function parseLet(cursor: Cursor): Body {
  const example = 'let TARGET = 2';
  const name = cursor.word(`Write a name in capitals: \`${example}\`.`, { kind: 'constant' });
  if (!name || cursor.failed || !cursor.keyword('=', example)) return { kind: 'let', ...(name && { name }) };
  const value = cursor.word(`Write the value: \`${example}\`.`, { kind: 'number', what: 'the value' });
  return { kind: 'let', name, ...(value && { value }) };
}

/** A title is free text: nothing in it is wrong. */
function parseSection(head: Token, code: readonly Token[], range: Range): ParsedLine {
  const base = { kind: 'section', range, head } as const;
  if (code.length > 1) {
    return { node: { ...base, broken: false, title: { ...range, start: code[1].range.start } }, diagnostics: [] };
  }
  const message = 'Write what the section shows: `section a blocked target`.';
  const problem = diagnostic('irq202', { ...range, start: range.end }, message);
  return { node: { ...base, broken: true }, diagnostics: [problem] };
}

/** One line with code. The listener hears what each word stands for and what could follow the last one. */
export function parseLine(code: readonly Token[], listener?: Listener): ParsedLine {
  const range: Range = { ...code[0].range, end: code[code.length - 1].range.end };
  if (code[0].text === 'section') {
    listener?.roles.set(code[0], { kind: 'word', words: STATEMENTS });
    return parseSection(code[0], code, range);
  }
  if (code[0].text === 'include') return parseInclude(code, range, listener);
  const cursor = new Cursor(code, listener);
  const head = cursor.take() ?? code[0];
  let body: Body = { kind: 'unknown' };
  if (head.kind === 'word') {
    listener?.roles.set(head, { kind: 'word', words: STATEMENTS });
    body = parseStatement(head, cursor);
    if (!cursor.failed) cursor.end();
  } else if (head.kind === 'mark') {
    const message = `A statement does not begin with \`${head.text}\`. Begin with a word, for example \`vcpu\`.`;
    cursor.fail(diagnostic('irq201', head.range, message));
  }
  return { node: { ...body, range, head, broken: cursor.failed }, diagnostics: cursor.diagnostics };
}

/** Ranges that are the node's own; those of its words have been moved already. */
function moveNode({ node, diagnostics }: ParsedLine, line: number): void {
  moveRange(node.range, line);
  if (node.kind === 'section' && node.title) moveRange(node.title, line);
  for (const condition of node.kind === 'expect' ? node.conditions : []) {
    moveRange(condition.range, line);
    if (condition.kind === 'field') moveRange(condition.testRange, line);
  }
  for (const { range, fix } of diagnostics) {
    moveRange(range, line);
    if (fix) moveRange(fix.range, line);
  }
}

/**
 * Text to tree. Pure; never throws; every line is read by itself, so that a broken one does not hide the rest.
 * A text that is too large or not text gives an empty tree with one diagnostic. With the tree of an earlier text, lines that have
 * not changed are not read again: their nodes move to the new tree, and the earlier one must not be used any more. `base`: number of
 * the first line, without an earlier tree.
 */
export function parse(source: ScenarioText, before?: Tree, base = 0): Tree {
  const { text, ...rest } = typeof source === 'string' ? { text: source } : source;
  const { lines, diagnostics: found, refused, origins } = scan(text, before?.lines, base);
  const diagnostics = [...found];
  const nodes: Node[] = [];
  const races = new RaceLines();
  const parsed = lines.map((line, i): ParsedLine | undefined => {
    if (line.code.length === 0) return undefined;
    const same = origins[i] < 0 ? undefined : before?.parsed[origins[i]];
    if (same && origins[i] !== i) moveNode(same, i);
    // What a line of a race or an operation means depends on those above it.
    const here =
      races.take(line, base + i, parseLine) ?? (same?.node.kind === 'race' ? undefined : same) ?? parseLine(line.code);
    nodes.push(here.node);
    if (here.diagnostics.length > 0) diagnostics.push(...here.diagnostics);
    return here;
  });
  return { lines, parsed, nodes, diagnostics, refused, ...rest };
}
