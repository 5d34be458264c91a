/** Which irq domain becomes the parent of an IOAPIC or HPET. kernel/irq/irqdomain.c, arch/x86/kernel/apic/vector.c; MSI and irq domains §6, §7. */
import { type ApicSetup, apic_id_valid, type Remapping } from './apicDriver.ts';

/** What looks for a parent: the firmware specification names it `IO-APIC-<id>` or `HPET-MSI-<id>`. */
export interface Fwspec {
  readonly kind: 'ioapic' | 'hpet';
  readonly id: number;
}

export interface IrqDomain {
  readonly name: string;
  readonly select: (fwspec: Fwspec) => boolean;
  /** Why `select` answers as it does, as a sentence. */
  readonly because: (fwspec: Fwspec) => string;
}

/** An APIC ID that needs 16 bits: valid only if nothing keeps IDs to 8 or 15 bits. */
const BEYOND_EVERY_MESSAGE = 1 << 15;

/** `x86_vector_select`: this domain is no parent as soon as there may be CPUs that its messages cannot reach. */
export function x86_vector_select(setup: ApicSetup): IrqDomain {
  const reachesAll = !apic_id_valid(setup, BEYOND_EVERY_MESSAGE);
  return {
    name: 'x86_vector_domain',
    select: () => reachesAll,
    because: () =>
      reachesAll
        ? 'APIC ID 32768 is not valid: every CPU can be reached by an MSI, the vector domain accepts'
        : 'APIC ID 32768 is valid: there may be CPUs that an MSI cannot reach, the vector domain refuses',
  };
}

/** The domain of a remapping unit: it accepts what its table of devices names. */
export function remapping_select(name: string, claims: readonly Fwspec[]): IrqDomain {
  const claimed = ({ kind, id }: Fwspec) => claims.some(each => each.kind === kind && each.id === id);
  return {
    name,
    select: claimed,
    because: fwspec =>
      claimed(fwspec)
        ? `${fwspec.kind} ${fwspec.id} is in the scope of this remapping unit`
        : `${fwspec.kind} ${fwspec.id} is in the scope of no remapping unit`,
  };
}

/** Domains in list order. A new domain goes to the head of the list, and remapping is set up after the vector domain. */
export function domainsOf(setup: ApicSetup, remapping: Remapping, claims: readonly Fwspec[]): readonly IrqDomain[] {
  const vector = x86_vector_select(setup);
  return remapping === 'none' ? [vector] : [remapping_select('IR', claims), vector];
}

/** `irq_find_matching_fwspec`: the first domain that accepts, or undefined. */
export function irq_find_matching_fwspec(domains: readonly IrqDomain[], fwspec: Fwspec): IrqDomain | undefined {
  return domains.find(domain => domain.select(fwspec));
}

/** What follows when no domain accepts. */
export const WITHOUT_PARENT: Readonly<Record<Fwspec['kind'], string>> = {
  ioapic: 'mp_irqdomain_create returns -ENODEV: BUG at boot, an error for a hot-added IOAPIC',
  hpet: 'hpet_create_irq_domain returns NULL: no HPET MSI, boot continues with the legacy HPET',
};
