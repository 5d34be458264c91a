/** The hooks of `kvm_x86_ops` behind which Intel and AMD do something else about interrupts. */
import type { Machine } from '../machine.ts';
import type { Operation } from '../operation.ts';
import { avic_vcpu_blocking, avic_vcpu_load, avic_vcpu_put, avic_vcpu_unblocking } from '../svm/scheduling.ts';
import { remap_blocked_vcpu, repost_unblocked_vcpu } from '../vfio/proposed.ts';
import { vmx_vcpu_pi_load, vmx_vcpu_pi_put } from '../vmx/scheduling.ts';

export function isIntel(m: Machine): boolean {
  return m.config.vendor === 'intel';
}

/** Is there a PIR to harvest (`sync_pir_to_irr`)? AVIC has none. */
export function harvests(m: Machine): boolean {
  return isIntel(m) && m.config.apicv;
}

/** `vcpu_load`, called with the vCPU and its new CPU. */
export function loadHook(m: Machine): Operation {
  return isIntel(m) ? vmx_vcpu_pi_load : avic_vcpu_load;
}

/** `vcpu_put`, called with the vCPU and whether it blocks with interrupts allowed. */
export function putHook(m: Machine): Operation {
  return isIntel(m) ? vmx_vcpu_pi_put : avic_vcpu_put;
}

/** `vcpu_blocking`: before the thread registers as a waiter. */
export function blockingHook(m: Machine): Operation | undefined {
  if (isIntel(m)) {
    return m.profile.bypass.blockedIrte === 'remapped' ? remap_blocked_vcpu : undefined;
  }
  return avic_vcpu_blocking;
}

/** `vcpu_unblocking`: after the thread has stopped waiting. */
export function unblockingHook(m: Machine): Operation | undefined {
  if (isIntel(m)) {
    return m.profile.bypass.blockedIrte === 'remapped' ? repost_unblocked_vcpu : undefined;
  }
  return avic_vcpu_unblocking;
}
