import { formatById } from '../formats/all.ts';
import { fromBig } from '../formats/bits.ts';
import type { Candidate } from './candidate.ts';
import { explainRegister } from './cExplain.ts';
import { type Explanation, explainWords } from './explanation.ts';
import { fittingFormat } from './fitting.ts';
import { macro } from './macros.ts';
import { registerName } from './registers.ts';

// A word before a number says what the number is. Each pattern is matched against the text just before the number,
// after `=`, `:` and filling words are taken off.
const keywords: readonly (readonly [RegExp, string])[] = [
  [/\bx2apic (?:icr|msr 0x830)$/i, 'x2apic-icr'],
  [/\b(?:icr2|icr[_ ]?hi(?:gh)?|icrh|icr high half)$/i, 'icr-high'],
  [/\b(?:icr[_ ]?lo(?:w)?|icrl|icr low half)$/i, 'icr-low'],
  [/\b(?:APIC_)?icr$/i, 'icr'],
  [/\bmsi(?:-?x)?(?: message)?(?: addr(?:ess)?)?(?:[_ ]?lo)?$/i, 'msi-address'],
  [/\b(?:msi_|msg[._]|message )?addr(?:ess)?(?:[_ ]?lo)?$/i, 'msi-address?'],
  [/\b(?:msi|msg|message)[ ._](?:data|msg_data)$/i, 'msi-data'],
  [/\b(?:rte|redirection (?:table )?entry|redir(?:ection)?)$/i, 'rte'],
  [/\b(?:pid|pi[_ ]desc(?:riptor)?)[._ ]control(?: word)?$/i, 'pid-control'],
  [/\bguest[_ ]intr(?:errupt)?[_ ]status$/i, 'guest-intr-status'],
  [/\b(?:intr_info|interruption[- ]info(?:rmation)?)$/i, 'intr-info'],
  [/\b(?:ia32_)?apic_?base(?: msr)?$/i, 'apicbase'],
  [/\blvt_?t(?:imer)?$/i, 'lvt-timer'],
  [/\blvt_?(?:lint)?[01]$/i, 'lvt-lint'],
  [/\blvt_?(?:pc|thmr|cmci)$/i, 'lvt'],
  [/\blvt_?err(?:or)?$/i, 'lvt-error'],
  [/\bspiv$/i, 'spiv'],
  [/\birte(?: entry)?$/i, 'irte'],
];

const FILLING = /(?:[\s:=>"'`([]|\b(?:is|was|of|to|value|write|wrote|reads?|register|now|before|after)\b)*$/i;
const NUMBER = /\b(?:0x[\da-f]{1,32}|[\da-f]{8}(?:[\da-f]{8})?)\b/gi;
/** Devices whose own registers are called ICR, RTE and the like. */
const OTHER_ICR = /\b(?:e1000e?|igbv?f?|igc|ixgbe|82576|ethernet|nic)\b/i;

interface Hit {
  readonly start: number;
  readonly end: number;
  readonly value: bigint;
  readonly digits: number;
  readonly prefixed: boolean;
  readonly keyword?: string;
}

/** More numbers than this in one line are a dump of something else; the time for them is saved. */
const MAX_NUMBERS = 200;

function firstOf<T>(all: Iterable<T>, limit: number): T[] {
  const out: T[] = [];
  for (const each of all) {
    if (out.length === limit) break;
    out.push(each);
  }
  return out;
}

/** `APIC_ICR = 0x300`: the macro's own value, not what is written to the register. */
function defines(before: string, number: string): boolean {
  const name = /\b([A-Z][A-Z\d_]+)$/.exec(before)?.[1];
  const body = name && macro(name)?.body;
  return !!body && /^0x[\da-f]+$/i.test(body) && Number(body) === Number(number);
}

function hits(text: string): Hit[] {
  return firstOf(text.matchAll(NUMBER), MAX_NUMBERS).map(match => {
    const prefixed = /^0x/i.test(match[0]);
    const digits = prefixed ? match[0].slice(2) : match[0];
    const before = text.slice(Math.max(0, match.index - 48), match.index).replace(FILLING, '');
    const keyword = defines(before, match[0]) ? undefined : keywords.find(([pattern]) => pattern.test(before))?.[1];
    return {
      start: match.index,
      end: match.index + match[0].length,
      value: BigInt(`0x${digits}`),
      digits: digits.length,
      prefixed,
      ...(keyword ? { keyword } : {}),
    };
  });
}

function isFee(hit: Hit): boolean {
  const plausible = hit.digits === 8 || (hit.digits === 16 && hit.value >> 48n === 0n);
  return plausible && (hit.value & 0xfff00003n) === 0xfee00000n;
}

/** An address 0xfee… read as an MSI, with its data when that stands beside it. */
export function explainMessage(address: bigint, data: bigint | undefined): Explanation {
  const low = address & 0xffffffffn;
  const id = fittingFormat(data === undefined ? 'msi-address' : 'msi', low);
  const words = data === undefined ? fromBig(low, 32) : [...fromBig(address, 64), Number(data)];
  const extended = Number((low >> 5n) & 0x7fn);
  const notes = [];
  if (extended !== 0 && !id.endsWith('-ir')) {
    const destination = (extended << 8) | Number((low >> 12n) & 0xffn);
    notes.push(
      `with the extended destination ID (hypervisor guests): APIC ${destination} (0x${destination.toString(16)})`,
    );
  }
  return explainWords(formatById(id)!, words, { notes });
}

/** 0xfee00xxx without more: the local APIC's own page, or a message to APIC 0. */
export function explainApicPage(address: bigint): Explanation {
  const offset = Number(address & 0xfffn);
  const register = registerName(offset);
  const note = 'the same address written by a device is an MSI to APIC 0';
  if (register) {
    const found = explainRegister(offset, `${register} (MMIO)`);
    return { ...found, value: `0x${address.toString(16)}`, notes: [note] };
  }
  if ((address & ~0xd00n) === 0xfee00000n && (address & 0x800n) !== 0n) {
    return explainWords(formatById('apicbase')!, fromBig(address, 64), {
      notes: ['read as IA32_APICBASE: enable bits, no register offset'],
    });
  }
  return {
    title: 'Local APIC page',
    value: `0x${address.toString(16)}`,
    meaning:
      offset === 0
        ? 'start of the interrupt address range 0xfee00000 to 0xfeefffff and of the local APIC’s page (APIC_DEFAULT_PHYS_BASE)'
        : `offset 0x${offset.toString(16)} of the local APIC page: no register`,
    rows: [],
    problems: [],
    notes: [note],
    source: 'SDM vol. 3, local APIC register map',
  };
}

const MESSAGE = /\b(?:msi|msix?|msg|message|irte|interrupt|vector|data)\b|address_lo/i;

/** Data word that belongs to an address: `/`, `,` or the word data between them. */
function dataAfter(text: string, hit: Hit, following: Hit | undefined): Hit | undefined {
  if (!following || following.value > 0xffffffffn) return undefined;
  const between = text.slice(hit.end, following.start);
  return between.length < 40 &&
    /^\s*(?:[/,:]|[,;/]?\s*(?:msi|msg|message)?[ ._]?data\b\s*[:=]?)\s*(?:is\s*)?$/i.test(between)
    ? following
    : undefined;
}

/** `Data: 4041` after an address: short numbers without 0x, as lspci prints them. */
function shortData(text: string, hit: Hit): Hit | undefined {
  const match = /^\s*[,;/]?\s*(?:msi|msg|message)?[ ._]?data\s*[:=]?\s*(?:0x)?([\da-f]{1,8})\b/i.exec(
    text.slice(hit.end, hit.end + 48),
  );
  if (!match) return undefined;
  const end = hit.end + match[0].length;
  return {
    start: end - match[1].length,
    end,
    value: BigInt(`0x${match[1]}`),
    digits: match[1].length,
    prefixed: false,
  };
}

/** True where 0xfee00xxx is said to be a message rather than the APIC's page. */
function saysMessage(text: string): boolean {
  return MESSAGE.test(text);
}

function candidate(text: string, start: number, end: number, as: string, explain: () => Explanation): Candidate {
  return { start, end, text: text.slice(start, end), as, explain };
}

/** Numbers of a line of text that their surroundings explain. */
export function findInText(text: string): Candidate[] {
  if (!/0x|\b[\da-f]{8}/i.test(text)) return [];
  const all = hits(text);
  const other = OTHER_ICR.test(text);
  const out: Candidate[] = [];
  const used = new Set<number>();
  all.forEach((hit, i) => {
    if (used.has(hit.start)) return;
    if (isFee(hit) && (hit.keyword ? hit.keyword.startsWith('msi') : hit.prefixed)) {
      const data = dataAfter(text, hit, all[i + 1]) ?? shortData(text, hit);
      const page = (hit.value & 0xffffff000n) === 0xfee00000n;
      if (!data && page && (hit.value === 0xfee00000n || !saysMessage(text))) {
        out.push(candidate(text, hit.start, hit.end, 'apic-page', () => explainApicPage(hit.value)));
        return;
      }
      if (data) used.add(data.start);
      out.push(
        candidate(text, hit.start, data?.end ?? hit.end, data ? 'msi' : 'msi-address', () =>
          explainMessage(hit.value, data?.value),
        ),
      );
      return;
    }
    const id = hit.keyword;
    if (!id || id.endsWith('?') || id === 'msi-address' || other) return;
    // Up to three digits are an offset or an MSR number ("ICR 0x300"), but for data words.
    if (hit.digits < (id === 'msi-data' ? 1 : hit.prefixed ? 4 : 8)) return;
    // One half of an IRTE would show the other as zero.
    if (id === 'irte' && hit.digits <= 16) return;
    const fitting = formatById(fittingFormat(id, hit.value));
    if (!fitting || hit.value >> BigInt(fitting.width) !== 0n) return;
    out.push(
      candidate(text, hit.start, hit.end, fitting.id, () => explainWords(fitting, fromBig(hit.value, fitting.width))),
    );
  });
  return out;
}
