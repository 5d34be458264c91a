import { formatById, formats } from '../formats/all.ts';
import { fromBig, wordCount } from '../formats/bits.ts';
import { decode, type Format, type Kernel } from '../formats/format.ts';
import { evaluate, isValue } from './evaluate.ts';
import { type Explanation, explainWords } from './explanation.ts';
import { fittingFormat } from './fitting.ts';
import { parse } from './parser.ts';
import { bankStart } from './registers.ts';
import { explainApicPage, explainMessage } from './textFind.ts';
import { tokenize } from './tokens.ts';

/** A reading of a value that nothing around it explains. */
export interface Reading {
  readonly format: string;
  readonly reason: string;
  readonly explanation: Explanation;
}

/** `none`: what was asked is in order, but no format fits. */
export type Asked = { readonly readings: readonly Reading[] } | { readonly error: string; readonly none?: true };

interface Parsed {
  readonly value: bigint;
  readonly bits: number;
}

/** One value: a C expression, or hexadecimal of any width. */
function parseValue(text: string): Parsed | string {
  const wide = /^\s*(?:0x)?([\da-f_]{17,128})\s*$/i.exec(text);
  if (wide) {
    const digits = wide[1].replaceAll('_', '');
    return { value: BigInt(`0x${digits}`), bits: digits.length * 4 };
  }
  const underscored = text.replace(/(?<=[\da-f])_(?=[\da-f])/gi, '');
  const tree = parse(tokenize(/^\s*0x/i.test(text) ? underscored : text));
  if (!tree) return `${text.slice(0, 60)}: not a value; write a number or a C constant expression`;
  const result = evaluate(tree);
  if (isValue(result)) return { value: BigInt.asUintN(result.bits, result.value), bits: result.bits };
  return `${text.slice(0, 60)}: ${result.error ?? `unknown ${result.unknown.join(', ')}`}`;
}

function fits(id: string, value: bigint): Format | undefined {
  const format = formatById(fittingFormat(id, value));
  return format && value >> BigInt(format.width) === 0n ? format : undefined;
}

// In the order of trust: a reason why a bare value of that size could be of that format.
const guesses: readonly (readonly [id: string, least: bigint, likely: (v: bigint) => boolean, reason: string])[] = [
  ['apicbase', 32n, v => (v & ~0xd00n) === 0xfee00000n && (v & 0x800n) !== 0n, 'default APIC base with enable bits'],
  ['msi-address', 32n, v => v >> 20n === 0xfeen, 'prefix 0xfee'],
  [
    'pid-control',
    64n,
    v => (v & 0xff00fffcn) === 0n && [0xf0n, 0xf1n, 0xf2n, 0xebn].includes((v >> 16n) & 0xffn),
    'bits 23:16 are a notification vector',
  ],
  ['avic-physical', 64n, v => v >> 62n !== 0n && (v >> 52n) % 256n === 0n, 'Valid or IsRunning set'],
  ['intr-info', 32n, v => v >> 31n === 1n && (v & 0x7fffe000n) === 0n, 'bit 31 valid, reserved bits clear'],
  ['pid-pointer', 33n, v => (v & 0x3fn) === 1n, 'bit 0 valid, aligned descriptor'],
  ['rte', 33n, v => (v & 0xfffffffe0000n) === 0n, 'bits 47:17 clear'],
  ['icr', 33n, v => (v & 0xffffff_fff33000n) === 0n, 'reserved bits of an xAPIC ICR clear'],
  ['x2apic-icr', 33n, v => (v & 0xfff33000n) === 0n, 'reserved bits of an x2APIC ICR clear'],
  ['icr-low', 1n, v => (v & 0xfff33000n) === 0n, 'reserved bits of an ICR clear'],
  ['lvt-lint', 1n, v => (v & 0xfffe0800n) === 0n, 'reserved bits of an LVT clear'],
  ['spiv', 1n, v => (v & 0xffffec00n) === 0n && (v & 0x100n) !== 0n, 'software-enable set'],
  ['guest-intr-status', 1n, v => v <= 0xffffn, '16 bits'],
];

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

function ranked({ value }: Parsed, kernel?: Kernel): Reading[] {
  const out: Reading[] = [];
  for (const [id, least, likely, reason] of guesses) {
    const size = BigInt(Math.max(bitLength(value), 1));
    const format = (least === 64n ? size > 32n : size >= least) && likely(value) ? fits(id, value) : undefined;
    if (!format || out.some(reading => reading.format === format.id)) continue;
    const words = fromBig(value, format.width);
    const clean = !decode(format, words, kernel).problems.some(p => p.severity === 'error');
    const explanation =
      id === 'msi-address' ? messageOrPage(value) : explainWords(format, words, kernel ? { kernel } : {});
    if (clean || out.length === 0) out.push({ format: format.id, reason, explanation });
  }
  return out;
}

function messageOrPage(address: bigint): Explanation {
  return address >> 12n === 0xfee00n ? explainApicPage(address) : explainMessage(address, undefined);
}

/**
 * `pir@8`, `irr@0x220`: the value is a piece of a larger register that starts at that byte; a sentence when bits of it
 * would lie beyond.
 */
function placed(id: string, value: bigint): { readonly format: Format; readonly value: bigint } | string | undefined {
  const [, name, at] = /^(\w[\w-]*)@(\w+)$/.exec(id) ?? [];
  if (name === undefined || !/^(?:0x[\da-f]+|\d+)$/i.test(at)) return undefined;
  const offset = Number(at);
  const bank = /^(?:irr|isr|tmr)$/.test(name) ? bankStart(offset) : undefined;
  const first = bankAt[name];
  if (first !== undefined && bank === undefined) {
    const hex = (address: number) => `0x${address.toString(16)}`;
    return `${id}: ${name} has 32 bits every 0x10 bytes from ${hex(first)} to ${hex(first + 0x70)}: write ${name}@${hex(first)} for its first`;
  }
  const format = formatById(bank === undefined ? name : 'vectors');
  const shift = bank ?? offset * 8;
  if (!format) return undefined;
  if (shift >= format.width) return `${id}: ${format.id} has only ${format.width / 8} bytes`;
  const room = bank === undefined ? format.width - shift : 32;
  if (value >> BigInt(room)) return `${id}: 0x${value.toString(16)} does not fit the ${room} bits from there on`;
  return { format, value: value << BigInt(shift) };
}

/** Offsets in the APIC page. */
const bankAt: Readonly<Record<string, number>> = { isr: 0x100, tmr: 0x180, irr: 0x200 };

const aliases: Readonly<Record<string, string>> = { irr: 'vectors', isr: 'vectors', tmr: 'vectors', icr2: 'icr-high' };

/** Ids that `explainValues` takes. */
export function formatIds(): string[] {
  return formats.map(f => f.id);
}

function packed(format: Format, values: readonly Parsed[]): number[] | string {
  if (format.width === 96 && values.length <= 3) {
    const [low, second, third] = values.map(v => v.value);
    const address = third === undefined ? low : low | (second << 32n);
    const data = third ?? second ?? 0n;
    if (address >> 64n || data >> 32n) return `${format.id} takes an address and 32 bits of data`;
    return [...fromBig(address, 64), Number(data)];
  }
  const counts = wordCounts(format);
  if (!counts.includes(values.length)) {
    const known = new Intl.ListFormat('en', { type: 'disjunction' }).format(counts.map(String));
    const order = counts.length > 1 ? ', the lowest part first' : '';
    const word = counts.length === 1 && counts[0] === 1 ? 'value' : 'values';
    return `${format.id} has ${format.width} bits: write ${known} ${word}${order}, not ${values.length}`;
  }
  const each = format.width / values.length;
  let all = 0n;
  for (const [i, { value }] of values.entries()) {
    if (value >> BigInt(each)) return `0x${value.toString(16)} does not fit ${each} bits of ${format.id}`;
    all |= value << BigInt(each * i);
  }
  return fromBig(all, format.width);
}

/** How many values make one word of the format: the whole, its u64s or its u32s; a message is address, high half and data. */
function wordCounts({ width }: Format): number[] {
  return width === 96 ? [1, 2, 3] : [1, ...[64, 32].filter(part => part < width).map(part => width / part)];
}

/** `0xfee0300c/0x0041` is an address and its data; between other values `/` divides, as in C. */
function separate(texts: readonly string[]): string[] {
  return texts
    .filter(text => text !== '/')
    .flatMap(text => text.split(/(?<=^\s*0xfee[\da-f]{5,13})\s*\/\s*(?=0x|\d)/i));
}

function isMessage(values: readonly Parsed[]): boolean {
  return values.length === 2 && values[0].value >> 20n === 0xfeen && values[1].value >> 32n === 0n;
}

/**
 * Values given alone. With a format all values together are one word of it, the lowest part first (`msi`: address,
 * data; `irte`: low, high half); without one each is read in the likely formats, the likeliest first, and an address
 * 0xfee… followed by one more value is a message.
 */
export function explainValues(texts: readonly string[], id?: string, kernel?: Kernel): Asked {
  const parsed = separate(texts).map(parseValue);
  const wrong = parsed.find((p): p is string => typeof p === 'string');
  if (wrong !== undefined) return { error: wrong };
  const values = parsed as readonly Parsed[];
  if (values.length === 0) return { error: 'no value given' };
  if (id !== undefined) return inFormat(values, id, kernel);
  if (isMessage(values)) {
    const explanation = explainMessage(values[0].value, values[1].value);
    return { readings: [{ format: 'msi', reason: 'prefix 0xfee, then data', explanation }] };
  }
  const readings = values.flatMap(value => ranked(value, kernel));
  return readings.length > 0 ? { readings } : { error: 'no known format fits; name one with --as', none: true };
}

/** As `explainValues`, but values that are no word or message together are answered one by one. */
export function explainEach(texts: readonly string[], id?: string): Asked[] {
  const each = separate(texts);
  const parsed = each.map(parseValue).filter((p): p is Parsed => typeof p !== 'string');
  const together = id !== undefined || each.length < 2 || (parsed.length === each.length && isMessage(parsed));
  return together ? [explainValues(texts, id)] : each.map(text => explainValues([text]));
}

function inFormat(values: readonly Parsed[], id: string, kernel?: Kernel): Asked {
  const at = values.length === 1 ? placed(id, values[0].value) : undefined;
  if (typeof at === 'string') return { error: at };
  const named = at?.format ?? formatById(aliases[id] ?? id);
  if (!named) return { error: `unknown format ${id}; known: ${formatIds().join(' ')}` };
  const words = at ? fromBig(at.value, named.width) : packed(named, values);
  if (typeof words === 'string') return { error: words };
  // Both halves of the table are called IRTE; the entry's own IM says which layout it has.
  const format = id === 'irte' ? formatById(fittingFormat(id, BigInt(words[0])))! : named;
  const full = [...words, ...new Array<number>(wordCount(format.width)).fill(0)].slice(0, wordCount(format.width));
  return {
    readings: [
      { format: format.id, reason: 'as asked', explanation: explainWords(format, full, kernel ? { kernel } : {}) },
    ],
  };
}
