import { APIC, APIC_BASE_MSR } from '../engine/lapic/registers.ts';
import { fromBig } from '../formats/bits.ts';
import { checkDeviceAction, checkGuestAction } from './checkDevice.ts';
import { checkHypercall, checkIoapic, checkIrqfdAction } from './checkIrqchip.ts';
import { type AddressedVcpu, checkIcr, checkIpi, checkMsi, type LineMachine } from './checkMessage.ts';
import { checkLine } from './checkPin.ts';
import { cpuIndex, vcpuIndex } from './checkVcpus.ts';
import { apicvInhibits } from './inhibits.ts';
import type { Action } from './program.ts';
import type { Report } from './report.ts';
import { notOneOf } from './suggest.ts';
import type { Token } from './tokens.ts';
import type { ActionNode } from './tree.ts';

/** Registers of the local APIC by the names of apicdef.h, with their offsets in the page. */
export const REGISTER_OFFSETS: Readonly<Record<string, number>> = Object.fromEntries(
  Object.entries(APIC).map(([name, offset]) => [`APIC_${name}`, offset]),
);

/** Stands in for a sender that does not exist, so that the rest of its line is still checked. */
const STRANGER: AddressedVcpu = { id: 0, apic: 'x2apic' };

/** Offset in the APIC page: a name, or a multiple of 16 below 0x1000. */
function pageOffset(word: Token | undefined, report: Report): number | undefined {
  if (word && /^[A-Z]/.test(word.text)) return named(word, report);
  const offset = report.within(word, 'an offset', 0, 0xff0);
  if (word === undefined || offset === undefined || offset % 16 === 0) return offset;
  report.add(
    'irq304',
    word.range,
    'Registers stand at multiples of 16. Write an offset such as `0x0b0`, or a name such as `APIC_EOI`.',
  );
  return undefined;
}

/** MSR of the x2APIC range: a name, or a number from 0x800 to 0x8ff. */
function x2apicMsr(word: Token | undefined, report: Report): number | undefined {
  if (!word || !/^[A-Z]/.test(word.text)) return report.within(word, 'an x2APIC MSR', APIC_BASE_MSR, 0x8ff);
  const offset = named(word, report);
  return offset === undefined ? undefined : APIC_BASE_MSR + (offset >>> 4);
}

function named(word: Token, report: Report): number | undefined {
  if (Object.hasOwn(REGISTER_OFFSETS, word.text)) return REGISTER_OFFSETS[word.text];
  report.push(notOneOf('irq205', word, 'a register of the local APIC', Object.keys(REGISTER_OFFSETS)));
  return undefined;
}

/** The page is there in xAPIC mode, the MSRs in x2APIC mode. */
function checkMode({ name }: ActionNode, { id, apic }: AddressedVcpu, report: Report): void {
  if (!name) return;
  const mode = apic === 'x2apic' ? 'x2APIC' : apic === 'xapic' ? 'xAPIC' : 'no';
  const [verb, msr] = name.text === 'write' || name.text === 'wrmsr' ? ['write', 'wrmsr'] : ['read', 'rdmsr'];
  if (name.text === verb && apic !== 'xapic') {
    const message = `vCPU ${id} has ${mode} mode: nobody takes a ${verb} ${verb === 'read' ? 'of' : 'to'} the APIC page. Write \`${msr}\`.`;
    report.add('irq406', name.range, message);
  }
  if (name.text === msr && apic !== 'x2apic') {
    const message = `vCPU ${id} has ${mode} mode: ${msr.toUpperCase()} gives #GP. Write \`${verb}\` instead.`;
    report.add('irq403', name.range, message);
  }
}

function registerRead(node: ActionNode, sender: AddressedVcpu, report: Report): Action | undefined {
  const { id: vcpu } = sender;
  checkMode(node, sender, report);
  if (node.name?.text === 'read') {
    const offset = pageOffset(node.register, report);
    return offset === undefined ? undefined : { kind: 'read', vcpu, offset };
  }
  const msr = x2apicMsr(node.register, report);
  return msr === undefined ? undefined : { kind: 'rdmsr', vcpu, msr };
}

function registerWrite(node: ActionNode, sender: AddressedVcpu, report: Report): Action | undefined {
  const { id: vcpu } = sender;
  const page = node.name?.text === 'write';
  checkMode(node, sender, report);
  const value = report.wide(node.value, 'the register', page ? 32 : 64);
  const where = page ? pageOffset(node.register, report) : x2apicMsr(node.register, report);
  if (value === undefined || where === undefined) return undefined;
  const [lo, hi] = fromBig(value, 64);
  return page
    ? { kind: 'page', vcpu, offset: where, value: lo }
    : { kind: 'wrmsr', vcpu, msr: where, value: { lo, hi } };
}

/** Why APICv stops or may go on: a reason by the table of the kernel, or its bit. */
function checkInhibit({ name, reason }: ActionNode, machine: LineMachine, report: Report): Action | undefined {
  if (!name || !reason) return undefined;
  const { inhibitReasons, requiredInhibits } = apicvInhibits(machine);
  if (inhibitReasons.length === 0) {
    report.add(
      'irq307',
      name.range,
      `Kernel ${machine.kernel} has no reasons that inhibit APICv. Write \`kernel 4.19\` or later.`,
    );
    return undefined;
  }
  const bit = /^[0-9]/.test(reason.text)
    ? report.within(reason, 'the bit of a reason', 0, inhibitReasons.length - 1)
    : inhibitReasons.indexOf(reason.text);
  if (bit === -1) report.push(notOneOf('irq205', reason, `a reason of kernel ${machine.kernel}`, inhibitReasons));
  if (bit === undefined || bit < 0) return undefined;
  if (machine.vendor === 'intel' && ((requiredInhibits >>> bit) & 1) === 0) {
    report.add(
      'irq406',
      reason.range,
      `Intel does not honour ${inhibitReasons[bit]}: APICv stays active. Write another reason.`,
    );
  }
  return { kind: 'inhibit', bit, inhibited: name.text === 'inhibit' };
}

/** What a line does; undefined when a part of it is wrong, which is reported. */
export function checkAction(
  node: ActionNode,
  machine: LineMachine,
  count: number | undefined,
  report: Report,
): Action | undefined {
  if (node.device) return checkDeviceAction(node, machine, report);
  if (node.irqfd) return checkIrqfdAction(node, machine, report);
  if (node.guest) return checkGuestAction(node, report);
  if (node.name?.text === 'msi') {
    const message = checkMsi(node, machine, report);
    return message && { kind: 'msi', ...message };
  }
  if (node.name?.text === 'interrupt') {
    const cpu = cpuIndex(node.cpu, machine.cpus.length, report);
    const vector = report.vector(node.vector);
    return cpu === undefined || vector === undefined ? undefined : { kind: 'physical', cpu, vector };
  }
  if (node.name?.text === 'gsi') return checkLine(node, machine, report);
  if (node.name?.text === 'assign') return { kind: 'assign' };
  if (node.reason) return checkInhibit(node, machine, report);
  const vcpu = vcpuIndex(node.vcpu, count, report);
  const sender = machine.vcpus[vcpu ?? 0] ?? STRANGER;
  const act = actionOf(node, sender, machine, report);
  return vcpu === undefined ? undefined : act;
}

function actionOf(node: ActionNode, sender: AddressedVcpu, machine: LineMachine, report: Report): Action | undefined {
  const vcpu = sender.id;
  switch (node.name?.text) {
    case 'icr': {
      const value = checkIcr(node.value, sender, machine, report);
      return value && { kind: 'icr', vcpu, value };
    }
    case 'ipi': {
      const value = node.delivery && checkIpi(node.delivery, sender, machine, report);
      return value && { kind: 'icr', vcpu, value };
    }
    case 'enter': {
      if (!node.cpu) return { kind: 'enter', vcpu };
      const cpu = cpuIndex(node.cpu, machine.cpus.length, report);
      return cpu === undefined ? undefined : { kind: 'enter', vcpu, cpu };
    }
    case 'tpr': {
      const value = report.wide(node.value, 'the task priority', 8);
      return value === undefined ? undefined : { kind: 'tpr', vcpu, value: Number(value) };
    }
    case 'cr8': {
      const value = report.within(node.value, 'a priority class', 0, 15);
      return value === undefined ? undefined : { kind: 'cr8', vcpu, value };
    }
    case 'ioapic':
      return checkIoapic(node, vcpu, machine, report);
    case 'pv-ipi':
      return checkHypercall(node, vcpu, machine, report);
    case 'lvt':
      return node.register && { kind: 'local', target: vcpu, register: REGISTER_OFFSETS[node.register.text] };
    case 'write':
    case 'wrmsr':
      return registerWrite(node, sender, report);
    case 'read':
    case 'rdmsr':
      return registerRead(node, sender, report);
    case 'exit':
    case 'block':
    case 'preempt':
    case 'eoi':
    case 'mwait':
    case 'userspace':
      return { kind: node.name.text, vcpu };
    case 'cli':
    case 'sti':
      return { kind: 'interrupts', vcpu, enabled: node.name.text === 'sti' };
    default:
      return undefined;
  }
}
