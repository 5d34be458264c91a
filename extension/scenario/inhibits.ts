import type { MachineConfig } from '../engine/config.ts';
import { vmxChoices } from '../engine/vmx/choices.ts';

/** Why a kernel can stop APICv: names by bit number, and the bits that Intel honours. */
export function apicvInhibits(machine: Omit<MachineConfig, 'vcpus' | 'cpus'>): {
  readonly inhibitReasons: readonly string[];
  readonly requiredInhibits: number;
} {
  return vmxChoices({ ...machine, vcpus: [], cpus: [] });
}
