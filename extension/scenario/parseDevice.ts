/** Lines about devices, the guest's kernel and choices. */
import type { Cursor } from './cursor.ts';
import {
  CHOICE_VALUES,
  CHOICES,
  DEVICE_ACTIONS,
  DEVICE_CLAUSES,
  FINDERS,
  GUEST_ACTIONS,
  GUEST_FEATURES,
} from './deviceWords.ts';
import { parseMsi } from './parseAction.ts';
import { parseEntry } from './parseIrqchip.ts';
import { notOneOf } from './suggest.ts';
import type { Token } from './tokens.ts';
import type { ActionNode, ChooseNode, DeviceClause, DeviceNode, GuestNode, PinNode } from './tree.ts';
import { isKey } from './words.ts';

type Body<T> = Omit<T, 'range' | 'head' | 'broken'>;

/** `cpu 0 vector 0x31` or `vcpu 2 vector 0x41`. */
function parseTarget(cursor: Cursor, kind: 'cpu' | 'vcpu', example: string): Pick<DeviceClause, 'index' | 'vector'> {
  if (!cursor.keyword(kind, example)) return {};
  const index = cursor.number(`the number of the ${kind === 'cpu' ? 'CPU' : 'vCPU'}`, example, kind);
  if (!index || cursor.failed || !cursor.keyword('vector', example)) return {};
  const vector = cursor.number('the vector', example, 'vector');
  return { index, ...(vector && { vector }) };
}

function parseClause(cursor: Cursor): DeviceClause | undefined {
  const word = cursor.oneOf(DEVICE_CLAUSES, 'what is said of a device');
  if (!word || cursor.failed) return undefined;
  switch (word.text) {
    case 'irte':
    case 'source': {
      const index = cursor.number(word.text === 'irte' ? 'the index' : 'the requester ID', `${word.text} 5`);
      return { word, ...(index && { index }) };
    }
    case 'posted': {
      const example = 'posted to vcpu 2 vector 0x41';
      return cursor.keyword('to', example) ? { word, ...parseTarget(cursor, 'vcpu', example) } : { word };
    }
    case 'remapped': {
      const example = 'remapped to cpu 0 vector 0x31';
      return cursor.keyword('to', example) ? { word, ...parseTarget(cursor, 'cpu', example) } : { word };
    }
    case 'host':
      return { word, ...parseTarget(cursor, 'cpu', 'host cpu 0 vector 0x31') };
    default:
      return { word, message: { ...parseMsi(word, cursor), range: word.range, head: word, broken: cursor.failed } };
  }
}

function parseDeviceAction(cursor: Cursor, device: Token | undefined): Body<ActionNode> {
  const name = cursor.oneOf(DEVICE_ACTIONS, 'what a device does');
  const action: Body<ActionNode> = { kind: 'action', ...(device && { device }), ...(name && { name }) };
  if (!name || cursor.failed || (name.text !== 'request' && name.text !== 'route')) return action;
  return { ...parseMsi(name, cursor), ...action };
}

/** `device nic irte 5 posted to vcpu 2 vector 0x41`, `device nic: interrupt`. */
export function parseDevice(cursor: Cursor): Body<DeviceNode> | Body<ActionNode> {
  const name = cursor.word('Write a name for the device: `device nic`.', { kind: 'device' });
  if (cursor.accept(':')) return parseDeviceAction(cursor, name);
  const clauses: DeviceClause[] = [];
  cursor.offer({ kind: 'word', words: DEVICE_CLAUSES });
  while (cursor.peek() && !cursor.failed) {
    const clause = parseClause(cursor);
    if (clause) clauses.push(clause);
  }
  return { kind: 'device', ...(name && { name }), clauses };
}

/** `pin 4 fixed 0x31 to 1 level masked`, `pin 4 0x0100000000008031`. */
export function parsePin(cursor: Cursor): Body<PinNode> {
  return { kind: 'pin', ...parseEntry(cursor) };
}

/** `guest ext-dest-id`, `guest: boot`, `guest: compose 0x31 to 0x105`. */
export function parseGuest(head: Token, cursor: Cursor): Body<GuestNode> | Body<ActionNode> {
  if (!cursor.accept(':')) {
    const features: Token[] = [];
    cursor.offer({ kind: 'word', words: GUEST_FEATURES });
    while (cursor.peek() && !cursor.failed) {
      const feature = cursor.oneOf(GUEST_FEATURES, 'what the guest finds');
      if (feature) features.push(feature);
    }
    return { kind: 'guest', features };
  }
  const name = cursor.oneOf(GUEST_ACTIONS, 'what the guest does');
  const action: Body<ActionNode> = { kind: 'action', guest: head, ...(name && { name }) };
  if (cursor.failed) return action;
  if (name?.text === 'find') {
    const finder = cursor.oneOf(FINDERS, 'a device');
    return { ...action, ...(finder && { value: finder }) };
  }
  if (name?.text !== 'compose') return action;
  const example = 'compose 0x31 to 0x105';
  const vector = cursor.number('the vector', example, 'vector');
  if (!vector || cursor.failed || !cursor.keyword('to', example)) return action;
  const value = cursor.number('the APIC ID', example, 'id');
  return { ...action, vector, ...(value && { value }) };
}

/** `choose blocked-irte remapped`. */
export function parseChoose(cursor: Cursor): Body<ChooseNode> {
  const choice = cursor.oneOf(CHOICES, 'a rule that can be chosen');
  if (!choice || cursor.failed || !isKey(CHOICES, choice.text)) return { kind: 'choose', ...(choice && { choice }) };
  const values: readonly string[] = CHOICE_VALUES[choice.text];
  const words = Object.fromEntries(values.map(each => [each, `A value of ${choice.text}.`]));
  const value = cursor.word(`Write one of: ${values.join(', ')}.`, { kind: 'word', words });
  if (value && !values.includes(value.text)) cursor.fail(notOneOf('irq205', value, 'a value of this choice', values));
  return { kind: 'choose', choice, ...(value && { value }) };
}
