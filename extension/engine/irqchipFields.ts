/** Fields of the in-kernel irqchip: of a vCPU and of a pin as part of the table in `fields.ts`; of the VM only by name, for what a step changed. */
import { ioapicRte } from '../formats/ioapicRte.ts';
import type { FieldInfo } from './fields.ts';
import { IO, IOAPIC_NUM_PINS, KVM_APIC_INIT, KVM_APIC_SIPI, MAP, MP_STATE, PIC, PICS, REQ, V, VM } from './layout.ts';
import type { Machine } from './machine.ts';
import { hex } from './text.ts';

/** Bits 10:8 of a redirection entry; 3 and 6 are reserved. Source: 82093AA. */
const DELIVERY_MODES = { Fixed: 0, LowestPriority: 1, SMI: 2, NMI: 4, INIT: 5, ExtINT: 7 } as const;

const flag = (path: string, word: number, bit: number, doc: string): FieldInfo => ({
  path,
  block: 'vcpu',
  kind: 'flag',
  width: 1,
  doc,
  word,
  bit,
});

const number = (path: string, width: number, word: number, doc: string): FieldInfo => ({
  path,
  block: 'vcpu',
  kind: 'number',
  width,
  doc,
  word,
  bit: 0,
});

export const IRQCHIP_FIELDS: readonly FieldInfo[] = [
  { ...number('mp_state', 4, V.mp_state, '`vcpu->arch.mp_state`.'), kind: 'enum', values: MP_STATE },
  flag('init', V.pending_events, KVM_APIC_INIT, 'An INIT is pending.'),
  flag('sipi', V.pending_events, KVM_APIC_SIPI, 'A SIPI is pending.'),
  number('sipi_vector', 8, V.sipi_vector, 'Vector of the last SIPI: the page where the vCPU starts.'),
  number('cs', 16, V.cs, 'Selector of CS after reset or SIPI.'),
  number('nmi.queued', 16, V.nmi_queued, '`nmi_queued`: NMIs that were sent and not looked at yet.'),
  number('nmi.pending', 8, V.nmi_pending, '`nmi_pending`: NMIs that wait for injection, at most two.'),
  flag('nmi.masked', V.nmi_masked, 0, 'NMIs are blocked until IRET.'),
  flag('smi', V.smi_pending, 0, 'An SMI waits for injection.'),
  flag('smm', V.smm, 0, 'The vCPU is in system-management mode.'),
  flag('pv_unhalted', V.pv_unhalted, 0, 'Kicked by KVM_HC_KICK_CPU.'),
  number('arb_prio', 32, V.arb_prio, '`apic_arb_prio`: how often it was the target of lowest priority.'),
  flag('request.nmi', V.requests, REQ.NMI, 'KVM_REQ_NMI is pending.'),
  flag('request.smi', V.requests, REQ.SMI, 'KVM_REQ_SMI is pending.'),
  flag('request.scan_ioapic', V.requests, REQ.SCAN_IOAPIC, 'KVM_REQ_SCAN_IOAPIC is pending.'),
  flag('request.ioapic_eoi_exit', V.requests, REQ.IOAPIC_EOI_EXIT, 'KVM_REQ_IOAPIC_EOI_EXIT is pending.'),
  {
    ...number('ioapic_handled', 256, V.ioapic_handled_vectors, 'Vectors whose EOI the IOAPIC wants to see.'),
    kind: 'vectors',
  },
  number('lvt0', 32, V.lvt + 3, 'LVT LINT0.'),
  number('lvt1', 32, V.lvt + 4, 'LVT LINT1.'),
  number('lvtpc', 32, V.lvt + 2, 'LVT performance counter.'),
  // Of a pin: `union kvm_ioapic_redirect_entry`, arch/x86/kvm/ioapic.h.
  ...[
    number('vector', 8, 0, 'Redirection entry, bits 7:0.'),
    { ...number('delivery_mode', 3, 0, 'Bits 10:8.'), values: DELIVERY_MODES, bit: 8 },
    flag('dest_mode', 0, 11, 'Bit 11: 1 = logical.'),
    flag('delivery_status', 0, 12, 'Bit 12, read-only.'),
    flag('polarity', 0, 13, 'Bit 13: 1 = active low. KVM does not use it.'),
    flag('remote_irr', 0, 14, 'Bit 14, read-only: a level interrupt was sent, and its EOI has not come.'),
    flag('trig_mode', 0, 15, 'Bit 15: 1 = level.'),
    flag('mask', 0, 16, 'Bit 16: 1 = masked.'),
    { ...number('dest_id', 8, 1, 'Bits 63:56: destination.'), bit: 24 },
  ].map((field): FieldInfo => ({ ...field, block: 'pin' })),
];

function nameIn(block: Readonly<Record<string, number>>, word: number): string | undefined {
  return Object.entries(block).find(([name, offset]) => offset === word && name !== 'words')?.[0];
}

function ioapicWord(word: number): string | undefined {
  if (word >= IO.redirtbl) {
    const at = word - IO.redirtbl;
    return `ioapic.redirtbl[${at >> 1}] bits ${at % 2 === 0 ? '31:0' : '63:32'}`;
  }
  const arrays = [
    ['irq_states', IO.irq_states],
    ['irq_eoi', IO.irq_eoi],
  ] as const;
  for (const [name, start] of arrays) {
    if (word >= start && word < start + IOAPIC_NUM_PINS) {
      return `ioapic.${name}[${word - start}]`;
    }
  }
  const name = nameIn(IO, word);
  return name === undefined ? undefined : `ioapic.${name}`;
}

function picWord(word: number): string | undefined {
  if (word < PICS.output) {
    return `pic ${word < PIC.words ? 'master' : 'slave'}.${nameIn(PIC, word % PIC.words)}`;
  }
  return word < PICS.irq_states ? `pic.${nameIn(PICS, word)}` : `pic.irq_states[${word - PICS.irq_states}]`;
}

function mapWord(m: Machine, word: number): string {
  const at = word % m.layout.mapWords;
  if (at >= MAP.words) {
    return `apic map.phys_map[${at - MAP.words}]`;
  }
  return at >= MAP.logical_map ? `apic map.logical_map[${at - MAP.logical_map}]` : `apic map.${nameIn(MAP, at)}`;
}

/** Name of a word of the VM's irqchip: `ioapic.irr`, `apic map.phys_map[3]`; undefined for everything else. */
export function irqchipWord(m: Machine, address: number): string | undefined {
  const { vm, maps, mapWords, ioapic, pics } = m.layout;
  const within = (start: number, words: number) => address >= start && address < start + words;
  if (within(vm, VM.words)) {
    const name = nameIn(VM, address - vm);
    return name === undefined ? undefined : `vm.${name}`;
  }
  if (within(maps, 2 * mapWords)) {
    return mapWord(m, address - maps);
  }
  if (within(ioapic, IO.words)) {
    return ioapicWord(address - ioapic);
  }
  return within(pics, PICS.words) ? picWord(address - pics) : undefined;
}

/** Words in which each bit is a pin. */
const PIN_BITS: Readonly<Record<number, string>> = {
  [IO.irr]: 'ioapic.irr',
  [IO.irr_delivered]: 'ioapic.irr_delivered',
  [IO.notifiers]: 'ioapic.notifiers',
};

interface Part {
  readonly name: string;
  readonly lo: number;
  readonly width: number;
}

/** What a word of the IOAPIC is made of: the fields of a redirection entry, or a bit for each pin; empty when it is one value. */
function partsOfIoapic(word: number): readonly Part[] {
  const at = word - IO.redirtbl;
  if (at >= 0) {
    const first = (at & 1) * 32;
    return ioapicRte.fields
      .filter(({ reserved, lo }) => reserved === undefined && lo >= first && lo < first + 32)
      .map(({ name, hi, lo }) => ({ name: `ioapic.redirtbl[${at >> 1}].${name}`, lo: lo - first, width: hi - lo + 1 }));
  }
  const bits = PIN_BITS[word];
  return bits === undefined
    ? []
    : Array.from({ length: IOAPIC_NUM_PINS }, (_, pin) => ({ name: `${bits}[${pin}]`, lo: pin, width: 1 }));
}

const parts: readonly (readonly Part[])[] = Array.from({ length: IO.words }, (_, word) => partsOfIoapic(word));

/** The parts of a word of the IOAPIC under `mask`, with their values; empty where the word has none. */
export function irqchipParts(m: Machine, address: number, mask: number, before: number, after: number) {
  return (parts[address - m.layout.ioapic] ?? [])
    .filter(({ lo, width }) => (mask >>> lo) & ((1 << width) - 1))
    .map(({ name, lo, width }) => {
      const value = (word: number) => hex((word >>> lo) & ((1 << width) - 1), 1);
      return { name, before: value(before), after: value(after) };
    });
}
