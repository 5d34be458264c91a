/** The entry of an interrupt is posted to a vCPU, or remapped again. drivers/iommu/intel/irq_remapping.c; VT-d and AVIC §A5. */
import { D, IOMMU } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, step } from '../operation.ts';
import { hex } from '../text.ts';
import { remappedEntry } from './hostTarget.ts';
import { postedEntry } from './remapping.ts';

function newEntry(m: Machine, device: number, vcpu: number, vector: number): number[] {
  const { host, sourceId } = m.config.devices?.[device] ?? { host: { cpu: 0, vector: 0 }, sourceId: 0 };
  const remapped = remappedEntry(m, host.cpu, host.vector, sourceId);
  return vcpu < 0 ? remapped : postedEntry(vcpu, vector, remapped);
}

export function storeEntry(m: Machine, device: number, vcpu: number, vector: number): void {
  const entry = newEntry(m, device, vcpu, vector);
  for (let i = 0; i < 4; i++) {
    m.store(m.device(device) + D.irte + i, entry[i] | 0);
  }
}

/** `vcpu` -1: the remapped entry. One 16-byte compare-and-exchange, since hardware may read at any time; then the cached copy goes. */
export const intel_ir_set_vcpu_affinity = operation({
  name: 'intel_ir_set_vcpu_affinity',
  actor: 'host',
  source: 'drivers/iommu/intel/irq_remapping.c',
  via: ['irq_set_vcpu_affinity'],
  locals: ['device', 'vcpu', 'vector'],
  steps: {
    modify: step(
      (m, device, vcpu, vector) => {
        const { name, irte } = m.config.devices?.[device] ?? { name: '', irte: 0 };
        return vcpu < 0
          ? `IRTE ${hex(irte, 1)} of ${name} := remapped, to the host's own vector (16-byte compare-and-exchange)`
          : `IRTE ${hex(irte, 1)} of ${name} := posted: descriptor of vcpu ${vcpu}, vector ${hex(vector)}, URG 0 (16-byte compare-and-exchange)`;
      },
      (m, device, vcpu, vector) => {
        m.smp_mb();
        storeEntry(m, device, vcpu, vector);
        return NEXT;
      },
      { via: ['modify_irte'] },
    ),
    flush: step(
      (m, device) =>
        `invalidate IRTE ${hex(m.config.devices?.[device].irte ?? 0, 1)} in the interrupt-entry cache, and wait: requests in hand are done first`,
      (m, device) => {
        m.store(m.device(device) + D.irte_is_cached, 0);
        return RETURN;
      },
      { via: ['modify_irte', 'qi_flush_iec'], until: m => m.idle(m.iommuAgent) },
    ),
  },
});

/** The registers of the IOMMU as Linux leaves them: remapping on, compatibility format blocked; EIME with an x2APIC host. */
export function initialFlags(m: Machine): number {
  const eime = m.config.hostApic === 'x2apic' ? 4 : 0;
  return m.config.vendor === 'intel' ? 1 | eime : 0;
}

export function resetIommu(m: Machine): void {
  m.store(m.layout.iommu + IOMMU.flags, initialFlags(m));
}
