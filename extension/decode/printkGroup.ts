import { formatById } from '../formats/all.ts';
import { decode } from '../formats/format.ts';
import type { Candidate } from './candidate.ts';
import type { Explanation, Row } from './explanation.ts';
import { type Lines, logPrefix, REACH, unwrap } from './lines.ts';
import { meaningOf } from './meaning.ts';
import { sendable } from './send.ts';

// Keys under which people print struct kvm_lapic_irq, and what each means.
const keys: Readonly<Record<string, string>> = {
  dest_id: 'dest_id',
  dest: 'dest_id',
  vector: 'vector',
  vec: 'vector',
  dest_mode: 'dest_mode',
  trig_mode: 'trig_mode',
  trigger_mode: 'trig_mode',
  del_mode: 'delivery_mode',
  delivery_mode: 'delivery_mode',
  level: 'level',
  shorthand: 'shorthand',
  msi_redir_hint: 'msi_redir_hint',
};

const PAIR = /\b([a-z_]+)\s*[:=]\s*(0x[\da-f]+|\d+)\b/gi;

interface Pair {
  readonly key: string;
  readonly printed: string;
  readonly value: number;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

function pairs(lines: Lines, n: number, inDiff: boolean): Pair[] {
  const { text, column } = unwrap(lines.at(n), inDiff);
  const skip = logPrefix(text);
  return [...text.slice(skip).matchAll(PAIR)].flatMap(match => {
    const key = keys[match[1].toLowerCase()];
    const value = Number(match[2]);
    if (!key || value > 0xffffffff) return [];
    const start = column + skip + match.index;
    return [{ key, printed: match[1], value, text: match[2], start, end: start + match[0].length }];
  });
}

/** A block of dumps is followed this far up to find where its first dump begins. */
const BLOCK = 8 * REACH;

/**
 * Pairs of the dump that line n belongs to. Lines without a gap make a block; read from its top, a key that comes
 * again begins the next dump.
 */
function group(lines: Lines, n: number, inDiff: boolean): Pair[] {
  let top = n;
  while (top > 0 && n - top < BLOCK && pairs(lines, top - 1, inDiff).length > 0) top--;
  let out: Pair[] = [];
  for (let k = top; k < lines.count && k <= n + REACH; k++) {
    const more = pairs(lines, k, inDiff);
    const again = more.some(pair => out.some(known => known.key === pair.key));
    if (more.length === 0 || (again && k > n)) break;
    out = again ? more : [...out, ...more];
  }
  return out;
}

const meanings: Readonly<Record<string, (value: number) => string>> = {
  dest_mode: value => (value ? 'logical' : 'physical'),
  trig_mode: value => (value ? 'level' : 'edge'),
  level: value => (value ? 'assert' : 'de-assert'),
  msi_redir_hint: value => (value ? 'one of the set' : 'no redirection hint'),
};

function explain(all: readonly Pair[]): Explanation {
  const value = (key: string) => all.find(pair => pair.key === key)?.value ?? 0;
  const mode = value('delivery_mode') >= 0x100 ? value('delivery_mode') >>> 8 : value('delivery_mode');
  const id = value('dest_id');
  const bits = (value('msi_redir_hint') ? 8 : 0) | (value('dest_mode') ? 4 : 0);
  const address = (0xfee00000 | ((id & 0xff) << 12) | bits) >>> 0;
  const high = (id & 0xffffff00) >>> 0;
  const data = (value('vector') & 0xff) | ((mode & 7) << 8) | (value('trig_mode') ? 0xc000 : 0);
  const decoded = decode(formatById('msi')!, [address, high, data]);
  const modeText = decoded.fields.find(f => f.field.name === 'delivery_mode')!.text;
  const rows = all.map((pair): Row => {
    const hexadecimal = `0x${pair.value.toString(16)}`;
    const named = pair.key === 'delivery_mode' ? modeText : meanings[pair.key]?.(pair.value);
    return { field: pair.printed, bits: '', value: pair.text, meaning: named ?? hexadecimal };
  });
  const asMsi = `0x${address.toString(16)}${high ? ` (high 0x${high.toString(16)})` : ''} / 0x${data.toString(16).padStart(4, '0')}`;
  const { sentence, notes } = meaningOf(decoded);
  const message = sendable(decoded.format, decoded.words);
  return {
    title: 'Interrupt message (struct kvm_lapic_irq)',
    value: '',
    meaning: sentence,
    rows,
    problems: decoded.problems.filter(p => p.id !== 'reserved-bits'),
    notes: [...notes, `as an MSI: ${asMsi}`],
    source: 'arch/x86/include/asm/kvm_host.h, struct kvm_lapic_irq',
    ...(message ? { message } : {}),
  };
}

/** The pairs of line n when they and their neighbours make up one printed interrupt message. */
export function findPrintkGroup(lines: Lines, n: number, inDiff: boolean): Candidate[] {
  const own = pairs(lines, n, inDiff);
  if (own.length === 0) return [];
  const all = group(lines, n, inDiff);
  const has = (key: string) => all.some(pair => pair.key === key);
  if (!has('vector') || !(has('dest_id') || has('delivery_mode')) || all.length < 3) return [];
  const text = all.map(pair => `${pair.printed}=${pair.text}`).join(' ');
  const start = own[0].start;
  return [{ start, end: own[own.length - 1].end, text, as: 'kvm_lapic_irq', explain: () => explain(all) }];
}
