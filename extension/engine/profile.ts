/**
 * Behaviour profiles: what KVM does differs by version and vendor. Each difference is one named choice with its source; code asks for
 * the choice, never for a version. `docs/behaviour.md` shows the same table.
 */

import { chosen } from './choices.ts';
import type { KernelVersion, MachineConfig } from './config.ts';
import { type DeliveryChoices, deliveryChoices } from './lapic/choices.ts';
import { AVIC_CHOICES, type AvicChoices } from './svm/choices.ts';
import { BYPASS_CHOICES, type BypassChoices } from './vfio/choices.ts';
import { VMX_CHOICES, type VmxChoices } from './vmx/choices.ts';

export interface Profile {
  /** `Linux 6.16` */
  readonly name: string;
  /** The software path of LAPIC, IOAPIC and MSI: `lapic/choices.ts`. */
  readonly delivery: DeliveryChoices;
  /** AVIC and the AMD IOMMU: `svm/choices.ts`. */
  readonly avic: AvicChoices;
  /** Assigned interrupts: `vfio/choices.ts`. */
  readonly bypass: BypassChoices;
  /** Posted interrupts and what is around them on Intel: `vmx/choices.ts`. */
  readonly vmx: VmxChoices;
  /** File names that moved. */
  readonly files: {
    readonly posting: string;
    readonly notification: string;
    readonly delivery: string;
  };
}

type Named = Pick<Profile, 'name' | 'files'>;

const FILES = { posting: 'vmx/vmx.c', notification: 'vmx/common.h', delivery: 'irq_comm.c' } as const;
const UNTIL_6_12 = { ...FILES, notification: 'vmx/vmx.c' } as const;
const SINCE_7_1 = { ...FILES, delivery: 'lapic.c' } as const;

const NAMES: Readonly<Record<KernelVersion, Named>> = {
  '2013': {
    name: 'Linux 3.11 (2013)',
    files: { posting: 'vmx.c', notification: 'vmx.c', delivery: 'virt/kvm/irq_comm.c' },
  },
  '4.19': { name: 'Linux 4.19', files: { ...UNTIL_6_12, posting: 'vmx.c', notification: 'vmx.c' } },
  '5.15': { name: 'Linux 5.15', files: UNTIL_6_12 },
  '6.1': { name: 'Linux 6.1', files: UNTIL_6_12 },
  '6.12': { name: 'Linux 6.12', files: UNTIL_6_12 },
  '6.16': { name: 'Linux 6.16', files: FILES },
  '7.1': { name: 'Linux 7.1', files: SINCE_7_1 },
  '7.2': { name: 'Linux 7.2', files: SINCE_7_1 },
};

const UNCHANGED = new Map<KernelVersion, Profile>();

export function profileOf(config: Pick<MachineConfig, 'kernel' | 'choices'>): Profile {
  if (config.choices !== undefined) {
    return composed(config);
  }
  const profile = UNCHANGED.get(config.kernel) ?? composed(config);
  UNCHANGED.set(config.kernel, profile);
  return profile;
}

function composed(config: Pick<MachineConfig, 'kernel' | 'choices'>): Profile {
  const { blockedIrte, ...delivery } = config.choices ?? {};
  return {
    ...NAMES[config.kernel],
    vmx: chosen(VMX_CHOICES, config.kernel),
    delivery: { ...deliveryChoices(config.kernel), ...delivery },
    avic: chosen(AVIC_CHOICES, config.kernel),
    bypass: { ...chosen(BYPASS_CHOICES, config.kernel), ...(blockedIrte === undefined ? {} : { blockedIrte }) },
  };
}

export const KERNEL_VERSIONS = Object.keys(NAMES) as readonly KernelVersion[];
