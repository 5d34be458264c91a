/**
 * Behaviour profiles: what KVM does differs by version and vendor. Each difference is one named choice with its source; code asks for
 * the choice, never for a version. `docs/behaviour.md` shows the same table.
 */

import { chosen } from './choices.ts';
import type { KernelVersion, MachineConfig } from './config.ts';
import { type DeliveryChoices, deliveryChoices } from './lapic/choices.ts';
import { AVIC_CHOICES, type AvicChoices } from './svm/choices.ts';
import { BYPASS_CHOICES, type BypassChoices } from './vfio/choices.ts';

export interface Profile {
  /** `Linux 6.16` */
  readonly name: string;
  /** The software path of LAPIC, IOAPIC and MSI: `lapic/choices.ts`. */
  readonly delivery: DeliveryChoices;
  /** AVIC and the AMD IOMMU: `svm/choices.ts`. */
  readonly avic: AvicChoices;
  /** Assigned interrupts: `vfio/choices.ts`. */
  readonly bypass: BypassChoices;
  /** How a posting KVM goes on after PIR and ON. Posted interrupts §3.1. */
  readonly posting: {
    /** 2013: ON already set still requests EVENT and kicks. Later: nothing more to do. */
    readonly stopsWhenOnIsSet: boolean;
    /** 2013: KVM_REQ_EVENT with every post. */
    readonly requestsEvent: boolean;
    /** A target out of guest mode is kicked (2013 to 5.15) or only woken (6.3 on). */
    readonly outOfGuestMode: 'kick' | 'wake';
    /** No IPI to the vCPU that runs on this very CPU. */
    readonly sparesRunningVcpu: boolean;
    /** Trace event kvm_apicv_accept_irq exists. */
    readonly tracesApicv: boolean;
  };
  readonly entry: {
    /** PIR is moved to IRR only while KVM_REQ_EVENT is handled (2013), or at each entry after mode = IN_GUEST_MODE. */
    readonly syncs: 'with EVENT' | 'always';
    /** WRMSR of the ICR is completed without leaving the IRQ-off exit loop for physical Fixed unicast (5.7 on). LAPIC delivery §3.3. */
    readonly icrFastPath: boolean;
  };
  readonly descriptor: {
    /** SN, NV and NDST exist (not in 2013). */
    readonly hasNotificationInfo: boolean;
  };
  /** File names that moved. */
  readonly files: {
    readonly posting: string;
    readonly notification: string;
    readonly delivery: string;
  };
}

type VersionProfile = Omit<Profile, 'delivery' | 'avic' | 'bypass'>;

const SINCE_6_3: VersionProfile = {
  name: 'Linux 6.16',
  posting: {
    stopsWhenOnIsSet: true,
    requestsEvent: false,
    outOfGuestMode: 'wake',
    sparesRunningVcpu: true,
    tracesApicv: true,
  },
  entry: { syncs: 'always', icrFastPath: true },
  descriptor: { hasNotificationInfo: true },
  files: { posting: 'vmx/vmx.c', notification: 'vmx/common.h', delivery: 'irq_comm.c' },
};

const UNTIL_5_15: VersionProfile = {
  ...SINCE_6_3,
  posting: { ...SINCE_6_3.posting, outOfGuestMode: 'kick', sparesRunningVcpu: false, tracesApicv: false },
  files: { ...SINCE_6_3.files, notification: 'vmx/vmx.c' },
};

const PROFILES: Readonly<Record<KernelVersion, VersionProfile>> = {
  '2013': {
    name: 'Linux 3.11 (2013)',
    posting: {
      stopsWhenOnIsSet: false,
      requestsEvent: true,
      outOfGuestMode: 'kick',
      sparesRunningVcpu: false,
      tracesApicv: false,
    },
    entry: { syncs: 'with EVENT', icrFastPath: false },
    descriptor: { hasNotificationInfo: false },
    files: { posting: 'vmx.c', notification: 'vmx.c', delivery: 'virt/kvm/irq_comm.c' },
  },
  '4.19': { ...UNTIL_5_15, name: 'Linux 4.19', entry: { syncs: 'always', icrFastPath: false } },
  '5.15': { ...UNTIL_5_15, name: 'Linux 5.15' },
  '6.1': { ...SINCE_6_3, name: 'Linux 6.1' },
  '6.12': { ...SINCE_6_3, name: 'Linux 6.12' },
  '6.16': SINCE_6_3,
  '7.1': { ...SINCE_6_3, name: 'Linux 7.1', files: { ...SINCE_6_3.files, delivery: 'lapic.c' } },
  '7.2': { ...SINCE_6_3, name: 'Linux 7.2', files: { ...SINCE_6_3.files, delivery: 'lapic.c' } },
};

const UNCHANGED = new Map<KernelVersion, Profile>();

export function profileOf(config: MachineConfig): Profile {
  if (config.choices !== undefined) {
    return composed(config);
  }
  const profile = UNCHANGED.get(config.kernel) ?? composed(config);
  UNCHANGED.set(config.kernel, profile);
  return profile;
}

function composed(config: MachineConfig): Profile {
  const { blockedIrte, ...delivery } = config.choices ?? {};
  return {
    ...PROFILES[config.kernel],
    delivery: { ...deliveryChoices(config.kernel), ...delivery },
    avic: chosen(AVIC_CHOICES, config.kernel),
    bypass: { ...chosen(BYPASS_CHOICES, config.kernel), ...(blockedIrte === undefined ? {} : { blockedIrte }) },
  };
}

export const KERNEL_VERSIONS = Object.keys(PROFILES) as readonly KernelVersion[];
