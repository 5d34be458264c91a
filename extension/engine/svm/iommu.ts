/**
 * The AMD IOMMU takes an interrupt request: remapped, or into the backing page of a vCPU. As comments of Linux describe it; the order of the
 * steps is assumed. VT-d and AVIC §B6.
 */
import { fieldValue } from '../../formats/format.ts';
import { irteAmdGuest } from '../../formats/irte.ts';
import { firstDevice } from '../iommu/agent.ts';
import { send_ipi } from '../kvm/kick.ts';
import { D, GA_STATUS, IOMMU, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, RETURN, step } from '../operation.ts';
import { hex } from '../text.ts';
import { ring } from './deliver.ts';
import { AMD_TABLE_ENTRIES, destinationOf, irteOf, isGuestMode, vcpuOfIrte } from './irte.ts';

const OWNER = 1;
const VCPU = 2;

function ownerOf(m: Machine, data: number): number {
  const index = data & (AMD_TABLE_ENTRIES - 1);
  return (m.config.devices ?? []).findIndex(device => device.irte === index);
}

/** Is there room in the GA log, and is it running? One entry stays free, so that full and empty differ. */
export function gaLogFull(m: Machine): boolean {
  const base = m.layout.iommu;
  const entries = m.layout.gaLogEntries;
  return (m.load(base + IOMMU.ga_tail) + 1) % entries === m.load(base + IOMMU.ga_head) % entries;
}

function cpuOf(m: Machine, apicId: number): number {
  return m.config.cpus.findIndex(each => each.apicId === apicId);
}

export const amd_interrupt_request = operation({
  name: 'interrupt request',
  actor: 'iommu',
  source: 'AMD IOMMU specification (not read); comments of Linux drivers/iommu/amd',
  locals: ['requester', 'owner', 'vcpu'],
  steps: {
    take: step(
      m => {
        const requester = firstDevice(m, D.request);
        const data = m.words[m.device(requester) + D.request_data];
        const owner = ownerOf(m, data);
        const index = hex(data & (AMD_TABLE_ENTRIES - 1), 1);
        const entry = owner < 0 ? [0, 0, 0, 0] : irteOf(m, owner);
        const kind = (entry[0] & 1) === 0 ? 'not valid' : isGuestMode(entry) ? 'guest mode' : 'remapped';
        return `request of ${m.config.devices?.[requester].name}: IRTE ${index} is ${kind}`;
      },
      m => {
        const requester = firstDevice(m, D.request);
        const base = m.device(requester);
        m.local(0, requester);
        m.store(base + D.request, 0);
        const owner = ownerOf(m, m.load(base + D.request_data));
        m.local(OWNER, owner);
        if (owner < 0 || (m.load(m.device(owner) + D.irte) & 1) === 0) {
          return 'fault';
        }
        if (!isGuestMode(irteOf(m, owner))) {
          return 'issue';
        }
        const vcpu = vcpuOfIrte(m, irteOf(m, owner));
        m.local(VCPU, vcpu);
        return vcpu < 0 ? 'fault' : NEXT;
      },
      { assumed: true },
    ),
    set_irr: step(
      (m, _requester, owner, vcpu) =>
        `guest mode: IRR[${hex(fieldValue(irteAmdGuest, irteOf(m, owner), 'vector'))}] in the backing page of vcpu ${vcpu} := 1`,
      (m, _requester, owner, vcpu) => {
        const vector = fieldValue(irteAmdGuest, irteOf(m, owner), 'vector');
        m.set_bit(vector, m.vcpu(vcpu) + V.irr);
        m.clear_bit(vector, m.vcpu(vcpu) + V.tmr);
        return NEXT;
      },
      { assumed: true },
    ),
    is_run: step(
      (m, _requester, owner, vcpu) => {
        const entry = irteOf(m, owner);
        if (fieldValue(irteAmdGuest, entry, 'is_run') !== 0) {
          return `is_run = 1: doorbell for vcpu ${vcpu} to host APIC ID ${hex(destinationOf(entry), 1)}`;
        }
        return fieldValue(irteAmdGuest, entry, 'ga_log_intr') !== 0
          ? 'is_run = 0, ga_log_intr = 1: an entry for the GA log'
          : 'is_run = 0, ga_log_intr = 0: nobody is told, the next VMRUN looks';
      },
      (m, _requester, owner, vcpu) => {
        const entry = irteOf(m, owner);
        m.load(m.device(owner) + D.irte);
        if (fieldValue(irteAmdGuest, entry, 'is_run') !== 0) {
          ring(m, destinationOf(entry), vcpu);
          return RETURN;
        }
        return fieldValue(irteAmdGuest, entry, 'ga_log_intr') !== 0 ? NEXT : RETURN;
      },
      { assumed: true },
    ),
    log: step(
      (m, _requester, owner) => {
        const status = m.words[m.layout.iommu + IOMMU.ga_status];
        if ((status & (1 << GA_STATUS.GALogRun)) === 0) {
          return 'the GA log does not run: the entry is lost';
        }
        return gaLogFull(m)
          ? 'the GA log is full: GAOverflow := 1, GALogRun := 0, the entry is lost'
          : `GA log: tag ${hex(irteOf(m, owner)[1], 1)}; GAInt := 1 and the IOMMU's own interrupt`;
      },
      (m, requester, owner) => {
        const base = m.layout.iommu;
        const status = m.load(base + IOMMU.ga_status);
        if ((status & (1 << GA_STATUS.GALogRun)) === 0) {
          m.mark(MARK.dropped);
          return RETURN;
        }
        if (gaLogFull(m)) {
          m.mark(MARK.dropped);
          m.store(base + IOMMU.ga_status, (status & ~(1 << GA_STATUS.GALogRun)) | (1 << GA_STATUS.GAOverflow));
          return RETURN;
        }
        const tail = m.load(base + IOMMU.ga_tail);
        const at = base + IOMMU.words + 2 * tail;
        m.store(at, irteOf(m, owner)[1] | 0);
        m.store(at + 1, GA_GUEST_NR | (m.config.devices?.[requester].sourceId ?? 0));
        m.store(base + IOMMU.ga_tail, (tail + 1) % m.layout.gaLogEntries);
        m.store(base + IOMMU.ga_status, status | (1 << GA_STATUS.GAInt));
        return RETURN;
      },
      { assumed: true },
    ),
    issue: step(
      (m, _requester, owner) =>
        `remapped: interrupt ${hex(fieldValue(irteAmdGuest, irteOf(m, owner), 'vector'))} to the CPU with APIC ID ${hex(destinationOf(irteOf(m, owner)), 1)}`,
      (m, _requester, owner) => {
        const cpu = cpuOf(m, destinationOf(irteOf(m, owner)));
        if (cpu < 0) {
          m.mark(MARK.dropped);
        } else {
          send_ipi(m, cpu, fieldValue(irteAmdGuest, irteOf(m, owner), 'vector'));
        }
        return RETURN;
      },
    ),
    fault: step('blocked: there is no valid entry', m => {
      m.mark(MARK.dropped);
      m.mark(MARK.fault);
      m.store(m.layout.iommu + IOMMU.faults, m.load(m.layout.iommu + IOMMU.faults) + 1);
      return RETURN;
    }),
  },
});

/** Type 1 in bits 31:28 of the high word of a GA log entry. */
export const GA_GUEST_NR = 1 << 28;
