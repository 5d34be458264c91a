/** Statements of a scenario as work for agents. */
import { VCPU_STATE } from '../engine/fields.ts';
import { read_apic_page, write_apic_page } from '../engine/guest/apicPage.ts';
import { send_ipi_hypercall } from '../engine/guest/hypercall.ts';
import {
  hlt,
  leave_guest,
  mov_to_cr8,
  mwait,
  set_interrupt_flag,
  write_eoi,
  write_icr,
  write_tpr,
} from '../engine/guest/instructions.ts';
import { read_ioapic, write_ioapic, write_ioapic_entry } from '../engine/guest/ioapicPage.ts';
import { rdmsr, wrmsr } from '../engine/guest/msr.ts';
import { eventfd_write } from '../engine/ioapic/irqfd.ts';
import { kvm_irqfd_assign, kvm_irqfd_deassign } from '../engine/ioapic/irqfdAssign.ts';
import { kvm_set_irq } from '../engine/ioapic/routing.ts';
import { SOURCE } from '../engine/ioapic/state.ts';
import { device_interrupt, ownRequest } from '../engine/iommu/device.ts';
import { guest_boot, guest_compose, guest_find_parent, guest_signal } from '../engine/irqdomain/guestBoot.ts';
import { preempt, resume, vcpu_put } from '../engine/kvm/block.ts';
import { physical_message } from '../engine/kvm/physical.ts';
import { kvm_apic_local_deliver } from '../engine/lapic/lvt.ts';
import { kvm_set_msi } from '../engine/lapic/msi.ts';
import { C, GUEST, V } from '../engine/layout.ts';
import { type Machine, VMM } from '../engine/machine.ts';
import { assign_device, set_route, unbind_device } from '../engine/vfio/bypass.ts';
import { kvm_arch_start_assignment, kvm_set_or_clear_apicv_inhibit } from '../engine/vmx/apicv.ts';
import type { Action } from '../scenario/program.ts';

/** An action that an agent carries out; the others are the runner's own. */
export type AgentAction = Exclude<Action, { kind: 'expect' | 'race' | 'section' }>;

const STATE_NAMES = Object.keys(VCPU_STATE);

/**
 * Why the action cannot happen now, as a sentence with the remedy; undefined when it can.
 * Guest code acts only in guest mode; a sleeping thread enters only after something woke it.
 */
export function obstacle(m: Machine, action: AgentAction): string | undefined {
  if (action.kind === 'compose' || action.kind === 'guest') {
    return guestObstacle(m, action);
  }
  if (!('vcpu' in action)) {
    return undefined;
  }
  const base = m.vcpu(action.vcpu);
  const state = m.words[base + V.state];
  const who = `vcpu ${action.vcpu}`;
  switch (action.kind) {
    case 'enter': {
      if (state === VCPU_STATE.running) {
        return `${who} is in guest mode already`;
      }
      if (state === VCPU_STATE.blocked) {
        return `${who} sleeps and nothing has woken it: an interrupt must wake it before it can enter`;
      }
      const cpu = action.cpu ?? m.words[base + V.cpu];
      const owner = m.words[m.cpu(cpu) + C.loaded];
      return owner >= 0 && owner !== action.vcpu
        ? `cpu ${cpu} runs vcpu ${owner}: preempt or block it first, or enter on another cpu`
        : undefined;
    }
    case 'preempt':
    case 'userspace':
      return state === VCPU_STATE.running || state === VCPU_STATE.exited
        ? undefined
        : `${who} is ${STATE_NAMES[state]}: only a vCPU that has a CPU can give it away`;
    default:
      return state === VCPU_STATE.running
        ? undefined
        : `${who} is ${STATE_NAMES[state]}, so its guest executes nothing: write \`${who}: enter\` first`;
  }
}

/** The guest's kernel boots on vCPU 0; what it composes and finds follows from how it booted. */
function guestObstacle(m: Machine, action: AgentAction): string | undefined {
  const running = m.words[m.vcpu(0) + V.state] === VCPU_STATE.running;
  if (action.kind === 'guest' && action.does === 'signal') {
    return m.words[m.layout.guest + GUEST.msi_address] === 0
      ? 'no message was composed: write `guest: compose 0x31 to 1` first'
      : undefined;
  }
  if (!running) {
    return "the guest's kernel runs on vcpu 0, which is not in guest mode: write `vcpu 0: enter` first";
  }
  const boots = action.kind === 'guest' && action.does === 'boot';
  return boots || m.words[m.layout.guest + GUEST.booted] !== 0 ? undefined : 'write `guest: boot` first';
}

/** The agent that carries the action out. */
export function agentOf(m: Machine, action: AgentAction): number {
  if ('vcpu' in action) {
    return m.vcpuAgent(action.vcpu);
  }
  switch (action.kind) {
    case 'physical':
      return m.iommuAgent;
    case 'signal':
    case 'request':
      return m.deviceAgent(action.device);
    case 'compose':
      return m.vcpuAgent(0);
    case 'guest':
      return action.does === 'signal' ? VMM : m.vcpuAgent(0);
    default:
      return VMM;
  }
}

/** Gives the action to its agent and returns the agent's number. The action must have no `obstacle`. */
export function begin(m: Machine, action: AgentAction): number {
  if (!('vcpu' in action)) {
    return beginElsewhere(m, action);
  }
  const { vcpu } = action;
  const base = m.vcpu(vcpu);
  const agent = m.vcpuAgent(vcpu);
  switch (action.kind) {
    case 'icr':
      m.start(agent, write_icr, vcpu, action.value.lo | 0, action.value.hi | 0);
      break;
    case 'enter':
      m.start(agent, resume, vcpu, action.cpu ?? m.words[base + V.cpu], m.words[base + V.state]);
      break;
    case 'exit':
      m.start(agent, leave_guest, vcpu);
      break;
    case 'block':
      m.start(agent, hlt, vcpu);
      break;
    case 'preempt':
      m.start(agent, preempt, vcpu);
      break;
    case 'eoi':
      m.start(agent, write_eoi, vcpu);
      break;
    case 'tpr':
      m.start(agent, write_tpr, vcpu, action.value);
      break;
    case 'interrupts':
      m.start(agent, set_interrupt_flag, vcpu, action.enabled ? 1 : 0);
      break;
    case 'page':
      m.start(agent, write_apic_page, vcpu, action.offset, action.value | 0);
      break;
    case 'wrmsr':
      m.start(agent, wrmsr, vcpu, action.msr, action.value.lo | 0, action.value.hi | 0);
      break;
    case 'read':
      m.start(agent, read_apic_page, vcpu, action.offset);
      break;
    case 'rdmsr':
      m.start(agent, rdmsr, vcpu, action.msr);
      break;
    case 'ioapic entry':
      m.start(agent, write_ioapic_entry, vcpu, action.pin, action.value.lo | 0, action.value.hi | 0);
      break;
    case 'ioapic write':
      m.start(agent, write_ioapic, vcpu, action.register, action.value | 0);
      break;
    case 'ioapic read':
      m.start(agent, read_ioapic, vcpu, action.register);
      break;
    case 'hypercall': {
      const [w0, w1, w2, w3] = action.bitmap;
      m.start(agent, send_ipi_hypercall, action.icr | 0, action.min | 0, w0 | 0, w1 | 0, w2 | 0, w3 | 0);
      break;
    }
    case 'cr8':
      m.start(agent, mov_to_cr8, vcpu, action.value);
      break;
    case 'mwait':
      m.start(agent, mwait, vcpu);
      break;
    case 'userspace':
      m.start(agent, vcpu_put, vcpu);
      break;
  }
  return agent;
}

/** The guest's kernel acts on vCPU 0. */
function beginGuest(m: Machine, does: Extract<AgentAction, { kind: 'guest' }>['does']): number {
  const agent = does === 'signal' ? VMM : m.vcpuAgent(0);
  switch (does) {
    case 'boot':
      m.start(agent, guest_boot);
      break;
    case 'signal':
      m.start(agent, guest_signal);
      break;
    default:
      m.start(agent, guest_find_parent, does === 'find hpet' ? 1 : 0);
  }
  return agent;
}

/** Actions that are no vCPU's. */
function beginElsewhere(m: Machine, action: Exclude<AgentAction, { vcpu: number }>): number {
  switch (action.kind) {
    case 'msi':
      m.start(VMM, kvm_set_msi, action.address.lo | 0, action.address.hi | 0, action.data);
      return VMM;
    case 'inhibit':
      m.start(VMM, kvm_set_or_clear_apicv_inhibit, action.bit, action.inhibited ? 1 : 0);
      return VMM;
    case 'line':
      m.start(VMM, kvm_set_irq, action.gsi, SOURCE.userspace, action.up ? 1 : 0, 1);
      return VMM;
    case 'local':
      m.start(VMM, kvm_apic_local_deliver, action.target, action.register);
      return VMM;
    case 'signal irqfd':
      m.start(VMM, eventfd_write, action.irqfd);
      return VMM;
    case 'assign irqfd':
      m.start(VMM, kvm_irqfd_assign, action.irqfd, action.gsi, action.resample ? 1 : 0);
      return VMM;
    case 'deassign irqfd':
      m.start(VMM, kvm_irqfd_deassign, action.irqfd, action.gsi);
      return VMM;
    case 'assign':
      m.start(VMM, kvm_arch_start_assignment);
      return VMM;
    case 'physical':
      m.start(m.iommuAgent, physical_message, action.cpu, action.vector);
      return m.iommuAgent;
    case 'signal': {
      const { address, data } = ownRequest(m, action.device);
      m.start(m.deviceAgent(action.device), device_interrupt, action.device, address, data);
      return m.deviceAgent(action.device);
    }
    case 'request':
      m.start(m.deviceAgent(action.device), device_interrupt, action.device, action.address | 0, action.data | 0);
      return m.deviceAgent(action.device);
    case 'route':
      m.start(VMM, set_route, action.device, action.address.lo | 0, action.address.hi | 0, action.data);
      return VMM;
    case 'connect':
      m.start(VMM, assign_device, action.device);
      return VMM;
    case 'unbind':
      m.start(VMM, unbind_device, action.device);
      return VMM;
    case 'compose':
      m.start(m.vcpuAgent(0), guest_compose, action.id | 0, action.vector);
      return m.vcpuAgent(0);
    case 'guest':
      return beginGuest(m, action.does);
  }
}
