/** What KVM does about the exits that only AMD has. svm/avic.c, svm/svm.c; VT-d and AVIC §B2. */
import { pendingAt } from '../cpu/postedInterrupts.ts';
import { apic_x2apic_mode, DFR_FLAT } from '../lapic/apic.ts';
import { kvm_x2apic_icr_write } from '../lapic/icr.ts';
import { apic_mmio_write } from '../lapic/msr.ts';
import { APIC, registerName, wordOf } from '../lapic/registers.ts';
import { kvm_lapic_reg_write } from '../lapic/registerWrite.ts';
import { V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, type Operation, operation, RETURN, silent, step } from '../operation.ts';
import { hex, highest } from '../text.ts';
import { is_avic_unaccelerated_access_trap } from './access.ts';
import { SVM_EXIT } from './exits.ts';
import { avic_incomplete_ipi_interception } from './incompleteIpi.ts';
import { interrupt_window_interception } from './irqWindow.ts';
import { AVIC_LOGICAL_VALID, logicalIndex } from './table.ts';

const RRR = 0xc0;

/** 0x401. `qualification`: failure in bits 3:0, table index above; the ICR stands in the backing page. */
const avic_incomplete_ipi = operation({
  name: 'svm_handle_exit',
  actor: 'kvm',
  source: 'svm/svm.c',
  locals: ['vcpu', 'qualification'],
  steps: {
    handle: silent((m, vcpu, qualification) =>
      m.call(
        avic_incomplete_ipi_interception,
        vcpu,
        m.words[m.vcpu(vcpu) + V.icr],
        m.words[m.vcpu(vcpu) + V.icr2],
        qualification & 0xf,
        qualification >>> 4,
      ),
    ),
  },
});

/** The entry of a logical ID: of the old one it is taken away, for the new one it is written. `avic_handle_ldr_update`, `avic_handle_dfr_update` */
export function writeLogicalTable(m: Machine, vcpu: number): void {
  const base = m.vcpu(vcpu);
  const table = m.layout.avicLogical;
  const { id } = m.config.vcpus[vcpu];
  for (let i = 0; i < 64; i++) {
    const entry = m.words[table + i];
    if ((entry & AVIC_LOGICAL_VALID) !== 0 && (entry & 0xff) === id) {
      m.store(table + i, entry & ~AVIC_LOGICAL_VALID);
    }
  }
  const index = logicalIndex(m.load(base + V.ldr), m.load(base + V.dfr));
  if (index >= 0 && !apic_x2apic_mode(m, vcpu)) {
    m.store(table + index, (id & 0xff) | AVIC_LOGICAL_VALID);
  }
}

/** 0x402. Trap-like: the value stands in the page. Fault-like: KVM emulates the instruction. */
const avic_unaccelerated_access_interception = operation({
  name: 'avic_unaccelerated_access_interception',
  actor: 'kvm',
  source: 'svm/avic.c',
  via: ['svm_handle_exit'],
  locals: ['vcpu', 'offset', 'value'],
  steps: {
    trace: step(
      (m, vcpu, offset) => {
        const trap = is_avic_unaccelerated_access_trap(offset);
        const vector = offset === APIC.EOI ? Math.max(highest(m, m.vcpu(vcpu) + V.isr), 0) : 0;
        return `trace kvm_avic_unaccelerated_access: vcpu=${vcpu}, offset=${hex(offset, 1)}(${registerName(offset)}), ${trap ? 'trap' : 'fault'}, write, vec=${hex(vector, 1)}`;
      },
      (_m, _vcpu, offset) => {
        if (!is_avic_unaccelerated_access_trap(offset)) {
          return 'emulate';
        }
        if (offset === RRR) {
          return 'ignore';
        }
        return offset === APIC.LDR || offset === APIC.DFR ? NEXT : 'write';
      },
      { via: ['trace_kvm_avic_unaccelerated_access'] },
    ),
    logical_table: step(
      (m, vcpu) => {
        const base = m.vcpu(vcpu);
        const index = logicalIndex(m.words[base + V.ldr], m.words[base + V.dfr]);
        const mode = m.words[base + V.dfr] === DFR_FLAT ? 'flat' : 'cluster';
        return index < 0
          ? `logical APIC ID table: vcpu ${vcpu} has no single logical ID (${mode}), no entry`
          : `logical APIC ID table: entry ${index} (${mode}) := vcpu ${vcpu}, valid`;
      },
      (m, vcpu) => {
        writeLogicalTable(m, vcpu);
        return NEXT;
      },
      { via: ['avic_unaccel_trap_write', 'avic_handle_ldr_update'] },
    ),
    write: silent((m, vcpu, offset) => {
      const base = m.vcpu(vcpu);
      if (offset === APIC.ICR && apic_x2apic_mode(m, vcpu)) {
        return m.call(kvm_x2apic_icr_write, vcpu, m.words[base + V.icr], m.words[base + V.icr2]);
      }
      const word = wordOf(offset);
      return m.call(kvm_lapic_reg_write, vcpu, offset, word === undefined ? 0 : m.words[base + word]);
    }),
    written: silent(() => RETURN),
    emulate: silent((m, vcpu, offset, value) => m.call(apic_mmio_write, vcpu, offset, value)),
    emulated: silent(() => RETURN),
    ignore: step('Remote Read is read-only: ignored', () => RETURN),
  },
});

/** 0x060: the interrupt waits in the local APIC, and the CPU takes it as soon as KVM has enabled interrupts. */
const intr_interception = operation({
  name: 'intr_interception',
  actor: 'kvm',
  source: 'svm/svm.c',
  via: ['svm_handle_exit'],
  locals: ['vcpu'],
  steps: {
    taken: step('the host has taken the interrupt: nothing else to do about the exit', () => RETURN, {
      until: (m, vcpu) => pendingAt(m, m.words[m.vcpu(vcpu) + V.cpu]) < 0,
    }),
  },
});

export function svmHandlerOf(code: number): Operation | undefined {
  switch (code) {
    case SVM_EXIT.INTR:
      return intr_interception;
    case SVM_EXIT.VINTR:
      return interrupt_window_interception;
    case SVM_EXIT.AVIC_INCOMPLETE_IPI:
      return avic_incomplete_ipi;
    case SVM_EXIT.AVIC_UNACCELERATED_ACCESS:
      return avic_unaccelerated_access_interception;
    default:
      return undefined;
  }
}
