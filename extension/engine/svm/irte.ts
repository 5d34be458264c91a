/** IRTEs of the AMD IOMMU as Linux writes them. drivers/iommu/amd/iommu.c, struct irte_ga; VT-d and AVIC §B6. */
import { encode, fieldValue } from '../../formats/format.ts';
import { irteAmd, irteAmdGuest } from '../../formats/irte.ts';
import { backingPage, vcpuOfPage } from '../address.ts';
import { D, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { operation, RETURN, step } from '../operation.ts';
import { hex } from '../text.ts';
import { ENTRY, hostIdMask } from './table.ts';

/** Table entries: MAX_IRQS_PER_TABLE. */
export const AMD_TABLE_ENTRIES = 2048;

/** avic_vm_id of the only VM: IDs begin at 1. */
const VM_ID = 1;

export function gaTag(m: Machine, vcpu: number): number {
  const { gaTagBits } = m.profile.avic;
  // 7.1 puts the index of the vCPU there, which in this machine is the ID in order of creation.
  const id = gaTagBits === 12 ? vcpu : m.config.vcpus[vcpu].id;
  return (VM_ID << gaTagBits) | (id & ((1 << gaTagBits) - 1));
}

/** The vCPU that a tag names, or -1. */
export function vcpuOfTag(m: Machine, tag: number): number {
  const { gaTagBits } = m.profile.avic;
  const id = tag & ((1 << gaTagBits) - 1);
  const found = gaTagBits === 12 ? id : m.config.vcpus.findIndex(each => each.id === id);
  return tag >>> gaTagBits === VM_ID && found < m.vcpuCount ? found : -1;
}

export function irteOf(m: Machine, device: number): number[] {
  return [0, 1, 2, 3].map(i => m.words[m.device(device) + D.irte + i] >>> 0);
}

export function isGuestMode(entry: readonly number[]): boolean {
  return (entry[0] & (1 << 7)) !== 0;
}

/** The vCPU whose backing page a guest-mode entry names, or -1. */
export function vcpuOfIrte(m: Machine, entry: readonly number[]): number {
  const page = fieldValue(irteAmdGuest, entry, 'ga_root_ptr');
  return vcpuOfPage({ hi: pageHigh(entry), lo: (page << 12) >>> 0 }, m.vcpuCount);
}

/** Physical address bits 51:32 of `ga_root_ptr`, which holds bits 51:12 at 115:76. */
function pageHigh(entry: readonly number[]): number {
  return entry[3] & 0xfffff;
}

/** Destination APIC ID, 32 bits. */
export function destinationOf(entry: readonly number[]): number {
  return (fieldValue(irteAmd, entry, 'destination_lo') | (fieldValue(irteAmd, entry, 'destination_hi') << 24)) >>> 0;
}

/** Remapped: fixed, physical, to a vector of a host CPU. `irte_ga_prepare`. */
export function remappedIrte(m: Machine, cpu: number, vector: number): number[] {
  const { apicId } = m.config.cpus[cpu];
  return encode(irteAmd, {
    valid: [1],
    destination_lo: [apicId & 0xffffff],
    destination_hi: [apicId >>> 24],
    vector: [vector],
  });
}

/** Guest mode for a vCPU, with what its table entry says now. `amd_iommu_activate_guest_mode`. */
export function guestIrte(m: Machine, vcpu: number, vector: number): number[] {
  const base = m.vcpu(vcpu);
  const entry = m.words[base + V.avic_physical_id_entry + 1];
  const running = (entry & ENTRY.isRunning) !== 0;
  const log = m.profile.avic.gaLogIntr === 'always' || (entry & ENTRY.gaLogIntr) !== 0;
  const { hi, lo } = backingPage(vcpu);
  const apicId = m.words[base + V.avic_physical_id_entry] & hostIdMask(m);
  return encode(irteAmdGuest, {
    valid: [1],
    ga_log_intr: [log ? 1 : 0],
    is_run: [running ? 1 : 0],
    guest_mode: [1],
    destination_lo: [apicId & 0xffffff],
    destination_hi: [apicId >>> 24],
    ga_tag: [gaTag(m, vcpu)],
    vector: [vector],
    ga_root_ptr: [((lo >>> 12) | (hi << 20)) >>> 0, hi >>> 12],
  });
}

function isListFree(m: Machine, vcpu: number): boolean {
  return vcpu < 0 || m.words[m.vcpu(vcpu) + V.ir_list_lock] === 0;
}

export function storeIrte(m: Machine, device: number, entry: readonly number[]): void {
  for (let i = 0; i < 4; i++) {
    m.store(m.device(device) + D.irte + i, entry[i] | 0);
  }
}

/**
 * `vcpu` -1: the remapped entry. `owner`: the vCPU whose list (`ir_list`) the interrupt belongs to from now on, -1 = none. Entry and list change
 * under `ir_list_lock` of that vCPU, which load and put hold too: an IRTE cannot keep an is_run that was taken back. Race R21.
 */
export const amd_ir_set_vcpu_affinity = operation({
  name: 'amd_ir_set_vcpu_affinity',
  actor: 'host',
  source: 'drivers/iommu/amd/iommu.c',
  via: ['irq_set_vcpu_affinity'],
  locals: ['device', 'owner', 'vcpu', 'vector'],
  steps: {
    modify: step(
      (m, device, _owner, vcpu, vector) => {
        const name = m.config.devices?.[device].name;
        return vcpu < 0
          ? `IRTE of ${name} := remapped, to the host's own vector (16-byte compare-and-exchange)`
          : `IRTE of ${name} := guest mode: backing page of vcpu ${vcpu}, vector ${hex(vector)}, tag ${hex(gaTag(m, vcpu), 1)} (16-byte compare-and-exchange, under ir_list_lock)`;
      },
      (m, device, owner, vcpu, vector) => {
        const host = m.config.devices?.[device].host ?? { cpu: 0, vector: 0 };
        m.smp_mb();
        storeIrte(m, device, vcpu < 0 ? remappedIrte(m, host.cpu, host.vector) : guestIrte(m, vcpu, vector));
        m.store(m.device(device) + D.bypass_vcpu, owner);
        return RETURN;
      },
      {
        via: ['modify_irte_ga'],
        until: (m, device, owner) => isListFree(m, owner) && isListFree(m, m.words[m.device(device) + D.bypass_vcpu]),
      },
    ),
  },
});

/**
 * Destination and is_run of one entry, without invalidation, under the lock of its table: what was stored before is visible first, so that
 * no IRTE says "running" beside an entry that does not (memory order A11). `amd_iommu_update_ga`.
 */
export function amd_iommu_update_ga(m: Machine, device: number, apicId: number, running: boolean, log: boolean): void {
  const base = m.device(device) + D.irte;
  m.smp_mb();
  let low = m.load(base);
  if (running) {
    low = (low & ~0xffffff00) | ((apicId & 0xffffff) << 8);
    m.store(base + 3, (m.load(base + 3) & 0x00ffffff) | ((apicId >>> 24) << 24));
  }
  const bits = (running ? 1 << 6 : 0) | (log ? 1 << 2 : 0);
  m.store(base, (low & ~((1 << 6) | (1 << 2))) | bits);
}
