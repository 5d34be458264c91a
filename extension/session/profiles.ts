/** The profiles under which a scenario can be compared with itself, and what comes of it. */
import type { KernelVersion, Vendor } from '../engine/config.ts';
import { KERNEL_VERSIONS } from '../engine/profile.ts';
import { type CheckOptions, check } from '../scenario/check.ts';
import { parse } from '../scenario/parse.ts';
import type { Program } from '../scenario/program.ts';
import type { ScenarioText } from '../scenario/tree.ts';
import { changed, compare } from './compare.ts';
import { stepLines } from './stepText.ts';

/** One thing that the other side has different. */
export interface Alternative {
  readonly label: string;
  readonly kernel?: KernelVersion;
  readonly vendor?: Vendor;
  readonly apicv?: boolean;
  readonly apic?: 'xapic' | 'x2apic';
}

export interface SideBySide {
  /** Names of the two sides, and all their steps as text. */
  readonly left: { readonly name: string; readonly text: string };
  readonly right: { readonly name: string; readonly text: string };
  /** The first statement that came to something else, in a sentence; undefined when all came to the same. */
  readonly firstDifference?: string;
}

/** The mode in which the machine's vCPUs begin. IPIs by name are encoded anew for the other one; raw ICR values stay as they are. */
const APIC_MODE = /^(\s*vcpus\s+\S+\s+)(x2apic|xapic)/m;

/** What the scenario can be compared with. */
export function comparable(text: ScenarioText): Alternative[] {
  const { program } = check(parse(text));
  return program === undefined ? [] : alternativesTo(program, text);
}

/** What a program can be compared with; `text` is what it was checked from. */
export function alternativesTo({ machine }: Program, text: ScenarioText): Alternative[] {
  const { kernel, vendor, apicv } = machine;
  const kernels = KERNEL_VERSIONS.filter(version => version !== kernel).map(version => ({
    label: `Linux ${version}`,
    kernel: version,
  }));
  const other: Vendor = vendor === 'intel' ? 'amd' : 'intel';
  return [
    ...kernels,
    { label: other === 'amd' ? 'AMD' : 'Intel', vendor: other },
    { label: apicv ? 'without APIC virtualization' : 'with APIC virtualization', apicv: !apicv },
    ...(modeOf(text) === 'x2apic'
      ? [{ label: 'xAPIC mode', apic: 'xapic' as const }]
      : [{ label: 'x2APIC mode', apic: 'x2apic' as const }]),
  ];
}

/** Runs the scenario as it stands and under the alternative. A string says why that cannot be. */
export function comparisonOf(text: ScenarioText, alternative: Alternative): SideBySide | string {
  const { program: left } = check(parse(text));
  if (left === undefined) {
    return 'the scenario has errors: mend them first';
  }
  const right = alternativeOf(text, alternative);
  if (typeof right === 'string') {
    return right;
  }
  if (left.race !== undefined || right.race !== undefined) {
    return 'a race has many orders: explore it under each profile instead';
  }
  const names = ['as it stands', alternative.label] as const;
  const { statements } = compare(left, right, names, new Set());
  const first = statements.find(({ differences }) => differences.length > 0);
  return {
    left: { name: names[0], text: stepLines(left, false).join('\n') },
    right: { name: names[1], text: stepLines(right, false).join('\n') },
    ...(first === undefined
      ? {}
      : { firstDifference: `line ${first.line}: ${first.differences[0]} (${names[0]} | ${names[1]})` }),
  };
}

/** The program under the alternative, or why there is none. `options`: how the text is read otherwise. */
export function alternativeOf(
  text: ScenarioText,
  { kernel, vendor, apicv, apic }: Alternative,
  options: CheckOptions = {},
): Program | string {
  const changedText = apic === undefined ? text : inMode(text, apic);
  const { program, diagnostics } = check(parse(changedText), kernel === undefined ? options : { ...options, kernel });
  if (program === undefined) {
    return diagnostics.find(({ severity }) => severity === 'error')?.message ?? 'it cannot be run there';
  }
  const machine = changed(program.machine, vendor === undefined ? {} : { vendor });
  if (typeof machine === 'string') {
    return machine;
  }
  return { ...program, machine: apicv === undefined ? machine : withApicv(machine, apicv) };
}

/** The text with its vCPUs in the other APIC mode. */
export function inMode(source: ScenarioText, apic: 'xapic' | 'x2apic'): ScenarioText {
  const changedIn = (text: string) => text.replace(APIC_MODE, `$1${apic}`);
  if (typeof source === 'string') return changedIn(source);
  const files = [...source.files].map(
    ([name, file]) => [name, 'text' in file ? { text: changedIn(file.text) } : file] as const,
  );
  return { ...source, text: changedIn(source.text), files: new Map(files) };
}

/** As the text says, or a file that it includes. */
function modeOf(source: ScenarioText): string | undefined {
  if (typeof source === 'string') return APIC_MODE.exec(source)?.[2];
  const texts = [source.text, ...[...source.files.values()].flatMap(file => ('text' in file ? [file.text] : []))];
  return texts.flatMap(text => APIC_MODE.exec(text)?.[2] ?? [])[0];
}

/** What builds on APIC virtualization goes with it. */
export function withApicv(machine: Program['machine'], apicv: boolean): Program['machine'] {
  return apicv ? { ...machine, apicv } : { ...machine, apicv, ipiv: false, vtdPosting: false };
}
