/**
 * A level-triggered INTx of an assigned device: never bypassed. VFIO masks it, the guest's EOI unmasks it through the resamplefd.
 * drivers/vfio/pci/vfio_pci_intrs.c; VT-d and AVIC §A8.
 */
import { irqfd, irqfd_wakeup } from '../ioapic/irqfd.ts';
import { send_ipi } from '../kvm/kick.ts';
import { D, IRQFD } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';

function nameOf(m: Machine, device: number): string {
  return m.config.devices?.[device].name ?? '';
}

function irqfdOf(m: Machine, device: number): number {
  return m.config.devices?.[device].intx?.irqfd ?? 0;
}

/** The host's IOAPIC sends the interrupt as long as the line is up and nobody has masked it. */
function assertHost(m: Machine, device: number): void {
  const base = m.device(device);
  const host = m.config.devices?.[device].host;
  if (host !== undefined && m.load(base + D.line) !== 0 && m.load(base + D.masked) === 0) {
    send_ipi(m, host.cpu, host.vector);
  }
}

/** First device whose resamplefd was signalled and not answered, or -1. */
export function firstResampled(m: Machine): number {
  return (m.config.devices ?? []).findIndex(
    ({ intx }, device) =>
      intx !== undefined && m.words[m.device(device) + D.resampled] !== m.words[irqfd(m, intx.irqfd) + IRQFD.resampled],
  );
}

/** The device raises (1) or lowers (0) its line. */
export const device_line = operation({
  name: 'INTx of a device',
  actor: 'device',
  source: 'PCI, INTx',
  locals: ['device', 'level'],
  steps: {
    set: step(
      (m, device, level) => `${nameOf(m, device)} ${level ? 'raises' : 'lowers'} its line`,
      (m, device, level) => {
        m.store(m.device(device) + D.line, level);
        assertHost(m, device);
        return RETURN;
      },
    ),
  },
});

/** The host interrupt is level-triggered: it stays masked until the guest has served the device. */
export const vfio_intx_handler = operation({
  name: 'vfio_intx_handler',
  actor: 'host',
  source: 'drivers/vfio/pci/vfio_pci_intrs.c',
  locals: ['device'],
  steps: {
    mask: step(
      (m, device) => `mask the INTx of ${nameOf(m, device)}, then signal the eventfd`,
      (m, device) => {
        m.store(m.device(device) + D.masked, 1);
        return NEXT;
      },
      { via: ['disable_irq_nosync'] },
    ),
    signal: silent((m, device) => m.call(irqfd_wakeup, irqfdOf(m, device))),
  },
});

/** The resamplefd was signalled: the guest has ended the interrupt. */
export const vfio_pci_intx_unmask = operation({
  name: 'vfio_pci_intx_unmask',
  actor: 'host',
  source: 'drivers/vfio/pci/vfio_pci_intrs.c',
  locals: ['unused', 'device'],
  steps: {
    unmask: step(
      m => {
        const device = firstResampled(m);
        const again =
          m.words[m.device(device) + D.line] !== 0
            ? 'its line is still up, the interrupt comes again'
            : 'its line is down';
        return `the resamplefd of ${nameOf(m, device)} was signalled: unmask the INTx; ${again}`;
      },
      m => {
        const device = firstResampled(m);
        const base = m.device(device);
        m.store(base + D.resampled, m.load(irqfd(m, irqfdOf(m, device)) + IRQFD.resampled));
        m.store(base + D.masked, 0);
        assertHost(m, device);
        return RETURN;
      },
      { via: ['virqfd_wakeup', 'vfio_pci_intx_unmask_handler'] },
    ),
  },
});
