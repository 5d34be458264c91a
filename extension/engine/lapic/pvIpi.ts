/** The hypercall KVM_HC_SEND_IPI: one ICR for up to 128 vCPUs named in a bitmap. `kvm_pv_send_ipi`, lapic.c; LAPIC delivery §12. */
import { MAP } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { __apic_accept_irq } from './accept.ts';
import { publishedMap } from './apicMap.ts';
import { IRQ } from './message.ts';

const KVM_EINVAL = 22;
const EOPNOTSUPP = 95;

/** Bits of a bitmap word that name an ID of the map; `min` is the ID of bit 0. */
function clip(m: Machine, bitmap: number, min: number): number {
  const map = publishedMap(m);
  const left = m.words[map + MAP.max_apic_id] - (min >>> 0) + 1;
  return left <= 0 ? 0 : left >= 32 ? bitmap : bitmap & ((1 << left) - 1);
}

/** Locals. */
const BITMAP = 1;
const COUNT = 5;

/**
 * One word of 32 destinations; a guest in 64-bit mode sends four of these. `min`: APIC ID of bit 0. Returns how many accepted,
 * -EINVAL for a logical destination or a shorthand, -EOPNOTSUPP without a map.
 */
export const kvm_pv_send_ipi = operation({
  name: 'kvm_pv_send_ipi',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['icr', 'bitmap', 'min', 'map', 'index', 'count'],
  steps: {
    check: step(
      (_m, icr, bitmap, min) => `PV IPI: ICR ${hex(icr, 8)}, destinations ${hex(bitmap, 8)} from ID ${hex(min, 1)} on`,
      (m, icr, bitmap, min) => {
        if ((icr & (IRQ.logical | IRQ.shorthand)) !== 0) {
          return m.return(-KVM_EINVAL);
        }
        const map = publishedMap(m);
        if (map < 0) {
          return m.return(-EOPNOTSUPP);
        }
        m.local(BITMAP, clip(m, bitmap, min));
        m.local(3, map + MAP.words);
        m.local(COUNT, 0);
        return NEXT;
      },
    ),
    next: silent((m, icr, bitmap, min, slots, _index, count) => {
      for (let rest = bitmap; rest !== 0; rest &= rest - 1) {
        const slot = m.words[slots + min + 31 - Math.clz32(rest & -rest)];
        if (slot !== 0) {
          m.local(BITMAP, rest & (rest - 1));
          return m.call(__apic_accept_irq, slot - 1, icr & (IRQ.vector | IRQ.mode | IRQ.level | IRQ.assert));
        }
      }
      return m.return(count);
    }),
    accepted: silent((m, _icr, _bitmap, _min, _slots, _index, count) => {
      m.local(COUNT, count + m.result);
      return 'next';
    }),
  },
});
