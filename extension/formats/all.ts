import * as avic from './avic.ts';
import type { Format } from './format.ts';
import * as icr from './icr.ts';
import { ioapicRte, ioapicRteIr } from './ioapicRte.ts';
import { irte, irteAmd, irteAmdGuest, irtePosted } from './irte.ts';
import * as flags from './kvmFlags.ts';
import * as lapic from './lapicRegisters.ts';
import * as msi from './msi.ts';
import { piControl, piDesc, pidPointer, pir } from './piDesc.ts';
import * as vmx from './vmx.ts';

/** Every format, in the order in which lists show them. */
export const formats: readonly Format[] = [
  icr.icr,
  icr.x2apicIcr,
  icr.icrLow,
  icr.icrHigh,
  msi.msi,
  msi.msiExt,
  msi.msiIr,
  msi.msiAddress,
  msi.msiAddressExt,
  msi.msiAddressIr,
  msi.msiData,
  msi.msiDataIr,
  ioapicRte,
  ioapicRteIr,
  irte,
  irtePosted,
  irteAmd,
  irteAmdGuest,
  piDesc,
  piControl,
  pir,
  pidPointer,
  vmx.guestIntrStatus,
  vmx.intrInfo,
  vmx.apicAccess,
  vmx.apicWrite,
  vmx.eoiInduced,
  avic.avicPhysical,
  avic.avicLogical,
  avic.avicIncompleteIpi,
  avic.gaLogEntry,
  avic.gaTag9,
  avic.gaTag8,
  avic.gaTag12,
  lapic.lvtTimer,
  lapic.lvtLint,
  lapic.lvt,
  lapic.lvtError,
  lapic.spiv,
  lapic.esr,
  lapic.tpr,
  lapic.ppr,
  lapic.ldr,
  lapic.ldrX2apic,
  lapic.dfr,
  lapic.lapicVersion,
  lapic.vectorBits,
  lapic.x2apicMsr,
  lapic.apicBase,
  flags.apicvInhibits,
  flags.apicvInhibits71,
  flags.apicvInhibits515,
  flags.x2apicApi,
];

/** The format of that id, or undefined. */
export function formatById(id: string): Format | undefined {
  return formats.find(f => f.id === id);
}
