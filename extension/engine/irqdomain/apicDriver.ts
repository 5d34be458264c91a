/** The APIC driver of a Linux guest and which CPUs it can bring up. arch/x86/kernel/apic; MSI and irq domains §5. */

/** Interrupt remapping as the guest found it. `xapic`: enabled, but without extended interrupt mode (8-bit IDs). */
export type Remapping = 'none' | 'xapic' | 'x2apic';

/** What decides about x2APIC when Linux boots. */
export interface Platform {
  /** CPUID offers x2APIC and `nox2apic` was not given. */
  readonly x2apic: boolean;
  readonly remapping: Remapping;
  /** `x86_init.hyper.x2apic_available()`: a hypervisor that allows x2APIC without remapping. False on bare metal. */
  readonly hypervisor: boolean;
  /** `x86_init.hyper.msi_ext_dest_id()`: on KVM, bit 15 of the feature leaf 0x40000001. */
  readonly msiExtDestId: boolean;
}

export const DRIVERS = {
  /** apic_flat_64.c; the only xAPIC driver of a 64-bit kernel since 6.4. */
  'physical flat': 0,
  'physical x2apic': 1,
  'cluster x2apic': 2,
} as const;
export type Driver = keyof typeof DRIVERS;

const XAPIC_MAX = 0xfe;
const UINT_MAX = 0xffffffff;
export const LIMIT_8_BIT = 255;
export const LIMIT_15_BIT = 32767;

/** What `try_to_enable_x2apic` leaves behind. */
export interface ApicSetup {
  readonly driver: Driver;
  /** `x2apic_max_apicid`; 0 = not restricted. */
  readonly maxApicId: number;
  readonly virtExtDestId: boolean;
  /** Why, as a sentence. */
  readonly because: string;
}

/** `try_to_enable_x2apic` and the choice of the driver that follows from it. Cluster mode is Linux' own choice when nothing forces physical. */
export function try_to_enable_x2apic({ x2apic, remapping, hypervisor, msiExtDestId }: Platform): ApicSetup {
  const flat: Omit<ApicSetup, 'because'> = { driver: 'physical flat', maxApicId: 0, virtExtDestId: false };
  if (!x2apic) {
    return { ...flat, because: 'x2APIC is disabled' };
  }
  if (remapping === 'x2apic') {
    const because = 'interrupt remapping carries 32-bit IDs: x2APIC without a limit';
    return { driver: 'cluster x2apic', maxApicId: 0, virtExtDestId: false, because };
  }
  if (!hypervisor) {
    return { ...flat, because: 'no hypervisor vouches for x2APIC without remapping: x2APIC is turned off' };
  }
  return msiExtDestId
    ? {
        driver: 'physical x2apic',
        maxApicId: LIMIT_15_BIT,
        virtExtDestId: true,
        because: 'an MSI reaches 15-bit IDs (extended destination ID): limit 32767, physical mode',
      }
    : {
        driver: 'physical x2apic',
        maxApicId: LIMIT_8_BIT,
        virtExtDestId: false,
        because: 'an MSI reaches 8-bit IDs: limit 255, physical mode',
      };
}

/** Highest ID of the driver: `apic->max_apic_id` in 6.16; the callback `apic->apic_id_valid` of older kernels gives the same. */
export function maxApicId({ driver, maxApicId: restricted }: Pick<ApicSetup, 'driver' | 'maxApicId'>): number {
  if (driver === 'physical flat') {
    return XAPIC_MAX;
  }
  return restricted === 0 ? UINT_MAX : restricted;
}

/** `apic_id_valid`: can a CPU with this ID be brought up? */
export function apic_id_valid(setup: Pick<ApicSetup, 'driver' | 'maxApicId'>, id: number): boolean {
  return id <= maxApicId(setup);
}
