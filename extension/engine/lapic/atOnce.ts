/**
 * `kvm_irq_delivery_to_apic` without steps, for runs in which nobody looks at them: the same rules, one call. A property test and every
 * recorded case hold it against the steps.
 */

import { VCPU_MODE } from '../fields.ts';
import { kvm_vcpu_kick } from '../kvm/kick.ts';
import { KVM_APIC_INIT, KVM_APIC_SIPI, REQ, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { AtOnce } from '../operation.ts';
import { svm_deliver_interrupt } from '../svm/deliver.ts';
import { vmx_deliver_interrupt } from '../vmx/posting.ts';
import { APICBASE, kvm_apic_sw_enabled, SPIV } from './apic.ts';
import { type Destinations, kvm_apic_compare_prio, kvm_apic_map_get_dest_lapic, lowestBit } from './apicMap.ts';
import { isForAll, kvm_apic_match_dest, NO_SOURCE } from './destination.ts';
import { hashes, IRQ, isLowestBroadcast, kvm_lowest_prio_delivery, MODE, SHORTHAND } from './message.ts';
import { SWITCH } from './switches.ts';

/** A function, so that its constants are constants to the compiler of the machine code: those of a bundled module are variables. */
function compile(): AtOnce {
  const {
    words: VCPU_WORDS,
    requests: REQUESTS,
    waiter: WAITER,
    mode: RUN_MODE,
    svr: SVR,
    apicbase: BASE,
    irr: IRR,
    tmr: TMR,
    arb_prio: ARB_PRIO,
  } = V;
  const { vector: VECTOR, level: LEVEL, mode: MODE_MASK, assert: ASSERT, shorthand: SHORTHAND_MASK } = IRQ;
  const SELF = SHORTHAND.self;
  const { LOWEST } = MODE;
  const REQ_EVENT = REQ.EVENT;
  const IN_GUEST_MODE = VCPU_MODE.IN_GUEST_MODE;
  const SW_ENABLED = SPIV.enabled;
  const HW_ENABLED = APICBASE.en;
  const EXTD = APICBASE.extd;
  const {
    deassertDropped: DEASSERT_DROPPED,
    tmrAtAcceptance: TMR_AT_ACCEPTANCE,
    apicv: APICV,
    broadcastFixedFirst: BROADCAST_FIXED_FIRST,
    nobodyIsMinus1: NOBODY_IS_MINUS_1,
  } = SWITCH;

  // Nobody watches, records or restates here, so words are read and written without the machine's primitives.

  function request(m: Machine, words: Int32Array, vcpu: number, base: number, bit: number): number {
    words[base + REQUESTS] |= 1 << bit;
    if (words[base + WAITER] !== 0 || words[base + RUN_MODE] === IN_GUEST_MODE) {
      m.finish(m.agent, kvm_vcpu_kick, vcpu);
    }
    return 1;
  }

  /** `__apic_accept_irq` */
  function accept(m: Machine, words: Int32Array, vcpu: number, irq: number, destMap: number): number {
    const { switches } = m;
    const base = m.layout.vcpus + vcpu * VCPU_WORDS;
    const mode = irq & MODE_MASK;
    if (mode > LOWEST) {
      return acceptSpecial(m, words, vcpu, base, irq);
    }
    if (mode === LOWEST) {
      words[base + ARB_PRIO]++;
    }
    if ((words[base + SVR] & SW_ENABLED) === 0 || (words[base + BASE] & HW_ENABLED) === 0) {
      return 0;
    }
    if ((irq & (LEVEL | ASSERT)) === LEVEL && (switches & DEASSERT_DROPPED) !== 0) {
      return 0;
    }
    if (destMap !== 0) {
      words[base + V.rtc_dest] = 1;
      words[base + V.rtc_vector] = irq & VECTOR;
    }
    const word = base + ((irq & VECTOR) >>> 5);
    const bit = 1 << (irq & 31);
    const flips = ((words[word + TMR] & bit) !== 0) !== ((irq & LEVEL) !== 0);
    if (flips && (switches & TMR_AT_ACCEPTANCE) !== 0) {
      words[word + TMR] ^= bit;
    }
    if ((switches & APICV) !== 0) {
      deliverByVendor(m, vcpu, irq);
      return 1;
    }
    words[word + IRR] |= bit;
    return request(m, words, vcpu, base, REQ_EVENT);
  }

  function deliverByVendor(m: Machine, vcpu: number, irq: number): void {
    const deliver = m.config.vendor === 'intel' ? vmx_deliver_interrupt : svm_deliver_interrupt;
    m.finish(m.agent, deliver, vcpu, irq & VECTOR, irq);
  }

  /** Neither Fixed nor lowest priority. */
  function acceptSpecial(m: Machine, words: Int32Array, vcpu: number, base: number, irq: number): number {
    switch (irq & MODE_MASK) {
      case MODE.REMRD:
        words[base + V.pv_unhalted] = 1;
        return request(m, words, vcpu, base, REQ.EVENT);
      case MODE.SMI:
        return m.profile.delivery.smi === 'ignored' ? 0 : request(m, words, vcpu, base, REQ.SMI);
      case MODE.NMI:
        words[base + V.nmi_queued]++;
        return request(m, words, vcpu, base, REQ.NMI);
      case MODE.INIT:
        if ((irq & (LEVEL | ASSERT)) === LEVEL) {
          return 0;
        }
        words[base + V.pending_events] = 1 << KVM_APIC_INIT;
        return request(m, words, vcpu, base, REQ.EVENT);
      case MODE.STARTUP:
        words[base + V.sipi_vector] = irq & VECTOR;
        words[base + V.pending_events] |= 1 << KVM_APIC_SIPI;
        return request(m, words, vcpu, base, REQ.EVENT);
      default:
        return 0;
    }
  }

  const dst: Destinations = { slots: 0, bitmap: 0 };

  /** Every vCPU is asked. */
  function deliverSlow(m: Machine, src: number, irq: number, dest: number, destMap: number): number {
    const { words, vcpuCount } = m;
    const lowest = kvm_lowest_prio_delivery(irq);
    const hashing = lowest && hashes(m);
    const toX2apic = isForAll(m, src, irq, dest, true);
    const toXapic = isForAll(m, src, irq, dest, false);
    let r = -1;
    let chosen = -1;
    let candidates: number[] | undefined;
    for (let vcpu = 0; vcpu < vcpuCount; vcpu++) {
      const base = words[m.layout.vcpus + vcpu * VCPU_WORDS + BASE];
      if ((base & HW_ENABLED) === 0) {
        continue;
      }
      const all = (base & EXTD) !== 0 ? toX2apic : toXapic;
      if (!all && !kvm_apic_match_dest(m, vcpu, src, irq, dest)) {
        continue;
      }
      if (!lowest) {
        r = Math.max(r, 0) + accept(m, words, vcpu, irq, destMap);
      } else if (kvm_apic_sw_enabled(m, vcpu)) {
        if (hashing) {
          candidates ??= [];
          candidates.push(vcpu);
        } else if (chosen < 0 || kvm_apic_compare_prio(m, vcpu, chosen) < 0) {
          chosen = vcpu;
        }
      }
    }
    if (candidates !== undefined) {
      chosen = candidates[(irq & VECTOR) % candidates.length];
    }
    return chosen < 0 ? r : accept(m, words, chosen, irq, destMap);
  }

  /** What the map cannot tell, and what it need not: shorthands. */
  function deliverRest(m: Machine, src: number, irq: number, dest: number, destMap: number): number {
    if ((irq & SHORTHAND_MASK) === SELF) {
      return src === NO_SOURCE ? 0 : accept(m, m.words, src, irq, destMap);
    }
    return deliverSlow(m, src, isLowestBroadcast(irq, dest) ? irq & ~MODE_MASK : irq, dest, destMap);
  }

  function deliver(m: Machine, src: number, message: number, dest: number, destMap: number): number {
    const { words, switches } = m;
    const early = (switches & BROADCAST_FIXED_FIRST) !== 0 && isLowestBroadcast(message, dest);
    const irq = early ? message & ~MODE_MASK : message;
    if (!kvm_apic_map_get_dest_lapic(m, src, irq, dest, dst)) {
      return deliverRest(m, src, irq, dest, destMap);
    }
    const { slots } = dst;
    let r = (switches & NOBODY_IS_MINUS_1) !== 0 ? -1 : 0;
    for (let rest = dst.bitmap; rest !== 0; rest &= rest - 1) {
      const slot = words[slots + lowestBit(rest)];
      if (slot !== 0) {
        r = Math.max(r, 0) + accept(m, words, slot - 1, irq, destMap);
      }
    }
    return r;
  }

  return deliver;
}

const compiled = compile();

export function deliverAtOnce(m: Machine, src: number, irq: number, dest: number, destMap: number): number {
  return compiled(m, src, irq, dest, destMap);
}
