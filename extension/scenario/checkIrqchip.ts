/** What guests do to the IOAPIC, irqfds, LVT entries, and the hypercall for IPIs. */
import type { MachineConfig } from '../engine/config.ts';
import { IOAPIC_NUM_PINS } from '../engine/layout.ts';
import { fromBig } from '../formats/bits.ts';
import { icr as icrFormat } from '../formats/icr.ts';
import { type LineMachine, MODE_BITS, reportProblems, reportUnreached } from './checkMessage.ts';
import { entryOf, isThere } from './checkPin.ts';
import type { Action } from './program.ts';
import { eachOf } from './ranges.ts';
import type { Report } from './report.ts';
import type { ActionNode, Tree } from './tree.ts';
import { DELIVERY_MODES, isKey } from './words.ts';

type Irqfd = NonNullable<MachineConfig['irqfds']>[number];

const LAST = IOAPIC_NUM_PINS - 1;
const LOGICAL_OR_SHORTHAND = 0xc0800n;
/** APIC IDs that one hypercall of a 64-bit guest can name. */
const DESTINATIONS = 128;

/** `ioapic pin 4 fixed 0x31 to 1`, `ioapic write 0x18 0x8031`, `ioapic read 0x18`. */
export function checkIoapic(node: ActionNode, vcpu: number, machine: LineMachine, report: Report): Action | undefined {
  if (!isThere(machine, node.range, report)) return undefined;
  if (node.access?.text === 'pin') {
    const pin = report.within(node.pin, 'a pin', 0, LAST);
    const words = entryOf(node, machine, report);
    return pin === undefined || !words
      ? undefined
      : { kind: 'ioapic entry', vcpu, pin, value: { lo: words[0], hi: words[1] } };
  }
  const register = report.within(node.register, 'a register of the IOAPIC', 0, 0xff);
  if (node.access?.text === 'read') {
    return register === undefined ? undefined : { kind: 'ioapic read', vcpu, register };
  }
  const value = report.wide(node.value, 'a register of the IOAPIC', 32);
  return register === undefined || value === undefined
    ? undefined
    : { kind: 'ioapic write', vcpu, register, value: Number(value) };
}

/** `pv-ipi fixed 0xfd to 1 2`, `pv-ipi 0x6 0 0 0xfd`. */
export function checkHypercall(
  node: ActionNode,
  vcpu: number,
  machine: LineMachine,
  report: Report,
): Action | undefined {
  if (machine.kernel === '2013' && node.name) {
    const message = 'Kernel 2013 has no hypercall KVM_HC_SEND_IPI. Write `ipi`, or `kernel 4.19` or later.';
    report.add('irq307', node.name.range, message);
    return undefined;
  }
  return node.values ? rawHypercall(node, vcpu, machine, report) : namedHypercall(node, vcpu, machine, report);
}

function rawHypercall(
  { values = [] }: ActionNode,
  vcpu: number,
  machine: LineMachine,
  report: Report,
): Action | undefined {
  const [low, high, lowest, icr] = values;
  const words = [report.wide(low, 'half of the bitmap', 64), report.wide(high, 'half of the bitmap', 64)];
  const min = report.wide(lowest, 'an APIC ID', 32);
  const value = report.wide(icr, 'the low half of the ICR', 32);
  const [first, second] = words;
  if (first === undefined || second === undefined || min === undefined || value === undefined) return undefined;
  if ((value & LOGICAL_OR_SHORTHAND) !== 0n) {
    const message = 'The hypercall has physical destinations only: KVM returns -EINVAL. Clear bits 11, 18 and 19.';
    const text = `0x${(value & ~LOGICAL_OR_SHORTHAND).toString(16)}`;
    report.add('irq403', icr.range, message, { title: `Change to '${text}'`, range: icr.range, text });
  } else {
    reportProblems(icrFormat, [Number(value), 0], machine, icr.range, icr.range, report);
  }
  const [w0, w1] = fromBig(first, 64);
  const [w2, w3] = fromBig(second, 64);
  return { kind: 'hypercall', vcpu, icr: Number(value), min: Number(min), bitmap: [w0, w1, w2, w3] };
}

function namedHypercall(
  { delivery, targets = [] }: ActionNode,
  vcpu: number,
  machine: LineMachine,
  report: Report,
): Action | undefined {
  if (!delivery || !isKey(DELIVERY_MODES, delivery.mode.text)) return undefined;
  const vector = delivery.vector ? report.vector(delivery.vector) : 0;
  if (vector === undefined) return undefined;
  const icr = (MODE_BITS[delivery.mode.text] << 8) | vector;
  const place = delivery.vector?.range ?? delivery.mode.range;
  reportProblems(icrFormat, [icr, 0], machine, delivery.mode.range, place, report);
  const ids: number[] = [];
  for (const target of targets.flatMap(each => eachOf(each, report))) {
    const id = report.wide(target, 'an APIC ID', 32);
    if (id === undefined) return undefined;
    ids.push(Number(id));
    reportUnreached(false, Number(id), machine, target.range, report);
  }
  const min = Math.min(...ids);
  const bitmap: [number, number, number, number] = [0, 0, 0, 0];
  for (const id of ids) {
    if (id - min >= DESTINATIONS) {
      const message = `One hypercall names ${DESTINATIONS} APIC IDs from the lowest on. Write a second one for the others.`;
      report.add('irq404', targets[targets.length - 1].range, message);
      return undefined;
    }
    bitmap[(id - min) >>> 5] |= 1 << ((id - min) & 31);
  }
  return { kind: 'hypercall', vcpu, icr, min, bitmap };
}

/** The irqfds of the VMM, numbered in the order of their lines. */
export function checkIrqfds(tree: Tree, machine: Pick<LineMachine, 'irqchip'>, report: Report): readonly Irqfd[] {
  const found: Irqfd[] = [];
  for (const node of tree.nodes) {
    if (node.kind !== 'irqfd' || node.broken || !isThere(machine, node.range, report)) continue;
    const number = report.number(node.irqfd, 'the number of an irqfd');
    const gsi = report.within(node.gsi, 'a GSI', 0, LAST);
    if (number === undefined || gsi === undefined || !node.irqfd) continue;
    if (number !== BigInt(found.length)) {
      const message = `Irqfds are numbered from 0 in the order of their lines. Write \`irqfd ${found.length}\`.`;
      const text = `${found.length}`;
      const fix = { title: `Change to '${text}'`, range: node.irqfd.range, text };
      report.add('irq304', node.irqfd.range, message, fix);
      continue;
    }
    found.push({ gsi, resample: node.flags.length > 0 });
  }
  return found;
}

/** `irqfd 0: signal`, `irqfd 0: assign gsi 5 resample`, `irqfd 0: deassign gsi 5`. */
export function checkIrqfdAction(node: ActionNode, machine: LineMachine, report: Report): Action | undefined {
  const count = machine.irqfds?.length ?? 0;
  if (!node.irqfd) return undefined;
  if (count === 0) {
    report.add('irq312', node.irqfd.range, 'The machine has no irqfd. Write `irqfd 0 gsi 4` above.');
    return undefined;
  }
  const irqfd = report.within(node.irqfd, 'an irqfd', 0, count - 1);
  if (node.name?.text === 'signal') return irqfd === undefined ? undefined : { kind: 'signal irqfd', irqfd };
  const gsi = report.within(node.gsi, 'a GSI', 0, LAST);
  if (irqfd === undefined || gsi === undefined) return undefined;
  const resample = (node.flags?.length ?? 0) > 0;
  return { kind: node.name?.text === 'assign' ? 'assign irqfd' : 'deassign irqfd', irqfd, gsi, resample };
}
