import { KERNEL_ORDER } from '../engine/choices.ts';
import type { ApicMode, CpuConfig, VcpuConfig, VcpuState } from '../engine/config.ts';
import type { Frame } from './checkMachine.ts';
import type { Range } from './program.ts';
import { eachOf } from './ranges.ts';
import type { Report } from './report.ts';
import { shown } from './suggest.ts';
import type { Token } from './tokens.ts';
import type { DeviceNode, RegisterNode, Tree, VcpuNode } from './tree.ts';
import { numberOf } from './values.ts';

/** SPIV with bit 8 set: the guest has enabled its APIC, as every running kernel has. The reset value 0xff would drop all fixed interrupts. */
const ENABLED_SVR = 0x1ff;

export interface Cast {
  readonly vcpus: readonly VcpuConfig[];
  readonly cpus: readonly CpuConfig[];
}

/** Index of an existing vCPU. */
export function vcpuIndex(word: Token | undefined, count: number | undefined, report: Report): number | undefined {
  const value = report.number(word, "a vCPU's number");
  if (word === undefined || value === undefined) return undefined;
  if (count === undefined || value < BigInt(count))
    return value < 1024n ? report.needing('vcpus', Number(value)) : undefined;
  const range = count === 1 ? 'only vCPU 0' : `vCPUs 0 to ${count - 1}`;
  report.add(
    'irq310',
    word.range,
    `There is no vCPU ${shown(word.text)}: the machine has ${range}. Write one of them, or raise \`vcpus\`.`,
  );
  return undefined;
}

/** Index of an existing CPU. */
export function cpuIndex(word: Token | undefined, count: number, report: Report): number | undefined {
  const value = report.number(word, "a CPU's number");
  if (word === undefined || value === undefined) return undefined;
  if (value < BigInt(count)) return report.needing('cpus', Number(value));
  const range = count === 1 ? 'only CPU 0' : `CPUs 0 to ${count - 1}`;
  report.add(
    'irq311',
    word.range,
    `There is no CPU ${shown(word.text)}: the machine has ${range}. Write one of them, or raise \`cpus\`.`,
  );
  return undefined;
}

/** As many as the machine has, or else as the text needs: where vCPUs are at first, and where they enter. */
function hostCpu({ clauses }: DeviceNode): Token | undefined {
  return clauses.find(({ word }) => word.text === 'remapped' || word.text === 'host')?.index;
}

export function countCpus({ nodes }: Tree, { cpuCount, vcpuCount }: Frame): number {
  if (cpuCount !== undefined) return cpuCount;
  let count = vcpuCount ?? 1;
  for (const node of nodes) {
    const word =
      node.kind === 'device' ? hostCpu(node) : node.kind === 'vcpu' || node.kind === 'action' ? node.cpu : undefined;
    for (const each of word ? eachOf(word) : []) {
      const named = numberOf(each);
      if (named !== undefined && named < 1024n) count = Math.max(count, Number(named) + 1);
    }
  }
  return count;
}

const WIDTHS: Readonly<Record<string, number>> = { tpr: 8, id: 32, ldr: 32, dfr: 32, svr: 32 };

function checkRegister({ name, values }: RegisterNode, machine: Frame['machine'], report: Report): Partial<VcpuConfig> {
  const [first, second] = values;
  switch (name.text) {
    case 'irr':
    case 'isr':
    case 'tmr': {
      const vectors = values.map(value => report.vector(value)).filter(vector => vector !== undefined);
      return { [name.text]: [...new Set(vectors)].sort((a, b) => a - b) };
    }
    case 'l2': {
      const notificationVector = report.vector(first);
      return notificationVector === undefined ? {} : { l2: { notificationVector } };
    }
    case 'vmcb12': {
      checkVmcb12(name, second, machine, report);
      const intCtl = report.wide(first, 'int_ctl', 32);
      const intVector = report.vector(second);
      if (intCtl === undefined || intVector === undefined) return {};
      if ((intCtl & V_INTR_MASKING) !== 0n) {
        const message = 'A vmcb12 with V_INTR_MASKING (bit 24) is not modelled. Clear the bit.';
        const text = `0x${(intCtl & ~V_INTR_MASKING).toString(16).padStart(8, '0')}`;
        report.add('irq304', first.range, message, { title: `Change to '${text}'`, range: first.range, text });
        return {};
      }
      return { vmcb12: { intCtl: Number(intCtl), intVector } };
    }
    case 'interrupts':
      return { interruptsEnabled: first?.text !== 'off' };
    case 'apic':
      return first ? { apic: first.text as ApicMode } : {};
    default: {
      const value = report.wide(first, name.text, WIDTHS[name.text] ?? 32);
      return value === undefined ? {} : { [name.text === 'id' ? 'aid' : name.text]: Number(value) };
    }
  }
}

const V_INTR_MASKING = 1n << 24n;

/** What the engine knows of L2 on AMD holds from 5.15 on. */
function checkVmcb12(
  { range }: Token,
  vector: Token | undefined,
  { vendor, kernel }: Frame['machine'],
  report: Report,
): void {
  if (vendor === 'intel') {
    const text = `l2 ${vector?.text ?? '0xf0'}`;
    const fix = { title: `Change to '${text}'`, range: { ...range, end: vector?.range.end ?? range.end }, text };
    report.add('irq305', range, '`vmcb12` belongs to AMD. Write `l2` with the notification vector in vmcs12.', fix);
  } else if (KERNEL_ORDER.indexOf(kernel) < KERNEL_ORDER.indexOf('5.15')) {
    report.add('irq307', range, `L2 of kernel ${kernel} on AMD is not modelled. Write \`kernel 5.15\` or later.`);
  }
}

function checkRegisters(node: VcpuNode, machine: Frame['machine'], report: Report): Partial<VcpuConfig> {
  const seen = new Set<string>();
  let settings: Partial<VcpuConfig> = {};
  for (const register of node.registers) {
    const { text, range } = register.name;
    if (seen.has(text)) report.add('irq302', range, `\`${text}\` is set twice on this line. Keep one of the two.`);
    seen.add(text);
    settings = { ...settings, ...checkRegister(register, machine, report) };
  }
  return settings;
}

/** The line that describes each vCPU; a second one is reported. */
function linesByVcpu(tree: Tree, frame: Frame, report: Report): ReadonlyMap<number, VcpuNode> {
  const lines = new Map<number, VcpuNode>();
  for (const node of tree.nodes) {
    if (node.kind !== 'vcpu') continue;
    for (const index of node.index ? eachOf(node.index, report) : []) {
      const id = vcpuIndex(index, frame.vcpuCount, report);
      if (id === undefined) break;
      const first = lines.get(id);
      if (first) {
        const message = `${report.line(first.range.line)} describes vCPU ${id} already. Put both into one line.`;
        report.add('irq302', node.range, message);
        break;
      }
      lines.set(id, node);
    }
  }
  return lines;
}

/** A thread that is in guest mode or in KVM has its CPU for itself. */
function checkShared(
  vcpus: readonly VcpuConfig[],
  lines: ReadonlyMap<number, VcpuNode>,
  machine: Range,
  report: Report,
): void {
  const holders = new Map<number, VcpuConfig>();
  for (const vcpu of vcpus) {
    if (vcpu.state !== 'running' && vcpu.state !== 'exited') continue;
    if (lines.get(vcpu.id)?.broken) continue;
    const other = holders.get(vcpu.cpu);
    if (!other) {
      holders.set(vcpu.cpu, vcpu);
      continue;
    }
    const [silent] = [vcpu, other].filter(each => !lines.has(each.id));
    const line = lines.get(vcpu.id) ?? lines.get(other.id);
    const why = silent ? ` vCPU ${silent.id} has no line, so it runs on CPU ${silent.cpu}.` : '';
    const remedy = `Write \`vcpu ${silent?.id ?? vcpu.id} preempted\`, or another CPU.`;
    report.add(
      'irq309',
      line?.range ?? machine,
      `vCPUs ${other.id} and ${vcpu.id} are both on CPU ${vcpu.cpu}.${why} ${remedy}`,
    );
  }
}

/** vCPUs and CPUs at the start. A vCPU that no line describes runs on the CPU with its number. */
export function checkVcpus(tree: Tree, frame: Frame, report: Report): Cast {
  const lines = linesByVcpu(tree, frame, report);
  const cpuCount = countCpus(tree, frame);
  const machine = tree.nodes[0]?.range ?? { line: 0, start: 0, end: 0 };
  const vcpus: VcpuConfig[] = [];
  for (let id = 0; id < (frame.vcpuCount ?? 0); id++) {
    const node = lines.get(id);
    const state = (node?.state?.text ?? 'running') as VcpuState;
    const cpu = node?.cpu ? cpuIndex(node.cpu, cpuCount, report) : id;
    if (cpu === id && !node?.cpu && id >= cpuCount && !node?.broken) {
      const range = node?.range ?? frame.cpusWord?.range ?? machine;
      const message = `vCPU ${id} is on CPU ${id} because nothing else is said, but there are ${cpuCount} CPUs. Write \`vcpu ${id} preempted on cpu 0\`.`;
      report.add('irq311', range, message);
    }
    const offline = state === 'offline';
    vcpus.push({
      id,
      apic: frame.vcpuMode,
      state,
      cpu: cpu ?? 0,
      bsp: id === 0,
      interruptsEnabled: !offline,
      ...(offline ? {} : { svr: ENABLED_SVR }),
      ...(node ? checkRegisters(node, frame.machine, report) : {}),
    });
  }
  checkShared(vcpus, lines, machine, report);
  return { vcpus, cpus: Array.from({ length: cpuCount }, (_, apicId) => ({ apicId })) };
}
