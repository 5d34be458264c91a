import type { Cursor } from './cursor.ts';
import { parseDelivery } from './parseDelivery.ts';
import { parseHypercall, parseIoapic } from './parseIrqchip.ts';
import type { Token } from './tokens.ts';
import type { ActionNode } from './tree.ts';
import { ACTIONS, ASSIGNED, CPU_ACTIONS, DELIVERY_MODES, LINE_LEVELS, LVT_ENTRIES } from './words.ts';

type ActionBody = Omit<ActionNode, 'range' | 'head' | 'broken'>;

/** What stands behind `vcpu N:`. */
export function parseAction(cursor: Cursor, vcpu: Token | undefined): ActionBody {
  const name = cursor.oneOf(ACTIONS, 'an action');
  const action: ActionBody = { kind: 'action', ...(vcpu && { vcpu }), ...(name && { name }) };
  if (cursor.failed) return action;
  switch (name?.text) {
    case 'icr': {
      const value = cursor.number('the value of the ICR', 'icr 0x00000001000000fd');
      return { ...action, ...(value && { value }) };
    }
    case 'tpr': {
      const value = cursor.number('the task priority', 'tpr 0x50');
      return { ...action, ...(value && { value }) };
    }
    case 'cr8': {
      const value = cursor.number('the priority class', 'cr8 5');
      return { ...action, ...(value && { value }) };
    }
    case 'write':
    case 'wrmsr':
      return { ...action, ...parseRegisterWrite(cursor, name.text) };
    case 'read':
    case 'rdmsr': {
      const register = cursor.number('the register', `${name.text} APIC_TASKPRI`, 'register');
      return { ...action, ...(register && { register }) };
    }
    case 'ioapic':
      return { ...action, ...parseIoapic(cursor) };
    case 'pv-ipi':
      return { ...action, ...parseHypercall(cursor) };
    case 'lvt': {
      const register = cursor.oneOf(LVT_ENTRIES, 'an entry of the local vector table');
      return { ...action, ...(register && { register }) };
    }
    case 'ipi': {
      const delivery = parseDelivery(cursor, true);
      return { ...action, ...(delivery && { delivery }) };
    }
    case 'enter': {
      if (!cursor.accept('on') || !cursor.keyword('cpu', 'enter on cpu 2')) return action;
      const cpu = cursor.number("the CPU's number", 'enter on cpu 2', 'cpu');
      return { ...action, ...(cpu && { cpu }) };
    }
    default:
      return action;
  }
}

function parseRegisterWrite(cursor: Cursor, name: 'write' | 'wrmsr'): Pick<ActionNode, 'register' | 'value'> {
  const example = `${name} APIC_EOI 0`;
  const register = cursor.number('the register', example, 'register');
  const value = cursor.failed ? undefined : cursor.number('the value', example);
  return { ...(register && { register }), ...(value && { value }) };
}

/** `cpu 1: interrupt 0xf2`. */
export function parseCpuAction(cursor: Cursor): ActionBody {
  const cpu = cursor.number("the CPU's number", 'cpu 1: interrupt 0xf2', 'cpu');
  const base: ActionBody = { kind: 'action', ...(cpu && { cpu }) };
  if (cursor.failed || !cursor.keyword(':', 'cpu 1: interrupt 0xf2')) return base;
  const name = cursor.oneOf(CPU_ACTIONS, 'what reaches the CPU');
  const vector = cursor.failed ? undefined : cursor.number('the vector', 'interrupt 0xf2', 'vector');
  return { ...base, ...(name && { name }), ...(vector && { vector }) };
}

/** `gsi 4 up`. */
export function parseLineAction(name: Token, cursor: Cursor): ActionBody {
  const value = cursor.number('the number of the line', 'gsi 4 up');
  const level = cursor.failed ? undefined : cursor.oneOf(LINE_LEVELS, 'where the line goes');
  return { kind: 'action', name, ...(value && { value }), ...(level && { level }) };
}

/** `assign device`, `inhibit HYPERV`, `uninhibit HYPERV`. */
export function parseVmAction(name: Token, cursor: Cursor): ActionBody {
  if (name.text === 'assign') {
    cursor.oneOf(ASSIGNED, 'what is assigned');
    return { kind: 'action', name };
  }
  const reason = cursor.number('the reason', `${name.text} HYPERV`, 'inhibit');
  return { kind: 'action', name, ...(reason && { reason }) };
}

/** `msi 0xfee01000 0x0041` or `msi fixed 0x41 to 1`. */
export function parseMsi(head: Token, cursor: Cursor): ActionBody {
  const action: ActionBody = { kind: 'action', name: head };
  const next = cursor.peek();
  cursor.offer({ kind: 'word', words: DELIVERY_MODES });
  if (next?.kind === 'word' && !/^[0-9A-Z]/.test(next.text)) {
    const delivery = parseDelivery(cursor, false);
    return { ...action, ...(delivery && { delivery }) };
  }
  const value = cursor.number('the address', 'msi 0xfee01000 0x0041');
  const data = value && cursor.number('the data behind the address', 'msi 0xfee01000 0x0041');
  return { ...action, ...(value && { value }), ...(data && { data }) };
}
