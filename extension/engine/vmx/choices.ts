/**
 * Where KVM's code around posted interrupts differs by kernel version: one named choice each, with its source. The trees that were read are
 * 3.11 (2013), 4.19, 5.15.85, 6.3.2 (6.1), 6.13.7 (6.12), 6.16.1 and 7.1.5; posted interrupts §3.1, §5, §9, §12, races R01-R26.
 */
import { type Choice, chosen } from '../choices.ts';
import type { MachineConfig } from '../config.ts';
import type { Machine } from '../machine.ts';

export interface VmxChoices {
  readonly onAlreadySet: 'EVENT and kick' | 'nothing';
  readonly postRequestsEvent: boolean;
  readonly outOfGuestMode: 'kick' | 'wake';
  readonly runningVcpu: 'IPI' | 'spared';
  readonly apicvTrace: boolean;
  readonly icrFastPath: 'none' | 'physical Fixed to one' | 'whatever the APIC map can deliver';
  readonly icrFastPathThen: 'the whole loop' | 're-entry';
  readonly entrySync: 'with EVENT' | 'if APICv is active' | 'always';
  readonly entryOrder: 'mode, then IRQs off' | 'IRQs off, then mode';
  readonly syncRequestsEvent: boolean;
  readonly clearsOn: 'when it tests' | 'when it is set';
  readonly harvest: 'word by word' | 'four words, then merge';
  readonly irrMerge: 'store' | 'compare-and-exchange';
  readonly emptyHarvest: 'highest IRR' | 'none';
  readonly wakeupVector: 'none' | 'pi_pre_block' | 'vmx_vcpu_pi_put';
  readonly wakeupHandler: 'kick' | 'wake';
  readonly putSuppresses: 'when preempted' | 'unless waiting for a wake-up';
  readonly loadRestoresOn: boolean;
  readonly activationWritesSvi: boolean;
  readonly disabledApicDeactivates: boolean;
  readonly nestedVectorMorphs: boolean;
  readonly nestedEvents: 'at every turn' | 'with EVENT';
  readonly unblockRequest: boolean;
  readonly ipiVirtualization: boolean;
  /** Names by bit number. */
  readonly inhibitReasons: readonly string[];
  /** Bits of `inhibitReasons` that Intel honours (`VMX_REQUIRED_APICV_INHIBITS`). */
  readonly requiredInhibits: number;
}

const REASONS_5_15 = ['DISABLE', 'HYPERV', 'NESTED', 'IRQWIN', 'PIT_REINJ', 'X2APIC'] as const;
const REASONS_6_3 = [
  'DISABLED',
  'HYPERV',
  'ABSENT',
  'BLOCKIRQ',
  'PHYSICAL_ID_ALIASED',
  'APIC_ID_MODIFIED',
  'APIC_BASE_MODIFIED',
  'NESTED',
  'IRQWIN',
  'PIT_REINJ',
  'SEV',
  'LOGICAL_ID_ALIASED',
] as const;

export const VMX_CHOICES: { readonly [K in keyof VmxChoices]: Choice<VmxChoices[K]> } = {
  onAlreadySet: {
    doc: 'A post that finds ON set already: 2013 requests EVENT and kicks, later kernels have nothing left to do.',
    source: 'posted interrupts §3.1: vmx_deliver_posted_interrupt',
    from: { '2013': 'EVENT and kick', '4.19': 'nothing' },
  },
  postRequestsEvent: {
    doc: 'Every post requests KVM_REQ_EVENT.',
    source: 'posted interrupts §3.1',
    from: { '2013': true, '4.19': false },
  },
  outOfGuestMode: {
    doc: 'What a post does to a vCPU that is out of guest mode.',
    source: 'posted interrupts §3.1, race R11',
    from: { '2013': 'kick', '6.1': 'wake' },
  },
  runningVcpu: {
    doc: 'A vCPU that posts to itself on a fast path sends itself an IPI, or is spared: it harvests PIR anyway.',
    source: 'posted interrupts §3.1: kvm_vcpu_trigger_posted_interrupt',
    from: { '2013': 'IPI', '6.1': 'spared' },
  },
  apicvTrace: {
    doc: 'The trace event kvm_apicv_accept_irq exists.',
    source: 'tracepoints §1',
    from: { '2013': false, '6.1': true },
  },
  icrFastPath: {
    doc: 'Which x2APIC ICR writes are completed with interrupts off, without leaving guest mode for KVM.',
    source: 'LAPIC delivery §3.3; the fast path came with 5.7',
    from: { '2013': 'none', '5.15': 'physical Fixed to one', '7.1': 'whatever the APIC map can deliver' },
  },
  icrFastPathThen: {
    doc: 'After the ICR fast path: vcpu->mode, interrupts and the loop as after any exit, or the guest again at once.',
    source: 'vcpu_enter_guest, vmx_vcpu_run; 0dd45f2cd8cc, Linux 6.12',
    from: { '2013': 'the whole loop', '6.12': 're-entry' },
  },
  entrySync: {
    doc: 'When PIR is moved to IRR on the way into the guest.',
    source: 'posted interrupts §5, races R08 and R09',
    from: { '2013': 'with EVENT', '4.19': 'if APICv is active', '5.15': 'always' },
  },
  entryOrder: {
    doc: 'Order of vcpu->mode := IN_GUEST_MODE and local_irq_disable at VM entry.',
    source: 'race R08',
    from: { '2013': 'mode, then IRQs off', '4.19': 'IRQs off, then mode' },
  },
  syncRequestsEvent: {
    doc: 'A sync that finds new vectors requests EVENT when the processor will not deliver them because APICv is inhibited.',
    source: 'race R09: 7e1901f6c86c',
    from: { '2013': false, '5.15': true },
  },
  clearsOn: {
    doc: 'A sync tests and clears ON in one locked operation, or clears it only when it was found set.',
    source: 'posted interrupts §5: vmx_sync_pir_to_irr',
    from: { '2013': 'when it tests', '4.19': 'when it is set' },
  },
  harvest: {
    doc: 'PIR is taken in 32-bit words as they are merged, or first in four words of 64 bits.',
    source: 'race R01: b41f8638b9d3',
    from: { '2013': 'word by word', '6.16': 'four words, then merge' },
  },
  irrMerge: {
    doc: 'How PIR is merged into IRR.',
    source: 'race R10: 514946d14363, Linux 6.5',
    from: { '2013': 'store', '6.12': 'compare-and-exchange' },
  },
  emptyHarvest: {
    doc: 'What a sync answers when ON was set but PIR is empty.',
    source: 'posted interrupts §5, race R01: 33fd0ccd2590',
    from: { '2013': 'highest IRR', '6.16': 'none', '7.1': 'highest IRR' },
  },
  wakeupVector: {
    doc: 'Who switches NV to the wake-up vector when a vCPU blocks.',
    source: 'posted interrupts §9, race R07; put and load since 5.17',
    from: { '2013': 'none', '4.19': 'pi_pre_block', '6.1': 'vmx_vcpu_pi_put' },
  },
  wakeupHandler: {
    doc: 'What pi_wakeup_handler does with a vCPU whose ON is set.',
    source: 'posted interrupts §9',
    from: { '2013': 'kick', '6.1': 'wake' },
  },
  putSuppresses: {
    doc: 'When vmx_vcpu_pi_put sets SN.',
    source: 'posted interrupts §9, race R12: 6737557442e5',
    from: { '2013': 'when preempted', '7.1': 'unless waiting for a wake-up' },
  },
  loadRestoresOn: {
    doc: 'vmx_vcpu_pi_load sets ON when PIR is not empty.',
    source: 'race R02: c112b5f50232',
    from: { '2013': false, '5.15': true },
  },
  activationWritesSvi: {
    doc: 'Activating APICv writes SVI from ISR.',
    source: 'race R14: b2849bec936b',
    from: { '2013': false, '7.1': true },
  },
  disabledApicDeactivates: {
    doc: 'APICv is not active for a vCPU whose local APIC is disabled by IA32_APICBASE.',
    source: '__kvm_vcpu_update_apicv of 6.16; the first version is assumed',
    from: { '2013': false, '6.1': true },
  },
  nestedVectorMorphs: {
    doc: "L1's notification vector that turns up in L1's IRR while L2 runs becomes a nested posted interrupt.",
    source: 'race R26: 6e0b456547f4, Linux 6.13',
    from: { '2013': false, '6.16': true },
  },
  nestedEvents: {
    doc: 'With L2: check_nested_events at every turn of vcpu_run (kvm_vcpu_running), or only with KVM_REQ_EVENT.',
    source: 'kvm_vcpu_running of 4.19, 5.15 and 6.16; the first version without it is assumed',
    from: { '2013': 'at every turn', '6.12': 'with EVENT' },
  },
  unblockRequest: {
    doc: 'KVM_REQ_UNBLOCK exists: assigning the first device makes sleeping vCPUs look again.',
    source: 'race R05; Linux 5.13',
    from: { '2013': false, '5.15': true },
  },
  ipiVirtualization: {
    doc: 'IPI virtualization is used.',
    source: 'IPI virtualization §7: d588bb9be1da, Linux 6.0',
    from: { '2013': false, '6.1': true },
  },
  inhibitReasons: {
    doc: 'Reasons to inhibit APICv, by bit number.',
    source: 'posted interrupts §12; 4.19 knows only kvm_vcpu_deactivate_apicv for SynIC',
    from: {
      '2013': [],
      '4.19': ['HYPERV'],
      '5.15': REASONS_5_15,
      '6.1': REASONS_6_3,
      '7.1': [...REASONS_6_3, 'PHYSICAL_ID_TOO_BIG'],
    },
  },
  requiredInhibits: {
    doc: 'Reasons that Intel honours, as bits.',
    source: 'posted interrupts §12: VMX_REQUIRED_APICV_INHIBITS',
    from: { '2013': 0, '4.19': 0x01, '5.15': 0x03, '6.1': 0x7f },
  },
};

export function vmx(m: Machine): VmxChoices {
  return m.profile.vmx;
}

export function vmxChoices(config: MachineConfig): VmxChoices {
  return chosen(VMX_CHOICES, config.kernel);
}
