/** What the IOMMU and the host's threads behind it do of their own accord. */
import { D, GA_STATUS, IOMMU } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { Operation } from '../operation.ts';
import { iommu_ga_log_thread } from '../svm/gaLog.ts';
import { amd_interrupt_request } from '../svm/iommu.ts';
import { firstResampled, vfio_pci_intx_unmask } from '../vfio/intx.ts';
import { irqfd_inject } from '../vfio/irqfd.ts';
import { interrupt_request } from './remapping.ts';

/** First device for which `word` of its block is not 0, or -1. */
export function firstDevice(m: Machine, word: number): number {
  for (let device = 0; device < m.deviceCount; device++) {
    if (m.words[m.device(device) + word] !== 0) {
      return device;
    }
  }
  return -1;
}

export function atIommu(m: Machine): Operation | undefined {
  if (firstDevice(m, D.request) < 0) {
    return undefined;
  }
  return m.config.vendor === 'intel' ? interrupt_request : amd_interrupt_request;
}

/** Threaded handlers have real-time priority: the GA log before the work items. */
export function atKthread(m: Machine): Operation | undefined {
  const restarts = m.profile.avic.gaLogOverflow === 'logging restarts' ? 1 << GA_STATUS.GAOverflow : 0;
  if ((m.words[m.layout.iommu + IOMMU.ga_status] & ((1 << GA_STATUS.GAInt) | restarts)) !== 0) {
    return iommu_ga_log_thread;
  }
  if (firstResampled(m) >= 0) {
    return vfio_pci_intx_unmask;
  }
  return firstDevice(m, D.scheduled) < 0 ? undefined : irqfd_inject;
}
