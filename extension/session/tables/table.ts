/** What a table of the inspector is made from, and the words that its cells share. */
import type { Machine } from '../../engine/machine.ts';
import { isZero, type Words } from '../../formats/bits.ts';
import { bitRange, decode, type Format, type Kernel } from '../../formats/format.ts';

/** One value, computed from the present state of the machine. */
export interface Cell {
  readonly text: string;
  /** As `FieldTouch.field` names it; a register stands for its fields. Several when the value is made from several. */
  readonly field?: string | readonly string[] | undefined;
  readonly decode?: string | undefined;
}

/** A row depends on `words` of the machine and on nothing else that can change: it is made anew only when one of them does. */
export interface Row {
  readonly key: string;
  readonly words: readonly number[];
  cells(): readonly Cell[];
  /** As after reset. */
  idle?(): boolean;
  /** False: the table has no such row now. */
  present?(): boolean;
}

export type Column = readonly [name: string, doc: string];

/** A table of a machine that has one. */
export interface Table {
  readonly key: string;
  readonly title: string;
  readonly note: string;
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  /** Of interest in every run of a machine that has it: opens by itself while it has few rows. */
  readonly featured?: boolean;
}

/** A cell that says nothing. */
export const NONE: Cell = { text: '–' };

export function range(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => start + i);
}

/** 6.16 as the formats count kernels; undefined for the generation of 2013, which they do not tell apart. */
function kernelOf(m: Machine): Kernel | undefined {
  const [major, minor] = m.config.kernel.split('.').map(Number);
  return minor === undefined ? undefined : [major, minor];
}

/** Every field of a value on a line of its own, reserved ones only when they are set, and what is wrong with it. */
export function decoded(m: Machine, format: Format, words: Words): string {
  const { fields, problems } = decode(format, words, kernelOf(m));
  return [
    format.title,
    ...fields
      .filter(({ field, words: value }) => field.reserved === undefined || !isZero(value))
      .map(({ field, text }) => `${field.name} [${bitRange(field)}] = ${text}: ${field.doc}`),
    ...problems.map(({ severity, text }) => `${severity}: ${text}`),
  ].join('\n');
}

/** Words of the machine's memory, unsigned. */
export function wordsAt(m: Machine, address: number, count: number): number[] {
  return Array.from(m.words.subarray(address, address + count), word => word >>> 0);
}

const DIGITS = 8;

/** A value of several words, the highest first: `0x0000000123450081`. */
export function hexOf(words: Words): string {
  return `0x${[...words]
    .reverse()
    .map(word => (word >>> 0).toString(16).padStart(DIGITS, '0'))
    .join('')}`;
}

export const flagText = (set: boolean): string => (set ? '1' : '0');

/** A negative index: none was found. */
export const vcpuText = (vcpu: number): string => (vcpu < 0 ? 'no vCPU' : `vcpu ${vcpu}`);
export const cpuText = (cpu: number): string => (cpu < 0 ? 'no CPU' : `cpu ${cpu}`);
