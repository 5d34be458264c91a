/** The host's handlers of the vectors that KVM uses. arch/x86/kernel/irq.c; posted interrupts §2. */

import { pendingAt } from '../cpu/postedInterrupts.ts';
import { HOST_VECTORS } from '../fields.ts';
import { C } from '../layout.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex, highest } from '../text.ts';
import { deviceOfHostVector, vfio_msihandler } from '../vfio/irqfd.ts';
import { pi_wakeup_handler } from '../vmx/wakeup.ts';

/** A bare-metal host may post MSIs to itself (`intremap=posted_msi`): another descriptor, another vector. VT-d and AVIC §A5. */
const POSTED_MSI_NOTIFICATION_VECTOR = 0xeb;

/** Runs on `cpu` with the vector acknowledged. */
export const host_interrupt = operation({
  name: 'host interrupt handler',
  actor: 'host',
  source: 'arch/x86/kernel/irq.c',
  locals: ['cpu', 'vector'],
  steps: {
    which: silent((_m, _cpu, vector) => {
      switch (vector) {
        case HOST_VECTORS.POSTED_INTR_VECTOR:
          return 'posted';
        case HOST_VECTORS.POSTED_INTR_WAKEUP_VECTOR:
          return 'wakeup';
        case HOST_VECTORS.POSTED_INTR_NESTED_VECTOR:
          return 'nested';
        case HOST_VECTORS.RESCHEDULE_VECTOR:
          return 'reschedule';
        case POSTED_MSI_NOTIFICATION_VECTOR:
          return 'posted_msi';
        default:
          return 'other';
      }
    }),
    posted: step(
      (_m, cpu) => `POSTED_INTR_VECTOR on cpu ${cpu}: counted as PIN; whoever enters the guest next harvests PIR`,
      () => RETURN,
      { via: ['sysvec_kvm_posted_intr_ipi'] },
    ),
    nested: step(
      (_m, cpu) => `POSTED_INTR_NESTED_VECTOR on cpu ${cpu}: counted as NPI, nothing else`,
      () => RETURN,
      { via: ['sysvec_kvm_posted_intr_nested_ipi'] },
    ),
    reschedule: step(
      (_m, cpu) => `RESCHEDULE_VECTOR on cpu ${cpu}: nothing to do, the exit was the purpose`,
      () => RETURN,
      { via: ['sysvec_reschedule_ipi'] },
    ),
    posted_msi: step(
      (_m, cpu) =>
        `POSTED_MSI_NOTIFICATION_VECTOR on cpu ${cpu}: counted as PMN; the host looks into its own descriptor`,
      () => RETURN,
      { via: ['sysvec_posted_msi_notification'] },
    ),
    other: step(
      (m, cpu, vector) => {
        const device = m.config.devices?.[deviceOfHostVector(m, cpu, vector)];
        if (vector === POSTED_MSI_NOTIFICATION_VECTOR) {
          return `cpu ${cpu} handles ${hex(vector)}: posted MSIs of the host itself, no vCPU has part in them`;
        }
        const whose = device === undefined ? "the host's own interrupt" : `the interrupt of ${device.name}`;
        return `cpu ${cpu} handles ${hex(vector)}: ${whose}`;
      },
      (m, cpu, vector) => {
        const device = deviceOfHostVector(m, cpu, vector);
        return device < 0 ? RETURN : m.call(vfio_msihandler, device);
      },
    ),
    handled: silent(() => RETURN),
    wakeup: step(
      (_m, cpu) => `POSTED_INTR_WAKEUP_VECTOR on cpu ${cpu}: counted as PIW; look through the wake-up list of this CPU`,
      (m, cpu) => m.call(pi_wakeup_handler, cpu),
      { via: ['sysvec_kvm_posted_intr_wakeup_ipi'] },
    ),
    done: silent(() => RETURN),
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
