/** Guest code writes an x2APIC MSR. SDM vol. 3, virtualizing MSR-based APIC accesses; posted interrupts §7. */
import { msr_write_virtualization, NO_EXIT } from '../cpu/apicWrite.ts';
import { currentVmcs, EXIT_REASON } from '../cpu/vmcs.ts';
import { take_exit } from '../kvm/exit.ts';
import { apic_x2apic_mode } from '../lapic/apic.ts';
import { kvm_x2apic_msr_read } from '../lapic/msr.ts';
import { APIC_BASE_MSR, registerName, wordOf } from '../lapic/registers.ts';
import { EVENT, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { avic_write } from '../svm/access.ts';
import { hex } from '../text.ts';

export const X2APIC_MSR = { TPR: 0x808, EOI: 0x80b, ICR: 0x830, SELF_IPI: 0x83f } as const;

const BITS: Readonly<Record<number, number>> = {
  [X2APIC_MSR.TPR]: ~0xff,
  [X2APIC_MSR.EOI]: -1,
  [X2APIC_MSR.ICR]: 0xfff32000 | 0,
  [X2APIC_MSR.SELF_IPI]: ~0xff,
};

/** Is the MSR intercepted? The bitmap at `word` holds 0x800 to 0x83f, the others are. */
function isIntercepted(m: Machine, vcpu: number, msr: number, word: number = V.msr_write): boolean {
  const index = msr - APIC_BASE_MSR;
  return index < 0 || index > 0x3f || m.test_bit(index, currentVmcs(m, vcpu) + word);
}

/** Reserved bits of the MSRs that pass through. */
function hasReservedBits(msr: number, lo: number, hi: number): boolean {
  return (lo & (BITS[msr] ?? 0)) !== 0 || (msr !== X2APIC_MSR.ICR && hi !== 0);
}

function faults(m: Machine, vcpu: number, msr: number, lo: number, hi: number): boolean {
  return !apic_x2apic_mode(m, vcpu) || (!isIntercepted(m, vcpu, msr) && hasReservedBits(msr, lo, hi));
}

export const wrmsr = operation({
  name: 'WRMSR',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'msr', 'lo', 'hi'],
  steps: {
    write: step(
      (m, vcpu, msr, lo, hi) => {
        const value = msr === X2APIC_MSR.ICR ? `${hex(hi, 8)}_${hex(lo, 8).slice(2)}` : hex(lo);
        const what = `vcpu ${vcpu} writes ${value} to ${registerName((msr - APIC_BASE_MSR) << 4)} (MSR ${hex(msr, 3)})`;
        if (!apic_x2apic_mode(m, vcpu)) {
          return `${what}: it is not in x2APIC mode, #GP`;
        }
        if (isIntercepted(m, vcpu, msr)) {
          return `${what}: the MSR is intercepted`;
        }
        return hasReservedBits(msr, lo, hi) ? `${what}: reserved bits, #GP` : `${what}: the MSR is not intercepted`;
      },
      (m, vcpu, msr, lo, hi) => {
        if (faults(m, vcpu, msr, lo, hi)) {
          m.set_bit(EVENT.fault, m.vcpu(vcpu) + V.events);
          m.mark(MARK.fault);
          return RETURN;
        }
        if (isIntercepted(m, vcpu, msr)) {
          return 'intercepted';
        }
        const page = currentVmcs(m, vcpu);
        switch (msr) {
          case X2APIC_MSR.TPR:
            m.store(page + V.tpr, lo);
            break;
          case X2APIC_MSR.ICR:
            m.store(page + V.icr, lo);
            m.store(page + V.icr2, hi);
            break;
          case X2APIC_MSR.SELF_IPI:
            m.store(page + V.self_ipi, lo);
        }
        return NEXT;
      },
    ),
    virtualize: silent((m, vcpu, msr, lo, hi) =>
      m.config.vendor === 'amd'
        ? m.call(avic_write, vcpu, (msr - APIC_BASE_MSR) << 4)
        : m.call(msr_write_virtualization, vcpu, msr, lo, hi),
    ),
    virtualized: silent((m, vcpu, _msr, lo, hi) =>
      m.result === NO_EXIT ? RETURN : m.call(take_exit, vcpu, m.result >>> 16, m.result & 0xffff, lo, hi),
    ),
    done: silent(() => RETURN),
    intercepted: silent((m, vcpu, msr, lo, hi) => m.call(take_exit, vcpu, EXIT_REASON.MSR_WRITE, msr, lo, hi)),
    completed: silent(() => RETURN),
  },
});

/** Returns the low half of what the guest reads; -1 after #GP. */
export const rdmsr = operation({
  name: 'RDMSR',
  actor: 'guest',
  source: 'guest code',
  locals: ['vcpu', 'msr'],
  steps: {
    read: step(
      (m, vcpu, msr) => {
        const what = `vcpu ${vcpu} reads ${registerName((msr - APIC_BASE_MSR) << 4)} (MSR ${hex(msr, 3)})`;
        if (!apic_x2apic_mode(m, vcpu)) {
          return `${what}: it is not in x2APIC mode, #GP`;
        }
        return isIntercepted(m, vcpu, msr, V.msr_read) ? `${what}: the MSR is intercepted` : `${what} without an exit`;
      },
      (m, vcpu, msr) => {
        if (!apic_x2apic_mode(m, vcpu)) {
          return 'fault';
        }
        if (isIntercepted(m, vcpu, msr, V.msr_read)) {
          return NEXT;
        }
        const word = wordOf((msr - APIC_BASE_MSR) << 4);
        return m.return(word === undefined ? 0 : m.load(currentVmcs(m, vcpu) + word));
      },
    ),
    intercepted: silent((m, vcpu, msr) => m.call(take_exit, vcpu, EXIT_REASON.MSR_READ, msr)),
    emulated: silent((m, vcpu, msr) => {
      const value = kvm_x2apic_msr_read(m, vcpu, msr);
      return value === undefined ? NEXT : m.return(value[0]);
    }),
    fault: step(
      (_m, vcpu) => `vcpu ${vcpu} gets #GP(0)`,
      (m, vcpu) => {
        m.set_bit(EVENT.fault, m.vcpu(vcpu) + V.events);
        m.mark(MARK.fault);
        return m.return(-1);
      },
    ),
  },
});
