import { formatById } from '../formats/all.ts';
import { fromBig, type Words } from '../formats/bits.ts';
import { encode, type Field, type Format } from '../formats/format.ts';
import { evaluateText, isValue } from './evaluate.ts';

const plain = (text: string) => text.toLowerCase().replace(/[^\da-z]/g, '');

/** Shorter names that people type, by the table's name. */
const shorter: Readonly<Record<string, readonly string[]>> = {
  mode: ['deliverymode', 'dlm', 'inttype'],
  dest: ['destination', 'destid07', 'dst', 'ndst'],
  rh: ['redirecthint'],
  vector: ['vector', 'v', 'vv'],
};

function fieldNamed(format: Format, text: string): Field | undefined {
  const name = plain(text);
  const longer = shorter[name] ?? [];
  return format.fields.find(f => plain(f.name) === name) ?? format.fields.find(f => longer.includes(plain(f.name)));
}

function fieldValue(f: Field, text: string): Words | string {
  const width = f.hi - f.lo + 1;
  const named = Object.entries(f.values ?? {}).find(([, name]) => plain(name) === plain(text));
  if (named) return [Number(named[0])];
  const result = evaluateText(text);
  if (!result || !isValue(result)) {
    const known = Object.values(f.values ?? {}).map(name => name.replace(/\s+/g, '-'));
    return `${f.name}: ${text} is no value${known.length > 0 ? `; write a number or one of ${known.join(', ')}` : ''}`;
  }
  const value = BigInt.asUintN(result.bits, result.value) >> BigInt(f.shift ?? 0);
  return value >> BigInt(width) ? `${f.name} has ${width} bits; ${text} does not fit` : fromBig(value, width);
}

/** A value built from `field=value` texts, or a sentence about what is wrong with them. */
export function encodeFields(
  formatId: string,
  settings: readonly string[],
): { readonly format: Format; readonly words: number[] } | string {
  const format = formatById(formatId);
  if (!format) return `unknown format ${formatId}`;
  const values: Record<string, Words> = {};
  for (const f of format.fields) if (f.name === 'base_address') values[f.name] = [0xfee];
  for (const setting of settings) {
    const [, name, text] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
    if (name === undefined) return `${setting}: write field=value`;
    const f = fieldNamed(format, name);
    if (!f)
      return `${format.id} has no field ${name}; it has ${format.fields
        .filter(x => !x.reserved)
        .map(x => x.name)
        .join(', ')}`;
    const value = fieldValue(f, text);
    if (typeof value === 'string') return value;
    values[f.name] = value;
  }
  return { format, words: encode(format, values) };
}
