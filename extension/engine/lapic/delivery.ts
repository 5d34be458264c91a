/** From a message to the local APICs that it names. `kvm_irq_delivery_to_apic`; LAPIC delivery §5. */
import { V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { __apic_accept_irq } from './accept.ts';
import { kvm_apic_hw_enabled, kvm_apic_sw_enabled } from './apic.ts';
import { kvm_apic_compare_prio } from './apicMap.ts';
import { deliverAtOnce } from './atOnce.ts';
import { describeIdentity, kvm_apic_match_dest } from './destination.ts';
import { kvm_irq_delivery_to_apic_fast, NOT_HANDLED } from './fastPath.ts';
import { describeMessage, hashes, IRQ, isLowestBroadcast, kvm_lowest_prio_delivery } from './message.ts';

/** The agent's bitmap of candidates: on KVM's stack. */
function candidates(m: Machine): number {
  return m.layout.bitmaps + m.agent * m.layout.bitmapWords;
}

function countCandidates(m: Machine): number {
  let count = 0;
  for (let i = 0; i < m.layout.bitmapWords; i++) {
    for (let rest = m.words[candidates(m) + i]; rest !== 0; rest &= rest - 1) {
      count++;
    }
  }
  return count;
}

/** Index of the n-th candidate, counted from 0. */
function nthCandidate(m: Machine, n: number): number {
  let left = n;
  for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
    if ((m.words[candidates(m) + (vcpu >>> 5)] & (1 << (vcpu & 31))) !== 0 && left-- === 0) {
      return vcpu;
    }
  }
  return -1;
}

function describeTest(m: Machine, src: number, irq: number, dest: number, vcpu: number): string {
  if (!kvm_apic_hw_enabled(m, vcpu)) {
    return `vcpu ${vcpu}: its APIC is disabled by IA32_APICBASE, it does not exist for messages`;
  }
  const identity = (irq & IRQ.shorthand) !== 0 ? '' : ` (${describeIdentity(m, vcpu, (irq & IRQ.logical) !== 0)})`;
  if (!kvm_apic_match_dest(m, vcpu, src, irq, dest)) {
    return `vcpu ${vcpu}${identity} is not addressed`;
  }
  if (!kvm_lowest_prio_delivery(irq)) {
    return `vcpu ${vcpu}${identity} is addressed`;
  }
  return kvm_apic_sw_enabled(m, vcpu)
    ? `vcpu ${vcpu}${identity} is a candidate${hashes(m) ? '' : `, apic_arb_prio ${m.words[m.vcpu(vcpu) + V.arb_prio]}`}`
    : `vcpu ${vcpu}${identity} is no candidate: its APIC is software-disabled`;
}

/** Locals. */
const IRQ_WORD = 1;
const INDEX = 4;
const COUNT = 5;
const LOWEST = 6;
const CANDIDATES = 7;

/**
 * Returns how many local APICs accepted: 0 = the map has nobody there, or all that are addressed dropped it; -1 = the slow path found
 * nobody. `src`: index of the sending vCPU, -1 for a device; `dest_map`: 1 for the RTC interrupt.
 */
export const kvm_irq_delivery_to_apic = operation({
  name: 'kvm_irq_delivery_to_apic',
  actor: 'kvm',
  source: p => p.files.delivery,
  atOnce: deliverAtOnce,
  locals: ['src', 'irq', 'dest', 'dest_map', 'index', 'r', 'lowest', 'candidates'],
  steps: {
    begin: silent((m, _src, irq, dest) =>
      m.profile.delivery.lowestBroadcast === 'before the fast path' && isLowestBroadcast(irq, dest) ? NEXT : 'fast',
    ),
    make_fixed_first: step(
      (_m, _src, irq, dest) => `${describeMessage(irq, dest)}: a physical broadcast cannot pick one, Fixed to all`,
      (m, _src, irq) => {
        m.local(IRQ_WORD, irq & ~IRQ.mode);
        return NEXT;
      },
    ),
    fast: silent((m, src, irq, dest, destMap) => m.call(kvm_irq_delivery_to_apic_fast, src, irq, dest, destMap)),
    handled: silent((m, _src, irq, dest) => {
      if (m.result !== NOT_HANDLED) {
        return RETURN;
      }
      m.local(COUNT, -1);
      m.local(LOWEST, -1);
      for (let i = 0; i < m.layout.bitmapWords; i++) {
        m.store(candidates(m) + i, 0);
      }
      return m.profile.delivery.lowestBroadcast === 'after the fast path' && isLowestBroadcast(irq, dest)
        ? NEXT
        : 'next';
    }),
    make_fixed: step(
      (_m, _src, irq, dest) =>
        `${describeMessage(irq, dest)}: the delivery mode of a physical broadcast becomes Fixed${
          irq & IRQ.redirectionHint ? '; RH still picks one' : ', to all'
        }`,
      (m, _src, irq) => {
        m.local(IRQ_WORD, irq & ~IRQ.mode);
        return NEXT;
      },
    ),
    next: silent((m, _src, _irq, _dest, _destMap, index) => (index < m.vcpuCount ? NEXT : 'choose')),
    match: step(
      (m, src, irq, dest, _destMap, index) => describeTest(m, src, irq, dest, index),
      (m, src, irq, dest, destMap, index, r, lowest) => {
        m.local(INDEX, index + 1);
        if (!kvm_apic_hw_enabled(m, index) || !kvm_apic_match_dest(m, index, src, irq, dest)) {
          return 'next';
        }
        if (!kvm_lowest_prio_delivery(irq)) {
          m.local(COUNT, Math.max(r, 0));
          return m.call(__apic_accept_irq, index, irq, destMap);
        }
        if (kvm_apic_sw_enabled(m, index)) {
          if (hashes(m)) {
            m.set_bit(index, candidates(m));
          } else if (lowest < 0 || kvm_apic_compare_prio(m, index, lowest) < 0) {
            m.local(LOWEST, index);
          }
        }
        return 'next';
      },
      { via: ['kvm_apic_match_dest'] },
    ),
    accepted: silent((m, _src, _irq, _dest, _destMap, _index, r) => {
      m.local(COUNT, r + m.result);
      return 'next';
    }),
    choose: silent((m, _src, irq, _dest, _destMap, _index, _r, lowest) => {
      const count = countCandidates(m);
      const chosen = count === 0 ? lowest : nthCandidate(m, (irq & IRQ.vector) % count);
      if (chosen < 0) {
        return 'done';
      }
      m.local(LOWEST, chosen);
      m.local(CANDIDATES, count);
      return NEXT;
    }),
    lowest: step(
      (_m, _src, irq, _dest, _destMap, _index, _r, lowest, count) =>
        count > 0
          ? `vector hashing: ${irq & IRQ.vector} modulo ${count} candidates is number ${(irq & IRQ.vector) % count}: vcpu ${lowest}`
          : `vcpu ${lowest} has the smallest apic_arb_prio`,
      (m, _src, irq, _dest, destMap, _index, _r, lowest) => m.call(__apic_accept_irq, lowest, irq, destMap),
    ),
    lowest_accepted: silent(() => RETURN),
    done: silent((m, _src, _irq, _dest, _destMap, _index, r) => {
      if (r < 0) {
        m.mark(MARK.dropped);
      }
      return m.return(r);
    }),
  },
});
