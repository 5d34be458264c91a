/**
 * Interrupt requests as VT-d reads them: format, index, table entry and source validation, each with its fault. VT-d 5.1, 5.2; VT-d and AVIC §A1-A4.
 */
import type { Words } from '../../formats/bits.ts';
import { decode, type Format, fieldValue } from '../../formats/format.ts';
import { irte, irtePosted } from '../../formats/irte.ts';

/** Fault reasons of interrupt remapping, 8 bits. */
export const FAULT = {
  none: 0,
  reservedRequest: 0x20,
  indexBeyondTable: 0x21,
  notPresent: 0x22,
  tableAccess: 0x23,
  reservedEntry: 0x24,
  compatibilityBlocked: 0x25,
  sourceId: 0x26,
  descriptorAccess: 0x27,
  reservedDescriptor: 0x28,
} as const;

export const FAULT_TEXT: Readonly<Record<number, string>> = {
  0x20: 'a reserved field of the request is not 0',
  0x21: 'the index is beyond the table',
  0x22: 'the entry is not present',
  0x23: 'the table cannot be read',
  0x24: 'a reserved field of the entry is not 0',
  0x25: 'a request in compatibility format is blocked',
  0x26: 'the source ID does not match the entry',
  0x27: 'the posted-interrupt descriptor cannot be read',
  0x28: 'a reserved field of the posted-interrupt descriptor is not 0',
};

/** Qualified faults: FPD = 1 in the entry suppresses them. */
export const QUALIFIED: readonly number[] = [0x22, 0x24, 0x26, 0x27, 0x28];

const FORMAT = 1 << 4;
const SHV = 1 << 3;

export function isRemappable(address: number): boolean {
  return (address & FORMAT) !== 0;
}

/** Index into the table: the handle, plus the sub-handle if SHV = 1. May exceed 65535. */
export function indexOf(address: number, data: number): number {
  const handle = ((address >>> 5) & 0x7fff) | ((address & 4) << 13);
  return (address & SHV) !== 0 ? handle + (data & 0xffff) : handle;
}

/** The request in remappable format that names an index; its data is 0. Linux sets SHV and passes sub-handle 0. */
export function requestFor(index: number): { readonly address: number; readonly data: number } {
  const low = (index & 0x7fff) << 5;
  return { address: (0xfee00000 | low | ((index >>> 13) & 4) | FORMAT | SHV) >>> 0, data: 0 };
}

export function isPosted(entry: Words): boolean {
  return (entry[0] & (1 << 15)) !== 0;
}

export function formatOf(entry: Words): Format {
  return isPosted(entry) ? irtePosted : irte;
}

/** Is a requester allowed to use the entry? SVT 00 never looks, 01 compares with SQ, 10 takes SID as a bus range. */
export function sourceMatches(entry: Words, requester: number): boolean {
  const format = formatOf(entry);
  const sid = fieldValue(format, entry, 'SID');
  switch (fieldValue(format, entry, 'SVT')) {
    case 0:
      return true;
    case 1: {
      const ignored = [0, 4, 6, 7][fieldValue(format, entry, 'SQ')];
      return ((sid ^ requester) & 0xffff & ~ignored) === 0;
    }
    case 2:
      return requester >>> 8 >= sid >>> 8 && requester >>> 8 <= (sid & 0xff);
    default:
      return false;
  }
}

/** The first fault that an entry causes, or 0. The xAPIC form of DST (EIME = 0) has its ID in bits 47:40 and 0 elsewhere. */
export function entryFault(entry: Words, requester: number, eime: boolean): number {
  if ((entry[0] & 1) === 0) {
    return FAULT.notPresent;
  }
  const format = formatOf(entry);
  const reserved = decode(format, entry).problems.some(
    ({ id }) => id === 'reserved-bits' || id === 'reserved-svt' || id === 'reserved-delivery-mode',
  );
  const xapicDestination = !eime && !isPosted(entry) && (entry[1] & ~0xff00) !== 0;
  if (reserved || xapicDestination) {
    return FAULT.reservedEntry;
  }
  return sourceMatches(entry, requester) ? FAULT.none : FAULT.sourceId;
}

/** Step 3 of posting: must this post set ON and notify? */
export function notifies(on: boolean, sn: boolean, urgent: boolean): boolean {
  return !on && (urgent || !sn);
}
