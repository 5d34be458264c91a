/** What a device does: it signals an interrupt by a write to 0xfeexxxxx. */
import { D } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { operation, RETURN, step } from '../operation.ts';
import { hex } from '../text.ts';
import { requestFor } from './request.ts';

function isInterrupt(address: number): boolean {
  return address >>> 20 === 0xfee;
}

/** The write is posted: the device does not wait for an answer, only for room. */
export const device_interrupt = operation({
  name: 'interrupt of a device',
  actor: 'device',
  source: 'PCI, message signalled interrupts',
  locals: ['device', 'address', 'data'],
  steps: {
    write: step(
      (m, device, address, data) =>
        `${m.config.devices?.[device].name} writes ${hex(data, 4)} to ${hex(address, 8)}: ${isInterrupt(address) ? 'an interrupt request to the IOMMU' : 'not 0xfeexxxxx, a write to memory and no interrupt'}`,
      (m, device, address, data) => {
        if (!isInterrupt(address)) {
          m.mark(MARK.dropped);
          return RETURN;
        }
        const base = m.device(device);
        m.store(base + D.request_address, address);
        m.store(base + D.request_data, data);
        m.store(base + D.request, 1);
        return RETURN;
      },
      { until: (m, device) => m.words[m.device(device) + D.request] === 0 },
    ),
  },
});

/** The message that reaches the device's own entry: in VT-d's remappable format, or with AMD's index in the data. */
export function ownRequest(m: Machine, device: number): { readonly address: number; readonly data: number } {
  const index = m.config.devices?.[device].irte ?? 0;
  if (m.config.vendor === 'amd') {
    return { address: 0xfee00000 | 0, data: index };
  }
  const { address, data } = requestFor(index);
  return { address: address | 0, data };
}
