/** The host's handlers of the vectors that KVM uses. arch/x86/kernel/irq.c; posted interrupts §2. */

import { pendingAt } from '../cpu/postedInterrupts.ts';
import { HOST_VECTORS } from '../fields.ts';
import { C } from '../layout.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex, highest } from '../text.ts';
import { deviceOfHostVector, vfio_msihandler } from '../vfio/irqfd.ts';
import { pi_wakeup_handler } from '../vmx/wakeup.ts';

const HANDLERS: Readonly<Record<number, string>> = {
  [HOST_VECTORS.POSTED_INTR_VECTOR]:
    'the handler of POSTED_INTR_VECTOR counts and returns: whoever enters the guest next harvests PIR',
  [HOST_VECTORS.POSTED_INTR_WAKEUP_VECTOR]: 'POSTED_INTR_WAKEUP_VECTOR: look through the wake-up list of this CPU',
  [HOST_VECTORS.POSTED_INTR_NESTED_VECTOR]: 'the handler of POSTED_INTR_NESTED_VECTOR counts and returns',
  [HOST_VECTORS.RESCHEDULE_VECTOR]: 'the handler of RESCHEDULE_VECTOR has nothing to do: the exit was the purpose',
};

/** Runs on `cpu` with the vector acknowledged. */
export const host_interrupt = operation({
  name: 'host interrupt handler',
  actor: 'host',
  source: 'arch/x86/kernel/irq.c',
  locals: ['cpu', 'vector'],
  steps: {
    handle: step(
      (m, cpu, vector) => {
        const device = m.config.devices?.[deviceOfHostVector(m, cpu, vector)];
        const own = device === undefined ? "the host's own interrupt" : `the interrupt of ${device.name}`;
        return `cpu ${cpu} handles ${hex(vector)}: ${HANDLERS[vector] ?? own}`;
      },
      (m, cpu, vector) => {
        if (vector === HOST_VECTORS.POSTED_INTR_WAKEUP_VECTOR) {
          return 'wakeup';
        }
        const device = deviceOfHostVector(m, cpu, vector);
        return device < 0 ? RETURN : m.call(vfio_msihandler, device);
      },
    ),
    handled: silent(() => RETURN),
    wakeup: silent((m, cpu) => m.call(pi_wakeup_handler, cpu)),
  },
});

/** A physical interrupt arrives while the host runs on `cpu` with interrupts on. */
export const take_host_interrupt = operation({
  name: 'external interrupt in the host',
  actor: 'cpu',
  source: 'SDM vol. 3, interrupt acceptance',
  locals: ['cpu', 'vector'],
  steps: {
    acknowledge: step(
      (m, cpu) => `cpu ${cpu} takes ${hex(pendingAt(m, cpu))} in the host`,
      (m, cpu) => {
        const vector = highest(m, m.cpu(cpu) + C.irr);
        m.clear_bit(vector, m.cpu(cpu) + C.irr);
        m.local(1, vector);
        return NEXT;
      },
    ),
    handler: silent((m, cpu, vector) => m.call(host_interrupt, cpu, vector)),
  },
});
