/** Names of words that no field of `fields.ts` describes, but that a step may touch and a picture shows: tables, locks, registers. */
import type { Block } from './fields.ts';
import { C, D, GUEST, IOMMU, IRQFD, ROUTE, V } from './layout.ts';
import type { Machine } from './machine.ts';

type Words = Readonly<Record<number, string>>;

/** Word -> name; a block of several words has an index behind it. */
function named<T extends Readonly<Record<string, number>>>(block: T, sizes: Partial<Record<keyof T, number>>): Words {
  const words: Record<number, string> = {};
  for (const [name, size = 1] of Object.entries(sizes)) {
    for (let i = 0; i < size; i++) {
      words[block[name] + i] = size === 1 ? name : `${name}[${i}]`;
    }
  }
  return words;
}

const OF_VCPU = named(V, {
  requests: 1,
  avic_physical_id_entry: 2,
  avic_hw_entry: 2,
  ir_list_lock: 1,
  int_ctl: 1,
  int_vector: 1,
  nested_int_ctl: 1,
  nested_int_vector: 1,
  esr: 1,
  lvt: 7,
  controls: 1,
  posted_intr_desc_addr: 2,
  load_eoi_exitmap_pending: 1,
  nested_posted_intr_nv: 1,
  interruptibility: 1,
});

const OF_CPU = named(C, { loaded: 1 });

const OF_DEVICE = named(D, {
  irte: 4,
  irte_cached: 4,
  request: 1,
  request_address: 2,
  request_data: 1,
  routed: 1,
  route_address: 2,
  route_data: 1,
  scheduled: 1,
  line: 1,
  masked: 1,
  resampled: 1,
});

const OF_IOMMU = named(IOMMU, { flags: 1, ga_status: 1 });

const OF_GUEST = named(GUEST, { booted: 1, msi_address: 2 });

const BY_BLOCK: Readonly<Record<Block, Words>> = {
  vcpu: OF_VCPU,
  cpu: OF_CPU,
  device: OF_DEVICE,
  iommu: OF_IOMMU,
  guest: OF_GUEST,
  // Named with the rest of the IOAPIC (irqchipFields.ts).
  pin: {},
};

/** Name of a word of a block below its subject, or undefined for bookkeeping of the engine. */
export function wordOfBlock(block: Block, word: number): string | undefined {
  return BY_BLOCK[block][word];
}

const nameIn = (block: Readonly<Record<string, number>>, word: number): string =>
  Object.entries(block).find(([, offset]) => offset === word)?.[0] ?? String(word);

/** Name of a word of a table: `pid table[5] bits 31:0`, `avic logical[2]`, `ga log[0] bits 63:32`, `route[3].data`, `irqfd[0].scheduled`. */
export function tableWord(m: Machine, address: number): string | undefined {
  const { routes, routeCount, irqfds, bitmaps, pidTable, pidTableEntries, iommu, gaLogEntries } = m.layout;
  const at = (start: number, words: number) => (address >= start && address < start + words ? address - start : -1);
  const half = (word: number) => `[${word >>> 1}] bits ${word % 2 === 0 ? '31:0' : '63:32'}`;
  const inRoutes = at(routes, routeCount * ROUTE.words);
  if (inRoutes >= 0) {
    return `route[${Math.floor(inRoutes / ROUTE.words)}].${nameIn(ROUTE, inRoutes % ROUTE.words)}`;
  }
  const inIrqfds = at(irqfds, bitmaps - irqfds);
  if (inIrqfds >= 0) {
    return `irqfd[${Math.floor(inIrqfds / IRQFD.words)}].${nameIn(IRQFD, inIrqfds % IRQFD.words)}`;
  }
  const inPidTable = at(pidTable, 2 * pidTableEntries);
  if (inPidTable >= 0) {
    return `pid table${half(inPidTable)}`;
  }
  const inLog = at(iommu + IOMMU.words, 2 * gaLogEntries);
  if (inLog >= 0) {
    return `ga log${half(inLog)}`;
  }
  const inLogical = at(m.layout.avicLogical, m.layout.guest - m.layout.avicLogical);
  return inLogical >= 0 ? `avic logical[${inLogical}]` : undefined;
}
