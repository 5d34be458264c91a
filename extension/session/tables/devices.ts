/** Devices behind the IOMMU and what VFIO, irqfd and irq-bypass know about them. */
import { D } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { hex } from '../../engine/text.ts';
import { messageCell } from './message.ts';
import { type Cell, type Column, flagText, NONE, type Row, range, type Table, wordsAt } from './table.ts';

const COLUMNS: readonly Column[] = [
  ['device', 'Its name in the scenario'],
  ['requester', 'Bus, device and function, 16 bits'],
  ['request', 'A write to 0xfeexxxxx that the IOMMU has not taken yet'],
  ['VFIO', 'VFIO’s handler has the host interrupt'],
  ['bypass', 'Producer and consumer of irq-bypass are connected'],
  ['posted to', 'vCPU that the entry posts to: irqfd->irq_bypass_vcpu in 7.1, older kernels do not note it'],
  ['guest’s MSI', 'MSI route of its GSI: address and data that the guest programmed'],
  ['work', 'The eventfd was signalled, the work item of the irqfd is scheduled'],
  ['host ran', 'Times that the host’s handler ran since the last expect'],
  ['INTx', 'The device holds its line; VFIO masks it until the guest’s EOI'],
];

function deviceRow(m: Machine, device: number): Row {
  const base = m.device(device);
  const { name, sourceId, intx } = m.config.devices![device];
  const of = (path: string) => `device ${name}.${path}`;
  const word = (at: number) => m.words[base + at];
  const flag = (at: number, path: string, doc: string): Cell => ({
    text: flagText(word(at) !== 0),
    field: of(path),
    decode: doc,
  });
  return {
    key: name,
    words: range(base + D.request, D.words - D.request),
    cells: () => {
      const target = word(D.bypass_vcpu);
      return [
        { text: name },
        {
          text: hex(sourceId, 4),
          decode: `bus ${hex(sourceId >>> 8)}, device ${hex((sourceId >>> 3) & 31)}, function ${sourceId & 7}`,
        },
        word(D.request) === 0
          ? { text: 'none', field: [of('request'), of('request_address')] }
          : messageCell(m, wordsAt(m, base + D.request_address, 3), [
              of('request'),
              of('request_address'),
              of('request_data'),
            ]),
        flag(D.vfio, 'vfio', 'VFIO has connected the interrupt to its eventfd'),
        flag(D.bypass, 'bypass', 'The producer and the consumer of irq-bypass have found each other'),
        {
          text: target < 0 ? 'nobody' : `vcpu ${target}`,
          field: of('posted_to'),
          decode: 'vCPU that the entry posts to',
        },
        word(D.routed) === 0
          ? { text: 'none', field: [of('routed'), of('route_address'), of('route_data')] }
          : messageCell(m, wordsAt(m, base + D.route_address, 3), [
              of('routed'),
              of('route_address'),
              of('route_data'),
            ]),
        flag(D.scheduled, 'scheduled', 'The work item of the irqfd is scheduled'),
        { text: String(word(D.host_interrupts)), field: of('host_interrupts') },
        intx === undefined
          ? NONE
          : {
              text: `${word(D.line) === 0 ? 'low' : 'high'}${word(D.masked) === 0 ? '' : ', masked'}`,
              field: [of('line'), of('masked')],
              decode: `line ${word(D.line)}, masked ${word(D.masked)}, resamplefd answered ${word(D.resampled)} times`,
            },
      ];
    },
  };
}

export function devices(m: Machine): Table | undefined {
  if (m.deviceCount === 0) {
    return undefined;
  }
  return {
    key: 'devices',
    title: 'Devices',
    note: 'Devices behind the IOMMU, and what VFIO, irqfd and irq-bypass know about them',
    featured: true,
    columns: COLUMNS,
    rows: range(0, m.deviceCount).map(device => deviceRow(m, device)),
  };
}
