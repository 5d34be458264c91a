/** What all kernels read of a descriptor when a vCPU's thread leaves or gets a CPU, and whether anybody needs it. vmx/posted_intr.c. */
import { PID_CONTROL, V, VM } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { type Flow, NEXT, operation, type Step, step } from '../operation.ts';
import { vmx } from './choices.ts';
import { vmx_can_use_ipiv } from './pidTable.ts';

export const NV_SHIFT = 16;
export const NV_MASK = 0xff << NV_SHIFT;

export function nv(m: Machine, vcpu: number): number {
  return m.loadBits(m.vcpu(vcpu) + V.pi_desc + PID_CONTROL, NV_MASK) >>> NV_SHIFT;
}

/** NDST as the host's APIC mode wants it: all 32 bits, or the xAPIC ID in bits 15:8. Posted interrupts §1. */
export function ndstOf(m: Machine, cpu: number): number {
  const { apicId } = m.config.cpus[cpu];
  return m.config.hostApic === 'x2apic' ? apicId : (apicId << 8) & 0xff00;
}

/** In-kernel local APIC, APICv enabled, and the VM has an assigned device. */
export function vmx_can_use_vtd_pi(m: Machine): boolean {
  return m.config.apicv && m.words[m.layout.vm + VM.assigned_device_count] > 0;
}

/** Wake-ups go through the descriptor because others than KVM post into it. */
export function vmx_needs_pi_wakeup(m: Machine): boolean {
  return vmx(m).wakeupVector !== 'none' && (vmx_can_use_ipiv(m.config) || vmx_can_use_vtd_pi(m));
}

/** Are devices assigned to the VM? The VMM may assign one meanwhile (race R05). `otherwise`: where to go when there is none. */
export function testAssigned(caller: string, otherwise: Flow): Step {
  const address = (m: Machine) => m.layout.vm + VM.assigned_device_count;
  return step(
    (m, vcpu) => {
      const count = m.words[address(m)];
      return count > 0
        ? `devices assigned to the VM: ${count}, so others than KVM may post to vcpu ${vcpu}`
        : `no device is assigned to the VM: only KVM posts to vcpu ${vcpu}, and wakes it itself`;
    },
    m => (m.load(address(m)) > 0 ? NEXT : otherwise),
    { via: [caller] },
  );
}

export const pi_is_pir_empty = operation({
  name: 'pi_is_pir_empty',
  actor: 'kvm',
  source: 'asm/posted_intr.h',
  locals: ['vcpu'],
  steps: {
    test: step(
      (_m, vcpu) => `is PIR of vcpu ${vcpu} empty? Posts under SN = 1 left bits without ON`,
      (m, vcpu) => {
        let any = 0;
        for (let i = 0; i < 8; i++) {
          any |= m.load(m.vcpu(vcpu) + V.pi_desc + i);
        }
        return m.return(any === 0 ? 1 : 0);
      },
    ),
  },
});
