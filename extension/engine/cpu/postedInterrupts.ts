/**
 * What a processor does with a physical interrupt that arrives while guest code runs: posted-interrupt processing or a VM exit.
 * SDM vol. 3, posted-interrupt processing; posted interrupts §6. The seven steps are uninterruptible.
 */

import { HOST_VECTORS } from '../fields.ts';
import { handle_external_interrupt } from '../kvm/exit.ts';
import { C, PID_CONTROL, POSTED_INTR_ON, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex, highest, vectorSet, vectorsAt } from '../text.ts';
import { pendingAt } from '../vmx/scheduling.ts';
import { evaluate } from './virtualInterrupts.ts';
import { vm_exit } from './vmExit.ts';

/** The notification vector in the VMCS (`POSTED_INTR_NV`, 0x0002): 0xf2 whatever PID.NV says; -1 without posted interrupts. */
function notificationVector(m: Machine, vcpu: number): number {
  return m.load(m.vcpu(vcpu) + V.apicv_active) !== 0 ? HOST_VECTORS.POSTED_INTR_VECTOR : -1;
}

/** Locals of `physical_interrupt`. */
const VCPU = 1;
const VECTOR = 2;

export const physical_interrupt = operation({
  name: 'posted-interrupt processing',
  actor: 'cpu',
  source: 'SDM vol. 3, posted-interrupt processing',
  uninterruptible: true,
  locals: ['cpu', 'vcpu', 'vector'],
  steps: {
    acknowledge: step(
      (m, cpu) => `1. acknowledge the physical interrupt ${hex(pendingAt(m, cpu))} at the local APIC of cpu ${cpu}`,
      (m, cpu) => {
        const vector = highest(m, m.cpu(cpu) + C.irr);
        m.clear_bit(vector, m.cpu(cpu) + C.irr);
        m.local(VCPU, m.load(m.cpu(cpu) + C.vcpu));
        m.local(VECTOR, vector);
        return NEXT;
      },
    ),
    compare_nv: step(
      (m, _cpu, vcpu, vector) =>
        vector === notificationVector(m, vcpu)
          ? `2. ${hex(vector)} is the notification vector of the VMCS: no exit`
          : `2. ${hex(vector)} is not the notification vector of the VMCS: an external interrupt, VM exit`,
      (m, _cpu, vcpu, vector) => (vector === notificationVector(m, vcpu) ? NEXT : 'exit'),
    ),
    clear_on: step(
      (_m, _cpu, vcpu) => `3. ON of vcpu ${vcpu} := 0 (locked)`,
      (m, _cpu, vcpu) => {
        m.clear_bit(POSTED_INTR_ON, m.vcpu(vcpu) + V.pi_desc + PID_CONTROL);
        return NEXT;
      },
    ),
    eoi: step(
      (_m, cpu, _vcpu, vector) => `4. write EOI to the local APIC of cpu ${cpu}: ${hex(vector)} is dismissed`,
      () => NEXT,
    ),
    move_pir: step(
      (m, _cpu, vcpu) =>
        `5. VIRR of vcpu ${vcpu} |= PIR ${vectorSet(vectorsAt(m.words, m.vcpu(vcpu) + V.pi_desc))}; PIR := 0`,
      (m, _cpu, vcpu) => {
        const base = m.vcpu(vcpu);
        m.local(VECTOR, highest(m, base + V.pi_desc));
        for (let i = 0; i < 8; i++) {
          m.store(base + V.irr + i, m.words[base + V.irr + i] | m.xchg(base + V.pi_desc + i, 0));
        }
        return NEXT;
      },
    ),
    raise_rvi: step(
      (m, _cpu, vcpu, highestPosted) =>
        highestPosted < 0
          ? '6. PIR was empty: RVI stays'
          : `6. RVI := max(${hex(m.words[m.vcpu(vcpu) + V.guest_intr_status] & 0xff)}, ${hex(highestPosted)})`,
      (m, _cpu, vcpu, highestPosted) => {
        const status = m.vcpu(vcpu) + V.guest_intr_status;
        const old = m.load(status);
        m.store(status, (old & 0xff00) | Math.max(old & 0xff, highestPosted, 0));
        return NEXT;
      },
    ),
    evaluate: silent((m, _cpu, vcpu) => m.call(evaluate, vcpu)),
    processed: silent(() => RETURN),
    exit: silent((m, cpu) => m.call(vm_exit, cpu, EXIT_REASON_EXTERNAL_INTERRUPT)),
    hand_over: silent((m, _cpu, vcpu, vector) => {
      m.start(m.vcpuAgent(vcpu), handle_external_interrupt, vcpu, vector);
      return RETURN;
    }),
  },
});

const EXIT_REASON_EXTERNAL_INTERRUPT = 1;
