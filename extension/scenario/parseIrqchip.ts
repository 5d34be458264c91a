/** Entries of the IOAPIC, what guests do to it, irqfds, and the hypercall for IPIs. */
import type { Cursor } from './cursor.ts';
import { parseDelivery } from './parseDelivery.ts';
import type { Token } from './tokens.ts';
import type { ActionNode, IrqfdNode, PinNode } from './tree.ts';
import { DELIVERY_MODES, IOAPIC_ACCESSES, IRQFD_ACTIONS, PIN_FLAGS, WITHOUT_VECTOR } from './words.ts';

type Body<T> = Omit<T, 'range' | 'head' | 'broken'>;

/** `4 fixed 0x31 to 1 level masked`, `4 0x0100000000008031`. */
export function parseEntry(cursor: Cursor): Pick<PinNode, 'pin' | 'delivery' | 'value' | 'flags'> {
  const pin = cursor.number('the pin', 'pin 4 fixed 0x31 to 1');
  const flags: Token[] = [];
  if (!pin || cursor.failed) return { flags, ...(pin && { pin }) };
  const next = cursor.peek();
  cursor.offer({ kind: 'word', words: DELIVERY_MODES });
  if (!next || /^[0-9A-Z]/.test(next.text)) {
    const value = cursor.number('the entry', 'pin 4 0x0100000000008031');
    return { pin, flags, ...(value && { value }) };
  }
  const delivery = parseDelivery(cursor, false);
  cursor.offer({ kind: 'word', words: PIN_FLAGS });
  while (cursor.peek() && !cursor.failed) {
    const flag = cursor.oneOf(PIN_FLAGS, 'what is said of a pin');
    if (flag) flags.push(flag);
  }
  return { pin, flags, ...(delivery && { delivery }) };
}

/** `pin 4 …`, `write 0x18 0x8031`, `read 0x18` behind `ioapic`. */
export function parseIoapic(cursor: Cursor): Partial<ActionNode> {
  const access = cursor.oneOf(IOAPIC_ACCESSES, 'an access to the IOAPIC');
  if (!access || cursor.failed) return { ...(access && { access }) };
  if (access.text === 'pin') return { access, ...parseEntry(cursor) };
  const example = access.text === 'read' ? 'ioapic read 0x18' : 'ioapic write 0x18 0x8031';
  const register = cursor.number('the number of the register', example);
  if (!register || cursor.failed || access.text === 'read') return { access, ...(register && { register }) };
  const value = cursor.number('the value', example);
  return { access, register, ...(value && { value }) };
}

const ARGUMENTS = ['the low half of the bitmap', 'its high half', 'the lowest APIC ID', 'the value of the ICR'];

/** `fixed 0xfd to 1 2 5..7`, `0x6 0 0 0xfd` behind `pv-ipi`. */
export function parseHypercall(cursor: Cursor): Partial<ActionNode> {
  const next = cursor.peek();
  cursor.offer({ kind: 'word', words: DELIVERY_MODES });
  if (next && /^[0-9A-Z]/.test(next.text)) {
    const values: Token[] = [];
    for (const what of ARGUMENTS) {
      const value = cursor.failed ? undefined : cursor.number(what, 'pv-ipi 0x6 0 0 0xfd');
      if (value) values.push(value);
    }
    return { values };
  }
  const mode = cursor.oneOf(DELIVERY_MODES, 'a delivery mode');
  if (!mode || cursor.failed) return { ...(mode && { delivery: { mode } }) };
  const example = 'pv-ipi fixed 0xfd to 1 2';
  const vector = WITHOUT_VECTOR.includes(mode.text) ? undefined : cursor.number('the vector', example, 'vector');
  const delivery = { mode, ...(vector && { vector }) };
  if (cursor.failed || !cursor.keyword('to', example)) return { delivery };
  const targets: Token[] = [];
  do {
    const target = cursor.number('an APIC ID', example, 'id');
    if (target) targets.push(target);
  } while (cursor.peek() && !cursor.failed);
  cursor.offer({ kind: 'id' });
  return { delivery, targets };
}

/** `gsi 4 resample`. */
function parseGsi(cursor: Cursor, example: string, resamples: boolean): Pick<IrqfdNode, 'gsi' | 'flags'> {
  if (!cursor.keyword('gsi', example)) return { flags: [] };
  const gsi = cursor.number('the GSI', example);
  const resample = gsi && !cursor.failed && resamples ? cursor.accept('resample') : undefined;
  return { flags: resample ? [resample] : [], ...(gsi && { gsi }) };
}

/** `irqfd 0 gsi 4 resample`, `irqfd 0: signal`, `irqfd 0: assign gsi 5`. */
export function parseIrqfd(cursor: Cursor): Body<IrqfdNode> | Body<ActionNode> {
  const irqfd = cursor.number('the number of the irqfd', 'irqfd 0 gsi 4 resample');
  const base = irqfd && { irqfd };
  if (!irqfd || cursor.failed) return { kind: 'irqfd', flags: [], ...base };
  if (!cursor.accept(':')) return { kind: 'irqfd', ...base, ...parseGsi(cursor, 'irqfd 0 gsi 4 resample', true) };
  const name = cursor.oneOf(IRQFD_ACTIONS, 'what happens to an irqfd');
  const action: Body<ActionNode> = { kind: 'action', ...base, ...(name && { name }) };
  if (!name || cursor.failed || name.text === 'signal') return action;
  return { ...action, ...parseGsi(cursor, `irqfd 0: ${name.text} gsi 4`, name.text === 'assign') };
}
