/** The CPU of the host that a remapped entry names. */
import { fieldValue } from '../../formats/format.ts';
import { irte } from '../../formats/irte.ts';
import type { Machine } from '../machine.ts';

const x2apicLogicalId = (id: number): number => (((id >>> 4) << 16) | (1 << (id & 15))) >>> 0;

/** Number of the CPU, or -1. Of several logical destinations the first: RH = 1 asks for one, and Linux writes just one. */
export function hostTarget(m: Machine, entry: readonly number[]): number {
  const x2apic = m.config.hostApic === 'x2apic';
  const dst = x2apic ? entry[1] >>> 0 : (entry[1] >>> 8) & 0xff;
  const logical = fieldValue(irte, entry, 'DM') !== 0;
  return m.config.cpus.findIndex(({ apicId }) => {
    if (!logical) {
      return apicId === dst;
    }
    const ldr = x2apic ? x2apicLogicalId(apicId) : 1 << (apicId & 7);
    return x2apic ? ldr >>> 16 === dst >>> 16 && (ldr & dst & 0xffff) !== 0 : (ldr & dst) !== 0;
  });
}

/** Words of the remapped entry that Linux prepares: fixed, edge, RH = 1, physical. `prepare_irte`, VT-d and AVIC §A5. */
export function remappedEntry(m: Machine, cpu: number, vector: number, sourceId: number): number[] {
  const { apicId } = m.config.cpus[cpu];
  const dst = m.config.hostApic === 'x2apic' ? apicId : apicId << 8;
  return [(vector << 16) | (1 << 3) | 1, dst, SVT_VERIFY_ALL | sourceId, 0];
}

/** SVT = 01, SQ = 00: all 16 bits of the source ID must match. */
const SVT_VERIFY_ALL = 1 << 18;
