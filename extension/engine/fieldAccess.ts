/** Reads, writes and names fields in a machine's memory, by the table of `fields.ts`. */
import { type Block, FIELDS, type FieldInfo } from './fields.ts';
import { irqchipParts, irqchipWord } from './irqchipFields.ts';
import { C, D, GUEST, IO, IOMMU, V } from './layout.ts';
import type { Machine } from './machine.ts';
import { hex, vectorsAt } from './text.ts';
import { tableWord, wordOfBlock } from './wordNames.ts';

/** A field of one vCPU or CPU. */
export interface FieldRef {
  readonly field: FieldInfo;
  readonly index: number;
}

/** A word that is always 0: fields of L2 on a machine that has none. */
const NOWHERE = 0x7fffffff;

function addressOf(m: Machine, { field, index }: FieldRef): number {
  if (field.block === 'vcpu' && field.word >= V.words) {
    return m.config.vcpus.some(vcpu => vcpu.l2 !== undefined) ? m.nested(index) + field.word - V.words : NOWHERE;
  }
  return blockOf(m, field.block, index) + field.word;
}

/** Does the machine have the field at all? A view leaves out what it cannot have. */
export function hasField(m: Machine, { vendor, path }: FieldInfo): boolean {
  if (path.startsWith('avic.') || path === 'doorbell') {
    return m.config.vendor === 'amd' && m.config.apicv;
  }
  return vendor === undefined || vendor === m.config.vendor;
}

function blockOf(m: Machine, block: Block, index: number): number {
  switch (block) {
    case 'vcpu':
      return m.vcpu(index);
    case 'cpu':
      return m.cpu(index);
    case 'device':
      return m.device(index);
    case 'iommu':
      return m.layout.iommu;
    case 'guest':
      return m.layout.guest;
    case 'pin':
      return m.layout.ioapic + IO.redirtbl + 2 * index;
  }
}

/** `vcpu 2`, `iommu`; a device by its name: `device nic`. */
export function subjectName(m: Machine, block: Block, index: number): string {
  if (block === 'iommu' || block === 'guest') {
    return block;
  }
  return block === 'device' ? `device ${m.config.devices?.[index]?.name ?? index}` : `${block} ${index}`;
}

function maskOf(field: FieldInfo): number {
  return field.width >= 32 ? -1 : ((1 << field.width) - 1) << field.bit;
}

/** Value of a flag, number or enum, unsigned; not for vectors. */
export function readNumber(m: Machine, ref: FieldRef): number {
  const mask = maskOf(ref.field);
  return (m.words[addressOf(m, ref)] & mask) >>> ref.field.bit;
}

export function readVectors(m: Machine, ref: FieldRef): number[] {
  return vectorsAt(m.words, addressOf(m, ref));
}

export function hasVector(m: Machine, ref: FieldRef, vector: number): boolean {
  return (m.words[addressOf(m, ref) + (vector >>> 5)] & (1 << (vector & 31))) !== 0;
}

/** Writes a flag, number or enum; bits above the field's width are refused with a RangeError. */
export function writeNumber(m: Machine, ref: FieldRef, value: number): void {
  const { width, bit } = ref.field;
  if (width < 32 && (value < 0 || value >= 2 ** width)) {
    throw new RangeError(`${ref.field.path} is ${width} bits wide: ${hex(value)} does not fit`);
  }
  const address = addressOf(m, ref);
  if (address === NOWHERE) {
    throw new RangeError(`${ref.field.path}: this machine has no L2`);
  }
  const mask = maskOf(ref.field);
  m.store(address, (m.words[address] & ~mask) | ((value << bit) & mask));
}

export function writeVector(m: Machine, ref: FieldRef, vector: number, set: boolean): void {
  if (set) {
    m.set_bit(vector, addressOf(m, ref));
  } else {
    m.clear_bit(vector, addressOf(m, ref));
  }
}

/** A value as a person reads it: names of an enum, `{0x41}` for vectors, hexadecimal otherwise. */
export function printField(m: Machine, ref: FieldRef): string {
  if (ref.field.kind === 'vectors') {
    return `{${readVectors(m, ref)
      .map(vector => hex(vector))
      .join(', ')}}`;
  }
  return printNumber(ref.field, readNumber(m, ref));
}

export function printNumber(field: FieldInfo, value: number): string {
  if (field.kind === 'flag') {
    return String(value);
  }
  const name = Object.entries(field.values ?? {}).find(([, known]) => known === value)?.[0];
  if (field.kind === 'enum' || field.path === 'posted_to') {
    return name ?? String(value);
  }
  if (field.path === 'cpu' || field.path === 'vcpu') {
    return value === 0xffffffff ? 'none' : String(value);
  }
  const digits = hex(value, Math.ceil(field.width / 4));
  return name === undefined ? digits : `${digits} ${name}`;
}

/** One field, or one vector of a vector field, that differs between two contents of a word. */
export interface FieldChange {
  readonly name: string;
  readonly before: string;
  readonly after: string;
}

const fieldsByWord = new Map<string, readonly FieldInfo[]>();
for (const field of FIELDS) {
  const words = field.kind === 'vectors' ? 8 : 1;
  for (let i = 0; i < words; i++) {
    const key = `${field.block}.${field.word + i}`;
    fieldsByWord.set(key, [...(fieldsByWord.get(key) ?? []), field]);
  }
}

/** Which vCPU or CPU, and which word of its block, an address is. Undefined: bookkeeping of the engine. */
function locate(m: Machine, address: number): { block: Block; index: number; word: number } | undefined {
  const { vcpus, cpus, agents, nested, pidTable, iommu, devices, avicLogical, guest } = m.layout;
  if (address >= vcpus && address < cpus) {
    const at = address - vcpus;
    return { block: 'vcpu', index: Math.floor(at / V.words), word: at % V.words };
  }
  if (address >= cpus && address < agents) {
    const at = address - cpus;
    return { block: 'cpu', index: Math.floor(at / C.words), word: at % C.words };
  }
  if (address >= nested && address < pidTable) {
    const at = address - nested;
    return { block: 'vcpu', index: Math.floor(at / V.words), word: V.words + (at % V.words) };
  }
  if (address >= iommu && address < iommu + IOMMU.words) {
    return { block: 'iommu', index: 0, word: address - iommu };
  }
  if (address >= devices && address < avicLogical) {
    const at = address - devices;
    return { block: 'device', index: Math.floor(at / D.words), word: at % D.words };
  }
  if (m.config.guest !== undefined && address >= guest && address < guest + GUEST.words) {
    return { block: 'guest', index: 0, word: address - guest };
  }
  return undefined;
}

/** Names what changed in the word at `address`; empty for bookkeeping of the engine. */
export function describeChange(m: Machine, address: number, before: number, after: number): FieldChange[] {
  return describeWord(m, address, before ^ after, before, after);
}

/** Every name that a change of the word at `address` may have. */
export function namesAt(m: Machine, address: number): string[] {
  const place = locate(m, address);
  const rest = place && wordOfBlock(place.block, place.word);
  const names = describeChange(m, address, 0, -1).map(({ name }) => name);
  return rest === undefined || place === undefined
    ? names
    : [...names, `${subjectName(m, place.block, place.index)}.${rest}`];
}

/** Names the fields under `mask` of the word at `address`, with their value. */
export function describeRead(m: Machine, address: number, mask: number, word: number): FieldChange[] {
  return describeWord(m, address, mask, word, word);
}

function describeWord(m: Machine, address: number, mask: number, before: number, after: number): FieldChange[] {
  const place = locate(m, address);
  if (place === undefined && address >= m.added) {
    const name = m.addition.nameOf(address - m.added);
    return name === undefined ? [] : [{ name, before: String(before), after: String(after) }];
  }
  if (place === undefined) {
    // A word that is read as a whole is one value; what changes, or is tested, is a part of it.
    const parts = mask === -1 && before === after ? [] : irqchipParts(m, address, mask, before, after);
    if (parts.length > 0) {
      return parts;
    }
    const name = irqchipWord(m, address) ?? tableWord(m, address);
    return name === undefined ? [] : [{ name, before: hex(before, 1), after: hex(after, 1) }];
  }
  const described: FieldChange[] = [];
  for (const field of fieldsByWord.get(`${place.block}.${place.word}`) ?? []) {
    if (field.vendor !== undefined && field.vendor !== m.config.vendor) {
      continue;
    }
    const subject = `${subjectName(m, place.block, place.index)}.${field.path}`;
    if (field.kind === 'vectors') {
      const first = (place.word - field.word) * 32;
      if (mask === -1 && before === after) {
        const set = vectorsAt(Int32Array.of(before, 0, 0, 0, 0, 0, 0, 0), 0).map(vector => hex(first + vector));
        described.push({ name: `${subject}[${first + 31}:${first}]`, before: `{${set.join(', ')}}`, after: '' });
        continue;
      }
      for (let bit = 0; bit < 32; bit++) {
        if ((mask & (1 << bit)) !== 0) {
          described.push({
            name: `${subject}[${hex(first + bit)}]`,
            before: String((before >>> bit) & 1),
            after: String((after >>> bit) & 1),
          });
        }
      }
    } else if ((mask & maskOf(field)) !== 0) {
      const value = (word: number) => printNumber(field, (word & maskOf(field)) >>> field.bit);
      described.push({ name: subject, before: value(before), after: value(after) });
    }
  }
  const name = described.length === 0 && mask !== 0 ? wordOfBlock(place.block, place.word) : undefined;
  if (name !== undefined) {
    const subject = `${subjectName(m, place.block, place.index)}.${name}`;
    described.push({ name: subject, before: hex(before, 8), after: hex(after, 8) });
  }
  return described;
}
