/** GSI routing and irqfds of KVM. */
import { irqfd, NOT_ASSIGNED } from '../../engine/ioapic/irqfd.ts';
import { route } from '../../engine/ioapic/routing.ts';
import { IRQFD, ROUTE, ROUTE_KIND } from '../../engine/layout.ts';
import type { Machine } from '../../engine/machine.ts';
import { messageCell } from './message.ts';
import { type Cell, flagText, NONE, type Row, range, type Table, wordsAt } from './table.ts';

const KINDS = ['none', 'PIC', 'IOAPIC', 'MSI'] as const;

function routeRow(m: Machine, index: number): Row {
  const base = route(m, index);
  const field = `route[${index}]`;
  return {
    key: `route ${index}`,
    words: range(base, ROUTE.words),
    // What KVM_CREATE_IRQCHIP makes leads to a pin; what a VMM adds is an MSI.
    idle: () => m.words[base + ROUTE.kind] !== ROUTE_KIND.msi,
    cells: () => {
      const kind = m.words[base + ROUTE.kind];
      const target: Cell =
        kind === ROUTE_KIND.msi
          ? messageCell(m, wordsAt(m, base + ROUTE.a, 3), field)
          : kind === ROUTE_KIND.none
            ? NONE
            : { text: `pin ${m.words[base + ROUTE.a]}`, field };
      return [
        { text: String(m.words[base + ROUTE.gsi]), field: `${field}.gsi` },
        { text: KINDS[kind] ?? String(kind), field: `${field}.kind` },
        target,
      ];
    },
  };
}

export function routes(m: Machine): Table | undefined {
  const { routeCount } = m.layout;
  if (routeCount === 0 || (m.config.irqchip === 'split' && m.config.routes === undefined)) {
    return undefined;
  }
  return {
    key: 'routes',
    title: 'GSI routes',
    note: 'KVM_SET_GSI_ROUTING: where a GSI leads; it may lead to several places. struct kvm_kernel_irq_routing_entry',
    featured: m.config.routes !== undefined,
    columns: [
      ['GSI', 'Global system interrupt'],
      ['to', 'PIC, IOAPIC or MSI'],
      ['pin or message', 'Pin of the chip, or address and data of the MSI'],
    ],
    rows: range(0, routeCount).map(index => routeRow(m, index)),
  };
}

function irqfdRow(m: Machine, index: number): Row {
  const base = irqfd(m, index);
  const field = `irqfd[${index}]`;
  return {
    key: `irqfd ${index}`,
    words: range(base, IRQFD.words),
    cells: () => {
      const gsi = m.words[base + IRQFD.gsi];
      return [
        { text: String(index) },
        { text: gsi === NOT_ASSIGNED ? 'none' : String(gsi), field: `${field}.gsi` },
        { text: flagText(m.words[base + IRQFD.resample] !== 0), field: `${field}.resample` },
        { text: flagText(m.words[base + IRQFD.scheduled] !== 0), field: `${field}.scheduled` },
        { text: String(m.words[base + IRQFD.resampled]), field: `${field}.resampled` },
      ];
    },
  };
}

export function irqfds(m: Machine): Table | undefined {
  const count = m.config.irqfds?.length ?? 0;
  if (count === 0) {
    return undefined;
  }
  return {
    key: 'irqfds',
    title: 'irqfds',
    note: 'KVM_IRQFD: eventfds that raise a GSI. struct kvm_kernel_irqfd, virt/kvm/eventfd.c',
    featured: true,
    columns: [
      ['irqfd', 'Number in the scenario'],
      ['GSI', 'What it raises'],
      ['resample', 'The line stays up until the guest’s EOI, which signals the resamplefd'],
      ['work', 'The eventfd was signalled and the work item is scheduled'],
      ['resampled', 'Times that the resamplefd was signalled'],
    ],
    rows: range(0, count).map(index => irqfdRow(m, index)),
  };
}
