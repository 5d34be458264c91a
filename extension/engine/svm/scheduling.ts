/**
 * What happens to table entry and IRTEs when a vCPU's thread gets or leaves a CPU, blocks or unblocks. svm/avic.c; VT-d and AVIC §B4.
 * The order keeps one rule: never an IRTE that says "running" beside an entry that says "not running".
 */
import { D, V } from '../layout.ts';
import type { Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { amd_iommu_update_ga, isGuestMode } from './irte.ts';
import { ENTRY, hostIdMask } from './table.ts';

const ACTION = { running: 0, blocking: 1 } as const;

/** Does hardware see IsRunning? Not with enable_ipiv = 0, the workaround for erratum 1235. */
function showsIsRunning(m: Machine): boolean {
  return !(m.config.erratum1235 && m.profile.avic.hidesIsRunning);
}

/** The next device whose entry is in the vCPU's list (`ir_list`), or -1. */
function listed(m: Machine, vcpu: number, from: number): number {
  for (let device = from; device < m.deviceCount; device++) {
    if (m.words[m.device(device) + D.bypass_vcpu] === vcpu && isGuestMode([m.words[m.device(device) + D.irte]])) {
      return device;
    }
  }
  return -1;
}

/** Is the thread registered as a waiter? `kvm_vcpu_is_blocking` */
function kvm_vcpu_is_blocking(m: Machine, vcpu: number): boolean {
  return m.load(m.vcpu(vcpu) + V.waiter) !== 0;
}

/** Entry and IRTEs are written under `ir_list_lock`; who gives the vCPU a device waits meanwhile, and the other way round. */
const take_lock = step(
  (_m, vcpu) => `take ir_list_lock of vcpu ${vcpu}: its table entry and the list of its IRTEs belong together`,
  (m, vcpu) => {
    m.xchg(m.vcpu(vcpu) + V.ir_list_lock, 1);
    return NEXT;
  },
  { until: (m, vcpu) => m.words[m.vcpu(vcpu) + V.ir_list_lock] === 0 },
);

const DEVICE = 2;

export const __avic_vcpu_load = operation({
  name: '__avic_vcpu_load',
  actor: 'kvm',
  source: 'svm/avic.c',
  locals: ['vcpu', 'cpu', 'device'],
  steps: {
    lock: take_lock,
    entry: step(
      (m, vcpu, cpu) =>
        `physical ID table entry of vcpu ${vcpu}: host APIC ID := ${hex(m.config.cpus[cpu].apicId, 1)}, ${showsIsRunning(m) ? 'IsRunning := 1' : 'IsRunning stays 0 for hardware (enable_ipiv = 0)'}`,
      (m, vcpu, cpu) => {
        const base = m.vcpu(vcpu);
        const mask = hostIdMask(m);
        const lo = (m.load(base + V.avic_physical_id_entry) & ~mask) | (m.config.cpus[cpu].apicId & mask);
        const hi = (m.load(base + V.avic_physical_id_entry + 1) & ~ENTRY.gaLogIntr) | ENTRY.isRunning;
        m.store(base + V.avic_physical_id_entry, lo);
        m.store(base + V.avic_physical_id_entry + 1, hi);
        m.store(base + V.avic_hw_entry, lo);
        m.store(base + V.avic_hw_entry + 1, showsIsRunning(m) ? hi : hi & ~ENTRY.isRunning);
        return NEXT;
      },
    ),
    next: silent((m, vcpu, _cpu, device) => {
      const found = listed(m, vcpu, device);
      m.local(DEVICE, found);
      return found < 0 ? 'unlock' : NEXT;
    }),
    update_ga: step(
      (m, _vcpu, cpu, device) =>
        `IRTE of ${m.config.devices?.[device].name}: destination := ${hex(m.config.cpus[cpu].apicId, 1)}, is_run := 1`,
      (m, _vcpu, cpu, device) => {
        const log = m.profile.avic.gaLogIntr === 'always';
        amd_iommu_update_ga(m, device, m.config.cpus[cpu].apicId, true, log);
        m.local(DEVICE, device + 1);
        return 'next';
      },
      { via: ['avic_update_iommu_vcpu_affinity', 'amd_iommu_update_ga'] },
    ),
    unlock: step(
      (_m, vcpu) => `release ir_list_lock of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.store(m.vcpu(vcpu) + V.ir_list_lock, 0);
        return RETURN;
      },
    ),
  },
});

/** Nothing to do while the vCPU blocks: unblocking loads it. */
export const avic_vcpu_load = operation({
  name: 'avic_vcpu_load',
  actor: 'kvm',
  source: 'svm/avic.c',
  locals: ['vcpu', 'cpu'],
  steps: {
    active: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? NEXT : RETURN)),
    is_blocking: step(
      (m, vcpu) =>
        m.words[m.vcpu(vcpu) + V.waiter] !== 0
          ? `vcpu ${vcpu} is blocking: its entry is filled in when it unblocks`
          : `vcpu ${vcpu} is not blocking`,
      (m, vcpu) => (kvm_vcpu_is_blocking(m, vcpu) ? RETURN : NEXT),
      { via: ['kvm_vcpu_is_blocking'] },
    ),
    load: silent((m, vcpu, cpu) => m.call(__avic_vcpu_load, vcpu, cpu)),
  },
});

/** IRTEs first, then the entry. */
export const __avic_vcpu_put = operation({
  name: '__avic_vcpu_put',
  actor: 'kvm',
  source: 'svm/avic.c',
  locals: ['vcpu', 'action', 'device'],
  steps: {
    lock: take_lock,
    next: silent((m, vcpu, _action, device) => {
      const found = listed(m, vcpu, device);
      m.local(DEVICE, found);
      return found < 0 ? 'entry' : NEXT;
    }),
    update_ga: step(
      (m, _vcpu, action, device) =>
        `IRTE of ${m.config.devices?.[device].name}: is_run := 0, ga_log_intr := ${logs(m, action) ? 1 : 0}`,
      (m, _vcpu, action, device) => {
        amd_iommu_update_ga(m, device, 0, false, logs(m, action));
        m.local(DEVICE, device + 1);
        return 'next';
      },
      { via: ['avic_update_iommu_vcpu_affinity', 'amd_iommu_update_ga'] },
    ),
    entry: step(
      (_m, vcpu) =>
        `physical ID table entry of vcpu ${vcpu}: IsRunning := 0, the host APIC ID stays; release ir_list_lock`,
      (m, vcpu, action) => {
        const base = m.vcpu(vcpu);
        const hi = m.load(base + V.avic_physical_id_entry + 1) & ~ENTRY.isRunning;
        m.store(base + V.avic_hw_entry + 1, hi & ~ENTRY.gaLogIntr);
        const flag = m.profile.avic.gaLogIntr === 'while blocking' && action === ACTION.blocking;
        m.store(base + V.avic_physical_id_entry + 1, flag ? hi | ENTRY.gaLogIntr : hi);
        m.store(base + V.ir_list_lock, 0);
        return RETURN;
      },
    ),
  },
});

function logs(m: Machine, action: number): boolean {
  return m.profile.avic.gaLogIntr === 'always' || action === ACTION.blocking;
}

export const avic_vcpu_put = operation({
  name: 'avic_vcpu_put',
  actor: 'kvm',
  source: 'svm/avic.c',
  locals: ['vcpu'],
  steps: {
    active: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? NEXT : RETURN)),
    is_running: step(
      (m, vcpu) =>
        (m.words[m.vcpu(vcpu) + V.avic_physical_id_entry + 1] & ENTRY.isRunning) !== 0
          ? `the entry of vcpu ${vcpu} says IsRunning: take it back`
          : `the entry of vcpu ${vcpu} does not say IsRunning: it was taken back before blocking`,
      (m, vcpu) => ((m.load(m.vcpu(vcpu) + V.avic_physical_id_entry + 1) & ENTRY.isRunning) !== 0 ? NEXT : RETURN),
    ),
    put: silent((m, vcpu) => m.call(__avic_vcpu_put, vcpu, ACTION.running)),
  },
});

/** Before the thread registers as a waiter: what is sent before IsRunning = 0 is found by the check for a reason to run. */
export const avic_vcpu_blocking = operation({
  name: 'avic_vcpu_blocking',
  actor: 'kvm',
  source: 'svm/avic.c',
  via: ['kvm_arch_vcpu_blocking'],
  locals: ['vcpu'],
  steps: {
    active: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? NEXT : RETURN)),
    put: silent((m, vcpu) => m.call(__avic_vcpu_put, vcpu, ACTION.blocking)),
  },
});

export const avic_vcpu_unblocking = operation({
  name: 'avic_vcpu_unblocking',
  actor: 'kvm',
  source: 'svm/avic.c',
  via: ['kvm_arch_vcpu_unblocking'],
  locals: ['vcpu'],
  steps: {
    active: silent((m, vcpu) => (m.words[m.vcpu(vcpu) + V.apicv_active] !== 0 ? NEXT : RETURN)),
    load: silent((m, vcpu) => m.call(avic_vcpu_load, vcpu, m.words[m.vcpu(vcpu) + V.cpu])),
  },
});
