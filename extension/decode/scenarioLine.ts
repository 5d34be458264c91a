import { formatById } from '../formats/all.ts';
import { fromBig } from '../formats/bits.ts';
import type { Candidate } from './candidate.ts';
import { explainWords } from './explanation.ts';
import type { Lines } from './lines.ts';
import { explainMessage } from './textFind.ts';

const ICR = /^\s*vcpu\s+\d+\s*:\s*icr\s+(0x[\da-f_]{1,20}|\d[\d_]{0,20})/i;
const MSI = /^\s*msi\s+(0x[\da-f_]{1,20})\s+(0x[\da-f_]{1,10}|\d[\d_]{0,10})/i;
/** The machine stands at the top of a scenario. */
const HEAD = 60;

function isXapic(lines: Lines): boolean {
  for (let n = 0; n < Math.min(lines.count, HEAD); n++) {
    const mode = /^\s*vcpus\s+\d+\s+(xapic|x2apic)\b/.exec(lines.at(n));
    if (mode) return mode[1] === 'xapic';
  }
  return false;
}

const numberOf = (text: string) => BigInt(text.replaceAll('_', ''));

/** Raw words of a scenario: what `icr` and `msi` send. Names of the language are its own hovers' business. */
export function findInScenario(lines: Lines, text: string): Candidate[] {
  const icr = ICR.exec(text);
  if (icr) {
    const value = numberOf(icr[1]);
    if (value >> 64n) return [];
    const format = formatById(isXapic(lines) ? 'icr' : 'x2apic-icr')!;
    const end = icr[0].length;
    const explain = () => explainWords(format, fromBig(value, 64));
    return [{ start: end - icr[1].length, end, text: icr[1], as: format.id, explain }];
  }
  const msi = MSI.exec(text);
  if (!msi) return [];
  const [whole, address, data] = msi;
  if (numberOf(address) >> 64n || numberOf(data) >> 32n) return [];
  const start = whole.indexOf(address);
  const explain = () => explainMessage(numberOf(address), numberOf(data));
  return [{ start, end: whole.length, text: whole.slice(start), as: 'msi', explain }];
}
