import { type Definitions, evaluate, isValue } from './evaluate.ts';
import { type Expression, parse } from './parser.ts';
import { registerFormat } from './registers.ts';
import type { Token } from './tokens.ts';

// Writes to the local APIC through its page: `writel(v, apic_base + 0x300)`, `*(u32 *)(lapic + APIC_ICR2) = v`.

const WRITE = /^(?:(?:__raw_)?writel(?:_relaxed)?|iowrite32)$/;

/** Offsets of the two halves of the ICR. Others are not read so: a device may have registers there just as well. */
const ICR = new Set([0x300n, 0x310n]);

/** A name says that it is the local APIC's page; an offset alone says nothing, and an IOAPIC has other registers. */
function isLocalApic(name: string): boolean {
  return /apic/i.test(name) && !/io_?apic/i.test(name);
}

function formatAt(names: readonly string[], offset: Expression | undefined, known: Definitions): string | undefined {
  const at = offset && names.some(isLocalApic) ? evaluate(offset, known) : undefined;
  return at && isValue(at) && ICR.has(at.value) ? registerFormat(Number(at.value)) : undefined;
}

function namesIn(tree: Expression): string[] {
  switch (tree.kind) {
    case 'name':
      return [tree.name];
    case 'unary':
    case 'cast':
      return namesIn(tree.operand);
    case 'binary':
      return [...namesIn(tree.left), ...namesIn(tree.right)];
    default:
      return [];
  }
}

/** Format of what is stored at `… apic … + offset`, given as tokens; brackets around it do not matter. */
export function storedAt(address: readonly Token[], definitions: Definitions): string | undefined {
  let end = address.length;
  while (end > 0 && address[end - 1].text === ')') end--;
  if (end < 3 || address[end - 2].text !== '+') return undefined;
  const names = address.slice(0, end - 2).flatMap(({ kind, text }) => (kind === 'name' ? [text] : []));
  return formatAt(names, parse(address.slice(end - 1, end)), definitions);
}

/** Format of the first argument of a function that writes 32 bits to the address in its second. */
export function writtenBy(callee: string, address: Expression | undefined, known: Definitions): string | undefined {
  if (!WRITE.test(callee) || address?.kind !== 'binary' || address.op !== '+') return undefined;
  return formatAt(namesIn(address.left), address.right, known);
}

/** The same for an address that is no expression of this subset, such as `apic->base + 0x300`. */
export function writtenByTokens(callee: string, address: readonly Token[], known: Definitions): string | undefined {
  return WRITE.test(callee) ? storedAt(address, known) : undefined;
}
