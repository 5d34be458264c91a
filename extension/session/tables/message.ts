import type { Machine } from '../../engine/machine.ts';
import { hex } from '../../engine/text.ts';
import { msi, msiIr } from '../../formats/msi.ts';
import { type Cell, decoded } from './table.ts';

/** Bit 4 of the address: the handle of an IRTE instead of a destination. */
const REMAPPABLE = 1 << 4;

/** Address and data of a message, decoded in the format that bit 4 chooses. */
export function messageCell(m: Machine, words: readonly number[], field: Cell['field']): Cell {
  const [lo, hi, data] = words;
  const address = hi === 0 ? hex(lo, 8) : `${hex(hi, 8)}_${hex(lo, 8).slice(2)}`;
  return {
    text: `${address} / ${hex(data, 4)}`,
    field,
    decode: decoded(m, (lo & REMAPPABLE) !== 0 ? msiIr : msi, words),
  };
}
