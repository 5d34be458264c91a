/**
 * IPI virtualization: the sending processor posts into the target's descriptor itself. SDM vol. 3, IPI virtualization; IPI sheet §4.
 * PIR and the control word are two locked operations, unlike the IOMMU's one.
 */
import { pidAddress, vcpuOfPid } from '../address.ts';
import { C, EVENT, PID_CONTROL, PID_NDST, POSTED_INTR_ON, POSTED_INTR_SN, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, step } from '../operation.ts';
import { hex } from '../text.ts';
import { lastPidPointerIndex } from '../vmx/pidTable.ts';
import { ABOVE_MAXPHYADDR } from './vmEntry.ts';

/** Bits that must be 0: shorthand 19:18, trigger 15, delivery status 12, destination mode 11, delivery mode 10:8. Not bit 14. */
const NOT_UNICAST = 0xc9f00;
const RESERVED = 0xfff32000 | 0;

/** Step 0: may the processor complete this ICR value? In x2APIC mode the reserved bits have been checked by then. */
export function isUnicastIpi(icr: number, checkReserved: boolean): boolean {
  return (icr & NOT_UNICAST) === 0 && (!checkReserved || (icr & RESERVED) === 0);
}

/** KVM_CAP-sized table in memory: entries that no vCPU fills are 0. */
function entryAt(m: Machine, index: number): { readonly lo: number; readonly hi: number } {
  if (index >= m.layout.pidTableEntries) {
    return { lo: 0, hi: 0 };
  }
  const address = m.layout.pidTable + 2 * index;
  return { lo: m.load(address), hi: m.load(address + 1) };
}

/** The vCPU whose descriptor the entry points to, or why it points to none. */
function targetOf(m: Machine, index: number): number | string {
  const { lo, hi } = entryAt(m, index);
  if ((lo & 0x3f) !== 1) {
    return (lo & 1) === 0 ? 'is not valid' : `has reserved bits set: bits 5:0 are ${hex(lo & 0x3f)}`;
  }
  if ((hi & ABOVE_MAXPHYADDR) !== 0) {
    return 'has address bits above the physical-address width';
  }
  const vcpu = vcpuOfPid({ hi, lo: lo & ~0x3f }, m.vcpuCount);
  return vcpu >= 0 ? vcpu : 'points to memory that is no descriptor';
}

/** Physical CPU that NDST names, or -1. xAPIC host: bits 15:8. */
export function cpuOfNdst(m: Machine, ndst: number): number {
  const id = m.config.hostApic === 'x2apic' ? ndst : (ndst >>> 8) & 0xff;
  return m.config.cpus.findIndex(cpu => cpu.apicId === id);
}

const EXIT = 1;
/** Locals of `ipi_virtualization`. */
const TARGET = 3;
const NOTIFY = 4;
const NDST = 5;

/** Returns 0 when the IPI is posted, 1 when an APIC-write VM exit must follow; nothing has been posted then. */
export const ipi_virtualization = operation({
  name: 'IPI virtualization',
  actor: 'cpu',
  source: 'SDM vol. 3, IPI virtualization',
  locals: ['vcpu', 'vector', 'destination', 'target', 'nv', 'ndst'],
  steps: {
    test_vector: step(
      (_m, _vcpu, vector) =>
        (vector & 0xf0) === 0 ? `1. vector ${hex(vector)} is below 16: VM exit` : `1. vector ${hex(vector)} is legal`,
      (m, _vcpu, vector) => ((vector & 0xf0) === 0 ? m.return(EXIT) : NEXT),
    ),
    test_index: step(
      (m, _vcpu, _vector, destination) => {
        const last = lastPidPointerIndex(m.config);
        return destination >>> 0 > last
          ? `2. destination ${hex(destination, 1)} is above the last PID-pointer index ${last}: VM exit`
          : `2. destination ${hex(destination, 1)} is not above the last PID-pointer index ${last}`;
      },
      (m, _vcpu, _vector, destination) => (destination >>> 0 > lastPidPointerIndex(m.config) ? m.return(EXIT) : NEXT),
    ),
    read_entry: step(
      (m, _vcpu, _vector, destination) => {
        const target = targetOf(m, destination >>> 0);
        return typeof target === 'string'
          ? `3. PID-pointer table entry ${hex(destination, 1)} ${target}: VM exit`
          : `3. PID-pointer table entry ${hex(destination, 1)} points to the descriptor of vcpu ${target}, …${hex(pidAddress(target).lo, 8).slice(2)}`;
      },
      (m, _vcpu, _vector, destination) => {
        const target = targetOf(m, destination >>> 0);
        if (typeof target === 'string') {
          return m.return(EXIT);
        }
        m.local(TARGET, target);
        return NEXT;
      },
    ),
    set_pir: step(
      (_m, _vcpu, vector, _destination, target) => `4. PIR[${hex(vector)}] of vcpu ${target} := 1 (locked)`,
      (m, _vcpu, vector, _destination, target) => {
        m.set_bit(vector, m.vcpu(target) + V.pi_desc);
        return NEXT;
      },
    ),
    set_on: step(
      (m, _vcpu, _vector, _destination, target) => {
        const control = m.words[m.vcpu(target) + V.pi_desc + PID_CONTROL];
        if ((control & (1 << POSTED_INTR_ON)) !== 0) {
          return `5. ON of vcpu ${target} is 1: a notification is outstanding, nothing more to do`;
        }
        return (control & (1 << POSTED_INTR_SN)) !== 0
          ? `5. SN of vcpu ${target} is 1: notifications are suppressed, nothing more to do; ON stays 0`
          : `5. ON and SN of vcpu ${target} are 0: ON := 1 (locked), to be notified`;
      },
      (m, _vcpu, _vector, _destination, target) => {
        const pid = m.vcpu(target) + V.pi_desc;
        const control = m.load(pid + PID_CONTROL);
        if ((control & ((1 << POSTED_INTR_ON) | (1 << POSTED_INTR_SN))) !== 0) {
          return m.return(0);
        }
        m.store(pid + PID_CONTROL, control | (1 << POSTED_INTR_ON));
        m.local(NOTIFY, (control >>> 16) & 0xff);
        m.local(NDST, m.load(pid + PID_NDST));
        return cpuOfNdst(m, m.words[pid + PID_NDST]) < 0 ? 'nobody' : NEXT;
      },
    ),
    notify: step(
      (m, _vcpu, _vector, _destination, _target, notification, ndst) =>
        `6. notify: IPI with vector NV ${hex(notification)} to NDST, cpu ${cpuOfNdst(m, ndst)}`,
      (m, _vcpu, _vector, _destination, target, notification, ndst) => {
        m.set_bit(notification, m.cpu(cpuOfNdst(m, ndst)) + C.irr);
        m.set_bit(EVENT.notification, m.vcpu(target) + V.events);
        m.mark(MARK.notification);
        return m.return(0);
      },
    ),
    nobody: step(
      (_m, _vcpu, _vector, _destination, target, notification) =>
        `6. NDST of vcpu ${target} names no CPU: the IPI ${hex(notification)} reaches nobody`,
      m => {
        m.mark(MARK.dropped);
        return m.return(0);
      },
      { assumed: true },
    ),
  },
});
