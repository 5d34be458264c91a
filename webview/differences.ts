/** In which fields the vCPUs and CPUs of two moments differ, each value in the words of its card. */
import type { CpuView, Moment, Snapshot, VcpuView, VectorWords } from '../extension/session/protocol.ts';
import { t } from './l10n.ts';
import { hex8, hex32, vectorRuns } from './vectors.ts';

/** A field by its path, its name in a list, and its value as text; undefined where the machine does not have it. */
type Shown<T> = readonly [path: string, name: string, text: (of: T) => string | undefined];

/** Runs of vectors in a value at most. */
const LISTED = 8;

function listed(words: VectorWords | undefined): string | undefined {
  if (!words) return undefined;
  const runs = vectorRuns(words).map(([first, last]) =>
    first === last ? hex8(first) : `${hex8(first)}–${hex8(last)}`,
  );
  if (runs.length === 0) return t('empty');
  return runs.length > LISTED ? `${runs.slice(0, LISTED).join(' ')} …` : runs.join(' ');
}

const bit = (value: boolean | undefined): string | undefined =>
  value === undefined ? undefined : String(Number(value));
const byte = (value: number | undefined): string | undefined => (value === undefined ? undefined : hex8(value));

const VCPU_FIELDS: readonly Shown<VcpuView>[] = [
  ['state', 'state', ({ state }) => state],
  ['cpu', 'cpu', ({ cpu }) => `cpu ${cpu}`],
  ['apicMode', 'APIC', ({ apicMode }) => apicMode],
  ['mode', 'mode', ({ mode }) => mode],
  ['pid.on', 'ON', ({ pid }) => bit(pid?.on)],
  ['pid.sn', 'SN', ({ pid }) => bit(pid?.sn)],
  ['pid.nv', 'NV', ({ pid }) => byte(pid?.nv)],
  ['pid.ndst', 'NDST', ({ pid }) => (pid?.ndst === undefined ? undefined : hex32(pid.ndst))],
  ['pid.pir', 'PIR', ({ pid }) => listed(pid?.pir)],
  ['irr', 'IRR', ({ irr }) => listed(irr)],
  ['isr', 'ISR', ({ isr }) => listed(isr)],
  ['tmr', 'TMR', ({ tmr }) => listed(tmr)],
  ['tpr', 'TPR', ({ tpr }) => hex8(tpr)],
  ['ppr', 'PPR', ({ ppr }) => hex8(ppr)],
  ['rvi', 'RVI', ({ rvi }) => byte(rvi)],
  ['svi', 'SVI', ({ svi }) => byte(svi)],
  ['requests', 'requests', ({ requests }) => requests.join(' ') || t('none')],
];

const CPU_FIELDS: readonly Shown<CpuView>[] = [
  ['vcpu', 'runs', ({ vcpu }) => (vcpu >= 0 ? `vcpu ${vcpu}` : t('host'))],
  ['pending', 'pending', ({ pending }) => pending.map(hex8).join(' ') || t('none')],
  ['wakeupList', 'wake-up', ({ wakeupList }) => wakeupList.map(each => `vcpu ${each}`).join(' ') || t('none')],
];

export interface Difference {
  readonly subject: 'vcpu' | 'cpu';
  readonly index: number;
  readonly path: string;
  readonly name: string;
  readonly there: string;
  readonly here: string;
}

function between<T extends { readonly index: number }>(
  fields: readonly Shown<T>[],
  subject: Difference['subject'],
  there: T,
  here: T | undefined,
): Difference[] {
  // Pictures share what no step between them has touched.
  if (here === undefined || here === there) return [];
  return fields.flatMap(([path, name, text]) => {
    const [was, is] = [text(there), text(here)];
    // What only one of two machines has is not a matter of the moment.
    return was === undefined || is === undefined || was === is
      ? []
      : [{ subject, index: there.index, path, name, there: was, here: is }];
  });
}

export const vcpuDifferences = (there: VcpuView, here: VcpuView): readonly Difference[] =>
  between(VCPU_FIELDS, 'vcpu', there, here);

export const cpuDifferences = (there: CpuView, here: CpuView): readonly Difference[] =>
  between(CPU_FIELDS, 'cpu', there, here);

/** vCPUs and CPUs that `there` does not have are as they are here. */
export function differences(there: Moment, here: Snapshot): readonly Difference[] {
  return [
    ...there.vcpus.flatMap(vcpu => vcpuDifferences(vcpu, here.vcpus[vcpu.index])),
    ...there.cpus.flatMap(cpu => cpuDifferences(cpu, here.cpus[cpu.index])),
  ];
}
