/**
 * What a processor does with a physical interrupt that arrives while guest code runs: posted-interrupt processing or a VM exit.
 * SDM vol. 3, posted-interrupt processing; posted interrupts §6. The seven steps are uninterruptible.
 */
import { after_vm_exit } from '../kvm/exit.ts';
import { ACTIVITY, C, PID_CONTROL, POSTED_INTR_ON, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { type Flow, NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex, highest, vectorSet, vectorsAt } from '../text.ts';
import { evaluate } from './virtualInterrupts.ts';
import { control, currentVmcs, EXIT_REASON, rvi, setRvi } from './vmcs.ts';
import { vm_exit } from './vmExit.ts';

/** Highest physical interrupt that waits at `cpu`, or -1. */
export function pendingAt(m: Machine, cpu: number): number {
  for (let i = 7; i >= 0; i--) {
    const word = m.words[m.cpu(cpu) + C.irr + i];
    if (word !== 0) {
      return i * 32 + 31 - Math.clz32(word);
    }
  }
  return -1;
}

/** The notification vector in the VMCS: KVM writes 0xf2 there once, whatever PID.NV says; 0xf0 in vmcs02. -1 without posted interrupts. */
function notificationVector(m: Machine, vcpu: number): number {
  return control(m, vcpu, 'process_posted_interrupts') ? m.load(currentVmcs(m, vcpu) + V.posted_intr_nv) & 0xff : -1;
}

/** Locals of `physical_interrupt`. */
const VCPU = 1;
const VECTOR = 2;

/** Takes the highest pending vector off the CPU's local APIC; it and the vCPU that runs there become locals. */
function acknowledge(m: Machine, cpu: number): Flow {
  const vector = highest(m, m.cpu(cpu) + C.irr);
  m.clear_bit(vector, m.cpu(cpu) + C.irr);
  m.local(VCPU, m.load(m.cpu(cpu) + C.vcpu));
  m.local(VECTOR, vector);
  return NEXT;
}

/** The end of both: the processor leaves the guest, and the vCPU's thread goes on in KVM with the acknowledged vector. */
const EXTERNAL_INTERRUPT_EXIT = {
  exit: silent((m, cpu) => m.call(vm_exit, cpu, EXIT_REASON.EXTERNAL_INTERRUPT)),
  hand_over: silent((m, _cpu, vcpu, vector) => {
    m.start(m.vcpuAgent(vcpu), after_vm_exit, vcpu, EXIT_REASON.EXTERNAL_INTERRUPT, vector);
    return RETURN;
  }),
} as const;

export const physical_interrupt = operation({
  name: 'posted-interrupt processing',
  actor: 'cpu',
  source: 'SDM vol. 3, posted-interrupt processing',
  uninterruptible: true,
  locals: ['cpu', 'vcpu', 'vector'],
  steps: {
    acknowledge: step(
      (m, cpu) => `1. acknowledge the physical interrupt ${hex(pendingAt(m, cpu))} at the local APIC of cpu ${cpu}`,
      acknowledge,
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
        m.clear_bit(POSTED_INTR_ON, currentVmcs(m, vcpu) + V.pi_desc + PID_CONTROL);
        return NEXT;
      },
    ),
    eoi: step(
      (_m, cpu, _vcpu, vector) => `4. write EOI to the local APIC of cpu ${cpu}: ${hex(vector)} is dismissed`,
      () => NEXT,
    ),
    move_pir: step(
      (m, _cpu, vcpu) =>
        `5. VIRR of vcpu ${vcpu} |= PIR ${vectorSet(vectorsAt(m.words, currentVmcs(m, vcpu) + V.pi_desc))}; PIR := 0`,
      (m, _cpu, vcpu) => {
        const base = currentVmcs(m, vcpu);
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
          : `6. RVI := max(${hex(rvi(m, vcpu))}, ${hex(highestPosted)})`,
      (m, _cpu, vcpu, highestPosted) => {
        setRvi(m, vcpu, Math.max(rvi(m, vcpu), highestPosted, 0));
        return NEXT;
      },
    ),
    evaluate: silent((m, _cpu, vcpu) => m.call(evaluate, vcpu)),
    mwait: silent((m, _cpu, vcpu) => (m.words[m.vcpu(vcpu) + V.activity] === ACTIVITY.mwait ? NEXT : RETURN)),
    wake: step(
      (_m, _cpu, vcpu) => `the notification ended MWAIT of vcpu ${vcpu}: it goes on (HLT would go back to sleep)`,
      (m, _cpu, vcpu) => {
        m.store(m.vcpu(vcpu) + V.activity, ACTIVITY.active);
        return RETURN;
      },
    ),
    ...EXTERNAL_INTERRUPT_EXIT,
  },
});

/** Without posted interrupts every physical interrupt is a VM exit; acknowledge interrupt on exit is 1. */
export const external_interrupt = operation({
  name: 'external interrupt in the guest',
  actor: 'cpu',
  source: 'SDM vol. 3, external-interrupt exiting',
  uninterruptible: true,
  locals: ['cpu', 'vcpu', 'vector'],
  steps: {
    acknowledge: step(
      (m, cpu) =>
        `cpu ${cpu} acknowledges ${hex(pendingAt(m, cpu))} at its local APIC: external-interrupt exiting is 1, VM exit`,
      acknowledge,
    ),
    ...EXTERNAL_INTERRUPT_EXIT,
  },
});

/** Interrupt-window exiting is 1 and the guest can take an interrupt: exit 7. It comes before physical interrupts. */
export const interrupt_window = operation({
  name: 'interrupt window',
  actor: 'cpu',
  source: 'SDM vol. 3, interrupt-window exiting',
  uninterruptible: true,
  locals: ['cpu', 'vcpu'],
  steps: {
    who: silent((m, cpu) => {
      m.local(VCPU, m.words[m.cpu(cpu) + C.vcpu]);
      return NEXT;
    }),
    exit: silent((m, cpu) => m.call(vm_exit, cpu, EXIT_REASON.INTERRUPT_WINDOW)),
    hand_over: silent((m, _cpu, vcpu) => {
      m.start(m.vcpuAgent(vcpu), after_vm_exit, vcpu, EXIT_REASON.INTERRUPT_WINDOW);
      return RETURN;
    }),
  },
});
