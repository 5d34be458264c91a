/** Delivery by the APIC map. `kvm_irq_delivery_to_apic_fast`, lapic.c; LAPIC delivery §5.2. */
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { __apic_accept_irq } from './accept.ts';
import { type Destinations, kvm_apic_map_get_dest_lapic, lowestBit } from './apicMap.ts';
import { NO_SOURCE } from './destination.ts';
import { describeMessage, IRQ, SHORTHAND } from './message.ts';

/** What the fast path returns when it did nothing: the slow path has to. */
export const NOT_HANDLED = -2;

/** Filled by a lookup, used at once. */
const dst: Destinations = { slots: 0, bitmap: 0 };

function hasTarget(m: Machine): boolean {
  for (let rest = dst.bitmap; rest !== 0; rest &= rest - 1) {
    if (m.words[dst.slots + lowestBit(rest)] !== 0) {
      return true;
    }
  }
  return false;
}

function describeLookup(m: Machine, src: number, irq: number, dest: number): string {
  const message = describeMessage(irq, dest);
  const place: Destinations = { slots: 0, bitmap: 0 };
  if (!kvm_apic_map_get_dest_lapic(m, src, irq, dest, place)) {
    return `${message}: the APIC map cannot tell, every vCPU has to be asked`;
  }
  const vcpus: number[] = [];
  for (let rest = place.bitmap; rest !== 0; rest &= rest - 1) {
    const slot = m.words[place.slots + lowestBit(rest)];
    if (slot !== 0) {
      vcpus.push(slot - 1);
    }
  }
  return vcpus.length === 0
    ? `${message}: the APIC map has nobody there, the message is dropped`
    : `${message}: the APIC map names vcpu ${vcpus.join(', ')}`;
}

/** Locals. */
const SLOTS = 4;
const BITMAP = 5;
const COUNT = 6;

/** Returns NOT_HANDLED, or how many accepted (0, until 4.19 -1, when the map has nobody there). */
export const kvm_irq_delivery_to_apic_fast = operation({
  name: 'kvm_irq_delivery_to_apic_fast',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['src', 'irq', 'dest', 'dest_map', 'slots', 'bitmap', 'r'],
  steps: {
    self: silent((m, src, irq, _dest, destMap) => {
      if ((irq & IRQ.shorthand) !== SHORTHAND.self) {
        return 'look_up';
      }
      // A self-IPI without a sender is a bug of KVM: it is reported and nothing is delivered.
      return src === NO_SOURCE ? m.return(0) : m.call(__apic_accept_irq, src, irq, destMap);
    }),
    self_accepted: silent(() => RETURN),
    look_up: step(
      (m, src, irq, dest) => describeLookup(m, src, irq, dest),
      (m, src, irq, dest) => {
        if (!kvm_apic_map_get_dest_lapic(m, src, irq, dest, dst)) {
          return m.return(NOT_HANDLED);
        }
        if (!hasTarget(m)) {
          m.mark(MARK.dropped);
        }
        m.local(SLOTS, dst.slots);
        m.local(BITMAP, dst.bitmap);
        m.local(COUNT, m.profile.delivery.nobodyOnFastPath);
        return NEXT;
      },
      { via: ['kvm_apic_map_get_dest_lapic'] },
    ),
    next: silent((m, _src, irq, _dest, destMap, slots, bitmap, r) => {
      for (let rest = bitmap; rest !== 0; rest &= rest - 1) {
        const slot = m.words[slots + lowestBit(rest)];
        if (slot !== 0) {
          m.local(BITMAP, rest & (rest - 1));
          return m.call(__apic_accept_irq, slot - 1, irq, destMap);
        }
      }
      return m.return(r);
    }),
    accepted: silent((m, _src, _irq, _dest, _destMap, _slots, _bitmap, r) => {
      m.local(COUNT, Math.max(r, 0) + m.result);
      return 'next';
    }),
  },
});
