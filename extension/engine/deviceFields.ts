/** Fields of devices, of the IOMMU, of AVIC and of the guest's kernel; part of the table in `fields.ts`. */
import type { Vendor } from './config.ts';
import type { Block, FieldInfo } from './fields.ts';
import { DRIVERS } from './irqdomain/apicDriver.ts';
import { C, D, GA_STATUS, GUEST, IOMMU, PARENT, V } from './layout.ts';

function flag(block: Block, path: string, word: number, bit: number, doc: string): FieldInfo {
  return { path, block, kind: 'flag', width: 1, doc, word, bit };
}

function number(block: Block, path: string, width: number, word: number, bit: number, doc: string): FieldInfo {
  return { path, block, kind: 'number', width, doc, word, bit };
}

function choice(
  block: Block,
  path: string,
  word: number,
  values: Readonly<Record<string, number>>,
  doc: string,
): FieldInfo {
  return { path, block, kind: 'enum', width: 8, values, doc, word, bit: 0 };
}

/** Names with a blank could not be written in a scenario. */
const DRIVER_NAMES = Object.fromEntries(
  Object.entries(DRIVERS).map(([name, value]) => [name.replace(' ', '_'), value]),
);

const only = (vendor: Vendor, fields: readonly FieldInfo[]): FieldInfo[] => fields.map(field => ({ ...field, vendor }));

export const DEVICE_FIELDS: readonly FieldInfo[] = [
  ...only('amd', [
    flag('vcpu', 'avic.valid', V.avic_hw_entry + 1, 31, 'Physical APIC ID table entry, bit 63: valid.'),
    flag('vcpu', 'avic.is_running', V.avic_hw_entry + 1, 30, 'Physical APIC ID table entry, bit 62: IsRunning.'),
    number('vcpu', 'avic.host_id', 12, V.avic_hw_entry, 0, 'Physical APIC ID table entry, bits 11:0: host APIC ID.'),
    flag('vcpu', 'avic.enabled', V.int_ctl, 31, 'VMCB int_ctl bit 31: AVIC.'),
    flag('vcpu', 'avic.x2avic', V.int_ctl, 30, 'VMCB int_ctl bit 30: x2AVIC.'),
    flag('cpu', 'doorbell', C.doorbell, 0, 'An AVIC doorbell has arrived and has no effect yet.'),
  ]),

  flag('device', 'irte.p', D.irte, 0, 'IRTE bit 0: present (VT-d), valid (AMD).'),
  flag('device', 'irte.fpd', D.irte, 1, 'IRTE bit 1: fault processing disable.'),
  ...only('intel', [
    flag('device', 'irte.im', D.irte, 15, 'VT-d IRTE bit 15: 1 = posted.'),
    flag('device', 'irte.urg', D.irte, 14, 'VT-d IRTE bit 14, posted: urgent.'),
    number('device', 'irte.vv', 8, D.irte, 16, 'VT-d IRTE bits 23:16: vector, posted or remapped.'),
    number(
      'device',
      'irte.dst',
      32,
      D.irte + 1,
      0,
      'VT-d IRTE bits 63:32: destination, or the address of the descriptor.',
    ),
    number('device', 'irte.sid', 16, D.irte + 2, 0, 'VT-d IRTE bits 79:64: source ID.'),
  ]),
  ...only('amd', [
    flag('device', 'irte.guest_mode', D.irte, 7, 'AMD IRTE bit 7: 1 = guest vAPIC.'),
    flag('device', 'irte.is_run', D.irte, 6, 'AMD IRTE bit 6, guest mode: the vCPU runs.'),
    flag('device', 'irte.ga_log_intr', D.irte, 2, 'AMD IRTE bit 2, guest mode: log when the vCPU does not run.'),
    number('device', 'irte.ga_tag', 32, D.irte + 1, 0, 'AMD IRTE bits 63:32: GA tag.'),
    number('device', 'irte.vector', 8, D.irte + 2, 0, 'AMD IRTE bits 71:64: vector.'),
  ]),
  ...only('intel', [
    flag('device', 'cached', D.irte_is_cached, 0, 'The IRTE is in the interrupt-entry cache of the IOMMU.'),
  ]),
  {
    ...number(
      'device',
      'posted_to',
      32,
      D.bypass_vcpu,
      0,
      'vCPU that the interrupt is posted to (`irq_bypass_vcpu` in 7.1).',
    ),
    values: { nobody: 0xffffffff },
  },
  flag('device', 'bypass', D.bypass, 0, 'Producer and consumer of irq-bypass are connected.'),
  flag('device', 'vfio', D.vfio, 0, "VFIO's handler has the host interrupt."),
  number('device', 'host_interrupts', 16, D.host_interrupts, 0, "Times that the host's handler of the interrupt ran."),

  ...only('intel', [
    number('iommu', 'fault', 8, IOMMU.fault_reason, 0, 'Last fault reason that was logged, 0x20 to 0x28.'),
    number('iommu', 'fault_index', 16, IOMMU.fault_index, 0, 'Index of the request that faulted.'),
  ]),
  number('iommu', 'faults', 16, IOMMU.faults, 0, 'Faults that were logged.'),
  ...only('amd', [
    number('iommu', 'ga_head', 16, IOMMU.ga_head, 0, 'GA log: next entry to read.'),
    number('iommu', 'ga_tail', 16, IOMMU.ga_tail, 0, 'GA log: next entry to write.'),
    flag('iommu', 'ga_run', IOMMU.ga_status, GA_STATUS.GALogRun, 'GA log: it runs.'),
    flag('iommu', 'ga_overflow', IOMMU.ga_status, GA_STATUS.GAOverflow, 'GA log: it was full.'),
  ]),

  choice('guest', 'driver', GUEST.driver, DRIVER_NAMES, 'APIC driver of the guest.'),
  number('guest', 'max_apicid', 32, GUEST.x2apic_max_apicid, 0, '`x2apic_max_apicid`; 0 = not restricted.'),
  flag('guest', 'virt_ext_dest_id', GUEST.virt_ext_dest_id, 0, 'Messages carry the extended destination ID.'),
  number('guest', 'online', 16, GUEST.online, 0, 'CPUs that were brought up.'),
  choice('guest', 'ioapic_parent', GUEST.ioapic_parent, PARENT, 'Irq domain that is parent of the IOAPIC.'),
  choice('guest', 'hpet_parent', GUEST.hpet_parent, PARENT, 'Irq domain that is parent of the HPET.'),
  number('guest', 'msi_address', 32, GUEST.msi_address, 0, 'Address of the composed message, bits 31:0.'),
  number('guest', 'msi_data', 32, GUEST.msi_data, 0, 'Data of the composed message.'),
  flag('guest', 'msi_truncated', GUEST.msi_truncated, 0, 'Bits of the destination did not fit (WARN).'),
  number('guest', 'route_lo', 32, GUEST.route_address, 0, 'Address bits 31:0 that KVM gets.'),
  number('guest', 'route_hi', 32, GUEST.route_address + 1, 0, 'Address bits 63:32 that KVM gets.'),
];
