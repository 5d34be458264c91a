/** Moving posted requests into the virtual IRR. `vmx_sync_pir_to_irr`, vmx/vmx.c; posted interrupts §5. */
import { PID_CONTROL, POSTED_INTR_ON, REQ, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { type Flow, NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex, highest, vectorSet, vectorsAt } from '../text.ts';
import { vmx } from './choices.ts';

/** Locals of `kvm_apic_update_irr`. */
const WORD = 1;
const MAX_IRR = 2;
const NEW_TOP = 3;
const OLD = 4;

function topOf(word: number, index: number): number {
  return word === 0 ? -1 : index * 32 + 31 - Math.clz32(word);
}

function range(word: number, width: number): string {
  return `[${width * word + width - 1}:${width * word}]`;
}

/** Merges `pir_vals[word]` into IRR as it was read into the local `OLD`; `NEW_TOP` follows a vector that was not there. */
function merged(m: Machine, word: number, pir: number, old: number): Flow {
  if ((old | pir) !== old) {
    m.local(NEW_TOP, topOf((old | pir) ^ old, word));
  }
  m.local(MAX_IRR, topOf(old | pir, word));
  m.local(WORD, word + 1);
  return 'next_word';
}

/** Result of `kvm_apic_update_irr`: highest vector + 1 in bits 15:0, and bit 16 when that vector is new. */
export const NEW_VECTOR_IS_TOP = 1 << 16;

/** Set in `who`: not the vCPU's own descriptor and page, but L1's descriptor and the page of L2. */
export const OF_L2 = 1 << 16;

function blockOf(m: Machine, who: number): number {
  return (who & OF_L2) !== 0 ? m.nested(who & ~OF_L2) : m.vcpu(who);
}

function nameOf(who: number): string {
  return (who & OF_L2) !== 0 ? `L2 of vcpu ${who & ~OF_L2}` : `vcpu ${who}`;
}

/**
 * Takes what PIR holds and merges it into IRR, in eight words of 32 bits. 6.16 first harvests PIR in four words of 64 bits.
 * `pi_harvest_pir` (asm/posted_intr.h), `__kvm_apic_update_irr` (lapic.c). The scan of words in which nothing was posted is no step of its own:
 * while this runs nobody else clears IRR, and whoever sets a bit there requests EVENT afterwards.
 */
export const kvm_apic_update_irr = operation({
  name: 'kvm_apic_update_irr',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['who', 'word', 'max_irr', 'new_top', 'old'],
  steps: {
    start: silent(m => {
      m.local(MAX_IRR, -1);
      m.local(NEW_TOP, -1);
      return vmx(m).harvest === 'word by word' ? 'next_word' : NEXT;
    }),
    read_pir: step(
      (m, who, word) => {
        const pir = vectorsAt(m.words, blockOf(m, who) + V.pi_desc).filter(vector => vector >>> 6 === word);
        return `read PIR${range(word, 64)} of ${nameOf(who)}: ${vectorSet(pir)}`;
      },
      (m, who, word) => {
        const base = blockOf(m, who);
        for (let i = 2 * word; i < 2 * word + 2; i++) {
          m.store(base + V.pir_vals + i, m.load(base + V.pi_desc + i));
        }
        m.local(WORD, word + 1);
        return word < 3 ? 'read_pir' : NEXT;
      },
      { via: ['pi_harvest_pir'] },
    ),
    harvested: silent((m, who) => {
      m.local(WORD, 0);
      for (let i = 0; i < 8; i++) {
        if (m.words[blockOf(m, who) + V.pir_vals + i] !== 0) {
          return 'exchange_next';
        }
      }
      return vmx(m).emptyHarvest === 'none' ? NEXT : 'next_word';
    }),
    empty: step(
      (_m, who) => `PIR of ${nameOf(who)} is empty: return without a look at IRR`,
      m => m.return(0),
      { via: ['__kvm_apic_update_irr'] },
    ),
    exchange_next: silent((m, who, word) => {
      if (word === 4) {
        m.local(WORD, 0);
        return 'next_word';
      }
      const at = blockOf(m, who) + V.pir_vals + 2 * word;
      if ((m.words[at] | m.words[at + 1]) === 0) {
        m.local(WORD, word + 1);
        return 'exchange_next';
      }
      return NEXT;
    }),
    exchange: step(
      (_m, who, word) => `exchange PIR${range(word, 64)} of ${nameOf(who)} with 0 (locked)`,
      (m, who, word) => {
        const base = blockOf(m, who);
        for (let i = 2 * word; i < 2 * word + 2; i++) {
          m.store(base + V.pir_vals + i, m.xchg(base + V.pi_desc + i, 0));
        }
        m.local(WORD, word + 1);
        return 'exchange_next';
      },
      { via: ['pi_harvest_pir'] },
    ),
    next_word: silent((m, who, word, maxIrr) => {
      if (word === 8) {
        return 'result';
      }
      const base = blockOf(m, who);
      const perWord = vmx(m).harvest === 'word by word';
      if (m.words[base + (perWord ? V.pi_desc : V.pir_vals) + word] !== 0) {
        return perWord ? 'read_word' : 'read_irr';
      }
      m.local(MAX_IRR, Math.max(maxIrr, topOf(m.words[base + V.irr + word], word)));
      m.local(WORD, word + 1);
      return 'next_word';
    }),
    read_word: step(
      (_m, who, word) => `read PIR${range(word, 32)} of ${nameOf(who)}: something was posted`,
      (m, who, word) => {
        m.load(blockOf(m, who) + V.pi_desc + word);
        return NEXT;
      },
      { via: ['__kvm_apic_update_irr'] },
    ),
    read_irr: step(
      (_m, who, word) => `read IRR${range(word, 32)} of ${nameOf(who)}`,
      (m, who, word) => {
        m.local(OLD, m.load(blockOf(m, who) + V.irr + word));
        return vmx(m).harvest === 'word by word' ? NEXT : 'merge';
      },
      { via: ['__kvm_apic_update_irr'] },
    ),
    exchange_word: step(
      (_m, who, word) => `exchange PIR${range(word, 32)} of ${nameOf(who)} with 0 (locked)`,
      (m, who, word) => {
        const base = blockOf(m, who);
        m.store(base + V.pir_vals + word, m.xchg(base + V.pi_desc + word, 0));
        return NEXT;
      },
      { via: ['__kvm_apic_update_irr'] },
    ),
    merge: step(
      (m, who, word) => {
        const how = vmx(m).irrMerge === 'store' ? 'a plain store' : 'compare-and-exchange';
        return `merge what PIR held into IRR${range(word, 32)} of ${nameOf(who)} (${how})`;
      },
      (m, who, word, _maxIrr, _newTop, old) => {
        const base = blockOf(m, who);
        const pir = m.words[base + V.pir_vals + word];
        if (vmx(m).irrMerge === 'store') {
          m.store(base + V.irr + word, old | pir);
        } else {
          const found = m.cmpxchg(base + V.irr + word, old, old | pir);
          if (found !== old) {
            m.local(OLD, found);
            return 'merge';
          }
        }
        m.store(base + V.pir_vals + word, 0);
        return merged(m, word, pir, old);
      },
      { via: ['__kvm_apic_update_irr'] },
    ),
    result: silent((m, _who, _word, maxIrr, newTop) =>
      m.return((maxIrr + 1) | (newTop >= 0 && newTop === maxIrr ? NEW_VECTOR_IS_TOP : 0)),
    ),
  },
});

/** Locals of `vmx_sync_pir_to_irr`. */
const RESULT = 1;
const GOT_NEW = 2;

/**
 * Clears ON before it looks at PIR, so that a post that comes later notifies again. Returns the highest vector in IRR or -1. In 2013 it
 * leaves RVI alone: `vmx_hwapic_irr_update` writes it at entry.
 */
export const vmx_sync_pir_to_irr = operation({
  name: 'vmx_sync_pir_to_irr',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu', 'max_irr', 'got_posted_interrupt'],
  steps: {
    test_on: step(
      (m, vcpu) =>
        m.test_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL)
          ? `test ON of vcpu ${vcpu}: set, there is something to harvest`
          : `test ON of vcpu ${vcpu}: clear, PIR is not looked at`,
      (m, vcpu) => {
        const control = m.vcpu(vcpu) + V.pi_desc + PID_CONTROL;
        if (vmx(m).clearsOn === 'when it tests') {
          return m.test_and_clear_bit(POSTED_INTR_ON, control) ? 'update_irr' : 'highest_irr';
        }
        return m.test_bit(POSTED_INTR_ON, control) ? NEXT : 'highest_irr';
      },
    ),
    clear_on: step(
      (_m, vcpu) => `clear ON of vcpu ${vcpu} (locked), before PIR is read`,
      (m, vcpu) => {
        m.clear_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL);
        return NEXT;
      },
      { via: ['pi_clear_on'] },
    ),
    update_irr: silent((m, vcpu) => m.call(kvm_apic_update_irr, vcpu)),
    updated: silent(m => {
      m.local(RESULT, (m.result & 0xffff) - 1);
      m.local(GOT_NEW, (m.result & NEW_VECTOR_IS_TOP) !== 0 ? 1 : 0);
      return 'who_delivers';
    }),
    highest_irr: step(
      (_m, vcpu) => `find the highest vector in IRR of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.local(RESULT, highest(m, m.vcpu(vcpu) + V.irr));
        return NEXT;
      },
      { via: ['kvm_lapic_find_highest_irr'] },
    ),
    who_delivers: silent((m, vcpu, _maxIrr, gotNew) => {
      if (vmx(m).entrySync === 'with EVENT') {
        return 'done';
      }
      const base = m.vcpu(vcpu);
      if (m.words[base + V.guest_mode] === 0 && m.words[base + V.apicv_active] !== 0) {
        return NEXT;
      }
      return gotNew !== 0 && (vmx(m).syncRequestsEvent || m.words[base + V.guest_mode] !== 0)
        ? 'request_event'
        : 'done';
    }),
    set_rvi: step(
      (m, vcpu, maxIrr) => {
        const rvi = m.words[m.vcpu(vcpu) + V.guest_intr_status] & 0xff;
        const wanted = Math.max(maxIrr, 0);
        const why = maxIrr < 0 ? ': nothing is requested' : '';
        return rvi === wanted
          ? `RVI of vcpu ${vcpu} is ${hex(rvi)} already${why}`
          : `write RVI of vcpu ${vcpu} := ${hex(wanted)}${why}`;
      },
      (m, vcpu, maxIrr) => {
        const status = m.vcpu(vcpu) + V.guest_intr_status;
        m.store(status, (m.load(status) & 0xff00) | Math.max(maxIrr, 0));
        return 'done';
      },
      { via: ['vmx_set_rvi'] },
    ),
    request_event: step(
      (_m, vcpu) => `the processor will not deliver what came: request KVM_REQ_EVENT of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return NEXT;
      },
      { via: ['kvm_make_request'] },
    ),
    done: silent((m, _vcpu, maxIrr) => m.return(maxIrr)),
  },
});

/** 2013: RVI follows IRR at entry, when KVM_REQ_EVENT was pending. */
export const vmx_hwapic_irr_update = operation({
  name: 'vmx_hwapic_irr_update',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu', 'max_irr'],
  steps: {
    set_rvi: step(
      (m, vcpu, maxIrr) => {
        const same = (m.words[m.vcpu(vcpu) + V.guest_intr_status] & 0xff) === maxIrr;
        if (maxIrr < 0) {
          return `nothing is requested of vcpu ${vcpu}: RVI stays`;
        }
        return same ? `RVI of vcpu ${vcpu} is ${hex(maxIrr)} already` : `write RVI of vcpu ${vcpu} := ${hex(maxIrr)}`;
      },
      (m, vcpu, maxIrr) => {
        const status = m.vcpu(vcpu) + V.guest_intr_status;
        if (maxIrr >= 0) {
          m.store(status, (m.load(status) & 0xff00) | maxIrr);
        }
        return RETURN;
      },
      { via: ['vmx_set_rvi'] },
    ),
  },
});
