/** What the IOMMU and the host's threads behind it do of their own accord. */
import { D } from '../layout.ts';
import type { Machine } from '../machine.ts';
import type { Operation } from '../operation.ts';

/** First device for which `word` of its block is not 0, or -1. */
export function firstDevice(m: Machine, word: number): number {
  for (let device = 0; device < m.deviceCount; device++) {
    if (m.words[m.device(device) + word] !== 0) {
      return device;
    }
  }
  return -1;
}

export function atIommu(m: Machine): Operation | undefined {
  return firstDevice(m, D.request) < 0 ? undefined : undefined;
}

export function atKthread(m: Machine): Operation | undefined {
  return firstDevice(m, D.scheduled) < 0 ? undefined : undefined;
}
