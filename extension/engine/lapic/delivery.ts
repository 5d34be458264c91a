/** From a message to the local APICs that it names. `kvm_irq_delivery_to_apic`; LAPIC delivery §5. */
import { V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { __apic_accept_irq } from './accept.ts';
import { describeMessage, IRQ, SHORTHAND } from './message.ts';

const EXTD = 1 << 10;

/** Is `vcpu` addressed? `src` is the sending vCPU, -1 for an MSI. */
function matches(m: Machine, vcpu: number, src: number, irq: number, dest: number): boolean {
  switch (irq & IRQ.shorthand) {
    case SHORTHAND.self:
      return vcpu === src;
    case SHORTHAND.all:
      return true;
    case SHORTHAND.allBut:
      return vcpu !== src;
    default: {
      const base = m.vcpu(vcpu);
      const x2apic = (m.load(base + V.apicbase) & EXTD) !== 0;
      const broadcast = x2apic ? -1 : 0xff;
      return dest === broadcast || dest === (x2apic ? m.config.vcpus[vcpu].id : m.load(base + V.id) >>> 24);
    }
  }
}

/** Locals of `kvm_irq_delivery_to_apic`. */
const INDEX = 3;
const COUNT = 4;

/** Returns the number of local APICs that accepted. */
export const kvm_irq_delivery_to_apic = operation({
  name: 'kvm_irq_delivery_to_apic',
  actor: 'kvm',
  source: p => p.files.delivery,
  locals: ['src', 'irq', 'dest', 'index', 'count'],
  steps: {
    match: step(
      (m, src, irq, dest) => {
        const found = m.config.vcpus.map((_, i) => i).filter(i => matches(m, i, src, irq, dest));
        return found.length === 0
          ? `${describeMessage(irq, dest)}: no local APIC has this ID, the message is dropped`
          : `${describeMessage(irq, dest)}: vcpu ${found.join(', ')}`;
      },
      (m, src, irq, dest) => {
        for (let i = 0; i < m.vcpuCount; i++) {
          if (matches(m, i, src, irq, dest)) {
            return NEXT;
          }
        }
        m.mark(MARK.dropped);
        return m.return(0);
      },
    ),
    next: silent((m, src, irq, dest, index, count) => {
      if (index >= m.vcpuCount) {
        return m.return(count);
      }
      if (matches(m, index, src, irq, dest)) {
        return m.call(__apic_accept_irq, index, irq);
      }
      m.local(INDEX, index + 1);
      return 'next';
    }),
    accepted: silent((m, _src, _irq, _dest, index, count) => {
      m.local(INDEX, index + 1);
      m.local(COUNT, count + m.result);
      return 'next';
    }),
  },
});

/** `KVM_SIGNAL_MSI`: decode and deliver. `kvm_set_msi_irq`; LAPIC delivery §4. */
export const kvm_set_msi = operation({
  name: 'kvm_set_msi',
  actor: 'kvm',
  source: p => p.files.delivery,
  via: ['kvm_send_userspace_msi'],
  locals: ['address_lo', 'address_hi', 'data'],
  steps: {
    decode: step(
      (m, lo, hi, data) =>
        `MSI ${hex(lo, 8)} / ${hex(data, 4)}: ${describeMessage(msiIrq(lo, data), msiDest(m, lo, hi))}`,
      (m, lo, hi, data) => m.call(kvm_irq_delivery_to_apic, -1, msiIrq(lo, data), msiDest(m, lo, hi)),
      { via: ['kvm_set_msi_irq'] },
    ),
  },
});

function msiIrq(lo: number, data: number): number {
  const hint = (lo & 8) !== 0 ? IRQ.redirectionHint : 0;
  const logical = (lo & 4) !== 0 ? IRQ.logical : 0;
  return (data & (IRQ.vector | IRQ.mode | IRQ.level)) | IRQ.assert | logical | hint;
}

function msiDest(m: Machine, lo: number, hi: number): number {
  const id = (lo >>> 12) & 0xff;
  return m.config.x2apicApi > 0 && (m.config.x2apicApi & 1) !== 0 ? id | (hi & ~0xff) : id;
}
