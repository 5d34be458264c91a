/** IOMMU and devices as they stand before the first step: whatever a scenario says is connected has been connected. */
import { resetIommu, storeEntry } from '../iommu/vcpuAffinity.ts';
import { D, GA_STATUS, IOMMU, V, VM } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { guestIrte, remappedIrte, storeIrte } from '../svm/irte.ts';
import { postTarget } from './target.ts';

/** After the vCPUs and their APIC map. */
export function resetDevices(m: Machine): void {
  resetIommu(m);
  if (m.layout.gaLogEntries > 0) {
    m.store(m.layout.iommu + IOMMU.ga_status, 1 << GA_STATUS.GALogRun);
  }
  const assigned = (m.config.devices ?? []).filter(device => device.assigned).length;
  if (assigned > 1) {
    m.store(m.layout.vm + VM.assigned_device_count, assigned);
  }
  for (let device = 0; device < m.deviceCount; device++) {
    resetDevice(m, device);
  }
}

function resetDevice(m: Machine, device: number): void {
  const config = m.config.devices?.[device];
  if (config === undefined) {
    return;
  }
  const base = m.device(device);
  if (config.route !== undefined) {
    m.store(base + D.routed, 1);
    m.store(base + D.route_address, config.route.lo | 0);
    m.store(base + D.route_address + 1, config.route.hi | 0);
    m.store(base + D.route_data, config.route.data);
  }
  m.store(base + D.vfio, config.assigned ? 1 : 0);
  const bypasses = config.assigned && m.profile.bypass.bypass === 'irq-bypass';
  m.store(base + D.bypass, bypasses ? 1 : 0);
  const { vcpu, vector } = config.assigned ? postTarget(m, device) : { vcpu: -1, vector: 0 };
  m.store(base + D.bypass_vcpu, vcpu);
  if (m.config.vendor === 'intel') {
    const sleeps = vcpu >= 0 && m.words[m.vcpu(vcpu) + V.waiter] !== 0;
    const remapped = sleeps && m.profile.bypass.blockedIrte === 'remapped';
    storeEntry(m, device, remapped ? -1 : vcpu, vector);
    return;
  }
  const posted = vcpu >= 0 && m.words[m.vcpu(vcpu) + V.apicv_active] !== 0;
  storeIrte(m, device, posted ? guestIrte(m, vcpu, vector) : remappedIrte(m, config.host.cpu, config.host.vector));
}
