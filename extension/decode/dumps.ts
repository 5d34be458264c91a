import { formatById } from '../formats/all.ts';
import { insert } from '../formats/bits.ts';
import type { Candidate } from './candidate.ts';
import { type Explanation, explainWords } from './explanation.ts';
import type { Lines } from './lines.ts';

// Dumps of a whole local APIC: QEMU's `info lapic`, WinDbg's `!apic`.

function inFormat(id: string, words: readonly number[], notes: readonly string[] = []): Explanation {
  return explainWords(formatById(id)!, words, { notes });
}

const hexWord = (text: string) => Number.parseInt(text, 16);

const QEMU_ICR = /^\s*ICR\s+0x([\da-f]{8})\b/i;
const QEMU_ICR2 = /^\s*ICR2\s+0x([\da-f]{8})\b(.*)/i;

/** QEMU prints the two halves on two lines, and in ICR2 an x2APIC destination is not shifted. */
function qemuIcr(lines: Lines, n: number): (() => Explanation) | undefined {
  const text = lines.at(n);
  const high = QEMU_ICR2.exec(text);
  const low = QEMU_ICR.exec(high ? lines.at(n - 1) : text);
  const other = high ?? QEMU_ICR2.exec(lines.at(n + 1));
  if (!low || !other) return undefined;
  const words = [hexWord(low[1]), hexWord(other[1])];
  return () => inFormat(/x2apic|cluster/i.test(other[2]) ? 'x2apic-icr' : 'icr', words);
}

function vectorList(text: string): number[] {
  const words = new Array<number>(8).fill(0);
  for (const vector of text.matchAll(/\d+/g)) {
    const v = Number(vector[0]);
    if (v < 256) insert(words, v, v, [1]);
  }
  return words;
}

const windbg: readonly (readonly [RegExp, string])[] = [
  [/^timer/i, 'lvt-timer'],
  [/^linti?[01]/i, 'lvt-lint'],
  [/^(?:perf|therm|cmci)/i, 'lvt'],
  [/^error/i, 'lvt-error'],
];

/** The register of a dump line, with the lines beside it where a value takes two. */
export function findDumpLine(lines: Lines, n: number, text: string): Candidate[] {
  const whole = (as: string, part: string, explain: () => Explanation): Candidate[] => {
    const start = text.indexOf(part);
    return [{ start, end: start + part.length, text: part, as, explain }];
  };
  const icr = /^\s*ICR2?\s+0x/i.test(text) ? qemuIcr(lines, n) : undefined;
  if (icr) return whole('icr', text.trim().split(/\s{3,}|$/)[0], icr);
  const list = /^\s*(ISR|IRR)\s+(\d+(?:\(level\))?(?:\s+\d+(?:\(level\))?)*)\s*$/i.exec(text);
  if (list) return whole('vectors', list[0].trim(), () => inFormat('vectors', vectorList(list[2])));
  const command = /\bIpi Cmd:\s*([\da-f]{8})`([\da-f]{8})/i.exec(text);
  if (command) return whole('icr', command[0], () => inFormat('icr', [hexWord(command[2]), hexWord(command[1])]));
  const entry = /^\s*([A-Za-z]+\d?)\W*:\s*[\da-f]{8}`([\da-f]{8})\b/i.exec(text);
  const id = entry && windbg.find(([name]) => name.test(entry[1]))?.[1];
  return entry && id ? whole(id, entry[0].trim(), () => inFormat(id, [hexWord(entry[2])])) : [];
}
