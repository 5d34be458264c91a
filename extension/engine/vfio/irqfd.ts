/** A remapped interrupt of an assigned device: the host's handler, the eventfd, the irqfd. VT-d and AVIC §A8, LAPIC delivery §4. */

import { firstDevice } from '../iommu/agent.ts';
import { kvm_arch_set_irq_inatomic, kvm_set_msi } from '../lapic/msi.ts';
import { D } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { nameOf } from './bypass.ts';
import { vfio_intx_handler } from './intx.ts';

const EWOULDBLOCK = 11;

/** The device whose host interrupt is `vector` on `cpu`, or -1. */
export function deviceOfHostVector(m: Machine, cpu: number, vector: number): number {
  return (m.config.devices ?? []).findIndex(({ host }) => host.cpu === cpu && host.vector === vector);
}

/** Without VFIO the interrupt is the host driver's own, and the guest has no part in it. */
export const vfio_msihandler = operation({
  name: 'vfio_msihandler',
  actor: 'host',
  source: 'drivers/vfio/pci/vfio_pci_intrs.c',
  locals: ['device'],
  steps: {
    signal: step(
      (m, device) =>
        m.words[m.device(device) + D.vfio] === 0
          ? `the interrupt of ${nameOf(m, device)} belongs to a driver of the host`
          : `signal the eventfd of ${nameOf(m, device)}; the irqfd is its priority waiter`,
      (m, device) => {
        const base = m.device(device);
        m.store(base + D.host_interrupts, m.load(base + D.host_interrupts) + 1);
        if (m.load(base + D.vfio) === 0) {
          return RETURN;
        }
        return m.config.devices?.[device].intx === undefined ? NEXT : m.call(vfio_intx_handler, device);
      },
      { via: ['eventfd_signal'] },
    ),
    wakeup: silent((m, device) => {
      if (m.config.devices?.[device].intx !== undefined) {
        return RETURN;
      }
      const base = m.device(device);
      return m.words[base + D.routed] === 0
        ? RETURN
        : m.call(
            kvm_arch_set_irq_inatomic,
            m.words[base + D.route_address],
            m.words[base + D.route_address + 1],
            m.words[base + D.route_data],
          );
    }),
    result: silent(m => (m.result === -EWOULDBLOCK ? NEXT : RETURN)),
    schedule_work: step(
      (m, device) => `the fast path refuses: schedule the work item irqfd_inject of ${nameOf(m, device)}`,
      (m, device) => {
        m.store(m.device(device) + D.scheduled, 1);
        return RETURN;
      },
      { via: ['irqfd_wakeup', 'schedule_work'] },
    ),
  },
});

/** The work item: it may sleep, so it may ask every vCPU. */
export const irqfd_inject = operation({
  name: 'irqfd_inject',
  actor: 'host',
  source: 'virt/kvm/eventfd.c',
  locals: ['unused', 'device'],
  steps: {
    begin: step(
      m => `the work item of ${nameOf(m, firstDevice(m, D.scheduled))} runs`,
      m => {
        const device = firstDevice(m, D.scheduled);
        m.local(1, device);
        m.store(m.device(device) + D.scheduled, 0);
        return NEXT;
      },
    ),
    set_irq: silent((m, _unused, device) => {
      const base = m.device(device);
      return m.call(
        kvm_set_msi,
        m.words[base + D.route_address],
        m.words[base + D.route_address + 1],
        m.words[base + D.route_data],
        1,
      );
    }),
  },
});
