/** Puts a machine together: its initial state, and what happens of its own accord. */
import type { Addition } from './addition.ts';
import type { MachineConfig } from './config.ts';
import { external_interrupt, interrupt_window, pendingAt, physical_interrupt } from './cpu/postedInterrupts.ts';
import { deliver_virtual_interrupt } from './cpu/virtualInterrupts.ts';
import { control } from './cpu/vmcs.ts';
import { VCPU_MODE, VCPU_STATE } from './fields.ts';
import { atIommu, atKthread } from './iommu/agent.ts';
import { take_host_interrupt } from './kvm/hostInterrupt.ts';
import { initialIrqchip, initialLapic } from './lapic/initial.ts';
import { C, REQ, V, VM } from './layout.ts';
import { Machine } from './machine.ts';
import type { Operation } from './operation.ts';
import { avic_deliver, avic_doorbell } from './svm/hardware.ts';
import { svm_intr } from './svm/intr.ts';
import { avicActive } from './svm/mode.ts';
import { svm_vintr, svm_virq, takesVirq } from './svm/virq.ts';
import { initVmcb } from './svm/vmcb.ts';
import { resetDevices } from './vfio/reset.ts';
import { kvm_vcpu_update_apicv } from './vmx/apicv.ts';
import { vmx_vcpu_create, vmx_vm_init } from './vmx/create.ts';

export function createMachine(config: MachineConfig, addition?: Addition): Machine {
  const m = new Machine(config, spontaneous, addition);
  m.recording = false;
  for (let cpu = 0; cpu < m.cpuCount; cpu++) {
    m.store(m.cpu(cpu) + C.vcpu, -1);
    m.store(m.cpu(cpu) + C.loaded, -1);
  }
  if (config.vendor === 'intel') {
    vmx_vm_init(m);
  }
  for (let vcpu = 0; vcpu < m.vcpuCount; vcpu++) {
    resetVcpu(m, vcpu);
    if (config.vendor === 'intel') {
      vmx_vcpu_create(m, vcpu);
    } else {
      initVmcb(m, vcpu);
    }
  }
  initialIrqchip(m);
  deactivateInhibited(m);
  resetDevices(m);
  m.recording = true;
  return m;
}

/** Registers that a VM begins with may inhibit APICv already: IDs that alias each other, or that the guest has changed. */
function deactivateInhibited(m: Machine): void {
  for (let vcpu = 0; m.words[m.layout.vm + VM.apicv_inhibits] !== 0 && vcpu < m.vcpuCount; vcpu++) {
    if (m.words[m.vcpu(vcpu) + V.apicv_active] !== 0) {
      m.finish(m.vcpuAgent(vcpu), kvm_vcpu_update_apicv, vcpu);
      m.clear_bit(REQ.EVENT, m.vcpu(vcpu) + V.requests);
    }
  }
}

function resetVcpu(m: Machine, vcpu: number): void {
  const config = m.config.vcpus[vcpu];
  const base = m.vcpu(vcpu);
  initialLapic(m, vcpu);
  m.store(base + V.interrupts, config.interruptsEnabled ? 1 : 0);

  m.store(base + V.state, VCPU_STATE[config.state]);
  m.store(base + V.cpu, config.cpu);
  const running = config.state === 'running';
  m.store(base + V.mode, running ? VCPU_MODE.IN_GUEST_MODE : VCPU_MODE.OUTSIDE_GUEST_MODE);
  if (running || config.state === 'exited') {
    m.store(m.cpu(config.cpu) + C.loaded, vcpu);
    m.store(m.cpu(config.cpu) + C.vcpu, running ? vcpu : -1);
    m.store(m.cpu(config.cpu) + C.irqs_off, running ? 1 : 0);
  }
  if (config.state === 'blocked') {
    m.store(base + V.waiter, 1);
  }
  m.store(base + V.preempted, config.state === 'preempted' ? 1 : 0);
}

function spontaneous(m: Machine, agent: number): Operation | undefined {
  if (agent < m.iommuAgent) {
    return atCpu(m, agent - m.cpuAgent(0));
  }
  if (agent === m.iommuAgent) {
    return atIommu(m);
  }
  return m.deviceCount > 0 && agent === m.kthreadAgent ? atKthread(m) : undefined;
}

/** What the interrupt hardware of `cpu`, or a host handler on it, does as soon as it can. */
function atCpu(m: Machine, cpu: number): Operation | undefined {
  const base = m.cpu(cpu);
  const vcpu = m.words[base + C.vcpu];
  if (m.words[base + C.doorbell] !== 0 && (vcpu < 0 || m.idle(m.vcpuAgent(vcpu)))) {
    return avic_doorbell;
  }
  if (vcpu < 0) {
    return m.words[base + C.irqs_off] === 0 && pendingAt(m, cpu) >= 0 ? take_host_interrupt : undefined;
  }
  // Between two instructions of the guest only.
  if (!m.idle(m.vcpuAgent(vcpu))) {
    return undefined;
  }
  // Virtual-interrupt delivery has the priority of an interrupt-window exit: above physical interrupts. Posted interrupts §7.
  const state = m.vcpu(vcpu);
  if (m.words[state + V.interrupts] !== 0 && m.words[state + V.interruptibility] === 0) {
    if (control(m, vcpu, 'interrupt_window_exiting')) {
      return m.config.vendor === 'intel' ? interrupt_window : svm_vintr;
    }
    if (takesVirq(m, vcpu)) {
      return svm_virq;
    }
    if (m.words[state + V.recognized] !== 0) {
      return avicActive(m, vcpu) ? avic_deliver : deliver_virtual_interrupt;
    }
  }
  if (pendingAt(m, cpu) < 0) {
    return undefined;
  }
  if (m.config.vendor === 'amd') {
    return svm_intr;
  }
  return control(m, vcpu, 'process_posted_interrupts') ? physical_interrupt : external_interrupt;
}
