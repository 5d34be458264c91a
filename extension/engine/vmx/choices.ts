/**
 * Where KVM's code around posted interrupts differs by kernel version: one named choice each, with its source. The trees that were read are
 * 3.11 (2013), 4.19, 5.15.85, 6.3.2 (6.1), 6.13.7 (6.12), 6.16.1 and 7.1.5; posted interrupts §3.1, §5, §9, §12, races R01-R14.
 */
import type { KernelVersion, MachineConfig } from '../config.ts';
import type { Machine } from '../machine.ts';

export interface VmxChoices {
  /** When PIR is moved to IRR on the way into the guest. R08, R09. */
  readonly entrySync: 'with EVENT' | 'if APICv is active' | 'always';
  /** mode = IN_GUEST_MODE and local_irq_disable: 2013 lets interrupts on in between. R08. */
  readonly entryOrder: 'mode, then IRQs off' | 'IRQs off, then mode';
  /** Is a request for EVENT made when new vectors came and the processor will not deliver them? R09. */
  readonly syncRequestsEvent: boolean;
  /** ON is tested and cleared in one locked operation (2013), or cleared only when it was found set. */
  readonly clearsOn: 'when it tests' | 'when it is set';
  /** PIR by 32-bit words as they are merged, or first harvested by 64-bit words. `__kvm_apic_update_irr`. */
  readonly harvest: 'word by word' | 'four words, then merge';
  /** The merge into IRR is a plain store (until 6.4) or a compare-and-exchange. R10. */
  readonly irrMerge: 'store' | 'compare-and-exchange';
  /** What the harvest answers when ON was set but PIR is empty: 6.16 forgets to look into IRR. R01. */
  readonly emptyHarvest: 'highest IRR' | 'none';
  /** Who switches NV to the wake-up vector: nobody, `pi_pre_block`, or `vmx_vcpu_pi_put`. R07. */
  readonly wakeupVector: 'none' | 'pi_pre_block' | 'vmx_vcpu_pi_put';
  /** `pi_wakeup_handler` kicks or wakes. */
  readonly wakeupHandler: 'kick' | 'wake';
  /** `vmx_vcpu_pi_put` sets SN when the vCPU was preempted, or on every put that does not arm the wake-up handler. R12. */
  readonly putSuppresses: 'when preempted' | 'unless waiting for a wake-up';
  /** `vmx_vcpu_pi_load` makes ON again from a non-empty PIR. R02. */
  readonly loadRestoresOn: boolean;
  /** Activating APICv writes SVI. R14. */
  readonly activationWritesSvi: boolean;
  /** L1's notification vector that shows up in L1's IRR while L2 runs is turned into a nested posted interrupt. R26. */
  readonly nestedVectorMorphs: boolean;
  /** IPI virtualization exists: Linux 6.0. IPI sheet §7. */
  readonly ipiVirtualization: boolean;
  /** Reasons that inhibit APICv on Intel, by bit number. §12. */
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
const REASONS_7_1 = [...REASONS_6_3, 'PHYSICAL_ID_TOO_BIG'] as const;

const LINUX_6_16: VmxChoices = {
  entrySync: 'always',
  entryOrder: 'IRQs off, then mode',
  syncRequestsEvent: true,
  clearsOn: 'when it is set',
  harvest: 'four words, then merge',
  irrMerge: 'compare-and-exchange',
  emptyHarvest: 'none',
  wakeupVector: 'vmx_vcpu_pi_put',
  wakeupHandler: 'wake',
  putSuppresses: 'when preempted',
  loadRestoresOn: true,
  activationWritesSvi: false,
  nestedVectorMorphs: true,
  ipiVirtualization: true,
  inhibitReasons: REASONS_6_3,
  requiredInhibits: 0x7f,
};

const LINUX_6_12: VmxChoices = {
  ...LINUX_6_16,
  harvest: 'word by word',
  emptyHarvest: 'highest IRR',
  nestedVectorMorphs: false,
};

const LINUX_6_1: VmxChoices = { ...LINUX_6_12, irrMerge: 'store' };

const LINUX_5_15: VmxChoices = {
  ...LINUX_6_1,
  wakeupVector: 'pi_pre_block',
  wakeupHandler: 'kick',
  ipiVirtualization: false,
  inhibitReasons: REASONS_5_15,
  requiredInhibits: 0x03,
};

const LINUX_4_19: VmxChoices = {
  ...LINUX_5_15,
  entrySync: 'if APICv is active',
  syncRequestsEvent: false,
  loadRestoresOn: false,
  inhibitReasons: ['HYPERV'],
  requiredInhibits: 0x01,
};

const LINUX_7_1: VmxChoices = {
  ...LINUX_6_16,
  emptyHarvest: 'highest IRR',
  putSuppresses: 'unless waiting for a wake-up',
  activationWritesSvi: true,
  inhibitReasons: REASONS_7_1,
};

const CHOICES: Readonly<Record<KernelVersion, VmxChoices>> = {
  '2013': {
    ...LINUX_4_19,
    entrySync: 'with EVENT',
    entryOrder: 'mode, then IRQs off',
    clearsOn: 'when it tests',
    wakeupVector: 'none',
    inhibitReasons: [],
    requiredInhibits: 0,
  },
  '4.19': LINUX_4_19,
  '5.15': LINUX_5_15,
  '6.1': LINUX_6_1,
  '6.12': LINUX_6_12,
  '6.16': LINUX_6_16,
  '7.1': LINUX_7_1,
  '7.2': LINUX_7_1,
};

/** The reasons of a kernel by bit number, and the bits that Intel honours. */
export function apicvInhibits(kernel: KernelVersion): Pick<VmxChoices, 'inhibitReasons' | 'requiredInhibits'> {
  return CHOICES[kernel];
}

export function vmx(m: Machine): VmxChoices {
  return CHOICES[m.config.kernel];
}

export function vmxChoices(config: MachineConfig): VmxChoices {
  return CHOICES[config.kernel];
}
