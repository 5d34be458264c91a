import { formatById } from '../formats/all.ts';
import { extract, fromBig, hex, isZero, toBig, type Words } from '../formats/bits.ts';
import { bitRange, type Decoded, decode, type Field, type Format, field } from '../formats/format.ts';
import { messageModes } from '../formats/msi.ts';
import type { Finding } from './cFind.ts';
import type { CValue } from './evaluate.ts';
import { type Explanation, explainWords, rowsOf } from './explanation.ts';
import { fittingFormat } from './fitting.ts';
import type { Macro } from './macros.ts';
import { registerContents, registerMsr, registerName } from './registers.ts';
import { vectorText } from './vectors.ts';

const KERNEL = 'Linux 6.16 headers';

function unsigned({ value, bits }: CValue): bigint {
  return BigInt.asUintN(bits, value);
}

function hexValue(value: CValue): string {
  return `0x${unsigned(value).toString(16)}`;
}

function bare(title: string, value: string, meaning: string, macro?: Macro): Explanation {
  const notes = macro?.kernels ? [`Linux ${macro.kernels}`] : [];
  // A value that other kernels define differently must not stand there as if it were certain.
  const other = /\(.*\)/.exec(macro?.kernels ?? '')?.[0];
  return {
    title,
    value,
    meaning: other ? `${meaning} ${other}` : meaning,
    rows: [],
    problems: [],
    notes,
    source: KERNEL,
  };
}

/** A local APIC register by its offset: name, MSR, contents. */
export function explainRegister(offset: number, title?: string): Explanation {
  const name = registerName(offset) ?? 'no register';
  const contents = registerContents(offset, id => formatById(id)!.title);
  const msr = registerMsr(offset);
  const meaning = [
    `local APIC register at offset 0x${offset.toString(16)}`,
    ...(msr === undefined ? [] : [`x2APIC MSR 0x${msr.toString(16)}`]),
  ].join(', ');
  return {
    title: title ?? name,
    value: `0x${offset.toString(16)}`,
    meaning: contents ? `${meaning}: ${contents}` : meaning,
    rows: [],
    problems: [],
    notes: [],
    source: 'SDM vol. 3, local APIC register map',
  };
}

function fieldText(format: Format, f: Field, words: Words): string {
  const { words: value, text } = decode(format, words).fields.find(d => d.field.name === f.name)!;
  const named = f.values?.[value[0]];
  if (f.hi > f.lo) return `${f.name} = ${named ?? text}`;
  return !named || named === f.name
    ? isZero(value)
      ? `${f.name} = 0`
      : f.doc
    : named === f.doc
      ? named
      : `${f.doc}: ${named}`;
}

// Fields that several registers have at the same place: their macros are used for all of them.
const FAMILY: Readonly<Record<string, string>> = {
  'icr-low.vector': 'ICR, LVT, SPIV and MSI data',
  'icr-low.delivery_mode': 'ICR, LVT and MSI data',
  'lvt.masked': 'AMD extended LVT',
  'lvt-lint.delivery_mode': 'LVT',
  'lvt-lint.masked': 'LVT',
  'lvt-lint.send_pending': 'LVT',
};

function bitsText(f: Field): string {
  return `bit${f.hi > f.lo ? 's' : ''} ${bitRange(f)}`;
}

function family(format: Format, name: string | undefined): string {
  return FAMILY[`${format.id}.${name}`] ?? (format.id === 'icr-low' ? 'ICR' : format.title);
}

function msrText(msr: number): string {
  const offset = (msr - 0x800) << 4;
  const name = registerName(offset);
  if (!name) return 'x2APIC MSR of no register';
  return `x2APIC MSR of ${name}${registerMsr(offset) === undefined ? ', which x2APIC mode does not have' : ''}`;
}

/** A number with a second base where that helps, and the name of a delivery mode. */
function numberText(what: string, value: CValue): string {
  const n = unsigned(value);
  if (what === 'x2APIC MSR number') return msrText(Number(n));
  if (what.startsWith('delivery mode')) return `${what}: ${messageModes[Number(n) as 0] ?? n}`;
  if (/control|int_ctl|flag/.test(what) && n > 0n && (n & (n - 1n)) === 0n)
    return `${what}, bit ${n.toString(2).length - 1}`;
  return n > 9n && n <= 0xffffn ? `${what} (${n})` : what;
}

function explainMacro(macro: Macro, value: CValue | undefined): Explanation {
  const { role, name } = macro;
  const text = value ? hexValue(value) : `(${macro.params?.join(', ')}) => ${macro.body}`;
  const format = 'format' in role ? formatById(role.format)! : undefined;
  const words = format && value ? fromBig(unsigned(value), format.width) : [0];
  switch (role.kind) {
    case 'field': {
      const f = field(format!, role.field);
      return bare(name, text, `${family(format!, f.name)}, ${bitsText(f)}: ${fieldText(format!, f, words)}`, macro);
    }
    case 'mask': {
      const f = role.field ? field(format!, role.field) : undefined;
      const over = f ? `${f.name}, ${bitsText(f)}` : coveredFields(format!, words).join(', ');
      return bare(name, text, `${family(format!, f?.name)}: mask of ${over}`, macro);
    }
    case 'word':
      return value
        ? { ...explainWords(format!, words), title: `${name}: ${format!.title}` }
        : bare(name, text, format!.title, macro);
    case 'register':
      return value
        ? explainRegister(Number(value.value), name)
        : bare(name, text, 'offset of a local APIC register', macro);
    case 'vector': {
      if (!value) return bare(name, text, 'a vector', macro);
      const vector = Number(value.value);
      return bare(name, text, `vector ${vectorText(vector)}, priority class ${vector >> 4}`, macro);
    }
    case 'number':
      return bare(name, text, value ? numberText(role.what, value) : role.what, macro);
  }
}

function coveredFields(format: Format, words: Words): string[] {
  return format.fields
    .filter(f => !isZero(extract(words, f.hi, f.lo)))
    .map(f => {
      const bits = extract(words, f.hi, f.lo);
      const full = toBig(bits) === (1n << BigInt(f.hi - f.lo + 1)) - 1n;
      return full ? `${f.name} (${bitRange(f)})` : `${f.name} (${hex(bits)} of ${bitRange(f)})`;
    });
}

/** `APIC_DM_INIT: delivery_mode = INIT`: which macro set which field. */
function contributions(format: Format, macros: readonly Macro[]): string[] {
  const unique = [...new Map(macros.map(m => [m.name, m])).values()];
  return unique.flatMap(({ name, role }) => {
    if (role.kind !== 'field' && role.kind !== 'mask') return [];
    return role.field && format.fields.some(f => f.name === role.field) ? [`${name} sets ${role.field}`] : [];
  });
}

/** Fields that the expression speaks about: those of its macros, and every field with a bit set. */
function spoken(decoded: Decoded, macros: readonly Macro[]): Set<string> {
  const names = new Set(
    macros.flatMap(({ role }) => (role.kind === 'field' || role.kind === 'mask' ? (role.field ?? []) : [])),
  );
  for (const f of decoded.fields) if (!isZero(f.words)) names.add(f.field.name);
  return names;
}

/** A part of a word: only the fields it speaks about, and only the problems that lie in them. */
function explainPart(format: Format, words: Words, finding: Finding & { kind: 'value' }): Explanation {
  const decoded = decode(format, words);
  const names = spoken(decoded, finding.macros);
  const fields = decoded.fields.filter(f => names.has(f.field.name));
  const checks = new Map(format.checks?.map(check => [check.id, check]));
  const problems = decoded.problems.filter(p => checks.get(p.id)?.when.every(([name]) => names.has(name)) ?? true);
  const list = fields.map(f =>
    f.text === f.field.name || (f.field.hi === f.field.lo && !f.field.values)
      ? f.field.name
      : `${f.field.name} ${f.text}`,
  );
  const notes = contributions(format, finding.macros);
  if (finding.unknown.length > 0) notes.push(`not known here: ${[...new Set(finding.unknown)].join(', ')}`);
  return {
    title: `${format.id === 'lvt-lint' ? 'LVT' : format.title}, part`,
    value: hex(words, format.width),
    meaning: list.join(', ') || 'nothing set',
    rows: rowsOf({ ...decoded, fields }),
    problems,
    notes,
    source: format.source,
  };
}

/** An integer holds only the low half of an IRTE; the high half must not stand there as if it were 0. */
function explainIrteHalf(format: Format, words: Words): Explanation {
  const decoded = decode(format, words);
  const fields = decoded.fields.filter(({ field: f }) => f.lo < 64);
  const low = new Set(fields.map(({ field: f }) => f.name));
  const checks = new Map(format.checks?.map(check => [check.id, check]));
  const list = fields.filter(f => !f.field.reserved && !isZero(f.words));
  return {
    title: `${format.title}, low half`,
    value: hex(words, 64),
    meaning: list.map(f => (f.field.values ? f.text : `${f.field.name} ${f.text}`)).join(', '),
    rows: rowsOf({ ...decoded, fields }),
    problems: decoded.problems.filter(p => checks.get(p.id)?.when.every(([name]) => low.has(name)) ?? true),
    notes: ['the source check and the rest of a descriptor’s address are in the high half'],
    source: format.source,
  };
}

function explainMask(format: Format, words: Words): Explanation {
  return {
    title: `${format.id === 'lvt-lint' ? 'LVT' : format.title}, mask`,
    value: hex(words, format.width),
    meaning: `selects ${coveredFields(format, words).join(', ') || 'nothing'}`,
    rows: [],
    problems: [],
    notes: [],
    source: format.source,
  };
}

/** The explanation of what was found in C. */
export function explainFinding(finding: Finding): Explanation {
  if (finding.kind === 'macro') return explainMacro(finding.macro, finding.args);
  const raw = unsigned(finding.value);
  const format = formatById(fittingFormat(finding.format, raw))!;
  const negative = finding.value.value < 0n && format.width > finding.value.bits;
  const value = negative ? BigInt.asUintN(format.width, finding.value.value) : raw;
  const words = fromBig(value, format.width);
  if (finding.mask) return explainMask(format, words);
  if (format.id.startsWith('irte')) return explainIrteHalf(format, words.slice(0, 2));
  const explanation = finding.whole
    ? explainWords(format, words, { notes: contributions(format, finding.macros) })
    : explainPart(format, words, finding);
  if (!negative) return explanation;
  return { ...explanation, notes: [...explanation.notes, 'the int is negative: widening it sets all upper bits'] };
}
