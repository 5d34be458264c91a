/** How KVM delivers an interrupt on AMD. svm/svm.c, svm/avic.c; VT-d and AVIC §B3. */
import { VCPU_MODE } from '../fields.ts';
import { kvm_vcpu_kick, kvm_vcpu_wake_up } from '../kvm/kick.ts';
import { C, EVENT, REQ, V } from '../layout.ts';
import { MARK, type Machine } from '../machine.ts';
import { NEXT, operation, RETURN, silent, step } from '../operation.ts';
import { hex } from '../text.ts';
import { acceptedText, trace } from '../trace.ts';
import { ENTRY, hostIdMask } from './table.ts';

const DOORBELL = 'MSR_AMD64_SVM_AVIC_DOORBELL (0xc001011b)';

/** A doorbell reaches the CPU with this host APIC ID. */
export function ring(m: Machine, apicId: number, vcpu: number): void {
  const cpu = m.config.cpus.findIndex(each => each.apicId === apicId);
  if (cpu < 0) {
    m.mark(MARK.dropped);
    return;
  }
  m.store(m.cpu(cpu) + C.doorbell, 1);
  m.set_bit(EVENT.notification, m.vcpu(vcpu) + V.events);
  m.mark(MARK.notification);
}

/** The CPU that the running thread is on; -1 for threads that are no vCPU's. */
function thisCpu(m: Machine): number {
  const vcpu = m.agent - m.vcpuAgent(0);
  return vcpu >= 0 && vcpu < m.vcpuCount ? m.words[m.vcpu(vcpu) + V.cpu] : -1;
}

/** Reads vcpu->cpu once; a doorbell that misses is harmless, since the vCPU must do a VMRUN on its new CPU. */
export const avic_ring_doorbell = operation({
  name: 'avic_ring_doorbell',
  actor: 'kvm',
  source: 'svm/avic.c',
  locals: ['vcpu', 'cpu'],
  steps: {
    read_cpu: step(
      (m, vcpu) =>
        m.words[m.vcpu(vcpu) + V.cpu] === thisCpu(m)
          ? `vcpu ${vcpu} is of this CPU: no doorbell, its next VMRUN looks`
          : `read vcpu->cpu of vcpu ${vcpu}: ${m.words[m.vcpu(vcpu) + V.cpu]}`,
      (m, vcpu) => {
        const cpu = m.load(m.vcpu(vcpu) + V.cpu);
        m.local(1, cpu);
        return cpu === thisCpu(m) ? RETURN : NEXT;
      },
    ),
    write: step(
      (m, vcpu, cpu) =>
        `ring the doorbell of cpu ${cpu} for vcpu ${vcpu}: write ${hex(m.config.cpus[cpu].apicId, 1)} to ${DOORBELL}`,
      (m, vcpu, cpu) => {
        ring(m, m.config.cpus[cpu].apicId, vcpu);
        return m.profile.vmx.apicvTrace ? NEXT : RETURN;
      },
    ),
    trace: trace('kvm_avic_doorbell', (m, vcpu, cpu) => `vcpuid=${vcpu}, apicid=${m.config.cpus[cpu].apicId}`),
  },
});

/** Tells whoever has to look: the processor, the thread, or KVM's event injection. 5.17 and later. */
export const svm_complete_interrupt_delivery = operation({
  name: 'svm_complete_interrupt_delivery',
  actor: 'kvm',
  source: 'svm/svm.c',
  locals: ['vcpu', 'vector', 'irq', 'in_guest'],
  steps: {
    read_mode: step(
      (_m, vcpu) => `read vcpu->mode of vcpu ${vcpu} (acquire): before apicv_active`,
      (m, vcpu) => {
        m.local(3, m.load(m.vcpu(vcpu) + V.mode) === VCPU_MODE.IN_GUEST_MODE ? 1 : 0);
        return NEXT;
      },
    ),
    read_active: step(
      (m, vcpu, _vector, _irq, inGuest) => {
        if (m.words[m.vcpu(vcpu) + V.apicv_active] === 0) {
          return `AVIC of vcpu ${vcpu} is not active: KVM has to inject`;
        }
        return `AVIC of vcpu ${vcpu} is active: ${inGuest ? 'it is in guest mode, a doorbell will do' : 'it is out of guest mode, VMRUN will look; wake it if it sleeps'}`;
      },
      (m, vcpu, _vector, _irq, inGuest) => {
        if (m.load(m.vcpu(vcpu) + V.apicv_active) === 0) {
          return 'request_event';
        }
        return m.profile.vmx.apicvTrace ? NEXT : inGuest ? 'doorbell' : 'wake_up';
      },
    ),
    trace: trace('kvm_apicv_accept_irq', acceptedText),
    traced: silent((_m, _vcpu, _vector, _irq, inGuest) => (inGuest ? NEXT : 'wake_up')),
    doorbell: silent((m, vcpu) => m.call(avic_ring_doorbell, vcpu)),
    rung: silent(() => RETURN),
    wake_up: silent((m, vcpu) => m.call(kvm_vcpu_wake_up, vcpu)),
    woken: silent(() => RETURN),
    request_event: step(
      (_m, vcpu) => `request KVM_REQ_EVENT of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return NEXT;
      },
    ),
    kick: silent((m, vcpu) => m.call(kvm_vcpu_kick, vcpu)),
  },
});

/** `svm_deliver_avic_intr` until 5.15: apicv_active is read first, and IsRunning of the table entry decides about the doorbell. */
const svm_deliver_avic_intr = operation({
  name: 'svm_deliver_avic_intr',
  actor: 'kvm',
  source: 'svm/avic.c',
  locals: ['vcpu', 'vector'],
  steps: {
    set_irr: step(
      (_m, vcpu, vector) =>
        `set IRR[${hex(vector)}] in the backing page of vcpu ${vcpu} (locked); a full barrier follows`,
      (m, vcpu, vector) => {
        m.set_bit(vector, m.vcpu(vcpu) + V.irr);
        m.smp_mb();
        return NEXT;
      },
      { via: ['kvm_lapic_set_irr'] },
    ),
    is_running: step(
      (_m, vcpu) => `does the physical ID table say IsRunning for vcpu ${vcpu}?`,
      (m, vcpu) => ((m.load(m.vcpu(vcpu) + V.avic_hw_entry + 1) & ENTRY.isRunning) !== 0 ? NEXT : 'wake_up'),
      { via: ['avic_vcpu_is_running'] },
    ),
    doorbell: silent((m, vcpu) => m.call(avic_ring_doorbell, vcpu)),
    rung: silent(() => RETURN),
    wake_up: silent((m, vcpu) => m.call(kvm_vcpu_wake_up, vcpu)),
  },
});

/** IRR of the target, then whoever has to look. */
export const svm_deliver_interrupt = operation({
  name: 'svm_deliver_interrupt',
  actor: 'kvm',
  source: 'svm/svm.c',
  locals: ['vcpu', 'vector', 'irq'],
  steps: {
    order: silent(m => (m.profile.avic.deliveryOrder === 'IRR first' ? 'set_irr' : NEXT)),
    read_active: step(
      (m, vcpu) =>
        m.words[m.vcpu(vcpu) + V.apicv_active] === 0
          ? `AVIC of vcpu ${vcpu} is not active: KVM has to inject`
          : `AVIC of vcpu ${vcpu} is active`,
      (m, vcpu) => (m.load(m.vcpu(vcpu) + V.apicv_active) === 0 ? 'emulate' : NEXT),
    ),
    deliver: silent((m, vcpu, vector) => m.call(svm_deliver_avic_intr, vcpu, vector)),
    delivered: silent(() => RETURN),
    set_irr: step(
      (_m, vcpu, vector) => `set IRR[${hex(vector)}] of vcpu ${vcpu} (locked); a full barrier follows`,
      (m, vcpu, vector) => {
        m.set_bit(vector, m.vcpu(vcpu) + V.irr);
        m.smp_mb();
        return NEXT;
      },
      { via: ['kvm_lapic_set_irr'] },
    ),
    complete: silent((m, vcpu, vector, irq) => m.call(svm_complete_interrupt_delivery, vcpu, vector, irq)),
    completed: silent(() => RETURN),
    emulate: step(
      (_m, vcpu, vector) => `set IRR[${hex(vector)}] of vcpu ${vcpu} (locked)`,
      (m, vcpu, vector) => {
        m.set_bit(vector, m.vcpu(vcpu) + V.irr);
        return NEXT;
      },
      { via: ['kvm_lapic_set_irr'] },
    ),
    request_event: step(
      (_m, vcpu) => `request KVM_REQ_EVENT of vcpu ${vcpu}`,
      (m, vcpu) => {
        m.set_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
        return NEXT;
      },
    ),
    kick: silent((m, vcpu) => m.call(kvm_vcpu_kick, vcpu)),
  },
});

/** Host APIC ID of a physical ID table entry, bits 11:0 (7:0 in 4.19). */
export function hostIdOf(m: Machine, vcpu: number): number {
  return m.words[m.vcpu(vcpu) + V.avic_hw_entry] & hostIdMask(m);
}
