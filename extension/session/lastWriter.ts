/** "Who set this?": the journal knows, so no step has to be taken again. */
import { describeChange, namesAt } from '../engine/fieldAccess.ts';
import type { Machine } from '../engine/machine.ts';
import { touches } from '../formats/fieldNames.ts';

/**
 * The last step before the present one that changed one of `fields`, named as in `FieldTouch.field` (`vcpu 1.pid.on`,
 * `vcpu 1.irr[0x41]`); a set of vectors without an index stands for all of them, and a register for its fields. 0 when they are
 * as the machine began.
 */
export function lastWriter(m: Machine, fields: readonly string[]): number {
  const isWanted = (name: string) => fields.some(field => touches(name, field));
  const mayBe = new Map<number, boolean>();
  const holdsWanted = (address: number): boolean => {
    const known = mayBe.get(address) ?? namesAt(m, address).some(isWanted);
    mayBe.set(address, known);
    return known;
  };
  for (let step = m.position - 1; step > 0; step--) {
    for (const [address, difference] of m.changesOf(step)) {
      if (holdsWanted(address) && describeChange(m, address, 0, difference).some(({ name }) => isWanted(name))) {
        return step;
      }
    }
  }
  return 0;
}
