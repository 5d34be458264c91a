import { formatById } from '../formats/all.ts';
import { fromBig } from '../formats/bits.ts';
import type { Candidate } from './candidate.ts';
import { explainWords } from './explanation.ts';
import { fittingFormat } from './fitting.ts';
import type { Lines } from './lines.ts';
import { registerFormat } from './registers.ts';

/** Numbers of AT&T and Intel syntax: `$0x830`, `0xc4500`, `0C4500h`. */
const NUMBER = /\$?\b(?:0x([\da-f]{1,16})|(\d[\da-f]{0,15})h)\b/gi;
/** How far an MSR number and the instruction that uses it may stand apart. */
const NEAR = 4;

interface Constant {
  readonly start: number;
  readonly end: number;
  readonly value: bigint;
}

function constants(text: string): Constant[] {
  return [...text.matchAll(NUMBER)].map(match => ({
    start: match.index,
    end: match.index + match[0].length,
    value: BigInt(`0x${match[1] ?? match[2]}`),
  }));
}

function nearby(lines: Lines, n: number, pattern: RegExp): string | undefined {
  for (let k = Math.max(0, n - NEAR); k <= Math.min(lines.count - 1, n + NEAR); k++) {
    if (pattern.test(lines.at(k))) return lines.at(k);
  }
  return undefined;
}

function found(text: string, { start, end, value }: Constant, id: string | undefined): Candidate[] {
  const format = id === undefined ? undefined : formatById(fittingFormat(id, value));
  if (!format || value >> BigInt(format.width)) return [];
  const words = fromBig(value, format.width);
  return [{ start, end, text: text.slice(start, end), as: format.id, explain: () => explainWords(format, words) }];
}

function isMsr(value: bigint): boolean {
  return value === 0x1bn || (value >= 0x800n && value <= 0x83fn);
}

/** Format of EAX for the MSR that ECX names close by. */
function formatOfEax(lines: Lines, n: number): string | undefined {
  const [msr] = constants(nearby(lines, n, /\be?cx\b/i) ?? '');
  if (msr?.value === 0x1bn) return 'apicbase';
  return msr && isMsr(msr.value) ? registerFormat(Number(msr.value - 0x800n) << 4) : undefined;
}

/** Constants of an assembly line that a store to an APIC register or a WRMSR close by explains. */
export function findInAssembly(lines: Lines, n: number, text: string): Candidate[] {
  const all = constants(text);
  const register = all.find(({ value }) => value >> 12n === 0xfee00n);
  const others = all.filter(each => each !== register);
  if (register && others.length === 1) {
    return found(text, others[0], registerFormat(Number(register.value & 0xfffn)));
  }
  if (all.length !== 1 || register || !nearby(lines, n, /\b(?:rd|wr)msr\b/i)) return [];
  if (/\be?cx\b/i.test(text)) return isMsr(all[0].value) ? found(text, all[0], 'x2apic-msr') : [];
  return /\be?ax\b/i.test(text) ? found(text, all[0], formatOfEax(lines, n)) : [];
}
