/** Devices, the guest's kernel and choices as the machine's description has them, and what they do. */
import type { DeviceConfig, GuestConfig, MachineConfig, MsiConfig } from '../engine/config.ts';
import { profileOf } from '../engine/profile.ts';
import { AVIC_MAX_PHYSICAL_ID } from '../engine/svm/table.ts';
import { checkIrqfds } from './checkIrqchip.ts';
import { checkMsi, type LineMachine } from './checkMessage.ts';
import { checkPins } from './checkPin.ts';
import { cpuIndex, vcpuIndex } from './checkVcpus.ts';
import { CHOICE_VALUES } from './deviceWords.ts';
import type { Action } from './program.ts';
import type { Report } from './report.ts';
import { notOneOf, shown } from './suggest.ts';
import type { Token } from './tokens.ts';
import type { ActionNode, DeviceClause, DeviceNode, Tree } from './tree.ts';

/** VT-d tables have 64 Ki entries, AMD's 2048. */
const MOST = { intel: 0xffff, amd: 0x7ff } as const;
/** Above the vectors that a Linux host has for itself, below the system vectors. */
const FIRST_HOST_VECTOR = 0x31;
const FIRST_SOURCE = 0x0100;

type WithoutDevices = Omit<MachineConfig, 'devices'>;

function clauseOf(node: DeviceNode, word: string): DeviceClause | undefined {
  return node.clauses.find(clause => clause.word.text === word);
}

/** An MSI that a route names: to one vCPU by its number, or a message. */
function routeOf(node: DeviceNode, machine: WithoutDevices, report: Report): MsiConfig | undefined {
  const posted = clauseOf(node, 'posted');
  if (posted) {
    const vcpu = vcpuIndex(posted.index, machine.vcpus.length, report);
    const vector = report.vector(posted.vector);
    if (vcpu === undefined || vector === undefined) return undefined;
    const { id } = machine.vcpus[vcpu];
    return { lo: (0xfee00000 | ((id & 0xff) << 12)) >>> 0, hi: (id & ~0xff) >>> 0, data: vector };
  }
  const message = clauseOf(node, 'assigned')?.message;
  const checked = message && checkMsi(message, machine, report);
  return checked && { ...checked.address, data: checked.data };
}

function checkDevice(node: DeviceNode, number: number, machine: WithoutDevices, report: Report): DeviceConfig {
  const of = (word: string) => clauseOf(node, word)?.index;
  const irte = report.within(of('irte'), 'an index', 0, MOST[machine.vendor]) ?? number + 1;
  const sourceId = report.within(of('source'), 'a requester ID', 0, 0xffff) ?? FIRST_SOURCE + number * 8;
  const where = clauseOf(node, 'remapped') ?? clauseOf(node, 'host');
  const cpu = cpuIndex(where?.index, machine.cpus.length, report) ?? 0;
  const vector = report.vector(where?.vector) ?? FIRST_HOST_VECTOR + number;
  const route = routeOf(node, machine, report);
  const assigned = clauseOf(node, 'posted') !== undefined || clauseOf(node, 'assigned') !== undefined;
  const name = node.name?.text ?? '';
  return { name, irte, sourceId, host: { cpu, vector }, assigned, ...(route && { route }) };
}

function checkAll(tree: Tree, machine: WithoutDevices, report: Report): DeviceConfig[] {
  const nodes = tree.nodes.filter((node): node is DeviceNode => node.kind === 'device' && !node.broken);
  const devices: DeviceConfig[] = [];
  for (const node of nodes) {
    const device = checkDevice(node, devices.length, machine, report);
    if (devices.some(each => each.name === device.name)) {
      report.add('irq302', node.range, `There is a device \`${shown(device.name)}\` already. Write another name.`);
    } else if (devices.some(each => each.irte === device.irte)) {
      report.add('irq302', node.range, `IRTE ${device.irte} belongs to another device. Write another index.`);
    } else {
      devices.push(device);
    }
  }
  return devices;
}

function checkGuest(tree: Tree): GuestConfig | undefined {
  const nodes = tree.nodes.filter(node => node.kind === 'guest');
  const acts = tree.nodes.some(node => node.kind === 'action' && node.guest !== undefined);
  if (nodes.length === 0 && !acts) return undefined;
  const features = new Set(nodes.flatMap(node => node.features.map(({ text }) => text)));
  const remapping = features.has('remapping-x2apic') ? 'x2apic' : features.has('remapping-xapic') ? 'xapic' : 'none';
  return {
    x2apic: !features.has('no-x2apic'),
    remapping,
    hypervisor: !features.has('bare-metal'),
    msiExtDestId: features.has('ext-dest-id'),
    claims: (['ioapic', 'hpet'] as const).filter(each => features.has(`claims-${each}`)),
  };
}

function checkChoices(tree: Tree): MachineConfig['choices'] {
  const chosen: Record<string, string> = {};
  for (const node of tree.nodes) {
    if (node.kind === 'choose' && !node.broken && node.choice && node.value) chosen[node.choice.text] = node.value.text;
  }
  const pick = <K extends keyof typeof CHOICE_VALUES>(name: K) =>
    CHOICE_VALUES[name].find((each: string) => each === chosen[name]) as (typeof CHOICE_VALUES)[K][number] | undefined;
  const blockedIrte = pick('blocked-irte');
  const redirectionHint = pick('redirection-hint');
  if (!blockedIrte && !redirectionHint) return undefined;
  return { ...(blockedIrte && { blockedIrte }), ...(redirectionHint && { redirectionHint }) };
}

/** Until 7.1 a vCPU whose ID the physical APIC ID table has no room for cannot be created. */
function checkAvicIds(machine: WithoutDevices, tree: Tree, report: Report): void {
  if (machine.vendor !== 'amd' || !machine.apicv) return;
  const { idTooBig, maxX2avicId } = profileOf(machine).avic;
  const limit = machine.x2avic ? maxX2avicId : AVIC_MAX_PHYSICAL_ID;
  const node = tree.nodes.find(each => each.head.text === 'vcpus');
  if (idTooBig === 'creation fails' && machine.vcpus.length > limit + 1 && node) {
    const message = `AVIC of kernel ${machine.kernel} has room for vCPU IDs up to ${limit}: KVM_CREATE_VCPU fails. Write \`vcpus ${limit + 1}\`.`;
    report.add('irq304', node.range, message);
  }
}

/** What the machine has beside vCPUs and CPUs. A device of Intel makes KVM maintain SN and the wake-up vector, as `vtd-posting` does. */
export function checkDevices(tree: Tree, machine: WithoutDevices, report: Report): MachineConfig {
  checkAvicIds(machine, tree, report);
  const devices = checkAll(tree, machine, report);
  const rtes = checkPins(tree, machine, report);
  const irqfds = checkIrqfds(tree, machine, report);
  const guest = checkGuest(tree);
  const choices = checkChoices(tree);
  const assigned = devices.some(device => device.assigned) && machine.vendor === 'intel' && machine.apicv;
  return {
    ...machine,
    vtdPosting: machine.vtdPosting || (assigned && machine.kernel !== '2013'),
    ...(devices.length > 0 && { devices }),
    ...(rtes.length > 0 && { rtes }),
    ...(irqfds.length > 0 && { irqfds }),
    ...(guest && { guest }),
    ...(choices && { choices }),
  };
}

/** Number of a device by its name; undefined, and a diagnostic, when there is none. */
export function deviceIndex(word: Token | undefined, machine: LineMachine, report: Report): number | undefined {
  if (!word) return undefined;
  const names = (machine.devices ?? []).map(({ name }) => name);
  const index = names.indexOf(word.text);
  if (index >= 0) return index;
  if (names.length > 0) report.push(notOneOf('irq312', word, 'a device of this machine', names));
  else
    report.add(
      'irq312',
      word.range,
      'The machine has no device. Write `device nic posted to vcpu 1 vector 0x41` above.',
    );
  return undefined;
}

export function checkDeviceAction(node: ActionNode, machine: LineMachine, report: Report): Action | undefined {
  const device = deviceIndex(node.device, machine, report);
  if (device === undefined) return undefined;
  switch (node.name?.text) {
    case 'interrupt':
      return { kind: 'signal', device };
    case 'request': {
      const address = report.wide(node.value, 'the address', 32);
      const data = report.wide(node.data, 'the data', 32);
      return address === undefined || data === undefined
        ? undefined
        : { kind: 'request', device, address: Number(address), data: Number(data) };
    }
    case 'route': {
      const message = checkMsi(node, machine, report);
      return message && { kind: 'route', device, ...message };
    }
    case 'connect':
    case 'unbind':
      return { kind: node.name.text, device };
    default:
      return undefined;
  }
}

export function checkGuestAction(node: ActionNode, report: Report): Action | undefined {
  switch (node.name?.text) {
    case 'boot':
    case 'signal':
      return { kind: 'guest', does: node.name.text };
    case 'find':
      return { kind: 'guest', does: node.value?.text === 'hpet' ? 'find hpet' : 'find ioapic' };
    case 'compose': {
      const vector = report.vector(node.vector);
      const id = report.wide(node.value, 'an APIC ID', 32);
      return vector === undefined || id === undefined ? undefined : { kind: 'compose', vector, id: Number(id) };
    }
    default:
      return undefined;
  }
}
