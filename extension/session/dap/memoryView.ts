/** The posted-interrupt descriptor and the APIC page as bytes, for a debugger's memory view. */

import { wordOf } from '../../engine/lapic/registers.ts';
import { V } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { UserError } from '../expression.ts';

const DESCRIPTOR_BYTES = 64;
const PAGE_BYTES = 4096;
/** Registers of the page stand 16 bytes apart. */
const REGISTER_STRIDE = 16;

export function descriptorReference(vcpu: number): string {
  return `vcpu ${vcpu} pi_desc`;
}

export function pageReference(vcpu: number): string {
  return `vcpu ${vcpu} apic page`;
}

/** Little-endian bytes of what a reference names. Throws UserError for an unknown one. */
export function bytesOf(m: Machine, reference: string): Uint8Array {
  const match = /^vcpu (\d+) (pi_desc|apic page)$/.exec(reference);
  const vcpu = Number(match?.[1]);
  if (match === null || vcpu >= m.vcpuCount) {
    throw new UserError(`${reference} is no memory of this machine`);
  }
  return match[2] === 'pi_desc' ? descriptor(m, vcpu) : page(m, vcpu);
}

function descriptor(m: Machine, vcpu: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(DESCRIPTOR_BYTES));
  for (let word = 0; word < DESCRIPTOR_BYTES / 4; word++) {
    bytes.setInt32(4 * word, m.words[m.vcpu(vcpu) + V.pi_desc + word], true);
  }
  return new Uint8Array(bytes.buffer);
}

/** Offsets at which no register stands read as 0. */
function page(m: Machine, vcpu: number): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(PAGE_BYTES));
  for (let offset = 0; offset < PAGE_BYTES; offset += REGISTER_STRIDE) {
    const word = wordOf(offset);
    if (word !== undefined) {
      bytes.setInt32(offset, m.words[m.vcpu(vcpu) + word], true);
    }
  }
  return new Uint8Array(bytes.buffer);
}

/** `count` bytes from `offset`; what lies outside is unreadable. Data is base64, as the protocol wants. */
export function slice(
  bytes: Uint8Array,
  offset: number,
  count: number,
): { readonly data: string; readonly unreadableBytes: number } {
  const from = Math.min(Math.max(offset, 0), bytes.length);
  const part = bytes.subarray(from, Math.min(from + count, bytes.length));
  return { data: base64(part), unreadableBytes: count - part.length };
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** RFC 4648, padded. Neither Node nor the DOM is at hand here. */
function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const digits = [18, 12, 6, 0].map(shift => DIGITS[(group >>> shift) & 63]).join('');
    text += digits.slice(0, 1 + Math.min(bytes.length - i, 3)).padEnd(4, '=');
  }
  return text;
}
