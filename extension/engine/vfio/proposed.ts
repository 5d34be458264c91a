/**
 * What a mail of 2015-06-24 expected of Intel: the entries of a vCPU are posted while it runs and remapped while it sleeps, so that VFIO's
 * eventfd wakes it. No kernel does this; the choice `blockedIrte` lets it be compared with what was merged. VT-d and AVIC §A7.
 */
import { intel_ir_set_vcpu_affinity } from '../iommu/vcpuAffinity.ts';
import { D } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { operation, RETURN, silent } from '../operation.ts';
import { postTarget } from './target.ts';

const DEVICE = 1;
const MAIL = 'mail of 2015-06-24, never merged';

function nextOf(m: Machine, vcpu: number, from: number): number {
  for (let device = from; device < m.deviceCount; device++) {
    if (m.words[m.device(device) + D.bypass_vcpu] === vcpu) {
      return device;
    }
  }
  return -1;
}

export const remap_blocked_vcpu = operation({
  name: 'remap the entries of a vCPU that blocks',
  actor: 'kvm',
  source: MAIL,
  locals: ['vcpu', 'device'],
  steps: {
    next: silent((m, vcpu, from) => {
      const device = nextOf(m, vcpu, from);
      m.local(DEVICE, device + 1);
      return device < 0 ? RETURN : m.call(intel_ir_set_vcpu_affinity, device, -1, 0);
    }),
    again: silent(() => 'next'),
  },
});

export const repost_unblocked_vcpu = operation({
  name: 'post the entries of a vCPU that unblocks',
  actor: 'kvm',
  source: MAIL,
  locals: ['vcpu', 'device'],
  steps: {
    next: silent((m, vcpu, from) => {
      const device = nextOf(m, vcpu, from);
      m.local(DEVICE, device + 1);
      return device < 0 ? RETURN : m.call(intel_ir_set_vcpu_affinity, device, vcpu, postTarget(m, device).vector);
    }),
    again: silent(() => 'next'),
  },
});
