import type { MachineConfig, VcpuConfig } from '../engine/config.ts';
import { fromBig, hex, type Words } from '../formats/bits.ts';
import { decode, encode, type Format, fieldValue, type Kernel, type Problem } from '../formats/format.ts';
import { icr, x2apicIcr } from '../formats/icr.ts';
import { msi } from '../formats/msi.ts';
import type { Range, Word64 } from './program.ts';
import type { Report } from './report.ts';
import type { Token } from './tokens.ts';
import type { ActionNode, Delivery } from './tree.ts';
import { DELIVERY_MODES, keys, SHORTHANDS } from './words.ts';

/** Encodings of ICR bits 10:8 and MSI data bits 10:8. */
export const MODE_BITS: Readonly<Record<keyof typeof DELIVERY_MODES, number>> = {
  fixed: 0,
  lowest: 1,
  smi: 2,
  nmi: 4,
  init: 5,
  startup: 6,
};

/** A vCPU as far as messages can tell it from others. */
export type AddressedVcpu = Pick<VcpuConfig, 'id' | 'apic' | 'aid' | 'ldr' | 'dfr'>;

interface Machine extends Pick<MachineConfig, 'kernel' | 'x2apicApi'> {
  readonly vcpus: readonly AddressedVcpu[];
}

/** What lines are checked against. Where vCPUs are at first, and with which interrupts, makes no line right or wrong. */
export interface LineMachine extends Omit<MachineConfig, 'vcpus'> {
  readonly vcpus: readonly AddressedVcpu[];
}

export function lineMachine(machine: MachineConfig): LineMachine {
  return {
    ...machine,
    vcpus: machine.vcpus.map(({ id, apic, aid, ldr, dfr }) => ({
      id,
      apic,
      ...(aid !== undefined && { aid }),
      ...(ldr !== undefined && { ldr }),
      ...(dfr !== undefined && { dfr }),
    })),
  };
}

function kernelOf({ kernel }: Machine): Kernel {
  const [major, minor] = kernel === '2013' ? [3, 11] : kernel.split('.').map(Number);
  return [major, minor];
}

function sentence(text: string): string {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

/** Scenarios repeat themselves: what is wrong with a message is found out once for each kernel. */
const known = new Map<string, readonly Problem[]>();
const MOST_KNOWN = 20_000;

function problemsOf(format: Format, words: Words, machine: Machine): readonly Problem[] {
  const key = `${machine.kernel} ${format.id} ${words.join(' ')}`;
  let problems = known.get(key);
  if (!problems) {
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(key, (problems = decode(format, words, kernelOf(machine)).problems));
  }
  return problems;
}

/** Reports what the format's own table finds illegal: the same rules that a hover shows. */
export function reportProblems(
  format: Format,
  words: Words,
  machine: Machine,
  range: Range,
  vector: Range,
  report: Report,
): void {
  for (const { id, severity, text } of problemsOf(format, words, machine)) {
    if (severity === 'note') continue;
    if (id === 'illegal-vector') report.add('irq402', vector, sentence(text));
    else report.add('irq403', range, sentence(text));
  }
}

/** Physical IDs under which KVM finds a vCPU (kvm_recalculate_apic_map). */
function answersTo({ apic, id, aid }: AddressedVcpu, destination: number): boolean {
  if (apic === 'disabled') return false;
  if (apic === 'x2apic') return destination === id;
  return destination === (aid === undefined ? id & 0xff : aid >>> 24) || (id > 0xff && destination === id);
}

function reportNobody(destination: number, machine: Machine, range: Range, report: Report): void {
  if (destination === 0xff || destination === 0xffffffff) return;
  const likely = destination < machine.vcpus.length ? machine.vcpus[destination] : undefined;
  if (machine.vcpus.length === 0 || (likely && answersTo(likely, destination))) return;
  if (machine.vcpus.some(vcpu => answersTo(vcpu, destination))) return;
  const text = destination > 9 ? `0x${destination.toString(16)}` : `${destination}`;
  report.add(
    'irq405',
    range,
    `No vCPU has the APIC ID ${text}: the interrupt reaches nobody. Write the ID of a vCPU if one is meant.`,
  );
}

/** Can this vCPU be addressed logically? x2APIC derives the logical ID from the APIC ID; an xAPIC has none until the guest sets LDR. */
function answersLogically(vcpu: AddressedVcpu, destination: number): boolean {
  if (vcpu.ldr !== undefined || vcpu.dfr !== undefined) return true;
  if (vcpu.apic !== 'x2apic') return false;
  return vcpu.id >>> 4 === destination >>> 16 && ((destination >>> (vcpu.id & 15)) & 1) === 1;
}

function reportNobodyLogical(destination: number, machine: Machine, range: Range, report: Report): void {
  if (destination === 0xff || destination === 0xffffffff || machine.vcpus.length === 0) return;
  // Registers that are set, and the rules of 2013, decide case by case: no warning is better than a wrong one.
  if (machine.kernel === '2013' || machine.vcpus.some(vcpu => answersLogically(vcpu, destination))) return;
  const xapic = machine.vcpus.every(vcpu => vcpu.apic !== 'x2apic');
  const remedy = xapic
    ? 'An xAPIC has no logical ID until it is set: write `vcpu 0 running ldr 0x01000000`.'
    : 'In x2APIC mode bits 31:16 are the cluster (ID / 16) and bit n is the APIC n of that cluster.';
  report.add('irq405', range, `No vCPU has this logical ID: the interrupt reaches nobody. ${remedy}`);
}

export function reportUnreached(
  logical: boolean,
  destination: number,
  machine: Machine,
  range: Range,
  report: Report,
): void {
  if (logical) reportNobodyLogical(destination, machine, range, report);
  else reportNobody(destination, machine, range, report);
}

function word64([lo, hi]: Words): Word64 {
  return { lo, hi };
}

/** The ICR value that `icr` writes, for the APIC mode of the sender: xAPIC has the destination in bits 63:56, x2APIC in 63:32. */
export function checkIcr(
  value: Token | undefined,
  sender: AddressedVcpu,
  machine: Machine,
  report: Report,
): Word64 | undefined {
  const big = report.wide(value, 'the ICR', 64);
  if (value === undefined || big === undefined) return undefined;
  const words = fromBig(big, 64);
  const format = sender.apic === 'x2apic' ? x2apicIcr : icr;
  reportProblems(format, words, machine, value.range, value.range, report);
  if (format === icr && words[1] & 0x00ffffff) {
    const meant = words[1] <= 0xff ? hex([words[0], (words[1] << 24) >>> 0], 64) : undefined;
    const remedy = meant ? `Write \`${meant}\` for APIC ID ${words[1]}.` : 'The destination stands in bits 63:56.';
    const fix = meant === undefined ? undefined : { title: `Change to '${meant}'`, range: value.range, text: meant };
    report.add('irq406', value.range, `vCPU ${sender.id} is in xAPIC mode, which ignores bits 55:32. ${remedy}`, fix);
  } else if (fieldValue(format, words, 'shorthand') === 0) {
    const logical = fieldValue(format, words, 'dest_mode') === 1;
    reportUnreached(logical, fieldValue(format, words, 'destination'), machine, value.range, report);
  }
  return word64(words);
}

/** Mode, vector and destination of a delivery by name; undefined when one of them is wrong, which is reported. */
export function checkDelivery(delivery: Delivery, idBits: number, what: string, report: Report) {
  const mode = keys(DELIVERY_MODES).find(each => each === delivery.mode.text);
  const { to } = delivery;
  const vector = delivery.vector ? report.vector(delivery.vector) : 0;
  if (mode === undefined || vector === undefined || !to) return undefined;
  if (to.kind === 'shorthand') {
    const shorthand = (keys(SHORTHANDS) as readonly string[]).indexOf(to.word.text) + 1;
    return { mode: MODE_BITS[mode], vector, shorthand, logical: 0, id: 0, range: to.word.range };
  }
  const id = report.number(to.id, 'an APIC ID');
  if (id === undefined) return undefined;
  if (id >> BigInt(idBits) !== 0n) {
    const most = `0x${((1n << BigInt(idBits)) - 1n).toString(16)}`;
    report.add('irq404', to.id.range, `${what} has a destination of ${idBits} bits. Write an ID from 0 to ${most}.`);
    return undefined;
  }
  return {
    mode: MODE_BITS[mode],
    vector,
    shorthand: 0,
    logical: to.kind === 'logical' ? 1 : 0,
    id: Number(id),
    range: to.id.range,
  };
}

/** `ipi …` as the ICR value that the guest would write: edge, level bit as Linux sets it (only for INIT). */
export function checkIpi(
  delivery: Delivery,
  sender: AddressedVcpu,
  machine: Machine,
  report: Report,
): Word64 | undefined {
  const x2apic = sender.apic === 'x2apic';
  const what = `vCPU ${sender.id} is in ${x2apic ? 'x2APIC' : 'xAPIC'} mode: its ICR`;
  const found = checkDelivery(delivery, x2apic ? 32 : 8, what, report);
  if (!found) return undefined;
  const format = x2apic ? x2apicIcr : icr;
  const words = encode(format, {
    vector: [found.vector],
    delivery_mode: [found.mode],
    dest_mode: [found.logical],
    level: [found.mode === MODE_BITS.init ? 1 : 0],
    shorthand: [found.shorthand],
    destination: [found.id],
  });
  reportProblems(format, words, machine, delivery.mode.range, delivery.vector?.range ?? delivery.mode.range, report);
  if (found.shorthand === 0) reportUnreached(found.logical === 1, found.id, machine, found.range, report);
  return word64(words);
}

/** Address and data of an MSI, raw or by name. Without KVM's 32-bit IDs the high half of the address means nothing. */
export function checkMsi(
  node: ActionNode,
  machine: Machine,
  report: Report,
): { address: Word64; data: number } | undefined {
  const wideIds = machine.x2apicApi > 0 && (machine.x2apicApi & 1) === 1;
  if (node.delivery) return checkNamedMsi(node.delivery, wideIds, machine, report);
  const address = report.wide(node.value, 'an MSI address', 64);
  const data = report.wide(node.data, 'MSI data', 32);
  if (address === undefined || data === undefined || !node.value || !node.data) return undefined;
  const [lo, hi] = fromBig(address, 64);
  const words = [lo, wideIds ? hi : 0, Number(data)];
  if (hi !== 0 && !wideIds) {
    const message = 'KVM ignores the high half of an MSI address here. Add `32bit-ids` to `with`, or write 32 bits.';
    report.add('irq406', node.value.range, message);
  }
  reportMsi(words, machine, node.value.range, node.data.range, report);
  return { address: { lo, hi }, data: Number(data) };
}

function reportMsi(words: Words, machine: Machine, address: Range, data: Range, report: Report): void {
  reportProblems(msi, words, machine, { ...address, end: Math.max(address.end, data.end) }, data, report);
  if (fieldValue(msi, words, 'format') !== 0) return;
  const destination = (fieldValue(msi, words, 'destid_0_7') | (words[1] & 0xffffff00)) >>> 0;
  reportUnreached(fieldValue(msi, words, 'dest_mode_logical') === 1, destination, machine, address, report);
}

function checkNamedMsi(delivery: Delivery, wideIds: boolean, machine: Machine, report: Report) {
  const found = checkDelivery(delivery, wideIds ? 32 : 8, 'An MSI', report);
  if (!found) return undefined;
  const address = {
    lo: (0xfee00000 | ((found.id & 0xff) << 12) | (found.logical << 2)) >>> 0,
    hi: (found.id & 0xffffff00) >>> 0,
  };
  const data = (found.mode << 8) | found.vector;
  reportMsi(
    [address.lo, address.hi, data],
    machine,
    found.range,
    delivery.vector?.range ?? delivery.mode.range,
    report,
  );
  return { address, data };
}
