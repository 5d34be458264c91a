import type { Words } from '../formats/bits.ts';
import { decode, type Format, fieldValue } from '../formats/format.ts';

/** A message that a scenario can send: its action and the machine that it needs. */
export interface Sendable {
  /** One line of the scenario language. */
  readonly action: string;
  readonly mode: 'xapic' | 'x2apic';
  /** Highest APIC ID that it names, so that the machine has that vCPU. */
  readonly highest: number;
}

const MOST_VCPUS = 1024;
const LEAST_VCPUS = 4;

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

function icr(format: Format, words: Words): Sendable {
  const x2apic = format.id === 'x2apic-icr';
  const high = format.width === 64 ? words[1] : 0;
  const id = x2apic ? high : high >>> 24;
  const physical = fieldValue(format, words, 'dest_mode') === 0 && fieldValue(format, words, 'shorthand') === 0;
  return {
    action: `vcpu 0:  icr 0x${hex(high, 8)}${hex(words[0], 8)}`,
    mode: x2apic ? 'x2apic' : 'xapic',
    highest: physical && id < MOST_VCPUS && (x2apic || id < 0xff) ? id : 0,
  };
}

function msi(format: Format, words: Words): Sendable | undefined {
  const [low, high, data] = words;
  const id = fieldValue(format, words, 'destid_0_7');
  if (high !== 0) return undefined;
  return {
    action: `msi      0x${hex(low, 8)} 0x${hex(data, 4)}`,
    mode: 'xapic',
    highest: (low & 4) === 0 && id < 0xff ? id : 0,
  };
}

/** The message of a decoded value as a line of a scenario, or undefined for what is no complete message. */
export function sendable(format: Format, words: Words): Sendable | undefined {
  if (decode(format, words).problems.some(p => p.id === 'not-an-interrupt')) return undefined;
  if (format.id === 'icr' || format.id === 'x2apic-icr' || format.id === 'icr-low') return icr(format, words);
  return format.id === 'msi' ? msi(format, words) : undefined;
}

/** Above this many vCPUs flat mode has no logical ID left. */
const FLAT_VCPUS = 8;

/** The machine of a scenario that sends the message: a usual one, with the logical IDs that a guest's kernel gives. */
export function usualMachine(message: Sendable): string {
  const vcpus = Math.max(LEAST_VCPUS, message.highest + 1);
  const flat = message.mode === 'xapic' && vcpus <= FLAT_VCPUS ? [...Array(vcpus).keys()] : [];
  return [
    'machine intel',
    '  kernel  6.16',
    `  vcpus   ${vcpus} ${message.mode}`,
    '  with    apicv',
    '',
    ...flat.map(n => `vcpu ${n}   running ldr 0x${hex(2 ** (24 + n), 8)}`),
    ...(flat.length > 0 ? [''] : []),
  ].join('\n');
}

/** A scenario that sends the message. Its comment says what was chosen for the reader. */
export function scenarioFor(message: Sendable): string {
  return `# The machine is a usual one: change it to the one you mean.\n${usualMachine(message)}\n${message.action}\n`;
}
