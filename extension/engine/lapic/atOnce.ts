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
import { APICBASE, kvm_apic_hw_enabled, kvm_apic_sw_enabled, SPIV } from './apic.ts';
import { type Destinations, kvm_apic_compare_prio, kvm_apic_map_get_dest_lapic, lowestBit } from './apicMap.ts';
import { kvm_apic_match_dest, NO_SOURCE } from './destination.ts';
import { hashes, IRQ, isLowestBroadcast, kvm_lowest_prio_delivery, MODE, SHORTHAND } from './message.ts';

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

  // Nobody watches, records or restates here, so words are read and written without the machine's primitives.

  function request(m: Machine, words: Int32Array, vcpu: number, base: number, bit: number): number {
    words[base + REQUESTS] |= 1 << bit;
    if (words[base + WAITER] !== 0 || words[base + RUN_MODE] === IN_GUEST_MODE) {
      m.finish(m.agent, kvm_vcpu_kick, vcpu);
    }
    return 1;
  }

  /** `__apic_accept_irq` */
  function accept(m: Machine, vcpu: number, irq: number, destMap: number): number {
    const { words } = m;
    const base = m.layout.vcpus + vcpu * VCPU_WORDS;
    const mode = irq & MODE_MASK;
    if (mode > LOWEST) {
      return acceptSpecial(m, words, vcpu, base, irq);
    }
    if (mode === LOWEST) {
      words[base + ARB_PRIO]++;
    }
    if ((words[base + SVR] & SW_ENABLED) === 0 || (words[base + BASE] & HW_ENABLED) === 0 || isDropped(m, irq)) {
      return 0;
    }
    if (destMap !== 0) {
      words[base + V.rtc_dest] = 1;
      words[base + V.rtc_vector] = irq & VECTOR;
    }
    const word = base + ((irq & VECTOR) >>> 5);
    const bit = 1 << (irq & 31);
    const flips = ((words[word + TMR] & bit) !== 0) !== ((irq & LEVEL) !== 0);
    if (flips && m.profile.delivery.tmr === 'at acceptance') {
      words[word + TMR] ^= bit;
    }
    if (m.config.apicv) {
      deliverByVendor(m, vcpu, irq);
      return 1;
    }
    words[word + IRR] |= bit;
    return request(m, words, vcpu, base, REQ_EVENT);
  }

  function isDropped(m: Machine, irq: number): boolean {
    return (irq & (LEVEL | ASSERT)) === LEVEL && m.profile.delivery.levelDeassert === 'dropped';
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
    const lowest = kvm_lowest_prio_delivery(irq);
    const hashing = lowest && hashes(m);
    let r = -1;
    let chosen = -1;
    let candidates: number[] | undefined;
    for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
      if (!kvm_apic_hw_enabled(m, vcpu) || !kvm_apic_match_dest(m, vcpu, src, irq, dest)) {
        continue;
      }
      if (!lowest) {
        r = Math.max(r, 0) + accept(m, vcpu, irq, destMap);
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
    return chosen < 0 ? r : accept(m, chosen, irq, destMap);
  }

  function deliver(m: Machine, src: number, message: number, dest: number, destMap: number): number {
    const { lowestBroadcast, nobodyOnFastPath } = m.profile.delivery;
    const becomesFixed = isLowestBroadcast(message, dest);
    let irq = becomesFixed && lowestBroadcast === 'before the fast path' ? message & ~MODE_MASK : message;
    if ((irq & SHORTHAND_MASK) === SELF) {
      return src === NO_SOURCE ? 0 : accept(m, src, irq, destMap);
    }
    if (kvm_apic_map_get_dest_lapic(m, src, irq, dest, dst)) {
      const { slots } = dst;
      const { words } = m;
      let r: number = nobodyOnFastPath;
      for (let rest = dst.bitmap; rest !== 0; rest &= rest - 1) {
        const slot = words[slots + lowestBit(rest)];
        if (slot !== 0) {
          r = Math.max(r, 0) + accept(m, slot - 1, irq, destMap);
        }
      }
      return r;
    }
    if (becomesFixed) {
      irq &= ~MODE_MASK;
    }
    return deliverSlow(m, src, irq, dest, destMap);
  }

  return deliver;
}

const compiled = compile();

export function deliverAtOnce(m: Machine, src: number, irq: number, dest: number, destMap: number): number {
  return compiled(m, src, irq, dest, destMap);
}
