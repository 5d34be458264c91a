/**
 * A numbered list or a diagram of columns, as commit messages have them, becomes a scenario. What is not understood stays in its place as
 * a comment, so the result is always free of errors.
 */
import { check } from './check.ts';
import { format } from './format.ts';
import { type Context, type Meaning, meaningOf } from './importMeaning.ts';
import { Names, SOME_VECTOR, vectorIn, vectorNumber } from './importNames.ts';
import { readOwn } from './importOwn.ts';
import { isRace, raceOf, type Understood } from './importRace.ts';
import { type Entry, type Reading, readImported } from './importText.ts';
import { parse } from './parse.ts';

/** Characters and entries that are read; a commit message has far fewer. */
export const MAX_IMPORT = 200_000;
const MAX_ENTRIES = 5_000;
/** A comment repeats no more of a line than this. */
const MAX_COMMENT = 300;

export type Imported =
  | {
      readonly kind: 'scenario';
      /** A scenario that parses and checks without errors, laid out, ending with a line end. */
      readonly text: string;
      /** Steps that the text has, and how many of them stand in the scenario only as `# not understood`. */
      readonly entries: number;
      readonly notUnderstood: number;
    }
  | { readonly kind: 'unusable'; readonly reason: string };

/** Pure; never throws. */
export function importDiagram(text: string): Imported {
  if (text.length > MAX_IMPORT) {
    return {
      kind: 'unusable',
      reason: `The text has more than ${MAX_IMPORT.toLocaleString('en')} characters. Paste the steps alone.`,
    };
  }
  const reading = readImported(text);
  if (reading.entries.length === 0) {
    return {
      kind: 'unusable',
      reason: 'There are no steps in this text: neither a list nor columns with names of CPUs or vCPUs.',
    };
  }
  if (reading.entries.length > MAX_ENTRIES) {
    return {
      kind: 'unusable',
      reason: `The text has more than ${MAX_ENTRIES.toLocaleString('en')} steps. Paste fewer.`,
    };
  }
  const lines = reading.own ? ownScenario(reading) : otherScenario(reading);
  const mended = withoutErrors(lines);
  const marked = mended.filter(line => /^\s*# not understood: /.test(line)).length;
  return {
    kind: 'scenario',
    text: format(`${mended.join('\n')}\n`),
    entries: reading.entries.length,
    notUnderstood: marked,
  };
}

/** One line, without what would end it or confuse a terminal. */
function comment(text: string): string {
  const clean = text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]+/gu, ' ').trim();
  return clean.length > MAX_COMMENT ? `${clean.slice(0, MAX_COMMENT)}…` : clean;
}

const MACHINE = /^(?:machine| {2}(?:vcpus|with)) /;

/** Lines that the checker refuses become comments: a vCPU or a vector that the machine has no room for. */
function withoutErrors(lines: readonly string[]): string[] {
  const result = [...lines];
  for (let round = 0; round < 4; round++) {
    const { program, diagnostics } = check(parse(result.join('\n')));
    if (program !== undefined) return result;
    for (const { severity, range } of diagnostics) {
      const line = result[range.line];
      if (severity !== 'error' || line.startsWith('#') || MACHINE.test(line)) continue;
      result[range.line] = `# not understood: ${line.trim().replace(/ {2}# /, ': ')}`;
    }
  }
  return result.map(line => (line.startsWith('#') || MACHINE.test(line) ? line : `# not understood: ${line.trim()}`));
}

function machineLines(names: Names, vcpus: number, xapic: boolean): string[] {
  const { all } = names;
  const amd =
    /\b(?:avic|svm|amd|vmrun|vmcb|doorbell|galog|ga log|isrunning|is_running)\b|\b(?:svm|avic)_/i.test(all) &&
    !/\b(?:pir|vmx|apicv|vmcs|intel)\b|\bvmx_/i.test(all);
  const features = amd ? ['avic', ...(xapic ? [] : ['x2avic'])] : ['apicv'];
  if (!amd && /\bipi virtualization\b|\bipiv\b/i.test(all)) features.push('ipiv');
  if (
    !amd &&
    /\b(?:vt-?d|iommu|assigned|wake-?up (?:vector|handler|list))\b|\bpi_(?:enable_)?wakeup|\bwakeup_vector/i.test(all)
  ) {
    features.push('vtd-posting');
  }
  const off =
    /\b(?:apicv|avic) (?:is )?(?:off|disabled)\b|\b(?:enable_apicv|avic)=[0n]|\bwithout (?:apicv|avic)\b/i.test(all);
  return [
    `machine ${amd ? 'amd' : 'intel'}`,
    `  vcpus ${vcpus} ${xapic ? 'xapic' : 'x2apic'}`,
    ...(off ? [] : [`  with ${features.join(' ')}`]),
  ];
}

function ownScenario(reading: Reading): string[] {
  const names = new Names(reading);
  const { starts, devices, statements, unclear } = readOwn(reading.entries);
  const apicv = /\bAPICv is active\b|EOI virtualization|virtual-interrupt delivery|PIR\[/.test(names.all);
  const xapic = /\((?:0x0b0|0x300|0x310|0x080)\)/.test(names.all);
  const [machine, vcpus, features] = machineLines(names, names.vcpus, xapic);
  const amd = machine === 'machine amd';
  return [
    '# From a diagram of irqscope: the statements that set its rows off. The machine is guessed from the rows.',
    '',
    machine,
    vcpus,
    ...(amd || apicv ? [features] : []),
    ...[...starts].map(([n, where]) => `vcpu ${n} ${where}`),
    ...[...devices].map(([name, clauses]) => `device ${name} ${clauses}`),
    '',
    ...unclear.map(row => `# not understood: ${comment(row)}`),
    ...statements,
  ];
}

function otherScenario(reading: Reading): string[] {
  const names = new Names(reading);
  let context: Context = { names, vector: undefined, target: undefined };
  const understood = reading.entries
    .flatMap(entry => clausesOf(entry, context))
    .map((entry, i, all): Understood => {
      const found = meaningOf(entry, context);
      // A call whose steps follow is those steps.
      const meaning = found?.kind === 'primitive' && isCallOf(entry, all[i + 1]) ? ({ kind: 'part' } as const) : found;
      const vector = vectorIn(entry.text);
      const target =
        meaning?.kind === 'post'
          ? meaning.to
          : meaning?.kind === 'primitive' && meaning.what === 'set PIR'
            ? meaning.on
            : undefined;
      const interrupt = meaning?.kind === 'post' || meaning?.kind === 'primitive' || meaning?.kind === 'expect';
      context = { names, vector: (interrupt ? vector : undefined) ?? context.vector, target: target ?? context.target };
      return { entry, meaning };
    });
  const xapic = /\bxapic mode\b/i.test(names.all) && !/\bx2apic\b/i.test(names.all);
  const top = [...reading.title.map(line => `# ${comment(line)}`), ...(reading.title.length > 0 ? [''] : [])];
  const machine = machineLines(names, names.vcpus, xapic);
  if (isRace(understood)) {
    const all = Array.from({ length: names.vcpus }, (_, n) => `vcpu ${n} exited on cpu ${n}`);
    const { lines } = raceOf(understood, context.vector ?? SOME_VECTOR, comment);
    return [...top, ...machine, '', ...all, ...lines];
  }
  const writer = new Sequence(names);
  for (const { entry, meaning } of understood) {
    writer.add(meaning, `${entry.agent === '' ? '' : `${entry.agent}: `}${entry.text}`);
  }
  return [...top, ...machine, ...writer.starts(), '', ...writer.lines];
}

/** `enters the guest, and the interrupt is delivered`: an act and what comes of it are two entries. */
function clausesOf(entry: Entry, context: Context): readonly Entry[] {
  const [, act, claim] = /^(.{4,200}?),\s+(?:and|then|so)\s+(?:then\s+)?(.{4,200})$/i.exec(entry.text) ?? [];
  if (act === undefined) return [entry];
  const [first, second] = [act, claim].map(text => ({ ...entry, text }));
  const some = { ...context, vector: SOME_VECTOR };
  const acts = meaningOf(first, some)?.kind === 'act';
  return acts && meaningOf(second, some)?.kind === 'expect' ? [first, second] : [entry];
}

function isCallOf({ text, agent, depth }: Entry, next: Entry | undefined): boolean {
  return /^\w+\s*\([^)]*\)\s*[:{]?$/.test(text) && next?.agent === agent && next.depth > depth;
}

/** One statement after the other, in the order of the text. */
class Sequence {
  readonly lines: string[] = [];
  readonly #names: Names;
  readonly #devices: string[] = [];
  readonly #states = new Map<number, string>();
  readonly #starts = new Map<number, string>();
  /** Posts that the text has named and whose single steps it may go on to list. */
  readonly #posted = new Set<string>();
  #acted = false;

  constructor(names: Names) {
    this.#names = names;
  }

  starts(): string[] {
    const starts = [...this.#starts].map(([vcpu, start]) => `vcpu ${vcpu} ${start}`);
    return [...(starts.length > 0 ? [''] : []), ...starts, ...this.#devices];
  }

  add(meaning: Meaning | undefined, source: string): void {
    const text = comment(source);
    switch (meaning?.kind) {
      case 'act':
        this.#act(meaning.vcpu, meaning.act, text, meaning.note);
        break;
      case 'post':
        this.#post(meaning, text);
        break;
      case 'line':
        this.#statement(meaning.text, text, meaning.note);
        break;
      case 'state':
        this.#state(meaning, text);
        break;
      case 'expect':
        this.#statement(`expect ${meaning.text}`, text);
        break;
      case 'primitive':
        this.#primitive(meaning, text);
        break;
      case 'part':
        this.#part(text);
        break;
      default:
        this.lines.push(`# not understood: ${text}`);
    }
  }

  #statement(words: string, source: string, note?: string): void {
    this.#acted = true;
    this.lines.push(`${words}  # ${source}${note === undefined ? '' : ` (${note})`}`);
  }

  /** Only what follows a statement can be a step of it. */
  #part(source: string): void {
    this.lines.push(this.#acted ? `#   ${source}` : `# not understood: ${source}`);
  }

  #act(vcpu: number, act: string, source: string, note?: string): void {
    const state = this.#states.get(vcpu);
    if (act.startsWith('enter')) {
      if (state === 'running') {
        this.lines.push(`#   ${source}`);
        return;
      }
      if (state === undefined) this.#starts.set(vcpu, `exited on cpu ${vcpu}`);
      this.#states.set(vcpu, 'running');
    } else if ((act === 'cli' || act === 'sti') && state !== undefined && state !== 'running') {
      // Out of the guest these are the host's own interrupts.
      this.#part(source);
      return;
    } else {
      this.#mustRun(vcpu, act);
      const next = { exit: 'exited', block: 'blocked', preempt: 'preempted', userspace: 'exited' }[act];
      this.#states.set(vcpu, next ?? 'running');
    }
    this.#statement(`vcpu ${vcpu}: ${act}`, source, note);
  }

  /** Guest code needs the guest; a thread that is in KVM can still give its CPU away. */
  #mustRun(vcpu: number, act: string): void {
    const state = this.#states.get(vcpu) ?? 'running';
    if (state === 'running' || (state === 'exited' && (act === 'preempt' || act === 'userspace'))) return;
    this.#statement(`vcpu ${vcpu}: enter`, 'not in the text, but the guest must run for what follows');
  }

  #post({ from, to, vector, note }: Extract<Meaning, { kind: 'post' }>, source: string): void {
    this.#posted.add(`${to} ${vectorNumber(vector)}`);
    if (from.kind === 'vcpu') {
      this.#act(from.number, `ipi fixed ${vector} to ${to}`, source, note);
    } else if (from.kind === 'device') {
      this.#statement(`device ${this.#device(to, vector)}: interrupt`, source, note);
    } else {
      this.#statement(`msi fixed ${vector} to ${to}`, source, note);
    }
  }

  #device(to: number, vector: string): string {
    const clause = `posted to vcpu ${to} vector ${vector}`;
    const known = this.#devices.findIndex(line => line.endsWith(clause));
    if (known >= 0) return `dev${known}`;
    return `dev${this.#devices.push(`device dev${this.#devices.length} ${clause}`) - 1}`;
  }

  #state({ vcpu, state, cpu }: Extract<Meaning, { kind: 'state' }>, source: string): void {
    if (vcpu >= this.#names.vcpus) {
      this.lines.push(`# not understood: ${source}`);
    } else if (this.#states.has(vcpu) || this.#acted) {
      this.#statement(`expect vcpu ${vcpu}: state ${state}`, source);
    } else {
      this.#states.set(vcpu, state);
      this.#starts.set(vcpu, `${state} on cpu ${cpu ?? vcpu}  # ${source}`);
    }
  }

  /** A bit of PIR that nobody has sent for is a post of its own; every other step belongs to the statement above. */
  #primitive(meaning: Extract<Meaning, { kind: 'primitive' }>, source: string): void {
    const { what, on } = meaning;
    const vector = meaning.vector ?? SOME_VECTOR;
    if (what !== 'set PIR' || this.#posted.has(`${on} ${vectorNumber(vector)}`)) {
      this.#part(source);
      return;
    }
    const who = this.#names.who(/^[^:]*/.exec(source)?.[0] ?? '');
    const from = who.kind === 'vcpu' && who.number === on ? ({ kind: 'vmm' } as const) : who;
    this.#post({ kind: 'post', from, to: on, vector }, source);
  }
}
