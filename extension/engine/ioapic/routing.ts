/** GSI routing: a GSI may lead to a PIC pin, an IOAPIC pin and MSIs at once. `kvm_set_irq`, virt/kvm/irqchip.c; LAPIC delivery §11. */
import { kvm_set_msi } from '../lapic/msi.ts';
import { IOAPIC_NUM_PINS, ROUTE, ROUTE_KIND } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, silent, step } from '../operation.ts';
import { kvm_pic_set_irq } from './pic.ts';
import { kvm_ioapic_set_irq } from './setIrq.ts';

export function route(m: Machine, index: number): number {
  return m.layout.routes + index * ROUTE.words;
}

/** Does the GSI lead to this pin? */
export function routesOf(m: Machine, gsi: number, kind: number, pin: number): boolean {
  for (let i = 0; i < m.layout.routeCount; i++) {
    const at = route(m, i);
    if (m.load(at + ROUTE.gsi) === gsi && m.load(at + ROUTE.kind) === kind && m.load(at + ROUTE.a) === pin) {
      return true;
    }
  }
  return false;
}

/** The GSI's MSI route when it is its only one, or -1: an irqfd caches no others. */
export function onlyMsiRoute(m: Machine, gsi: number): number {
  let only = -1;
  for (let i = 0; i < m.layout.routeCount; i++) {
    if (m.load(route(m, i) + ROUTE.gsi) === gsi && m.load(route(m, i) + ROUTE.kind) !== ROUTE_KIND.none) {
      if (only >= 0) {
        return -1;
      }
      only = route(m, i);
    }
  }
  return only >= 0 && m.load(only + ROUTE.kind) === ROUTE_KIND.msi ? only : -1;
}

function store(
  m: Machine,
  index: number,
  entry: readonly [gsi: number, kind: number, a: number, b: number, data: number],
): void {
  entry.forEach((value, i) => {
    m.store(route(m, index) + i, value);
  });
}

/** The routes of the description, or those that `KVM_CREATE_IRQCHIP` makes; a split irqchip begins with none. */
export function installRoutes(m: Machine): void {
  const { routes, irqchip } = m.config;
  if (routes !== undefined) {
    routes.forEach(({ gsi, lo, hi, data }, i) => {
      store(m, i, [gsi, ROUTE_KIND.msi, lo | 0, hi | 0, data | 0]);
    });
  } else if (irqchip === 'kernel') {
    for (let gsi = 0; gsi < IOAPIC_NUM_PINS; gsi++) {
      store(m, gsi, [gsi, ROUTE_KIND.ioapic, gsi, 0, 0]);
      if (gsi < 16) {
        store(m, IOAPIC_NUM_PINS + gsi, [gsi, ROUTE_KIND.pic, gsi, 0, 0]);
      }
    }
  }
}

/** Index of the next route of the GSI from `from` on, or -1. */
function nextRoute(m: Machine, gsi: number, from: number): number {
  for (let i = from; i < m.layout.routeCount; i++) {
    if (m.words[route(m, i) + ROUTE.gsi] === gsi && m.words[route(m, i) + ROUTE.kind] !== ROUTE_KIND.none) {
      return i;
    }
  }
  return -1;
}

/** Locals. */
const INDEX = 4;
const RESULT = 5;

/**
 * `source`: `SOURCE`; `line_status`: 1 for KVM_IRQ_LINE_STATUS. Returns the sum of what the routes accepted, -1 when there is none or all
 * refused.
 */
export const kvm_set_irq = operation({
  name: 'kvm_set_irq',
  actor: 'kvm',
  source: 'virt/kvm/irqchip.c',
  locals: ['gsi', 'source', 'level', 'line_status', 'index', 'ret'],
  steps: {
    begin: step(
      (m, gsi, source, level) =>
        `GSI ${gsi} ${level ? 'up' : 'down'} (source ${source})${nextRoute(m, gsi, 0) < 0 ? ': no route' : ''}`,
      m => {
        m.local(INDEX, 0);
        m.local(RESULT, -1);
        return NEXT;
      },
    ),
    next: silent((m, gsi, source, level, lineStatus, index, ret) => {
      const found = nextRoute(m, gsi, index);
      if (found < 0) {
        return m.return(ret);
      }
      m.local(INDEX, found + 1);
      const at = route(m, found);
      const a = m.words[at + ROUTE.a];
      switch (m.words[at + ROUTE.kind]) {
        case ROUTE_KIND.ioapic:
          return m.call(kvm_ioapic_set_irq, a, source, level, lineStatus);
        case ROUTE_KIND.pic:
          return m.call(kvm_pic_set_irq, a, source, level);
        default:
          // Lowering an MSI: -1, which adds nothing.
          return level === 0 ? 'next' : m.call(kvm_set_msi, a, m.words[at + ROUTE.b], m.words[at + ROUTE.data]);
      }
    }),
    add: silent((m, _gsi, _source, _level, _lineStatus, _index, ret) => {
      if (m.result >= 0) {
        m.local(RESULT, Math.max(ret, 0) + m.result);
      }
      return 'next';
    }),
  },
});
