/**
 * The id of the layout among siblings that the value fits: ICR half or whole and xAPIC or x2APIC, MSI address
 * plain or remappable, RTE and IRTE by their format bits. Other ids come back as they are.
 */
export function fittingFormat(id: string, value: bigint): string {
  const bit = (n: bigint) => ((value >> n) & 1n) === 1n;
  switch (id) {
    case 'icr':
    case 'icr-low':
      if (value >> 32n === 0n) return 'icr-low';
      return (value >> 32n) & 0xffffffn ? 'x2apic-icr' : 'icr';
    case 'msi-address':
      return bit(4n) ? 'msi-address-ir' : id;
    case 'msi':
      return bit(4n) ? 'msi-ir' : id;
    case 'rte':
      return bit(48n) ? 'rte-ir' : id;
    case 'irte':
      return bit(15n) ? 'irte-posted' : id;
    default:
      return id;
  }
}
