/** irqfds: an eventfd raises a GSI; with a resamplefd the line stays up until the guest's EOI. virt/kvm/eventfd.c; LAPIC delivery §11. */
import { kvm_arch_set_irq_inatomic } from '../lapic/msi.ts';
import { IO, IOAPIC_NUM_PINS, IRQFD, ROUTE, ROUTE_KIND } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { kvm_set_irq, onlyMsiRoute, routesOf } from './routing.ts';
import { io, SOURCE } from './state.ts';

/** GSI of an eventfd that KVM does not listen to. */
export const NOT_ASSIGNED = -1;

export function irqfd(m: Machine, index: number): number {
  return m.layout.irqfds + index * IRQFD.words;
}

function irqfdCount(m: Machine): number {
  return m.config.irqfds?.length ?? 0;
}

/** GSI of the resampler that stands behind an IOAPIC pin, or -1. */
export function resamplerOf(m: Machine, pin: number): number {
  for (let i = 0; i < irqfdCount(m); i++) {
    const gsi = m.load(irqfd(m, i) + IRQFD.gsi);
    if (m.load(irqfd(m, i) + IRQFD.resample) !== 0 && routesOf(m, gsi, ROUTE_KIND.ioapic, pin)) {
      return gsi;
    }
  }
  return -1;
}

/** The irqfds of the description, and an ack notifier for each pin with a resampler. */
export function installIrqfds(m: Machine): void {
  m.config.irqfds?.forEach(({ gsi, resample }, i) => {
    m.store(irqfd(m, i) + IRQFD.gsi, gsi);
    m.store(irqfd(m, i) + IRQFD.resample, resample ? 1 : 0);
  });
  m.store(io(m, IO.notifiers), pinsWithResampler(m));
}

export function pinsWithResampler(m: Machine): number {
  let pins = 0;
  for (let pin = 0; pin < IOAPIC_NUM_PINS; pin++) {
    pins |= resamplerOf(m, pin) >= 0 ? 1 << pin : 0;
  }
  return pins;
}

export function hasResampler(m: Machine, gsi: number): boolean {
  return (m.config.irqfds ?? []).some(
    (_, i) => m.load(irqfd(m, i) + IRQFD.resample) !== 0 && m.load(irqfd(m, i) + IRQFD.gsi) === gsi,
  );
}

/** All resamplefds of the GSI behind `pin` are signalled: the device looks whether it still wants attention. */
export const irqfd_resampler_notify = operation({
  name: 'irqfd_resampler_notify',
  actor: 'kvm',
  source: 'virt/kvm/eventfd.c',
  locals: ['pin', 'index', 'gsi'],
  steps: {
    begin: silent((m, pin) => {
      m.local(1, 0);
      m.local(2, resamplerOf(m, pin));
      return NEXT;
    }),
    next: silent((m, _pin, index, gsi) => {
      for (let i = index; i < irqfdCount(m); i++) {
        if (m.words[irqfd(m, i) + IRQFD.resample] !== 0 && m.words[irqfd(m, i) + IRQFD.gsi] === gsi) {
          m.local(1, i);
          return NEXT;
        }
      }
      return RETURN;
    }),
    signal: step(
      (_m, _pin, index, gsi) => `signal the resamplefd of irqfd ${index} (GSI ${gsi})`,
      (m, _pin, index) => {
        const count = irqfd(m, index) + IRQFD.resampled;
        m.store(count, m.load(count) + 1);
        m.local(1, index + 1);
        return 'next';
      },
      { via: ['eventfd_signal'] },
    ),
  },
});

/** The guest ended an interrupt of this pin. */
export const kvm_notify_acked_irq = operation({
  name: 'kvm_notify_acked_irq',
  actor: 'kvm',
  source: 'virt/kvm/eventfd.c',
  locals: ['pin', 'gsi'],
  steps: {
    find: step(
      (m, pin) => `the ack notifier of pin ${pin} runs: GSI ${resamplerOf(m, pin)} has a resampler`,
      (m, pin) => {
        m.local(1, resamplerOf(m, pin));
        return NEXT;
      },
      { via: ['irqfd_resampler_ack'] },
    ),
    lower: silent((m, _pin, gsi) => (gsi < 0 ? RETURN : m.call(kvm_set_irq, gsi, SOURCE.resample, 0))),
    signal: silent((m, pin) => m.call(irqfd_resampler_notify, pin)),
  },
});

/** The device writes the eventfd: at once when the GSI has a single MSI route that the fast path can take, otherwise by a work item. */
export const irqfd_wakeup = operation({
  name: 'irqfd_wakeup',
  actor: 'kvm',
  source: 'virt/kvm/eventfd.c',
  locals: ['index', 'route'],
  steps: {
    try_atomic: silent((m, index) => {
      const gsi = m.words[irqfd(m, index) + IRQFD.gsi];
      if (gsi === NOT_ASSIGNED) {
        return RETURN;
      }
      const route = m.words[irqfd(m, index) + IRQFD.resample] === 0 ? onlyMsiRoute(m, gsi) : -1;
      if (route < 0) {
        return 'schedule';
      }
      return m.call(
        kvm_arch_set_irq_inatomic,
        m.words[route + ROUTE.a],
        m.words[route + ROUTE.b],
        m.words[route + ROUTE.data],
      );
    }),
    would_block: silent(m => (m.result === -11 ? NEXT : RETURN)),
    schedule: step(
      (_m, index) => `irqfd ${index}: not possible with interrupts off, schedule the work item irqfd_inject`,
      (m, index) => {
        m.store(irqfd(m, index) + IRQFD.scheduled, 1);
        return NEXT;
      },
      { via: ['schedule_work'] },
    ),
    inject: silent((m, index) => m.call(irqfd_inject, index)),
  },
});

/** User space, or a device in it, signals the eventfd. */
export const eventfd_write = operation({
  name: 'eventfd_write',
  actor: 'vmm',
  source: 'fs/eventfd.c',
  locals: ['index'],
  steps: {
    write: step(
      (m, index) =>
        m.words[irqfd(m, index) + IRQFD.gsi] === NOT_ASSIGNED
          ? `the eventfd of irqfd ${index} is signalled: KVM does not listen to it`
          : `the eventfd of irqfd ${index} is signalled`,
      () => NEXT,
    ),
    wake: silent((m, index) => m.call(irqfd_wakeup, index)),
  },
});

/** The work item: raise and lower, or raise until the EOI. */
export const irqfd_inject = operation({
  name: 'irqfd_inject',
  actor: 'kvm',
  source: 'virt/kvm/eventfd.c',
  locals: ['index'],
  steps: {
    begin: step(
      (_m, index) => `the work item of irqfd ${index} runs`,
      (m, index) => {
        m.store(irqfd(m, index) + IRQFD.scheduled, 0);
        const gsi = m.load(irqfd(m, index) + IRQFD.gsi);
        const source = m.load(irqfd(m, index) + IRQFD.resample) !== 0 ? SOURCE.resample : SOURCE.userspace;
        return m.call(kvm_set_irq, gsi, source, 1);
      },
    ),
    lower: silent((m, index) => {
      const base = irqfd(m, index);
      return m.words[base + IRQFD.resample] !== 0
        ? RETURN
        : m.call(kvm_set_irq, m.words[base + IRQFD.gsi], SOURCE.userspace, 0);
    }),
  },
});
