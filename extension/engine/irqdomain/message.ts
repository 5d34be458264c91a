/** MSI messages as Linux composes and reads them, and how they become IOAPIC entries. MSI and irq domains §1-§3, §8. */

/** An MSI as three words. */
export interface Message {
  readonly lo: number;
  readonly hi: number;
  readonly data: number;
}

const BASE = 0xfee00000;
const LOGICAL = 1 << 2;
const BITS_7_0 = 0xff;
const BITS_14_8 = 0x7f;
const EXT_DEST_LIMIT = 0x8000;

export interface Composed extends Message {
  /** `WARN_ON_ONCE`: bits of the destination did not fit, so the message goes to another CPU. */
  readonly truncated: boolean;
}

/** `__irq_msi_compose_msg`, apic.c. `dmar`: the message of the IOMMU itself, which has room for 32 bits. Fixed, edge. */
export function irq_msi_compose_msg(
  dest: number,
  vector: number,
  options: { readonly dmar: boolean; readonly virtExtDestId: boolean; readonly logical?: boolean },
): Composed {
  const logical = options.logical ? LOGICAL : 0;
  const lo = BASE | ((dest & BITS_7_0) << 12) | logical;
  if (options.dmar) {
    return { lo: lo >>> 0, hi: (dest & ~BITS_7_0) >>> 0, data: vector, truncated: false };
  }
  if (options.virtExtDestId && dest < EXT_DEST_LIMIT) {
    return { lo: (lo | (((dest >>> 8) & BITS_14_8) << 5)) >>> 0, hi: 0, data: vector, truncated: false };
  }
  return { lo: lo >>> 0, hi: 0, data: vector, truncated: dest > BITS_7_0 };
}

/** `x86_msi_msg_get_destid`: it never reads the extended bits of the low word. */
export function x86_msi_msg_get_destid({ lo, hi }: Message, extid: boolean): number {
  return (((lo >>> 12) & BITS_7_0) | (extid ? hi & ~BITS_7_0 : 0)) >>> 0;
}

/** The destination as a reader of the extended destination ID has it: 15 bits. */
export function extendedDestination(lo: number): number {
  return ((lo >>> 12) & BITS_7_0) | (((lo >>> 5) & BITS_14_8) << 8);
}

/**
 * `kvm_swizzle_msi_ext_dest_id` of QEMU: bits 11:5 of the address go to bits 46:40, where KVM with 32-bit IDs reads them. Nothing
 * happens without the feature, in remappable format (bit 4) or when the high half is in use.
 */
export function kvm_swizzle_msi_ext_dest_id(message: Message, msiExtDestId: boolean): Message {
  const { lo, hi, data } = message;
  const extended = lo & 0xff0;
  if (!msiExtDestId || extended === 0 || (lo & 0x10) !== 0 || hi !== 0) {
    return message;
  }
  return { lo: (lo & ~0xff0) >>> 0, hi: extended << 3, data };
}

/** An IOAPIC redirection entry as two words. */
export interface Rte {
  readonly lo: number;
  readonly hi: number;
}

/** `ioapic_setup_msg_from_msi`: the entry that makes the IOAPIC send this message. Trigger, polarity and mask are the pin's own. */
export function ioapic_setup_msg_from_msi({ lo, data }: Message, pin: Rte = { lo: 0, hi: 0 }): Rte {
  const low = (pin.lo & ~0xfff) | (data & 0x7ff) | ((lo & LOGICAL) << 9);
  const handle = ((lo >>> 5) & 0x7fff) << 17;
  return { lo: low >>> 0, hi: ((pin.hi & 0xffff) | handle | ((lo & 0x10) << 12)) >>> 0 };
}

/** The message that an IOAPIC with this entry sends (a split irqchip converts it so). RH cannot come from an entry. */
export function messageOfRte({ lo, hi }: Rte): Message {
  const handle = (hi >>> 17) << 5;
  const format = (hi >>> 12) & 0x10;
  const logical = (lo >>> 9) & LOGICAL;
  return { lo: (BASE | handle | format | logical) >>> 0, hi: 0, data: (lo & 0x7ff) | (lo & 0x8000) };
}
