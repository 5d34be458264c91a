/**
 * What differs between kernel versions in the software path of interrupt delivery: each difference is one named choice, with its source.
 * `docs/behaviour.md` is generated from this table. "Recorded" is what the genuine module did when `irqscope conform` files were made.
 */
import { type Choice, chosen, KERNEL_ORDER } from '../choices.ts';
import type { KernelVersion, RedirectionHint } from '../config.ts';

export interface DeliveryChoices {
  readonly redirectionHint: RedirectionHint;
  readonly logicalMap: 'clusters of 16' | 'modes seen' | 'one mode';
  readonly aliasedIds: 'last wins' | 'first wins' | 'map dropped';
  readonly mapInhibitsApicv: boolean;
  readonly physicalLowest: 'slow path' | 'fast path';
  readonly nobodyOnFastPath: -1 | 0;
  readonly lowestBroadcast: 'before the fast path' | 'after the fast path';
  readonly vectorHashing: boolean;
  readonly logicalBroadcast: boolean;
  readonly x2apicLogical: 'any common bit' | 'same cluster';
  readonly x2apicApi: boolean;
  readonly restoredX2apicId: 'from the image' | 'vcpu_id';
  readonly x2apicIcrReserved: 'ignored' | '#GP';
  readonly tmr: 'at the IOAPIC scan' | 'at acceptance';
  readonly levelDeassert: 'accepted' | 'dropped';
  readonly smi: 'ignored' | 'requested';
  readonly nestedSignals: boolean;
  readonly lvtpcMasked: boolean;
  readonly resampleOnUnmask: boolean;
  readonly staleEoi: boolean;
  readonly suppressEoi: 'as advertised' | 'chosen by the VMM';
  readonly x2apicIcrOnAmd: 'one register' | 'split';
  readonly reportedNmis: 'whether' | 'how many';
  readonly maxVcpuIds: number;
}

export { KERNEL_ORDER } from '../choices.ts';

export const DELIVERY_CHOICES: { readonly [K in keyof DeliveryChoices]: Choice<DeliveryChoices[K]> } = {
  redirectionHint: {
    doc: 'MSI address bit 3. Ignored: DM alone decides. Proposed (J. Sullivan, 2015): one target in logical mode, no effect in physical mode. Merged: "pick one" wherever a set of vCPUs is looked through, so also a physical broadcast on the slow path.',
    source: 'seed 0; kvm_lowest_prio_delivery, lapic.h; recorded (rh-logical, lp-rh-phys-bcast)',
    from: { '2013': 'ignored', '4.19': 'merged' },
  },
  logicalMap: {
    doc: 'How kvm_recalculate_apic_map sorts logical IDs. Clusters of 16: one decoding for all, chosen by the APICs that differ from reset. Modes seen: several modes at once, or none, turn the map off; a later duplicate replaces an earlier one and of several bits the lowest counts. One mode: a second mode, several bits or a duplicate turn the logical map off; no software-enabled APIC means an empty set.',
    source:
      'LAPIC delivery §5.4, kvm_recalculate_logical_map (6.16), kvm_recalculate_apic_map (5.15, 3.11); recorded (ldr-dup, ldr-multibit, hwdis)',
    from: { '2013': 'clusters of 16', '4.19': 'modes seen', '6.12': 'one mode' },
  },
  aliasedIds: {
    doc: 'Two xAPIC vCPUs with one physical ID, without 32-bit IDs: the map keeps the last or the first, or there is no map and both receive.',
    source: 'LAPIC delivery §5.4; recorded (xapic-alias-300-44-noapi); 6.3 has the dropped map',
    from: { '2013': 'last wins', '4.19': 'first wins', '6.12': 'map dropped' },
  },
  mapInhibitsApicv: {
    doc: 'Aliased or modified IDs found while the map is built inhibit APICv.',
    source: 'LAPIC delivery §5.4: in 6.3, not in 5.15',
    from: { '2013': false, '6.12': true },
  },
  physicalLowest: {
    doc: 'A physical message with lowest-priority mode leaves the fast path.',
    source: 'LAPIC delivery §13: always slow in 3.11',
    from: { '2013': 'slow path', '4.19': 'fast path' },
  },
  nobodyOnFastPath: {
    doc: 'What the fast path returns when no slot of the map is taken.',
    source: 'LAPIC delivery §5: -1 in 3.11 and 4.19, 0 from 5.15 on; recorded (phys-miss)',
    from: { '2013': -1, '5.15': 0 },
  },
  lowestBroadcast: {
    doc: 'When a physical 0xff with lowest-priority mode becomes Fixed to all.',
    source: 'LAPIC delivery §13',
    from: { '2013': 'before the fast path', '5.15': 'after the fast path' },
  },
  vectorHashing: {
    doc: 'kvm.ko parameter vector_hashing exists: lowest priority picks by vector modulo targets instead of by apic_arb_prio.',
    source: 'LAPIC delivery §5.5 and §13',
    from: { '2013': false, '4.19': true },
  },
  logicalBroadcast: {
    doc: 'Destination 0xff (x2APIC: 0xffffffff) reaches every APIC in logical mode too, whatever its LDR.',
    source: 'kvm_apic_match_logical_addr; recorded (logical-ff-ldr0); 3.11 compares the LDR alone',
    from: { '2013': false, '4.19': true },
  },
  x2apicLogical: {
    doc: 'Slow path, x2APIC target: a common bit in the low half is enough, or the cluster has to agree too.',
    source: 'kvm_apic_match_logical_addr, 3.11 and 4.19',
    from: { '2013': 'any common bit', '4.19': 'same cluster' },
  },
  x2apicApi: {
    doc: 'KVM_CAP_X2APIC_API exists: 32-bit destinations of MSIs, broadcast quirk can be disabled.',
    source: 'LAPIC delivery §4 and §13',
    from: { '2013': false, '4.19': true },
  },
  restoredX2apicId: {
    doc: 'KVM_SET_LAPIC in x2APIC mode without 32-bit IDs: ID and LDR follow bits 31:24 of the image, so they lose bits 31:8, or follow vcpu_id.',
    source: 'kvm_apic_state_fixup (5.15, 6.16); recorded (x2-id-noapi-300)',
    from: { '2013': 'from the image', '6.12': 'vcpu_id' },
  },
  x2apicIcrReserved: {
    doc: 'WRMSR 0x830 with bit 13, 16, 17 or 31:20 set.',
    source:
      'LAPIC delivery §3.2: not in 6.3, in 6.13; recorded: Debian 6.1.192 faults too, so a stable update of 6.1 has it',
    from: { '2013': 'ignored', '6.1': '#GP' },
  },
  tmr: {
    doc: 'Who writes TMR: vcpu_scan_ioapic from the redirection table, or every accepted Fixed or lowest-priority message.',
    source: 'LAPIC delivery §13',
    from: { '2013': 'at the IOAPIC scan', '4.19': 'at acceptance' },
  },
  levelDeassert: {
    doc: 'A Fixed IPI with trigger level and level 0.',
    source: 'LAPIC delivery §13; seed 1; recorded: an IPI with trig=level, level=0 is not delivered',
    from: { '2013': 'accepted', '4.19': 'dropped' },
  },
  smi: {
    doc: 'Delivery mode SMI.',
    source: 'seed 1 ("Ignoring guest SMI"); LAPIC delivery §6',
    from: { '2013': 'ignored', '4.19': 'requested' },
  },
  nestedSignals: {
    doc: 'INIT and SIPI heed VMX operation: they wait in VMX root operation, and in L2 they are VM exits 3 and 4 to L1. Before, they reset and start the vCPU as outside.',
    source:
      'LAPIC delivery §6.2; 4b9852f4f389, bf0cd88ce363; that 5.15 goes on to other events after a SIPI that L2 did not wait for is assumed',
    from: { '2013': false, '5.15': true },
  },
  lvtpcMasked: {
    doc: 'Delivering the performance-counter LVT masks it (Intel-compatible CPUID).',
    source: 'LAPIC delivery §6.1: not in 6.3, in 6.13',
    from: { '2013': false, '6.12': true },
  },
  resampleOnUnmask: {
    doc: 'Writing the RTE of an asserted level pin with a resampler asks the device again instead of injecting.',
    source: 'LAPIC delivery §10.3: in 6.3, not in 5.15',
    from: { '2013': false, '6.12': true },
  },
  staleEoi: {
    doc: 'The EOI of an interrupt that was pending from an older routing makes the vCPU scan the IOAPIC again.',
    source: 'highest_stale_pending_ioapic_eoi, 6.16; LAPIC delivery §9.1',
    from: { '2013': false, '6.16': true },
  },
  suppressEoi: {
    doc: 'Suppression of EOI broadcasts: advertised without an in-kernel IOAPIC and then not honoured, or switched on and off by KVM_CAP_X2APIC_API flags 4 and 8.',
    source: 'LAPIC delivery §9.2; recorded (split-suppress-eoi-api4, -api8)',
    from: { '2013': 'as advertised', '7.1': 'chosen by the VMM' },
  },
  x2apicIcrOnAmd: {
    doc: 'x2APIC ICR on AMD: one 64-bit register, or ICR and ICR2 apart, of which a reset in x2APIC mode clears only ICR.',
    source: 'LAPIC delivery §3.2 (x2apic_icr_is_split); recorded: INIT leaves ICR2, on 6.1.192 too',
    from: { '2013': 'one register', '6.1': 'split' },
  },
  reportedNmis: {
    doc: 'KVM_GET_VCPU_EVENTS tells whether an NMI is pending, or how many are.',
    source: 'recorded: 1 on 6.1 where 6.12 and 7.2 give 2',
    from: { '2013': 'whether', '6.12': 'how many' },
  },
  maxVcpuIds: {
    doc: 'KVM_MAX_VCPU_IDS: KVM_CREATE_VCPU refuses IDs from here on. From 6.12 on it follows CONFIG_KVM_MAX_NR_VCPUS, 4096 in the recorded kernels.',
    source: 'constants §10; recorded (vcpu-id-limits); before 6.1 *assumed*',
    from: { '2013': 255, '4.19': 1023, '5.15': 4096, '6.12': 16384 },
  },
};

const BY_KERNEL = new Map(KERNEL_ORDER.map(kernel => [kernel, chosen(DELIVERY_CHOICES, kernel)]));

export function deliveryChoices(kernel: KernelVersion): DeliveryChoices {
  return BY_KERNEL.get(kernel) as DeliveryChoices;
}
