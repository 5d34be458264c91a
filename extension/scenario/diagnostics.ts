import type { Range } from './program.ts';

export type Severity = 'error' | 'warning' | 'hint';

/** A single replacement that removes the problem. */
export interface Fix {
  readonly title: string;
  readonly range: Range;
  readonly text: string;
}

export interface Diagnostic {
  /** Stable: documented in docs/scenario-language.md, never reused for something else. */
  readonly code: Code;
  readonly severity: Severity;
  readonly range: Range;
  /** The included file in which the range lies, by its path from the folder of the scenario; absent for the scenario itself. */
  readonly file?: string;
  /** What is wrong and what to write instead. */
  readonly message: string;
  readonly fix?: Fix;
}

/** Every code, with its severity and what it is about. The documentation is tested against this table. */
export const CODES = {
  irq101: ['error', 'the text is too large'],
  irq102: ['error', 'the text has too many lines'],
  irq103: ['error', 'a line is too long'],
  irq104: ['error', 'the file is not text'],
  irq105: ['error', 'a character has no meaning here'],
  irq106: ['error', 'further problems are not listed'],
  irq201: ['error', 'a line begins with an unknown word'],
  irq202: ['error', 'something is missing'],
  irq203: ['error', 'something stands after the end of the statement'],
  irq204: ['error', 'a number is expected'],
  irq205: ['error', 'a word is not one of those that fit here'],
  irq301: ['error', 'the machine is not described'],
  irq302: ['error', 'something is described twice'],
  irq303: ['error', 'an unknown kernel version'],
  irq304: ['error', 'a number is out of range'],
  irq305: ['error', 'a feature does not belong to this vendor'],
  irq306: ['error', 'a feature needs another one'],
  irq307: ['error', 'something does not exist in this kernel'],
  irq308: ['error', 'a description stands after the first action'],
  irq309: ['error', 'two vCPUs are on one CPU'],
  irq310: ['error', 'there is no such vCPU'],
  irq311: ['error', 'there is no such CPU'],
  irq312: ['error', 'there is no such device'],
  irq401: ['error', 'a vector is out of range'],
  irq402: ['warning', 'a vector is illegal'],
  irq403: ['warning', 'reserved or illegal bits are set'],
  irq404: ['error', 'a destination does not fit the APIC mode'],
  irq405: ['warning', 'nobody has this APIC ID'],
  irq406: ['warning', 'part of the line is ignored'],
  irq407: ['error', 'a value is too wide'],
  irq501: ['error', 'there is no such field'],
  irq502: ['error', 'the test does not fit the field'],
  irq503: ['error', 'the field cannot have this value'],
  irq504: ['warning', 'the machine does not have this field'],
  irq601: ['error', 'restated code has another form'],
  irq602: ['error', 'restated code uses an unknown name'],
  irq603: ['error', 'one step would be two'],
  irq604: ['error', 'a call does not fit the operation'],
  irq605: ['error', 'a scenario is too large for its place'],
  irq606: ['error', 'a race is incomplete or stands twice'],
  irq607: ['error', 'a name is declared twice'],
  irq701: ['error', 'a value cannot have this name'],
  irq702: ['error', 'repeat and end do not belong together'],
  irq703: ['error', 'the scenario has too many statements'],
  irq704: ['error', 'there is no such section'],
  irq705: ['error', 'a range of numbers is empty'],
  irq801: ['error', 'a path cannot be included'],
  irq802: ['error', 'there is no such file'],
  irq803: ['error', 'a file cannot be read'],
  irq804: ['error', 'a file includes itself'],
  irq805: ['error', 'too much is included'],
  irq806: ['error', 'a file that is included does something'],
  irq807: ['error', 'a file that is included has errors'],
} as const satisfies Record<string, readonly [Severity, string]>;

export type Code = keyof typeof CODES;

export function diagnostic(code: Code, range: Range, message: string, fix?: Fix): Diagnostic {
  return { code, severity: CODES[code][0], range, message, ...(fix ? { fix } : {}) };
}

/** More than this many are not listed: a reader works from the top, and an editor shows no more. */
const MOST = 1000;

/** At most `MOST` diagnostics in text order, and one that says so when there were more. */
export function limited(all: readonly Diagnostic[]): Diagnostic[] {
  const sorted = [...all].sort((a, b) => a.range.line - b.range.line || a.range.start - b.range.start);
  if (sorted.length <= MOST) return sorted;
  const shown = sorted.slice(0, MOST);
  const { range } = sorted[MOST];
  return [
    ...shown,
    diagnostic('irq106', range, `${sorted.length - MOST} more problems are not listed; solve these first.`),
  ];
}
