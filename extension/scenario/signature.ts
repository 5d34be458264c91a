/** The forms of statements with several parts, and which part stands at a place. */
import { asStatement } from './completeRace.ts';
import { scanLine, type Token } from './tokens.ts';
import type { Tree } from './tree.ts';

/** A part in capitals is for the writer to fill in; the others are written as they stand. */
interface Part {
  readonly text: string;
  readonly doc?: string;
}

export interface Signature {
  /** `ipi MODE VECTOR to DESTINATION` */
  readonly label: string;
  /** Where each part to fill in stands in the label, end exclusive, and what it is. */
  readonly parameters: readonly { readonly start: number; readonly end: number; readonly doc: string }[];
}

export interface Signatures {
  readonly signatures: readonly Signature[];
  readonly active: number;
  /** The part that is being written, of the active form; past the last one when nothing is left to write. */
  readonly parameter: number;
}

const MODE = 'fixed, lowest, smi, nmi, init or startup.';
const VECTOR = '0x10 to 0xff, or a name such as `RESCHEDULE_VECTOR`.';
const DOCS: Readonly<Record<string, string>> = {
  MODE,
  VECTOR,
  'VECTOR…': `${VECTOR} Several: each one.`,
  SIMPLE: '`smi`, `nmi` or `init`: there is no vector.',
  PAGE: 'The start page: the processor begins at PAGE × 4096.',
  DESTINATION: 'An APIC ID, `logical` and a logical ID, `self`, `all` or `all-but-self`.',
  TARGET: 'An APIC ID, or `logical` and a logical ID.',
  ICR: '64 bits. x2APIC: destination in bits 63:32; xAPIC: in bits 63:56.',
  ADDRESS: '0xfee in bits 31:20, destination in bits 19:12, redirection hint in bit 3, destination mode in bit 2.',
  DATA: 'Vector in bits 7:0, delivery mode in bits 10:8, level in bit 14, trigger in bit 15.',
  OFFSET: 'A register of the APIC page by name (`APIC_EOI`), or its offset.',
  MSR: 'A register of the x2APIC by name (`APIC_SELF_IPI`), or its MSR, 0x800 to 0x8ff.',
  PIN: 'A pin of the IOAPIC, 0 to 23.',
  ENTRY: '64 bits: vector, mode in 10:8, logical in 11, level in 15, masked in 16, destination in 63:56.',
  GSI: 'An interrupt line, 0 to 23: the pin of the same number.',
  LEVEL: '`up` or `down`.',
  IRQFD: 'Irqfds are numbered from 0 in the order of their lines.',
  REGISTER: '0: ID; 0x10 + 2 × pin: low word of an entry; 0x11 + 2 × pin: its high word.',
  BITMAP_LOW: '64 bits: bit 0 for MIN.',
  BITMAP_HIGH: '64 bits: bit 0 for MIN + 64.',
  MIN: 'The lowest APIC ID.',
  'ID…': 'APIC IDs, or ranges of them: `1 2 5..7`.',
  LVT: 'An entry of the local vector table: `APIC_LVTT`, `APIC_LVTPC` …',
  VALUE: 'A number as wide as the register, or a name given with `let`.',
  PRIORITY: 'Task priority, 8 bits.',
  CLASS: 'Priority class, 0 to 15.',
  VCPU: 'A vCPU, or a range: `1..3`.',
  CPU: 'A physical CPU.',
  FIELD: 'What to look at: `irr`, `pid.on`, `mode` …',
  IS: 'The value that it must have; `is not` in front for any other.',
  PATH: 'In quotation marks, from the folder of this file: `"../machine.irq"`.',
  NAME: 'Capitals, digits and `_`.',
  COUNT: '1 to 100,000.',
};

const form = (text: string): readonly Part[] =>
  text.split(' ').map(part => (Object.hasOwn(DOCS, part) ? { text: part, doc: DOCS[part] } : { text: part }));

/** Forms by the word that they begin with. */
const FORMS: Readonly<Record<string, readonly (readonly Part[])[]>> = {
  icr: [form('icr ICR')],
  ipi: [
    form('ipi MODE VECTOR to DESTINATION'),
    form('ipi SIMPLE to DESTINATION'),
    form('ipi startup PAGE to DESTINATION'),
  ],
  msi: [form('msi ADDRESS DATA'), form('msi MODE VECTOR to TARGET'), form('msi SIMPLE to TARGET')],
  route: [form('route ADDRESS DATA'), form('route MODE VECTOR to TARGET'), form('route SIMPLE to TARGET')],
  request: [form('request ADDRESS DATA')],
  compose: [form('compose VECTOR to TARGET')],
  write: [form('write OFFSET VALUE')],
  wrmsr: [form('wrmsr MSR VALUE')],
  read: [form('read OFFSET')],
  rdmsr: [form('rdmsr MSR')],
  gsi: [form('gsi GSI LEVEL')],
  pin: [form('pin PIN MODE VECTOR to TARGET'), form('pin PIN SIMPLE to TARGET'), form('pin PIN ENTRY')],
  irqfd: [form('irqfd IRQFD gsi GSI'), form('irqfd IRQFD gsi GSI resample')],
  assign: [form('assign gsi GSI'), form('assign gsi GSI resample'), form('assign device')],
  deassign: [form('deassign gsi GSI')],
  ioapic: [
    form('ioapic pin PIN MODE VECTOR to TARGET'),
    form('ioapic pin PIN SIMPLE to TARGET'),
    form('ioapic pin PIN ENTRY'),
    form('ioapic write REGISTER VALUE'),
    form('ioapic read REGISTER'),
  ],
  'pv-ipi': [
    form('pv-ipi MODE VECTOR to ID…'),
    form('pv-ipi SIMPLE to ID…'),
    form('pv-ipi BITMAP_LOW BITMAP_HIGH MIN ICR'),
  ],
  lvt: [form('lvt LVT')],
  tpr: [form('tpr PRIORITY')],
  cr8: [form('cr8 CLASS')],
  enter: [form('enter on cpu CPU')],
  interrupt: [form('interrupt VECTOR')],
  include: [form('include PATH')],
  let: [form('let NAME = VALUE')],
  repeat: [form('repeat COUNT')],
  expect: [
    form('expect vcpu VCPU : FIELD IS'),
    form('expect vcpu VCPU : FIELD has VECTOR…'),
    form('expect vcpu VCPU : FIELD lacks VECTOR…'),
    form('expect vcpu VCPU takes VECTOR'),
    form('expect no exit on vcpu VCPU'),
    form('expect exit on vcpu VCPU'),
    form('expect notification to vcpu VCPU'),
    form('expect wake-up of vcpu VCPU'),
  ],
};

const SIMPLE: readonly string[] = ['smi', 'nmi', 'init'];

/** May the word stand for the part? */
function fits({ text, doc }: Part, word: string): boolean {
  if (doc === undefined || text === 'NAME') return doc !== undefined || text === word;
  switch (text) {
    case 'MODE':
      return /^[a-z]/.test(word) && !SIMPLE.includes(word);
    case 'SIMPLE':
      return SIMPLE.includes(word);
    case 'ADDRESS':
    case 'ENTRY':
    case 'BITMAP_LOW':
      return /^[0-9A-Z]/.test(word);
    case 'IS':
      return word !== 'has' && word !== 'lacks';
    default:
      return true;
  }
}

function signatureOf(parts: readonly Part[]): Signature {
  const parameters: Signature['parameters'][number][] = [];
  let label = '';
  for (const { text, doc } of parts) {
    if (label !== '' && text !== ':') label += ' ';
    const start = label.length;
    label += text;
    if (doc !== undefined) parameters.push({ start, end: label.length, doc });
  }
  return { label, parameters };
}

/** The words from the one on that decides the form; behind a comma a condition begins anew, about the same subject. */
function statementOf(code: readonly Token[]): readonly string[] {
  const words = code.map(({ text }) => text);
  if (words[0] === 'expect') {
    const comma = words.lastIndexOf(',');
    if (comma < 0) return words;
    const rest = words.slice(comma + 1);
    const own = rest.length === 0 || ['vcpu', 'cpu', 'no', 'exit', 'notification', 'wake-up'].includes(rest[0]);
    return own ? ['expect', ...rest] : ['expect', 'vcpu', '0', ':', ...rest];
  }
  const colon = words.indexOf(':');
  return colon < 0 ? words : words.slice(colon + 1);
}

/** Forms of the statement at a column of a line (UTF-16, 0-based); undefined where there is none. */
export function signaturesAt(tree: Tree, line: number, column: number): Signatures | undefined {
  const before = (tree.lines[line]?.text ?? '').slice(0, column);
  const { code, comment } = scanLine(before, line);
  const last = code[code.length - 1];
  if (comment || !last) return undefined;
  const agent = tree.parsed[line]?.node;
  const words = statementOf(asStatement(code, agent?.kind === 'race' && agent.part === 'agent'));
  if (!Object.hasOwn(FORMS, words[0] ?? '')) return undefined;
  // The word at the cursor is still being written.
  const writing = last.range.end === column && last.kind === 'word' ? 1 : 0;
  const done = words.slice(0, words.length - writing);
  if (done.length === 0) return undefined;
  const forms = FORMS[words[0]];
  const lengths = forms.map(parts => {
    const wrong = done.findIndex((word, i) => i >= parts.length || !fits(parts[i], word));
    return wrong < 0 ? done.length : wrong;
  });
  const active = lengths.indexOf(Math.max(...lengths));
  const parameter = forms[active].slice(0, done.length).filter(({ doc }) => doc !== undefined).length;
  return { signatures: forms.map(signatureOf), active, parameter };
}
