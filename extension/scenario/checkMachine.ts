import type { KernelVersion, MachineConfig } from '../engine/config.ts';
import type { Report } from './report.ts';
import { alternatives, shown } from './suggest.ts';
import type { Token } from './tokens.ts';
import type { Node, SettingNode, Tree } from './tree.ts';
import { FEATURES, isKey } from './words.ts';

/** In order of age. */
export const KERNELS: readonly KernelVersion[] = ['2013', '4.19', '5.15', '6.1', '6.12', '6.16', '7.1', '7.2'];

/** The version whose code the fact sheets describe; it is meant where a scenario names none. */
export const DEFAULT_KERNEL: KernelVersion = '6.16';

/** As many as the inspector draws, and as KVM_MAX_VCPUS allows by default. */
const MOST_VCPUS = 1024;
/** APIC ID 0xff is the broadcast. */
const MOST_XAPIC = 255;

export type Feature = keyof typeof FEATURES;

/** What the settings say. */
export interface Frame {
  /** A machine without its vCPUs and CPUs. */
  readonly machine: Omit<MachineConfig, 'vcpus' | 'cpus'>;
  /** undefined: the text does not say, which has been reported. */
  readonly vcpuCount: number | undefined;
  readonly vcpuMode: 'xapic' | 'x2apic';
  /** undefined: as many as needed. */
  readonly cpuCount: number | undefined;
  readonly cpusWord: Token | undefined;
}

/** What a feature asks of the rest of the machine. */
export interface Demand {
  readonly vendor?: 'intel' | 'amd';
  /** The feature of the other vendor that a writer may have meant. */
  readonly instead?: Feature;
  readonly needs?: Feature;
  /** First of `KERNELS` that has it. */
  readonly since?: KernelVersion;
  readonly why?: string;
}

/** IPI virtualization came with Linux 6.0 (d588bb9be1da); VT-d posting, AVIC and KVM_CAP_X2APIC_API are in 4.19 and not in 3.11. */
export const DEMANDS: Readonly<Partial<Record<Feature, Demand>>> = {
  apicv: { vendor: 'intel', instead: 'avic' },
  ipiv: { vendor: 'intel', needs: 'apicv', since: '6.1', why: 'IPI virtualization came with Linux 6.0' },
  'vtd-posting': { vendor: 'intel', needs: 'apicv', since: '4.19', why: 'the rules of 2013 know no VT-d posting' },
  avic: { vendor: 'amd', instead: 'apicv', since: '4.19', why: 'the rules of 2013 know no AVIC' },
  x2avic: { vendor: 'amd', needs: 'avic' },
  'erratum-1235': { vendor: 'amd' },
  '32bit-ids': { since: '4.19', why: 'the rules of 2013 know no KVM_CAP_X2APIC_API' },
  'no-broadcast-quirk': { since: '4.19', why: 'the rules of 2013 know no KVM_CAP_X2APIC_API' },
};

/** The nodes of one kind by head word; a second line of a kind is reported. */
function single(tree: Tree, report: Report): ReadonlyMap<string, Node> {
  const found = new Map<string, Node>();
  for (const node of tree.nodes) {
    if (node.kind !== 'machine' && node.kind !== 'setting') continue;
    const first = found.get(node.head.text);
    if (!first) {
      found.set(node.head.text, node);
    } else {
      const where = report.line(first.range.line);
      report.add('irq302', node.range, `${where} has \`${node.head.text}\` already. Keep one of the two.`);
    }
  }
  return found;
}

/** The known kernel that is closest in age; a major version has some twenty minor ones. */
function nearestKernel(text: string): KernelVersion | undefined {
  const age = (version: string) => {
    const [, major, minor] = /^([0-9]{1,2})\.([0-9]{1,3})/.exec(version) ?? [];
    return major === undefined ? Number.NaN : Number(major) * 20 + Number(minor);
  };
  const apart = (version: string) => Math.abs(age(version) - age(text));
  return KERNELS.reduce<KernelVersion | undefined>(
    (best, each) => (apart(each) < (best === undefined ? Number.POSITIVE_INFINITY : apart(best)) ? each : best),
    undefined,
  );
}

function checkKernel(word: Token | undefined, report: Report): KernelVersion {
  const version = KERNELS.find(each => each === word?.text);
  if (word && !version) {
    const near = nearestKernel(word.text);
    const remedy = near ? `Did you mean \`${near}\`?` : `Write ${alternatives(KERNELS)}.`;
    const fix = near && { title: `Change to '${near}'`, range: word.range, text: near };
    report.add('irq303', word.range, `The rules of kernel \`${shown(word.text)}\` are not known. ${remedy}`, fix);
  }
  return version ?? DEFAULT_KERNEL;
}

function checkFeature(
  word: Token,
  vendor: 'intel' | 'amd',
  kernel: KernelVersion,
  all: ReadonlySet<Feature>,
  report: Report,
): void {
  const demand = isKey(FEATURES, word.text) ? DEMANDS[word.text] : undefined;
  if (!demand) return;
  if (demand.vendor && demand.vendor !== vendor) {
    const { instead } = demand;
    const remedy = instead ? `Write \`${instead}\`` : 'Remove it';
    const fix = instead && { title: `Change to '${instead}'`, range: word.range, text: instead };
    report.add('irq305', word.range, `\`${word.text}\` does not exist on \`machine ${vendor}\`. ${remedy}.`, fix);
    return;
  }
  if (demand.needs && !all.has(demand.needs)) {
    const text = `${demand.needs} ${word.text}`;
    const fix = { title: `Change to '${text}'`, range: word.range, text };
    report.add('irq306', word.range, `\`${word.text}\` needs \`${demand.needs}\`. Write \`${text}\`.`, fix);
  }
  if (demand.since && KERNELS.indexOf(kernel) < KERNELS.indexOf(demand.since)) {
    const message = `Kernel ${kernel} has no \`${word.text}\`: ${demand.why}. Remove it, or write \`kernel ${demand.since}\` or later.`;
    report.add('irq307', word.range, message);
  }
}

function checkFeatures(
  tree: Tree,
  vendor: 'intel' | 'amd',
  kernel: KernelVersion,
  report: Report,
): ReadonlySet<Feature> {
  const words = tree.nodes.flatMap(node => (node.kind === 'with' ? node.features : []));
  const known = new Set<Feature>();
  for (const { text, range } of words) {
    if (!isKey(FEATURES, text)) continue;
    if (known.has(text)) report.add('irq302', range, `\`${text}\` is written twice. Keep one of the two.`);
    known.add(text);
  }
  for (const word of words) checkFeature(word, vendor, kernel, known, report);
  return known;
}

/** The machine as the text describes it; whatever is missing or wrong is reported and replaced by a default. */
export function checkMachine(tree: Tree, report: Report, override?: KernelVersion): Frame {
  const found = single(tree, report);
  const setting = (name: string) => found.get(name) as SettingNode | undefined;
  const machine = found.get('machine');
  if (!machine) {
    const range = tree.nodes[0]?.range ?? { line: 0, start: 0, end: 0 };
    report.add(
      'irq301',
      range,
      'The machine is not described. Begin with `machine intel` (or `amd`) and `vcpus 2 x2apic`.',
    );
  }
  const vendor = machine?.kind === 'machine' && machine.vendor?.text === 'amd' ? 'amd' : 'intel';
  const written = checkKernel(setting('kernel')?.value, report);
  const kernel = override ?? written;

  const vcpus = setting('vcpus');
  const vcpuMode = vcpus?.mode?.text === 'xapic' ? 'xapic' : 'x2apic';
  const most = vcpuMode === 'xapic' ? MOST_XAPIC : MOST_VCPUS;
  const vcpuCount = vcpus?.broken ? undefined : report.within(vcpus?.value, 'a number of vCPUs', 1, most);
  // An unknown line may be the one that is missing.
  if (machine && !vcpus && !tree.nodes.some(node => node.kind === 'unknown')) {
    const { line, end } = machine.range;
    const fix = { title: "Add 'vcpus 2 x2apic'", range: { line, start: end, end }, text: '\n  vcpus 2  x2apic' };
    report.add('irq301', machine.range, 'The number of vCPUs is missing. Write `vcpus 2 x2apic` below this line.', fix);
  }

  const hostApic = setting('host')?.value?.text === 'xapic' ? 'xapic' : 'x2apic';
  const cpus = setting('cpus');
  const mostCpus = hostApic === 'xapic' ? MOST_XAPIC : MOST_VCPUS;
  const cpuCount = cpus?.broken ? undefined : report.within(cpus?.value, 'a number of CPUs', 1, mostCpus);

  const features = checkFeatures(tree, vendor, kernel, report);
  const flags = (features.has('32bit-ids') ? 1 : 0) | (features.has('no-broadcast-quirk') ? 2 : 0);
  return {
    machine: {
      vendor,
      kernel,
      hostApic,
      apicv: features.has(vendor === 'amd' ? 'avic' : 'apicv'),
      ipiv: features.has('ipiv'),
      vtdPosting: features.has('vtd-posting'),
      ...(features.has('halt-polling') && { haltPolling: true }),
      ...(features.has('hlt-in-guest') && { haltInGuest: true }),
      ...(features.has('x2avic') && { x2avic: true }),
      ...(features.has('erratum-1235') && { erratum1235: true }),
      irqchip: features.has('split-irqchip') ? 'split' : 'kernel',
      x2apicApi: flags === 0 ? -1 : flags,
      vectorHashing: !features.has('no-vector-hashing'),
    },
    vcpuCount,
    vcpuMode,
    cpuCount,
    cpusWord: cpus?.value,
  };
}
