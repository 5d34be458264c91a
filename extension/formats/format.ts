import { extract, fromBig, hex, insert, isZero, setBits, toBig, type Words, wordCount } from './bits.ts';

/** How a field's value is printed: a vector, a set of vectors, an address, an APIC ID or a plain number. */
export type FieldKind = 'vector' | 'vectors' | 'address' | 'id';

/** Kernel version as major, minor. */
export type Kernel = readonly [major: number, minor: number];

export type Severity = 'error' | 'warning' | 'note';

/** One bit-field. Bits hi:lo of the format, both inclusive; the fields of a format cover it exactly, without overlap. */
export interface Field {
  /** Spelled as in the kernel or the manual; the name that `encode` takes. */
  readonly name: string;
  readonly hi: number;
  readonly lo: number;
  readonly doc: string;
  readonly values?: Readonly<Record<number, string>>;
  /** 'zero': a 1 is a named problem with `doc` as its text. 'ignored': any value is legal and means nothing. */
  readonly reserved?: 'zero' | 'ignored';
  /** How bad a 1 in a 'zero' field is; 'error' when absent. */
  readonly severity?: Severity;
  /** First kernel that minds a 1 in a 'zero' field. */
  readonly since?: Kernel;
  readonly kind?: FieldKind;
  /** The field holds the value shifted right by this many bits (page and descriptor addresses). */
  readonly shift?: number;
  readonly source?: string;
}

/** A field of at most 32 bits compared with constants. All conditions of a check must hold. */
export type Condition = readonly [field: string, op: '<' | 'in' | 'not in', value: number | readonly number[]];

/** An illegal or surprising combination of fields. `text` says the consequence. */
export interface Check {
  readonly id: string;
  readonly severity: Severity;
  readonly when: readonly Condition[];
  readonly text: string;
  readonly source: string;
  /** First kernel for which it holds, among the kernels that were read. */
  readonly since?: Kernel;
}

/** A register or message layout. Pure data: hover, inspector, encoding and documentation print from it. */
export interface Format {
  readonly id: string;
  readonly title: string;
  /** Width in bits. */
  readonly width: number;
  readonly fields: readonly Field[];
  readonly checks?: readonly Check[];
  readonly source: string;
}

export interface DecodedField {
  readonly field: Field;
  /** The field's bits, right-aligned. */
  readonly words: Words;
  /** Value and, where the table names it, its meaning. */
  readonly text: string;
  /** The field breaks a rule: a reserved bit that is set, or part of an illegal combination. */
  readonly illegal?: boolean;
}

export interface Problem {
  readonly id: string;
  readonly severity: Severity;
  readonly text: string;
  readonly source: string;
}

export interface Decoded {
  readonly format: Format;
  readonly words: Words;
  readonly fields: readonly DecodedField[];
  readonly problems: readonly Problem[];
}

/**
 * The field of that name.
 * @throws RangeError when the format has no such field: a mistake in the calling code.
 */
export function field(format: Format, name: string): Field {
  const found = format.fields.find(f => f.name === name);
  if (!found) throw new RangeError(`${format.id} has no field ${name}`);
  return found;
}

/** Value of a field of at most 32 bits (the low word of a wider one). */
export function fieldValue(format: Format, words: Words, name: string): number {
  const f = field(format, name);
  return extract(words, f.hi, f.lo)[0];
}

/** `31:20`, or `13` for a single bit. */
export function bitRange(f: { readonly hi: number; readonly lo: number }): string {
  return f.hi === f.lo ? `${f.hi}` : `${f.hi}:${f.lo}`;
}

/** Vectors as hexadecimal names, at most `limit` of them. */
export function listVectors(vectors: readonly number[], limit = 12): string {
  const shown = vectors.slice(0, limit).map(v => `0x${v.toString(16).padStart(2, '0')}`);
  return vectors.length > limit ? `${shown.join(' ')} and ${vectors.length - limit} more` : shown.join(' ');
}

function textOf(f: Field, words: Words): string {
  const width = f.hi - f.lo + 1;
  if (f.kind === 'vectors') return isZero(words) ? 'none' : listVectors(setBits(words));
  if (f.kind === 'address') return hex(fromBig(toBig(words) << BigInt(f.shift ?? 0), width + (f.shift ?? 0)));
  const name = width <= 32 ? f.values?.[words[0]] : undefined;
  if (f.kind === 'vector' || f.kind === 'id') {
    const number = `${hex(words)}${words[0] > 9 ? ` (${toBig(words)})` : ''}`;
    return name ? `${number} ${name}` : number;
  }
  if (f.reserved) return isZero(words) ? '0' : hex(words);
  return name ?? (width === 1 ? `${words[0]}` : hex(words));
}

function applies({ since }: { readonly since?: Kernel }, kernel?: Kernel): boolean {
  return !since || !kernel || kernel[0] > since[0] || (kernel[0] === since[0] && kernel[1] >= since[1]);
}

function holds(format: Format, words: Words, [name, op, against]: Condition): boolean {
  const value = fieldValue(format, words, name);
  if (op === '<') return value < (against as number);
  const within = typeof against === 'number' ? value === against : against.includes(value);
  return within === (op === 'in');
}

function reservedProblems(format: Format, words: Words, kernel?: Kernel): Problem[] {
  const bits = new Map<string, { readonly field: Field; readonly set: number[] }>();
  for (const f of format.fields) {
    if (f.reserved !== 'zero' || !applies(f, kernel)) continue;
    const set = setBits(extract(words, f.hi, f.lo)).map(n => n + f.lo);
    const known = bits.get(f.doc);
    if (known) known.set.push(...set);
    else bits.set(f.doc, { field: f, set });
  }
  return [...bits.values()]
    .filter(({ set }) => set.length > 0)
    .map(({ field: f, set }) => ({
      id: 'reserved-bits',
      severity: f.severity ?? 'error',
      text: `reserved bit${set.length > 1 ? 's' : ''} ${set
        .slice(0, 8)
        .sort((a, b) => b - a)
        .join(', ')}${set.length > 8 ? ' …' : ''} set: ${f.doc}`,
      source: f.source ?? format.source,
    }));
}

/**
 * Every field of `words` and every named problem. Bits above the format's width are ignored.
 * With `kernel`, checks that came with a later kernel are left out.
 */
export function decode(format: Format, words: Words, kernel?: Kernel): Decoded {
  const checks = (format.checks ?? []).filter(
    check => applies(check, kernel) && check.when.every(condition => holds(format, words, condition)),
  );
  const blamed = new Set(checks.flatMap(c => (c.severity === 'error' ? c.when.map(([name]) => name) : [])));
  const fields = format.fields.map((f): DecodedField => {
    const value = extract(words, f.hi, f.lo);
    const illegal = blamed.has(f.name) || (f.reserved === 'zero' && f.severity !== 'note' && !isZero(value));
    return { field: f, words: value, text: textOf(f, value), ...(illegal ? { illegal } : {}) };
  });
  const named = checks.map(({ id, severity, text, source }) => ({ id, severity, text, source }));
  return { format, words, fields, problems: [...reservedProblems(format, words, kernel), ...named] };
}

/**
 * The value with the given fields; fields that are not named are 0. Inverse of `decode`.
 * @throws RangeError for an unknown field or a value wider than its field.
 */
export function encode(format: Format, values: Readonly<Record<string, Words>>): number[] {
  const out = new Array<number>(wordCount(format.width)).fill(0);
  for (const [name, value] of Object.entries(values)) {
    const f = field(format, name);
    const width = f.hi - f.lo + 1;
    if (toBig(value) >> BigInt(width) !== 0n) {
      throw new RangeError(`${name} of ${format.id} has ${width} bits; ${hex(value)} does not fit`);
    }
    insert(out, f.hi, f.lo, value);
  }
  return out;
}

/** The same fields at a higher position, for formats that are made of others. */
export function moved(fields: readonly Field[], by: number): Field[] {
  return fields.map(f => ({ ...f, hi: f.hi + by, lo: f.lo + by }));
}

/** A reserved field, named by its bits. */
export function reserved(hi: number, lo: number, doc = 'must be 0', rule: 'zero' | 'ignored' = 'zero'): Field {
  return { name: hi === lo ? `reserved_${hi}` : `reserved_${hi}_${lo}`, hi, lo, doc, reserved: rule };
}
