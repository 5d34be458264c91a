/** Choices and settings that every delivery asks for, as bits of one word of the machine: a comparison of strings costs more than the rest. */
import type { MachineConfig } from '../config.ts';
import type { DeliveryChoices } from './choices.ts';

export const SWITCH = {
  deassertDropped: 1 << 0,
  tmrAtAcceptance: 1 << 1,
  apicv: 1 << 2,
  /** A physical lowest-priority 0xff becomes Fixed before the map is asked. */
  broadcastFixedFirst: 1 << 3,
  nobodyIsMinus1: 1 << 4,
  /** KVM_CAP_X2APIC_API exists. */
  x2apicApi: 1 << 5,
  quirkDisabled: 1 << 6,
  physicalLowestIsSlow: 1 << 7,
  /** kvm_apic_map_get_logical_dest as of 3.11. */
  clustersOf16: 1 << 8,
  hashes: 1 << 9,
} as const;

export function switchesOf(config: MachineConfig, delivery: DeliveryChoices): number {
  const on: readonly (readonly [number, boolean])[] = [
    [SWITCH.deassertDropped, delivery.levelDeassert === 'dropped'],
    [SWITCH.tmrAtAcceptance, delivery.tmr === 'at acceptance'],
    [SWITCH.apicv, config.apicv],
    [SWITCH.broadcastFixedFirst, delivery.lowestBroadcast === 'before the fast path'],
    [SWITCH.nobodyIsMinus1, delivery.nobodyOnFastPath === -1],
    [SWITCH.x2apicApi, delivery.x2apicApi],
    [SWITCH.quirkDisabled, delivery.x2apicApi && config.x2apicApi > 0 && (config.x2apicApi & 2) !== 0],
    [SWITCH.physicalLowestIsSlow, delivery.physicalLowest === 'slow path'],
    [SWITCH.clustersOf16, delivery.logicalMap === 'clusters of 16'],
    [SWITCH.hashes, config.vectorHashing && delivery.vectorHashing],
  ];
  return on.reduce((word, [bit, isOn]) => (isOn ? word | bit : word), 0);
}
