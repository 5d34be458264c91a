/** The host reads the GA log and wakes vCPUs. drivers/iommu/amd/iommu.c, svm/avic.c; VT-d and AVIC §B6, race R22. */
import { kvm_vcpu_wake_up } from '../kvm/kick.ts';
import { GA_STATUS, IOMMU } from '../layout.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { vcpuOfTag } from './irte.ts';

const GAINT = 1 << GA_STATUS.GAInt;
const OVERFLOW = 1 << GA_STATUS.GAOverflow;

/** Wakes the vCPU that a tag names. Its IRR is set already. */
const avic_ga_log_notifier = operation({
  name: 'avic_ga_log_notifier',
  actor: 'kvm',
  source: 'svm/avic.c',
  locals: ['tag'],
  steps: {
    find: step(
      (m, tag) => {
        const { gaTagBits } = m.profile.avic;
        return `trace kvm_avic_ga_log: vmid=${tag >>> gaTagBits}, vcpuid=${tag & ((1 << gaTagBits) - 1)}`;
      },
      (m, tag) => (vcpuOfTag(m, tag) < 0 ? RETURN : NEXT),
      { via: ['trace_kvm_avic_ga_log'] },
    ),
    wake_up: silent((m, tag) => m.call(kvm_vcpu_wake_up, vcpuOfTag(m, tag))),
  },
});

/** Threaded handler of the IOMMU's interrupt. */
export const iommu_ga_log_thread = operation({
  name: 'amd_iommu_int_thread_galog',
  actor: 'host',
  source: 'drivers/iommu/amd/iommu.c',
  locals: ['unused', 'tag'],
  steps: {
    acknowledge: step(
      m =>
        (m.words[m.layout.iommu + IOMMU.ga_status] & OVERFLOW) !== 0
          ? 'read the status and clear GAInt; GAOverflow is set'
          : 'read the status and clear GAInt',
      m => {
        const status = m.layout.iommu + IOMMU.ga_status;
        m.store(status, m.load(status) & ~GAINT);
        return NEXT;
      },
    ),
    poll: step(
      m => {
        const base = m.layout.iommu;
        const head = m.words[base + IOMMU.ga_head];
        return head === m.words[base + IOMMU.ga_tail]
          ? 'the GA log is empty'
          : `GA log entry ${head}: tag ${hex(m.words[base + IOMMU.words + 2 * head], 1)}`;
      },
      m => {
        const base = m.layout.iommu;
        const head = m.load(base + IOMMU.ga_head);
        if (head === m.load(base + IOMMU.ga_tail)) {
          return 'overflow';
        }
        m.local(1, m.load(base + IOMMU.words + 2 * head));
        m.store(base + IOMMU.ga_head, (head + 1) % m.layout.gaLogEntries);
        return NEXT;
      },
      { via: ['iommu_poll_ga_log'] },
    ),
    notify: silent((m, _unused, tag) => m.call(avic_ga_log_notifier, tag)),
    again: silent(() => 'poll'),
    overflow: silent(m => {
      const overflowed = (m.words[m.layout.iommu + IOMMU.ga_status] & OVERFLOW) !== 0;
      return overflowed && m.profile.avic.gaLogOverflow === 'logging restarts' ? NEXT : RETURN;
    }),
    restart: step(
      'restart the GA log: GAOverflow := 0, GALogRun := 1; entries lost meanwhile stay lost',
      m => {
        const status = m.layout.iommu + IOMMU.ga_status;
        m.store(status, (m.load(status) & ~OVERFLOW) | (1 << GA_STATUS.GALogRun));
        return RETURN;
      },
      { via: ['amd_iommu_restart_ga_log'] },
    ),
  },
});
