import { formatById } from '../formats/all.ts';
import { fromBig, type Words } from '../formats/bits.ts';
import { encode, type Field, type Format, field } from '../formats/format.ts';
import { evaluateText, isValue } from './evaluate.ts';

const plain = (text: string) => text.toLowerCase().replace(/[^\da-z]/g, '');

/** Shorter names that people type, by the table's name. */
const shorter: Readonly<Record<string, readonly string[]>> = {
  mode: ['deliverymode', 'dlm', 'inttype'],
  dest: ['destination', 'destid07', 'dst', 'ndst'],
  destid: ['destination', 'destid07', 'dst', 'ndst'],
  destmode: ['destmodelogical', 'dm'],
  trigger: ['islevel', 'tm'],
  rh: ['redirecthint'],
  vector: ['vector', 'v', 'vv'],
};

function fieldNamed(format: Format, text: string): Field | undefined {
  const name = plain(text);
  const longer = shorter[name] ?? [];
  return format.fields.find(f => plain(f.name) === name) ?? format.fields.find(f => longer.includes(plain(f.name)));
}

/** `shown` is what was typed, for the sentence about a wrong value. */
function fieldValue(f: Field, text: string, shown: string): Words | string {
  const width = f.hi - f.lo + 1;
  const named = Object.entries(f.values ?? {}).find(([, name]) => plain(name) === plain(text));
  if (named) return [Number(named[0])];
  const result = evaluateText(text);
  if (!result || !isValue(result)) {
    const known = Object.values(f.values ?? {}).map(name => name.replace(/\s+/g, '-'));
    return `${f.name}: ${shown} is no value${known.length > 0 ? `; write a number or one of ${known.join(', ')}` : ''}`;
  }
  const whole = BigInt.asUintN(result.bits, result.value);
  const value = whole >> BigInt(f.shift ?? 0);
  if (value << BigInt(f.shift ?? 0) !== whole) {
    return `${f.name}: ${shown} is not a multiple of 0x${(1n << BigInt(f.shift ?? 0)).toString(16)}`;
  }
  return value >> BigInt(width) ? `${f.name} has ${width} bits; ${shown} does not fit` : fromBig(value, width);
}

/** Fields that make a word what its format is called: 1 or the address prefix unless they are named. */
const own: Readonly<Record<string, number>> = {
  'irte-posted.IM': 1,
  'irte-amd-guest.guest_mode': 1,
  'msi-ir.dmar_format': 1,
  'msi-address-ir.dmar_format': 1,
  'rte-ir.ir_format': 1,
};

/** The address of a posted-interrupt descriptor stands in an IRTE in two parts; `PDA` names both. */
function settingsOf(format: Format, name: string, text: string): [Field, string][] {
  const f = fieldNamed(format, name);
  if (f || plain(name) !== 'pda' || format.id !== 'irte-posted') return f ? [[f, text]] : [];
  return [
    [field(format, 'PDA_l'), `(${text}) & 0xffffffff`],
    [field(format, 'PDA_h'), `(${text}) & ~0xffffffffull`],
  ];
}

/** A value built from `field=value` texts, or a sentence about what is wrong with them. */
export function encodeFields(
  formatId: string,
  settings: readonly string[],
): { readonly format: Format; readonly words: number[] } | string {
  const format = formatById(formatId);
  if (!format) return `unknown format ${formatId}`;
  const values: Record<string, Words> = {};
  const given = new Map<string, string>();
  for (const f of format.fields) {
    const fixed = f.name === 'base_address' ? 0xfee : own[`${format.id}.${f.name}`];
    if (fixed !== undefined) values[f.name] = [fixed];
  }
  for (const setting of settings) {
    const [, name, text] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
    if (name === undefined) return `${setting}: write field=value`;
    const parts = settingsOf(format, name, text);
    if (parts.length === 0)
      return `${format.id} has no field ${name}; it has ${format.fields
        .filter(x => !x.reserved)
        .map(x => x.name)
        .join(', ')}`;
    for (const [f, part] of parts) {
      const value = fieldValue(f, part, text);
      if (typeof value === 'string') return value;
      const before = given.get(f.name);
      if (before !== undefined) return `${f.name} is given twice: ${before} and ${setting}`;
      given.set(f.name, setting);
      values[f.name] = value;
    }
  }
  return { format, words: encode(format, values) };
}
