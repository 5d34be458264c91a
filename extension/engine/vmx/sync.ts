/** Moving posted requests into the virtual IRR. `vmx_sync_pir_to_irr`, vmx/vmx.c; posted interrupts §5. */
import { PID_CONTROL, POSTED_INTR_ON, V } from '../layout.ts';
import { NEXT, operation, silent, step } from '../operation.ts';
import { hex, highest, vectorSet, vectorsAt } from '../text.ts';

/** Locals of `kvm_apic_update_irr`. */
const WORD = 1;
const MAX_IRR = 2;

/**
 * Harvests PIR by 64-bit words and merges it into IRR. Returns the highest vector in IRR, -1 for none.
 * `pi_harvest_pir` (asm/posted_intr.h) and `__kvm_apic_update_irr` (lapic.c), 6.16: read all words, exchange the non-zero ones, merge.
 */
export const kvm_apic_update_irr = operation({
  name: 'kvm_apic_update_irr',
  actor: 'kvm',
  source: 'lapic.c',
  locals: ['vcpu', 'word', 'max_irr'],
  steps: {
    read_pir: step(
      (m, vcpu) => {
        const pir = vectorsAt(m.words, m.vcpu(vcpu) + V.pi_desc);
        return pir.length === 0 ? `read PIR of vcpu ${vcpu}: empty` : `read PIR of vcpu ${vcpu}: ${vectorSet(pir)}`;
      },
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        let any = 0;
        for (let i = 0; i < 8; i++) {
          const word = m.load(base + V.pi_desc + i);
          m.store(base + V.pir_vals + i, word);
          any |= word;
        }
        m.local(WORD, 0);
        return any === 0 ? 'empty' : 'exchange_next';
      },
      { via: ['pi_harvest_pir'] },
    ),
    empty: silent((m, vcpu) => m.return(highestSilently(m.words, m.vcpu(vcpu) + V.irr))),
    exchange_next: silent((m, vcpu, word) => {
      if (word === 4) {
        m.local(WORD, 0);
        return 'merge_next';
      }
      const at = m.vcpu(vcpu) + V.pir_vals + 2 * word;
      if ((m.words[at] | m.words[at + 1]) === 0) {
        m.local(WORD, word + 1);
        return 'exchange_next';
      }
      return NEXT;
    }),
    exchange: step(
      (_m, vcpu, word) => `exchange PIR[${64 * word + 63}:${64 * word}] of vcpu ${vcpu} with 0 (locked)`,
      (m, vcpu, word) => {
        const base = m.vcpu(vcpu);
        for (let i = 2 * word; i < 2 * word + 2; i++) {
          m.store(base + V.pir_vals + i, m.xchg(base + V.pi_desc + i, 0));
        }
        m.local(WORD, word + 1);
        return 'exchange_next';
      },
      { via: ['pi_harvest_pir'] },
    ),
    merge_next: silent((m, vcpu, word) => {
      if (word === 8) {
        return 'highest';
      }
      if (m.words[m.vcpu(vcpu) + V.pir_vals + word] === 0) {
        m.local(WORD, word + 1);
        return 'merge_next';
      }
      return NEXT;
    }),
    merge: step(
      (_m, vcpu, word) =>
        `merge what PIR held into IRR[${32 * word + 31}:${32 * word}] of vcpu ${vcpu} (compare-and-exchange)`,
      (m, vcpu, word) => {
        const irr = m.vcpu(vcpu) + V.irr + word;
        m.store(irr, m.load(irr) | m.words[m.vcpu(vcpu) + V.pir_vals + word]);
        m.local(WORD, word + 1);
        return 'merge_next';
      },
      { via: ['__kvm_apic_update_irr'] },
    ),
    highest: step(
      (_m, vcpu) => `find the highest vector in IRR of vcpu ${vcpu}`,
      (m, vcpu) => {
        for (let i = 0; i < 8; i++) {
          m.store(m.vcpu(vcpu) + V.pir_vals + i, 0);
        }
        m.local(MAX_IRR, highest(m, m.vcpu(vcpu) + V.irr));
        return NEXT;
      },
      { via: ['__kvm_apic_update_irr'] },
    ),
    result: silent((m, _vcpu, _word, maxIrr) => m.return(maxIrr)),
  },
});

function highestSilently(words: Int32Array, base: number): number {
  const vectors = vectorsAt(words, base);
  return vectors.length === 0 ? -1 : vectors[vectors.length - 1];
}

/** Locals of `vmx_sync_pir_to_irr`. */
const RESULT = 1;

/** Clears ON before it looks at PIR, so that a post that comes later notifies again. Returns the highest vector in IRR or -1. */
export const vmx_sync_pir_to_irr = operation({
  name: 'vmx_sync_pir_to_irr',
  actor: 'kvm',
  source: p => p.files.posting,
  locals: ['vcpu', 'max_irr'],
  steps: {
    test_on: step(
      (m, vcpu) =>
        m.test_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL)
          ? `test ON of vcpu ${vcpu}: set, there is something to harvest`
          : `test ON of vcpu ${vcpu}: clear, PIR is not looked at`,
      (m, vcpu) => (m.test_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL) ? NEXT : 'highest_irr'),
    ),
    clear_on: step(
      (_m, vcpu) => `clear ON of vcpu ${vcpu} (locked), before PIR is read`,
      (m, vcpu) => {
        m.clear_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL);
        return NEXT;
      },
    ),
    update_irr: silent((m, vcpu) => m.call(kvm_apic_update_irr, vcpu)),
    updated: silent(m => {
      m.local(RESULT, m.result);
      return 'set_rvi_if_active';
    }),
    highest_irr: step(
      (_m, vcpu) => `find the highest vector in IRR of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.local(RESULT, highest(m, m.vcpu(vcpu) + V.irr));
        return NEXT;
      },
      { via: ['kvm_lapic_find_highest_irr'] },
    ),
    set_rvi_if_active: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? NEXT : 'done')),
    set_rvi: step(
      (_m, vcpu, maxIrr) =>
        maxIrr < 0 ? `write RVI of vcpu ${vcpu}: nothing is requested` : `write RVI of vcpu ${vcpu} := ${hex(maxIrr)}`,
      (m, vcpu, maxIrr) => {
        const status = m.vcpu(vcpu) + V.guest_intr_status;
        m.store(status, (m.load(status) & 0xff00) | Math.max(maxIrr, 0));
        return NEXT;
      },
      { via: ['vmx_set_rvi'] },
    ),
    done: silent((m, _vcpu, maxIrr) => m.return(maxIrr)),
  },
});
