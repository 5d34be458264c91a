import { hex, isZero, type Words } from '../formats/bits.ts';
import {
  bitRange,
  type Decoded,
  type DecodedField,
  decode,
  type Field,
  type Format,
  type Kernel,
  type Problem,
} from '../formats/format.ts';
import { meaningOf } from './meaning.ts';
import { type Sendable, sendable } from './send.ts';

export interface Row {
  readonly field: string;
  /** Bit range, or where the value stood in a log line. */
  readonly bits: string;
  readonly value: string;
  readonly meaning: string;
  readonly illegal?: boolean;
}

/** What a value is, for every printer. */
export interface Explanation {
  readonly title: string;
  /** The value as text; empty for a message that has no single value. */
  readonly value: string;
  /** One sentence: what it does. */
  readonly meaning: string;
  readonly rows: readonly Row[];
  readonly problems: readonly Problem[];
  /** Why it was read like this, which macro set what, what is not known. */
  readonly notes: readonly string[];
  readonly source: string;
  /** The message as a scenario can send it; absent for what is no complete message. */
  readonly message?: Sendable;
}

/** Bits of a field; in a message of several words each word counts its own. */
function placeOf(field: Field, format: Format): string {
  if (format.width !== 96) return bitRange(field);
  const word = field.lo >> 5;
  return `${['addr', 'high', 'data'][word]} ${bitRange({ hi: field.hi - 32 * word, lo: field.lo - 32 * word })}`;
}

function withoutValue(text: string, value: string): string {
  return text.startsWith(`${value} `) ? text.slice(value.length + 1) : text;
}

function meaningOfRow({ field, words, text }: DecodedField): string {
  if (field.reserved) return field.severity === 'note' ? 'should be 0' : 'must be 0';
  if (field.hi === field.lo && !field.values) return isZero(words) ? `clear (${field.doc})` : field.doc;
  return text === hex(words) ? field.doc : withoutValue(text, hex(words));
}

export function rowsOf({ fields, format }: Decoded): Row[] {
  return fields
    .filter(({ field, words }) => !field.reserved || (field.reserved === 'zero' && !isZero(words)))
    .map(decoded => ({
      field: decoded.field.name,
      bits: placeOf(decoded.field, format),
      value: decoded.words.length > 2 ? '' : hex(decoded.words),
      meaning: meaningOfRow(decoded),
      ...(decoded.illegal ? { illegal: true } : {}),
    }));
}

/** The explanation of a value in a format. */
export function explainWords(
  format: Format,
  words: Words,
  options: { readonly notes?: readonly string[]; readonly kernel?: Kernel } = {},
): Explanation {
  const decoded = decode(format, words, options.kernel);
  const { sentence, notes } = meaningOf(decoded);
  const message = sendable(format, words);
  return {
    title: format.title,
    value: format.width > 64 ? words.map(word => hex([word], 32)).join(' ') : hex(words, format.width),
    meaning: sentence,
    rows: rowsOf(decoded),
    problems: decoded.problems,
    notes: [...notes, ...(options.notes ?? [])],
    source: format.source,
    ...(message ? { message } : {}),
  };
}
