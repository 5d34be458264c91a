/** Every table that a machine may have, in the order in which an interrupt meets them. */
import type { Machine } from '../../engine/machine.ts';
import { apicMap, vm } from './apicMap.ts';
import { avicLogical, avicPhysical, gaLog } from './avic.ts';
import { devices } from './devices.ts';
import { ioapicPins, ioapicRegisters } from './ioapic.ts';
import { iommu } from './iommu.ts';
import { irqDomains } from './irqDomains.ts';
import { irtes } from './irte.ts';
import { pics } from './pic.ts';
import { pidTable } from './pidTable.ts';
import { cpuRegisters, l2, lapicRegisters, vcpuEvents, vmcs } from './registers.ts';
import { irqfds, routes } from './routes.ts';
import type { Table } from './table.ts';

const TABLES: readonly ((m: Machine) => Table | undefined)[] = [
  irqDomains,
  devices,
  irtes,
  iommu,
  gaLog,
  irqfds,
  routes,
  ioapicPins,
  ioapicRegisters,
  pics,
  pidTable,
  avicPhysical,
  avicLogical,
  l2,
  apicMap,
  vm,
  lapicRegisters,
  vmcs,
  vcpuEvents,
  cpuRegisters,
];

export function tablesOfMachine(m: Machine): readonly Table[] {
  return TABLES.flatMap(make => make(m) ?? []);
}
