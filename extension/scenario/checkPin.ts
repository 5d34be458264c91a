/** Entries of KVM's IOAPIC, and the lines that lead to its pins. */
import type { MachineConfig } from '../engine/config.ts';
import { IOAPIC_NUM_PINS } from '../engine/layout.ts';
import { fromBig } from '../formats/bits.ts';
import { encode } from '../formats/format.ts';
import { ioapicRte } from '../formats/ioapicRte.ts';
import { checkDelivery, type LineMachine, reportProblems } from './checkMessage.ts';
import type { Action } from './program.ts';
import type { Report } from './report.ts';
import type { ActionNode, Tree } from './tree.ts';

type Rte = NonNullable<MachineConfig['rtes']>[number];

const LAST = IOAPIC_NUM_PINS - 1;

export function entryOf(
  { delivery, value, flags = [], head }: Pick<ActionNode, 'delivery' | 'value' | 'flags' | 'head'>,
  machine: LineMachine,
  report: Report,
): readonly number[] | undefined {
  if (value) {
    const raw = report.wide(value, 'a redirection entry', 64);
    const words = raw === undefined ? undefined : fromBig(raw, 64);
    if (words) reportProblems(ioapicRte, words, machine, value.range, value.range, report);
    return words;
  }
  const found = delivery && checkDelivery(delivery, 8, 'A redirection entry', report);
  if (!delivery || !found) return undefined;
  const has = (name: string) => (flags.some(({ text }) => text === name) ? 1 : 0);
  const words = encode(ioapicRte, {
    vector: [found.vector],
    delivery_mode: [found.mode],
    dest_mode_logical: [found.logical],
    is_level: [has('level')],
    masked: [has('masked')],
    destid_0_7: [found.id],
  });
  reportProblems(ioapicRte, words, machine, delivery.mode.range, delivery.vector?.range ?? head.range, report);
  return words;
}

/** The IOAPIC is KVM's own unless the machine says otherwise. */
export function isThere(machine: Pick<LineMachine, 'irqchip'>, range: ActionNode['range'], report: Report): boolean {
  if (machine.irqchip === 'kernel') return true;
  report.add(
    'irq312',
    range,
    'With `split-irqchip` the IOAPIC is in user space: KVM gets MSIs. Remove `split-irqchip`, or write `msi`.',
  );
  return false;
}

/** The redirection entries that the scenario describes; the others are masked. */
export function checkPins(tree: Tree, machine: LineMachine, report: Report): readonly Rte[] {
  const found = new Map<number, Rte>();
  for (const node of tree.nodes) {
    if (node.kind !== 'pin' || node.broken || !isThere(machine, node.range, report)) continue;
    const pin = report.within(node.pin, 'a pin', 0, LAST);
    const words = entryOf(node, machine, report);
    if (pin === undefined || !words) continue;
    if (found.has(pin)) report.add('irq302', node.range, `Pin ${pin} is described already. Keep one of the two.`);
    else found.set(pin, { pin, lo: words[0], hi: words[1] });
  }
  return [...found.values()];
}

/** `gsi 4 up`: the lines of KVM_CREATE_IRQCHIP lead to the pin of the same number, the first 16 to the PIC as well. */
export function checkLine(node: ActionNode, machine: LineMachine, report: Report): Action | undefined {
  if (!isThere(machine, node.range, report)) return undefined;
  const gsi = report.within(node.value, 'a GSI', 0, LAST);
  return gsi === undefined || !node.level ? undefined : { kind: 'line', gsi, up: node.level.text === 'up' };
}
