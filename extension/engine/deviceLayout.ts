/** Where IOMMU, devices and the guest's kernel stand in a machine's memory; part of `layout.ts`. */
import { block } from './block.ts';

/** The IOMMU: VT-d interrupt remapping, or AMD with the guest vAPIC. The GA log follows, two words an entry. */
export const IOMMU = block({
  /** Bit numbers: `IOMMU_FLAG`. */
  flags: 1,
  /** The entry that the request in hand was found to name. */
  entry: 4,
  /** Last fault logged: reason (20h-28h) and index; how many were logged. */
  fault_reason: 1,
  fault_index: 1,
  faults: 1,
  /** Indexes of the GA log. */
  ga_head: 1,
  ga_tail: 1,
  /** MMIO status: bit numbers `GA_STATUS`. */
  ga_status: 1,
});
/** Global command register: IRE and CFI; extended interrupt mode of the table. VT-d 5.1. */
export const IOMMU_FLAG = { IRE: 0, CFIS: 1, EIME: 2 } as const;
export const GA_STATUS = { GALogRun: 0, GAInt: 1, GAOverflow: 2 } as const;

/** A device with one interrupt behind the IOMMU, and what VFIO and KVM know about it. */
export const D = block({
  /** Its 128-bit entry in the interrupt remapping table. */
  irte: 4,
  /** Copy in the interrupt-entry cache of the IOMMU; only with `irte_is_cached`. */
  irte_cached: 4,
  irte_is_cached: 1,
  /** A write to 0xfeexxxxx that the IOMMU has not taken yet. */
  request: 1,
  request_address: 2,
  request_data: 1,
  /** VFIO has connected the interrupt to its eventfd. */
  vfio: 1,
  /** The producer and the consumer of irq-bypass have found each other. */
  bypass: 1,
  /** vCPU that the entry posts to; -1 = remapped. 7.1 keeps it in irqfd->irq_bypass_vcpu. */
  bypass_vcpu: 1,
  /** The GSI has an MSI route: address and data that the guest programmed. */
  routed: 1,
  route_address: 2,
  route_data: 1,
  /** The eventfd was signalled and the work item of the irqfd is scheduled. */
  scheduled: 1,
  /** INTx: the device holds its line. */
  line: 1,
  /** INTx: VFIO has masked it until the guest's EOI. */
  masked: 1,
  /** INTx: signals of the resamplefd that VFIO has answered. */
  resampled: 1,
  /** Times that the host's handler ran since the last `expect`. */
  host_interrupts: 1,
});

/** The guest's kernel: how its APICs and irq domains came up, and the last message that it composed. */
export const GUEST = block({
  booted: 1,
  /** `DRIVERS` */
  driver: 1,
  /** x2apic_max_apicid; 0 = not restricted. */
  x2apic_max_apicid: 1,
  virt_ext_dest_id: 1,
  /** CPUs that were brought up. */
  online: 1,
  /** `PARENT` */
  ioapic_parent: 1,
  hpet_parent: 1,
  msi_address: 2,
  msi_data: 1,
  /** Bits of the destination did not fit (WARN_ON_ONCE). */
  msi_truncated: 1,
  /** What the VMM made of it for KVM. */
  route_address: 2,
});
export const PARENT = { unknown: 0, none: 1, x86_vector_domain: 2, IR: 3 } as const;
