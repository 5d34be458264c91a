/** Names, numbers and defaults of a pasted text. */
import type { Reading } from './importText.ts';
import { VECTORS } from './values.ts';

export type Who =
  | { readonly kind: 'vcpu'; readonly number: number }
  | { readonly kind: 'cpu'; readonly number: number }
  | { readonly kind: 'device' | 'vmm' | 'nobody' };

/** The last vCPU that xAPIC has room for; larger numbers are no vCPUs of a text that people read. */
const MOST = 254;
/** The vector of texts that name none. */
export const SOME_VECTOR = '0x41';

export class Names {
  /** `CPU0` is the thread of a vCPU where no vCPU has a name. */
  readonly cpusAreVcpus: boolean;
  readonly all: string;
  #most = 1;
  #sender = false;

  constructor({ title, entries }: Reading) {
    this.all = [...title, ...entries.map(({ agent, text }) => `${agent} ${text}`)].join('\n');
    const agents = entries.map(({ agent }) => agent).join('\n');
    const named = /\b[vp]?cpu[ #_-]*\d/i.test(agents) && !/\bpcpu/i.test(agents) ? agents : this.all;
    this.cpusAreVcpus = !/\bvcpu[ #_-]*\d/i.test(named);
    this.#sender = /\b(?:sender|receiver|target)\b/i.test(agents);
    for (const [, number] of this.all.matchAll(
      this.cpusAreVcpus ? /\bv?cpu[ #_-]*(\d{1,4})/gi : /\bvcpu[ #_-]*(\d{1,4})/gi,
    )) {
      if (Number(number) <= MOST) this.#most = Math.max(this.#most, Number(number));
    }
  }

  get vcpus(): number {
    return this.#most + 1;
  }

  who(agent: string): Who {
    const [, prefix, digits] = /^\(?([vp]?)cpu[ #_-]*(\d{1,4})/i.exec(agent) ?? [];
    if (digits !== undefined) {
      const number = Number(digits);
      if (number > MOST) return { kind: 'nobody' };
      const physical = prefix.toLowerCase() === 'p' || (prefix === '' && !this.cpusAreVcpus);
      return physical ? { kind: 'cpu', number } : { kind: 'vcpu', number };
    }
    if (/^(?:device|nic|iommu|vt-d)/i.test(agent)) return { kind: 'device' };
    if (/^(?:vmm|qemu|user ?space)/i.test(agent)) return { kind: 'vmm' };
    if (this.#sender && /^sender/i.test(agent)) return { kind: 'vcpu', number: 0 };
    if (this.#sender && /^(?:receiver|target)/i.test(agent)) return { kind: 'vcpu', number: 1 };
    return { kind: 'nobody' };
  }

  /** vCPUs that the words name, without CPUs that something happens on. */
  vcpusIn(text: string): number[] {
    const pattern = this.cpusAreVcpus ? /\b(?<!on )v?cpu[ #_-]*(\d{1,4})/gi : /\bvcpu[ #_-]*(\d{1,4})/gi;
    return [...text.matchAll(pattern)].map(([, digits]) => Number(digits)).filter(number => number <= MOST);
  }

  /** Whom a sender means: the vCPU that the words name, or the only other one. */
  target(text: string, sender: Who, before: number | undefined): number {
    const named = this.vcpusIn(text).find(number => sender.kind !== 'vcpu' || number !== sender.number);
    if (named !== undefined) return named;
    if (sender.kind === 'vcpu' && this.vcpus === 2) return 1 - sender.number;
    return before ?? (sender.kind === 'vcpu' && sender.number === 1 ? 0 : 1);
  }
}

/** The vector of an entry as the language writes it; `0x` is hexadecimal, everything else decimal. */
export function vectorIn(text: string): string | undefined {
  const spelled = [...text.matchAll(/\b[A-Z][A-Z_]+_VECTOR\b/g)].find(([name]) => Object.hasOwn(VECTORS, name));
  if (spelled) return spelled[0];
  const patterns = [
    /\b(?:vector|vec|irq|interrupt|ipi|pir|irr|isr|v?irr|visr|gsi)\s*(?:[=:#]|:=)?\s*[[(]?\s*(0x[\da-f]{1,8}|\d{1,4})\b/i,
    /(?<![\w])(0x[\da-f]{1,2})\b/i,
  ];
  for (const pattern of patterns) {
    const found = pattern.exec(text)?.[1];
    if (found !== undefined && Number(found) <= 0xff) return found.toLowerCase();
  }
  return undefined;
}

/** Is this about a vector or a vCPU that no scenario can have? Then nothing else must be put in its place. */
export function namesTooMuch(text: string): boolean {
  const above = (pattern: RegExp, most: number) =>
    [...text.matchAll(pattern)].some(([, number]) => Number(number) > most);
  return above(/\b(?:vector|vec)\s*(?:[=:#]|:=)?\s*(0x[\da-f]+|\d+)\b/gi, 0xff) || above(/\bvcpu[ #_-]*(\d+)/gi, MOST);
}

/** Two spellings of one vector are one. */
export function vectorNumber(vector: string): number {
  return Object.hasOwn(VECTORS, vector) ? VECTORS[vector] : Number(vector);
}
