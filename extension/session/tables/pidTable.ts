/** The PID-pointer table of IPI virtualization. */
import { vcpuOfPid } from '../../engine/address.ts';
import type { Machine } from '../../engine/machine.ts';
import { hex } from '../../engine/text.ts';
import { lastPidPointerIndex } from '../../engine/vmx/pidTable.ts';
import { pidPointer } from '../../formats/piDesc.ts';
import { decoded, flagText, hexOf, type Row, type Table, wordsAt } from './table.ts';

const VALID = 1;

function entryRow(m: Machine, index: number): Row {
  const address = m.layout.pidTable + 2 * index;
  const field = `pid table[${index}]`;
  return {
    key: `entry ${index}`,
    words: [address, address + 1],
    cells: () => {
      const [lo, hi] = wordsAt(m, address, 2);
      const vcpu = vcpuOfPid({ hi, lo: (lo & ~0x3f) >>> 0 }, m.vcpuCount);
      return [
        { text: hex(index, 1) },
        { text: hexOf([lo, hi]), field, decode: decoded(m, pidPointer, [lo, hi]) },
        { text: flagText((lo & VALID) !== 0), field },
        { text: vcpu < 0 ? 'none' : `vcpu ${vcpu}`, field },
      ];
    },
  };
}

export function pidTable(m: Machine): Table | undefined {
  if (m.layout.pidTableEntries === 0) {
    return undefined;
  }
  return {
    key: 'pid table',
    title: 'PID-pointer table',
    note: `IPI virtualization looks up the destination’s descriptor here; entries up to LAST_PID_POINTER_INDEX = ${hex(lastPidPointerIndex(m.config), 1)} may be read, those that are not listed are 0. vmx/vmx.c`,
    featured: true,
    columns: [
      ['ID', 'x2APIC ID of the destination: vcpu_id'],
      ['entry', '64 bits'],
      ['valid', 'Bit 0'],
      ['descriptor of', 'Bits 63:6: address of a posted-interrupt descriptor'],
    ],
    rows: m.config.vcpus
      .map(({ id }) => id)
      .sort((a, b) => a - b)
      .map(id => entryRow(m, id)),
  };
}
