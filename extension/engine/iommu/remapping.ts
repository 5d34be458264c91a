/**
 * VT-d takes an interrupt request: format, index, entry, source, then remaps or posts. VT-d 5.1-5.2; VT-d and AVIC §A1-A4.
 * A request is one 32-bit write of a device to 0xfeexxxxx.
 */
import { fieldValue } from '../../formats/format.ts';
import { irte, irtePosted } from '../../formats/irte.ts';
import { pidAddress, vcpuOfPid } from '../address.ts';
import { send_ipi } from '../kvm/kick.ts';
import { D, EVENT, IOMMU, IOMMU_FLAG, PID_CONTROL, PID_NDST, POSTED_INTR_ON, POSTED_INTR_SN, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { firstDevice } from './agent.ts';
import { hostTarget } from './hostTarget.ts';
import { entryFault, FAULT, FAULT_TEXT, indexOf, isPosted, isRemappable, notifies, QUALIFIED } from './request.ts';

/** 64 Ki entries: the largest table, and what Linux allocates (INTR_REMAP_TABLE_ENTRIES). */
export const TABLE_ENTRIES = 0x10000;

const SECTION = 'VT-d 5.1, interrupt remapping';
/** Bits of the control word and words of the descriptor that must be 0. */
const CONTROL_RESERVED = 0xff00fffc;

function flag(m: Machine, bit: keyof typeof IOMMU_FLAG): boolean {
  return m.loadBits(m.layout.iommu + IOMMU.flags, 1 << IOMMU_FLAG[bit]) !== 0;
}

/** The device whose entry stands at an index, or -1: entries of nobody are not present. */
export function deviceOfIndex(m: Machine, index: number): number {
  return (m.config.devices ?? []).findIndex(device => device.irte === index);
}

/** The entry that the IOMMU will use: from its interrupt-entry cache if it is there. */
function entryToUse(m: Machine, owner: number): number[] {
  const base = m.device(owner);
  const from = base + (m.words[base + D.irte_is_cached] !== 0 ? D.irte_cached : D.irte);
  return [0, 1, 2, 3].map(i => m.words[from + i] >>> 0);
}

/** The entry that the request in hand was found to name: it stays the same, whatever happens to the table meanwhile. */
function entryInHand(m: Machine): number[] {
  return [0, 1, 2, 3].map(i => m.words[m.layout.iommu + IOMMU.entry + i] >>> 0);
}

function descriptorFault(m: Machine, vcpu: number): number {
  if (vcpu < 0) {
    return FAULT.descriptorAccess;
  }
  const pid = m.vcpu(vcpu) + V.pi_desc;
  let reserved = m.words[pid + PID_CONTROL] & CONTROL_RESERVED;
  for (let i = PID_NDST + 1; i < 16; i++) {
    reserved |= m.words[pid + i];
  }
  return reserved === 0 ? FAULT.none : FAULT.reservedDescriptor;
}

function postedVcpu(m: Machine, entry: readonly number[]): number {
  const lo = (fieldValue(irtePosted, entry, 'PDA_l') << 6) >>> 0;
  return vcpuOfPid({ hi: fieldValue(irtePosted, entry, 'PDA_h'), lo }, m.vcpuCount);
}

/** The fault of the request as far as its format and index go; 0 = none. */
function requestFault(m: Machine, address: number, data: number): number {
  if (!isRemappable(address)) {
    return flag(m, 'CFIS') && !flag(m, 'EIME') ? FAULT.none : FAULT.compatibilityBlocked;
  }
  if (data >>> 16 !== 0) {
    return FAULT.reservedRequest;
  }
  return indexOf(address, data) >= TABLE_ENTRIES ? FAULT.indexBeyondTable : FAULT.none;
}

/** Locals of `interrupt_request`. */
const OWNER = 3;
const VCPU = 4;
const RESULT = 5;

export const interrupt_request = operation({
  name: 'interrupt request',
  actor: 'iommu',
  source: SECTION,
  locals: ['requester', 'address', 'data', 'owner', 'vcpu', 'result', 'nv', 'ndst'],
  steps: {
    take: step(
      m => {
        const requester = firstDevice(m, D.request);
        const base = m.device(requester);
        const address = m.words[base + D.request_address];
        const format = isRemappable(address) ? 'remappable' : 'compatibility';
        return `request of ${m.config.devices?.[requester].name}: ${hex(address, 8)} / ${hex(m.words[base + D.request_data], 4)}, ${format} format`;
      },
      m => {
        const requester = firstDevice(m, D.request);
        const base = m.device(requester);
        m.local(0, requester);
        m.local(1, m.load(base + D.request_address));
        m.local(2, m.load(base + D.request_data));
        m.store(base + D.request, 0);
        return NEXT;
      },
    ),
    enabled: silent(m => (m.words[m.layout.iommu + IOMMU.flags] & (1 << IOMMU_FLAG.IRE) ? NEXT : 'pass')),
    check_request: step(
      (m, _requester, address, data) => {
        const fault = requestFault(m, address, data);
        if (fault !== 0) {
          return `${FAULT_TEXT[fault]}: fault ${hex(fault)}`;
        }
        return isRemappable(address)
          ? `handle ${hex(indexOf(address, 0))}${address & 8 ? ` + sub-handle ${hex(data & 0xffff, 1)}` : ''}: index ${hex(indexOf(address, data), 1)}`
          : 'compatibility format passes: CFIS = 1, EIME = 0';
      },
      (m, _requester, address, data) => {
        const fault = requestFault(m, address, data);
        m.local(OWNER, -1);
        m.local(RESULT, fault);
        if (fault !== 0) {
          return 'fault';
        }
        if (!isRemappable(address)) {
          return 'pass';
        }
        m.local(OWNER, deviceOfIndex(m, indexOf(address, data)));
        return NEXT;
      },
    ),
    fetch: step(
      (m, _requester, address, data, owner) => {
        const index = hex(indexOf(address, data), 1);
        if (owner < 0) {
          return `IRTE ${index} is not present`;
        }
        const cached = m.words[m.device(owner) + D.irte_is_cached] !== 0;
        const [low, dest] = entryToUse(m, owner);
        return `IRTE ${index} from the ${cached ? 'interrupt-entry cache' : 'table in memory'}: ${isPosted([low]) ? 'posted' : 'remapped'} ${hex(dest, 8)}_${hex(low, 8).slice(2)}`;
      },
      (m, requester, _address, _data, owner) => {
        if (owner < 0) {
          m.local(RESULT, FAULT.notPresent);
          return 'fault';
        }
        const base = m.device(owner);
        const entry = entryToUse(m, owner);
        if (m.load(base + D.irte_is_cached) === 0) {
          for (let i = 0; i < 4; i++) {
            m.store(base + D.irte_cached + i, m.load(base + D.irte + i));
          }
          // Only present entries may be cached.
          m.store(base + D.irte_is_cached, entry[0] & 1);
        }
        for (let i = 0; i < 4; i++) {
          m.store(m.layout.iommu + IOMMU.entry + i, entry[i] | 0);
        }
        let fault = entryFault(entry, sourceId(m, requester), flag(m, 'EIME'));
        const posted = isPosted(entry);
        const vcpu = posted ? postedVcpu(m, entry) : -1;
        if (fault === 0 && posted) {
          fault = descriptorFault(m, vcpu);
        }
        m.local(VCPU, vcpu);
        m.local(RESULT, fault);
        if (fault !== 0) {
          return 'fault';
        }
        return posted ? 'post' : 'issue';
      },
    ),
    issue: step(
      m => {
        const entry = entryInHand(m);
        const vector = hex(fieldValue(irte, entry, 'V'));
        const cpu = hostTarget(m, entry);
        return cpu < 0
          ? `remapped to vector ${vector}, but no CPU has the destination ${hex(entry[1], 8)}: dropped`
          : `remapped: interrupt ${vector} to the local APIC of cpu ${cpu}`;
      },
      m => {
        const entry = entryInHand(m);
        const cpu = hostTarget(m, entry);
        if (cpu < 0) {
          m.mark(MARK.dropped);
        } else {
          send_ipi(m, cpu, fieldValue(irte, entry, 'V'));
        }
        return RETURN;
      },
    ),
    post: step(
      (m, _requester, _address, _data, _owner, vcpu) => {
        const entry = entryInHand(m);
        const control = m.words[m.vcpu(vcpu) + V.pi_desc + PID_CONTROL];
        const on = (control >>> POSTED_INTR_ON) & 1;
        const sn = (control >>> POSTED_INTR_SN) & 1;
        const urgent = fieldValue(irtePosted, entry, 'URG');
        const vector = hex(fieldValue(irtePosted, entry, 'VV'));
        const rest = notifies(on !== 0, sn !== 0, urgent !== 0)
          ? 'ON := 1, a notification is due'
          : `ON stays ${on}, no notification`;
        return `one atomic update of the descriptor of vcpu ${vcpu}: PIR[${vector}] := 1; ON ${on}, SN ${sn}, URG ${urgent}: ${rest}`;
      },
      (m, _requester, _address, _data, _owner, vcpu) => {
        const entry = entryInHand(m);
        const pid = m.vcpu(vcpu) + V.pi_desc;
        m.set_bit(fieldValue(irtePosted, entry, 'VV'), pid);
        const control = m.load(pid + PID_CONTROL);
        const on = (control & (1 << POSTED_INTR_ON)) !== 0;
        const sn = (control & (1 << POSTED_INTR_SN)) !== 0;
        if (!notifies(on, sn, fieldValue(irtePosted, entry, 'URG') !== 0)) {
          return RETURN;
        }
        m.store(pid + PID_CONTROL, control | (1 << POSTED_INTR_ON));
        m.local(NV, (control >>> 16) & 0xff);
        m.local(NDST, m.load(pid + PID_NDST));
        return NEXT;
      },
    ),
    notify: step(
      (_m, _requester, _address, _data, _owner, vcpu, _result, nv, ndst) =>
        `send the notification ${hex(nv)} for vcpu ${vcpu} to NDST ${hex(ndst, 1)}: physical, fixed, edge, RH = 0`,
      (m, _requester, _address, _data, _owner, vcpu, _result, nv, ndst) => {
        const cpu = cpuOfNdst(m, ndst);
        if (cpu < 0) {
          m.mark(MARK.dropped);
        } else {
          send_ipi(m, cpu, nv);
          m.set_bit(EVENT.notification, m.vcpu(vcpu) + V.events);
        }
        return RETURN;
      },
    ),
    pass: step(
      (_m, _requester, address, data) =>
        `passes as it is: vector ${hex(data & 0xff)} to the host CPU with APIC ID ${hex((address >>> 12) & 0xff)}`,
      (m, _requester, address, data) => {
        const cpu = m.config.cpus.findIndex(({ apicId }) => apicId === ((address >>> 12) & 0xff));
        if (cpu < 0) {
          m.mark(MARK.dropped);
        } else {
          send_ipi(m, cpu, data & 0xff);
        }
        return RETURN;
      },
    ),
    fault: step(
      (m, _requester, _address, _data, owner, _vcpu, fault) =>
        suppressed(m, owner, fault)
          ? `blocked: ${FAULT_TEXT[fault]}; FPD = 1, fault ${hex(fault)} is not logged`
          : `blocked: ${FAULT_TEXT[fault]}; fault ${hex(fault)} is logged`,
      (m, _requester, address, data, owner, _vcpu, fault) => {
        const base = m.layout.iommu;
        m.mark(MARK.dropped);
        if (!suppressed(m, owner, fault)) {
          m.mark(MARK.fault);
          m.store(base + IOMMU.fault_reason, fault);
          m.store(base + IOMMU.fault_index, isRemappable(address) ? indexOf(address, data) : 0);
          m.store(base + IOMMU.faults, m.load(base + IOMMU.faults) + 1);
        }
        return RETURN;
      },
    ),
  },
});

const NV = 6;
const NDST = 7;

function sourceId(m: Machine, device: number): number {
  return m.config.devices?.[device].sourceId ?? 0;
}

function suppressed(m: Machine, owner: number, fault: number): boolean {
  return owner >= 0 && QUALIFIED.includes(fault) && (entryInHand(m)[0] & 2) !== 0;
}

/** The CPU that NDST names, in the format of the host's APIC mode. */
function cpuOfNdst(m: Machine, ndst: number): number {
  const id = m.config.hostApic === 'x2apic' ? ndst >>> 0 : (ndst >>> 8) & 0xff;
  return m.config.cpus.findIndex(({ apicId }) => apicId === id);
}

/** Words of a posted entry for a vCPU's descriptor; the source check of `kept` stays. `intel_ir_set_vcpu_affinity`. */
export function postedEntry(vcpu: number, vector: number, kept: readonly number[]): number[] {
  const { hi, lo } = pidAddress(vcpu);
  return [(vector << 16) | (1 << 15) | 1, (lo & ~0x3f) >>> 0, kept[2] & 0xfffff, hi];
}
