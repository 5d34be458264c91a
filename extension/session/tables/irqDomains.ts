/** The guest's kernel: its APIC driver, the irq domains that became parents, and the way of the last message through them. */
import { DRIVERS } from '../../engine/irqdomain/apicDriver.ts';
import { extendedDestination } from '../../engine/irqdomain/message.ts';
import { GUEST, PARENT } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { hex } from '../../engine/text.ts';
import { msi, msiExt } from '../../formats/msi.ts';
import { type Cell, type Column, decoded, flagText, NONE, type Row, range, type Table, wordsAt } from './table.ts';

const REMAPPING = { none: 'no remapping', xapic: 'remapping, 8-bit IDs', x2apic: 'remapping, 32-bit IDs' } as const;

interface Level {
  readonly key: string;
  readonly at: readonly number[];
  readonly cells: () => readonly Cell[];
}

/** `IO-APIC → IR → x86_vector_domain`: the chips that a pin's interrupt passes, from the device inwards. */
function hierarchy(name: string, parent: number): string {
  switch (parent) {
    case PARENT.unknown:
      return `${name} (no parent looked for yet)`;
    case PARENT.none:
      return `${name} (no parent)`;
    case PARENT.IR:
      return `${name} → IR → x86_vector_domain`;
    default:
      return `${name} → x86_vector_domain`;
  }
}

function levels(m: Machine): readonly Level[] {
  const base = m.layout.guest;
  const word = (at: number) => m.words[base + at];
  const parentOf = (key: string, name: string, at: number, field: string): Level => ({
    key,
    at: [at],
    cells: () => {
      const parent = Object.entries(PARENT).find(([, value]) => value === word(at))?.[0] ?? '';
      return [
        { text: key },
        {
          text: hierarchy(name, word(at)),
          field: `guest.${field}`,
          decode: `irq_find_matching_fwspec: the first domain whose select accepts; parent: ${parent}`,
        },
      ];
    },
  });
  return [
    {
      key: 'APIC driver',
      at: [GUEST.booted, GUEST.driver],
      cells: () => [
        { text: 'APIC driver' },
        {
          text: word(GUEST.booted) === 0 ? 'not booted' : (Object.keys(DRIVERS)[word(GUEST.driver)] ?? ''),
          field: ['guest.driver', 'guest.booted'],
          decode: `try_to_enable_x2apic; the platform: ${REMAPPING[m.config.guest?.remapping ?? 'none']}`,
        },
      ],
    },
    {
      key: 'x2apic_max_apicid',
      at: [GUEST.x2apic_max_apicid],
      cells: () => [
        { text: 'x2apic_max_apicid' },
        {
          text: word(GUEST.x2apic_max_apicid) === 0 ? 'no limit' : String(word(GUEST.x2apic_max_apicid)),
          field: 'guest.max_apicid',
          decode: 'CPUs with a higher ID stay offline; 0: not restricted',
        },
      ],
    },
    {
      key: 'virt_ext_dest_id',
      at: [GUEST.virt_ext_dest_id],
      cells: () => [
        { text: 'virt_ext_dest_id' },
        {
          text: flagText(word(GUEST.virt_ext_dest_id) !== 0),
          field: 'guest.virt_ext_dest_id',
          decode: 'Messages carry the extended destination ID: bits 14:8 of the ID in address bits 11:5',
        },
      ],
    },
    {
      key: 'CPUs online',
      at: [GUEST.online],
      cells: () => [
        { text: 'CPUs online' },
        { text: `${word(GUEST.online)} of ${m.vcpuCount}`, field: 'guest.online', decode: 'CPUs that were brought up' },
      ],
    },
    parentOf('IOAPIC', 'IO-APIC', GUEST.ioapic_parent, 'ioapic_parent'),
    parentOf('HPET', 'HPET-MSI', GUEST.hpet_parent, 'hpet_parent'),
    {
      key: 'composed MSI',
      at: [...range(GUEST.msi_address, 2), GUEST.msi_data, GUEST.msi_truncated, GUEST.virt_ext_dest_id],
      cells: () => {
        const words = wordsAt(m, base + GUEST.msi_address, 3);
        if (words[0] === 0) {
          return [{ text: 'composed MSI' }, NONE];
        }
        const extended = word(GUEST.virt_ext_dest_id) !== 0;
        const id = extended ? extendedDestination(words[0]) : (words[0] >>> 12) & 0xff;
        const lost = word(GUEST.msi_truncated) !== 0 ? ', truncated (WARN)' : '';
        return [
          { text: 'composed MSI' },
          {
            text: `${hex(words[0], 8)} / ${hex(words[2], 4)}: vector ${hex(words[2] & 0xff)} to APIC ID ${id}${lost}`,
            field: ['guest.msi_address', 'guest.msi_data', 'guest.msi_truncated', 'guest.virt_ext_dest_id'],
            decode: decoded(m, extended ? msiExt : msi, words),
          },
        ];
      },
    },
    {
      key: 'route in KVM',
      at: [...range(GUEST.route_address, 2), GUEST.msi_data],
      cells: () => {
        const [lo, hi] = wordsAt(m, base + GUEST.route_address, 2);
        if (lo === 0) {
          return [{ text: 'route in KVM' }, NONE];
        }
        const id = ((hi & 0xffffff00) | ((lo >>> 12) & 0xff)) >>> 0;
        return [
          { text: 'route in KVM' },
          {
            text: `${hex(hi, 8)}_${hex(lo, 8).slice(2)}: APIC ID ${id} with 32-bit IDs`,
            field: ['guest.route_lo', 'guest.route_hi'],
            decode: `what the VMM passes to KVM: ID bits 31:8 stand in address bits 63:40\n${decoded(m, msi, [lo, hi, word(GUEST.msi_data) >>> 0])}`,
          },
        ];
      },
    },
  ];
}

const COLUMNS: readonly Column[] = [
  ['of the guest', 'Step of the boot, or device'],
  ['is', 'What the guest’s kernel made of it'],
];

export function irqDomains(m: Machine): Table | undefined {
  if (m.config.guest === undefined) {
    return undefined;
  }
  return {
    key: 'irq domains',
    title: 'irq domains of the guest',
    note: 'APIC driver, parents of IOAPIC and HPET, the last composed message. irqdomain.c, arch/x86/kernel/apic',
    featured: true,
    columns: COLUMNS,
    rows: levels(m).map(({ key, at, cells }): Row => ({ key, words: at.map(each => m.layout.guest + each), cells })),
  };
}
