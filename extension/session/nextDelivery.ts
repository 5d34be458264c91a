/** One sentence about what a vCPU takes next, or what keeps it from taking anything. */
import { VCPU_MODE } from '../engine/fields.ts';
import { priorityClass, processorPriority } from '../engine/lapic/priority.ts';
import { C, PID_CONTROL, POSTED_INTR_ON, V } from '../engine/layout.ts';
import type { Machine } from '../engine/machine.ts';
import { hex, vectorsAt } from '../engine/text.ts';

const last = (vectors: readonly number[]): number => (vectors.length === 0 ? -1 : vectors[vectors.length - 1]);

export function nextDelivery(m: Machine, vcpu: number): string {
  const base = m.vcpu(vcpu);
  const requested = last(vectorsAt(m.words, base + V.irr));
  const posted = last(vectorsAt(m.words, base + V.pi_desc));
  if (requested < 0) {
    return posted < 0 ? 'nothing requested' : inDescriptor(m, vcpu, posted);
  }
  const service = last(vectorsAt(m.words, base + V.isr));
  const tpr = m.words[base + V.tpr] & 0xff;
  const ppr = processorPriority(tpr, service);
  const next = `next ${hex(requested)}`;
  if (priorityClass(requested) <= priorityClass(ppr)) {
    const blocker =
      ppr === tpr && priorityClass(tpr) >= priorityClass(Math.max(service, 0))
        ? `TPR ${hex(tpr)}`
        : `${hex(service)} in service`;
    return `${next}, blocked by ${blocker}`;
  }
  if (m.words[base + V.interrupts] === 0) {
    return `${next}, blocked by IF = 0`;
  }
  if (m.words[base + V.apicv_active] !== 0 && m.config.vendor === 'intel') {
    const rvi = m.words[base + V.guest_intr_status] & 0xff;
    if (rvi !== requested) {
      return `${next}, but RVI is ${hex(rvi)}: it waits for the next evaluation`;
    }
  }
  const inGuest = m.words[m.cpu(m.words[base + V.cpu]) + C.vcpu] === vcpu;
  if (inGuest) {
    if (m.words[base + V.recognized] !== 0) {
      return `${next}, recognised: delivered between two instructions`;
    }
    return m.config.vendor === 'amd' && m.words[base + V.apicv_active] !== 0 ? `${next}, waits for a doorbell` : next;
  }
  return `${next} at VM entry`;
}

function inDescriptor(m: Machine, vcpu: number, posted: number): string {
  const base = m.vcpu(vcpu);
  const on = (m.words[base + V.pi_desc + PID_CONTROL] & (1 << POSTED_INTR_ON)) !== 0;
  const inGuest = m.words[base + V.mode] === VCPU_MODE.IN_GUEST_MODE;
  if (!on) {
    return `${hex(posted)} posted with ON = 0: only a load or a notification finds it`;
  }
  return inGuest
    ? `${hex(posted)} posted, waits for the notification`
    : `${hex(posted)} posted, harvested at the next entry`;
}
