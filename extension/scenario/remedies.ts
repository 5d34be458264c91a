/** What can be done about a problem: the replacement that the checker knows, and those that follow from the rest of the text. */
import { x2apicIcr } from '../formats/icr.ts';
import type { Diagnostic } from './diagnostics.ts';
import { link } from './link.ts';
import type { Range } from './program.ts';
import type { Token } from './tokens.ts';
import type { Node, Tree } from './tree.ts';
import { numberOf } from './values.ts';

export interface Edit {
  readonly range: Range;
  readonly text: string;
}

export interface Remedy {
  readonly title: string;
  /** In any order; they do not overlap. */
  readonly edits: readonly Edit[];
}

type Make = (tree: Tree, problem: Diagnostic, node: Node) => readonly Remedy[];

const change = (range: Range, text: string): Remedy => ({ title: `Change to '${text}'`, edits: [{ range, text }] });

function written(tree: Tree, { line, start, end }: Range): string {
  return tree.lines[line].text.slice(start, end);
}

function wordAt(tree: Tree, { line, start }: Range): Token | undefined {
  return tree.lines[line].code.find(({ range }) => range.start === start);
}

/** All of a line, the end of the line aside. */
function wholeLine(tree: Tree, line: number): Range {
  return { line, start: 0, end: tree.lines[line].text.length };
}

/** A line of its own above another one. */
function above(line: number, text: string): Edit {
  return { range: { line, start: 0, end: 0 }, text: `${text}\n` };
}

function below(tree: Tree, line: number, text: string): Edit {
  const end = tree.lines[line].text.length;
  return { range: { line, start: end, end }, text: `\n${text}` };
}

const removeLine: Make = (tree, { range }) => [
  { title: 'Remove the line', edits: [{ range: wholeLine(tree, range.line), text: '' }] },
];

/** A word with the blanks, or the comma, in front of it. */
function without(tree: Tree, { line, start, end }: Range): Edit {
  const before = tree.lines[line].text.slice(0, start).replace(/[\s,]+$/, '');
  return { range: { line, start: before.length, end }, text: '' };
}

/** The first line on which something happens; descriptions stand above it. */
function firstDeed(tree: Tree): number | undefined {
  return tree.nodes.find(({ kind }) => ['action', 'expect', 'section', 'repeat', 'race'].includes(kind))?.range.line;
}

function settingOf(tree: Tree, name: string): Token | undefined {
  const node = tree.nodes.find(each => each.kind === 'setting' && each.head.text === name);
  return node?.kind === 'setting' ? node.value : undefined;
}

/** `kernel`, `vcpus` … with another value; the setting stands in the scenario itself, not in a file that it includes. */
function setting(tree: Tree, name: string, value: string): readonly Remedy[] {
  const word = settingOf(tree, name);
  const title = `Change to '${name} ${value}'`;
  if (word) return [{ title, edits: [{ range: word.range, text: value }] }];
  const machine = tree.nodes.find(({ kind }) => kind === 'machine');
  return machine
    ? [{ title: `Add '${name} ${value}'`, edits: [below(tree, machine.range.line, `  ${name}  ${value}`)] }]
    : [];
}

function addFeature(tree: Tree, name: string): readonly Remedy[] {
  const title = `Add 'with ${name}'`;
  const line = tree.nodes.find(({ kind, broken }) => kind === 'with' && !broken);
  if (line) {
    const { end } = line.range;
    return [{ title, edits: [{ range: { ...line.range, start: end }, text: ` ${name}` }] }];
  }
  const machine = tree.nodes.find(({ kind }) => kind === 'machine');
  return machine ? [{ title, edits: [below(tree, machine.range.line, `  with  ${name}`)] }] : [];
}

/** The bound that is nearer to what is written. */
function clamped(tree: Tree, { range, message }: Diagnostic): readonly Remedy[] {
  const [, least, most] = /from (\w+) to (\w+)\./.exec(message) ?? [];
  const word = wordAt(tree, range);
  const value = word && numberOf(word);
  if (least === undefined || value === undefined) return [];
  return [change(range, value < BigInt(least) ? least : most)];
}

/** The most vCPUs that the text names. */
function vcpusNamed(tree: Tree): number {
  let most = 1;
  for (const { code } of tree.lines) {
    for (const [i, { text }] of code.entries()) {
      if (text !== 'vcpu' || !code[i + 1]) continue;
      const value = Number(/(\d+)$/.exec(code[i + 1].text)?.[1] ?? 0);
      if (value < 1024) most = Math.max(most, value);
    }
  }
  return most + 1;
}

/** `with` without one of its features; the line goes with the last. */
function withoutFeature(tree: Tree, range: Range, node: Node): readonly Remedy[] {
  if (node.kind !== 'with') return [];
  const alone = node.features.length === 1;
  const edit = alone ? { range: wholeLine(tree, range.line), text: '' } : without(tree, range);
  return [{ title: `Remove '${written(tree, range)}'`, edits: [edit] }];
}

/** What the message says to write about a vCPU that shares its CPU. */
function preempt(tree: Tree, { message, range }: Diagnostic): readonly Remedy[] {
  const [, id] = /Write `vcpu (\d+) preempted/.exec(message) ?? [];
  if (id === undefined) return [];
  const title = `Write 'vcpu ${id} preempted'`;
  const own = tree.nodes.find(each => each.kind === 'vcpu' && each.index && numberOf(each.index) === BigInt(id));
  if (own?.kind === 'vcpu' && own.state) return [{ title, edits: [{ range: own.state.range, text: 'preempted' }] }];
  const on = /preempted on cpu 0/.test(message) ? ' on cpu 0' : '';
  const last = tree.nodes.filter(({ kind }) => ['machine', 'setting', 'with', 'include'].includes(kind)).at(-1);
  return [{ title, edits: [below(tree, last?.range.line ?? range.line, `vcpu ${id} preempted${on}`)] }];
}

/** What the vCPU's APIC mode asks for: `write` or `wrmsr`, `read` or `rdmsr`. */
function otherVerb(message: string, node: Node): readonly Remedy[] {
  const [, verb] = /Write `(write|wrmsr|read|rdmsr)`/.exec(message) ?? [];
  return verb !== undefined && node.kind === 'action' && node.name ? [change(node.name.range, verb)] : [];
}

const RESERVED = x2apicIcr.fields.filter(({ reserved }) => reserved === 'zero');

/** The bits that mean nothing, cleared; an address that is an MSI's. */
function cleared(_tree: Tree, { message }: Diagnostic, node: Node): readonly Remedy[] {
  if (node.kind !== 'action') return [];
  if (message.endsWith(' instead.')) return otherVerb(message, node);
  if (!node.value) return [];
  const value = numberOf(node.value);
  if (value === undefined) return [];
  if (node.name?.text === 'icr') {
    const kept = RESERVED.reduce(
      (bits, { hi, lo }) => bits & ~(((1n << BigInt(hi - lo + 1)) - 1n) << BigInt(lo)),
      value,
    );
    return kept === value ? [] : [change(node.value.range, `0x${kept.toString(16).padStart(16, '0')}`)];
  }
  if (node.name?.text === 'msi' && (value >> 20n) % 4096n !== 0xfeen) {
    return [change(node.value.range, `0x${((0xfeen << 20n) | (value & 0xfffffn)).toString(16)}`)];
  }
  return [];
}

const MAKERS: Readonly<Partial<Record<Diagnostic['code'], Make>>> = {
  irq105: (_tree, { range }) => [{ title: 'Remove what has no meaning', edits: [{ range, text: '' }] }],
  irq201: (_tree, { range }) => [
    { title: 'Make the line a comment', edits: [{ range: { ...range, end: range.start }, text: '# ' }] },
  ],
  irq301: (tree, { message }) => {
    const vcpus = vcpusNamed(tree);
    const text = `machine intel\n  kernel  6.16\n  vcpus   ${vcpus} x2apic\n  with    apicv\n`;
    return message.startsWith('The machine') ? [{ title: 'Describe the machine', edits: [above(0, text)] }] : [];
  },
  irq302: (tree, problem, node) => {
    if (node.kind === 'with') return withoutFeature(tree, problem.range, node);
    if (node.kind === 'section') return [];
    if (node.kind !== 'vcpu' || problem.range.start === node.range.start) return removeLine(tree, problem, node);
    const register = node.registers.find(({ name }) => name.range.start === problem.range.start);
    const last = register?.values[register.values.length - 1] ?? register?.name;
    if (!register || !last) return [];
    return [
      { title: `Remove '${register.name.text}'`, edits: [without(tree, { ...problem.range, end: last.range.end })] },
    ];
  },
  irq304: (tree, problem) => {
    const [, vcpus] = /Write `vcpus (\d+)`/.exec(problem.message) ?? [];
    return vcpus === undefined ? clamped(tree, problem) : setting(tree, 'vcpus', vcpus);
  },
  irq305: (tree, { range }, node) => withoutFeature(tree, range, node),
  irq307: (tree, { range, message }, node) => {
    const [, kernel] = /`kernel ([\d.]+)`/.exec(message) ?? [];
    return [...(kernel === undefined ? [] : setting(tree, 'kernel', kernel)), ...withoutFeature(tree, range, node)];
  },
  irq308: (tree, { range }) => {
    const deed = firstDeed(tree);
    if (deed === undefined || deed >= range.line) return [];
    const { text } = tree.lines[range.line];
    const edits = [above(deed, text), { range: wholeLine(tree, range.line), text: '' }];
    return [{ title: `Move above line ${deed + 1}`, edits }];
  },
  irq309: preempt,
  irq310: (tree, { range }) => {
    const last = /(\d+)$/.exec(written(tree, range))?.[1];
    const count = Number(last) + 1;
    return count <= 1024 && settingOf(tree, 'vcpus') ? setting(tree, 'vcpus', String(count)) : [];
  },
  irq311: (tree, problem) => {
    const { range, message } = problem;
    if (message.startsWith('vCPU')) return preempt(tree, problem);
    const count = Number(written(tree, range)) + 1;
    return count <= 1024 && settingOf(tree, 'cpus') ? setting(tree, 'cpus', String(count)) : [];
  },
  irq312: (tree, { range, message }) => {
    if (message.startsWith('With `split-irqchip`')) {
      for (const node of tree.nodes) {
        const word = node.kind === 'with' && node.features.find(({ text }) => text === 'split-irqchip');
        if (word) return withoutFeature(tree, word.range, node);
      }
    }
    const name = written(tree, range);
    const deed = firstDeed(tree);
    if (message.includes('no irqfd') && deed !== undefined && name === '0') {
      return [{ title: 'Describe the irqfd', edits: [above(deed, 'irqfd 0  gsi 4')] }];
    }
    if (!message.includes('device') || deed === undefined || !/^[A-Za-z_][\w.-]*$/.test(name)) return [];
    const line = `device ${name}  posted to vcpu 0 vector 0x41`;
    return [{ title: `Describe the device '${name}'`, edits: [above(deed, line)] }];
  },
  irq401: (tree, { range }) => (/^\d/.test(written(tree, range)) ? [change(range, '0xff')] : []),
  irq402: (tree, { range }) => {
    const word = wordAt(tree, range);
    const value = word && numberOf(word);
    return value !== undefined && value < 16n ? [change(range, `0x${(value + 0x10n).toString(16)}`)] : [];
  },
  irq403: cleared,
  irq404: clamped,
  irq405: (tree, { range }, node) => {
    const count = settingOf(tree, 'vcpus');
    const value = count && numberOf(count);
    const to = node.kind === 'action' ? node.delivery?.to : undefined;
    return value !== undefined && to?.kind === 'physical' ? [change(range, String(value - 1n))] : [];
  },
  irq406: (tree, { message }, node) => {
    if (message.includes('Add `32bit-ids`')) return addFeature(tree, '32bit-ids');
    return otherVerb(message, node);
  },
  irq407: (_tree, { range, message }) => {
    const [, width] = /the (\d+) bits/.exec(message) ?? [];
    if (message.includes('0 or 1')) return [change(range, '1')];
    return width === undefined ? [] : [change(range, `0x${((1n << BigInt(width)) - 1n).toString(16)}`)];
  },
  irq503: (_tree, { range, message }) => {
    const [, width] = /at most (\d+) bits/.exec(message) ?? [];
    if (message.includes('0 or 1')) return [change(range, '1')];
    return width === undefined ? [] : [change(range, `0x${((1n << BigInt(width)) - 1n).toString(16)}`)];
  },
  irq504: (tree, { message }) => {
    const [, feature] = /`with (apicv|avic)`/.exec(message) ?? [];
    return feature === undefined || message.includes('`machine amd`') ? [] : addFeature(tree, feature);
  },
  irq601: (tree, { message, range }) => {
    const text = written(tree, range);
    const name = /^operation\s+[A-Za-z_]\w*/.exec(text)?.[0];
    if (message.startsWith('The closing brace')) {
      return [{ title: "Add '}'", edits: [below(tree, tree.lines.length - 1, '}')] }];
    }
    const empty = name !== undefined && text.slice(name.length).trim() === '{';
    const end = range.start + (name?.length ?? 0);
    return empty ? [{ title: "Add '()'", edits: [{ range: { ...range, start: end, end }, text: '()' }] }] : [];
  },
  irq702: (tree, problem, node) => {
    if (node.kind === 'end') return removeLine(tree, problem, node);
    if (node.kind !== 'repeat' || !problem.message.startsWith('What is repeated')) {
      return [{ title: "Add 'end' above", edits: [above(problem.range.line, 'end')] }];
    }
    const section = tree.nodes.find(each => each.kind === 'section' && each.range.line > node.range.line);
    const last = tree.nodes.filter(each => each.range.line < (section?.range.line ?? Number.POSITIVE_INFINITY)).at(-1);
    return [{ title: "Add 'end'", edits: [below(tree, last?.range.line ?? node.range.line, 'end')] }];
  },
};

/** The best one first. Pure; the tree is the one in which the problem was found. */
export function remediesFor(tree: Tree, problem: Diagnostic): readonly Remedy[] {
  const { fix, file, range, message } = problem;
  if (file !== undefined) return [];
  if (fix) return [{ title: fix.title, edits: [fix] }];
  const [, near] = /Did you mean `([^`]+)`\?$/.exec(message) ?? [];
  if (near !== undefined) return [change(range, near)];
  const node = tree.parsed[range.line]?.node ?? link(tree).nodes[0];
  return (node && MAKERS[problem.code]?.(tree, problem, node)) ?? [];
}
