/** The way back from `irqscope diagram`: rows in which a statement begins, by the sentences that the engine prints. */
import type { Entry } from './importText.ts';

export interface OwnScenario {
  /** Where vCPUs are at first. */
  readonly starts: ReadonlyMap<number, string>;
  /** Descriptions of devices whose interrupts were posted. */
  readonly devices: ReadonlyMap<string, string>;
  readonly statements: readonly string[];
  /** Rows that begin something that the diagram does not describe far enough. */
  readonly unclear: readonly string[];
}

type Place = 'running' | 'exited' | 'preempted' | 'blocked';

interface Vcpu {
  state: Place;
  /** High half of an xAPIC ICR: written first, in a row of its own. */
  icr2: string;
  /** The thread was loaded on a CPU on its way in. */
  loaded: boolean;
  seen: boolean;
  /** Physical CPU of its last run. */
  cpu: string;
}

const hex = (digits: string) => `0x${digits.toLowerCase().replaceAll('_', '')}`;

/** Statements in the order of their first rows. What the engine does by itself gives none. */
export function readOwn(entries: readonly Entry[]): OwnScenario {
  const starts = new Map<number, string>();
  const statements: string[] = [];
  const unclear: string[] = [];
  const vcpus = new Map<number, Vcpu>();
  const devices = new Map<string, string>();
  let request = { device: '', index: '' };
  const of = (digits: string) => {
    const number = Number(digits);
    let vcpu = vcpus.get(number);
    if (!vcpu)
      vcpus.set(number, (vcpu = { state: 'running', icr2: '00000000', loaded: false, seen: false, cpu: digits }));
    return vcpu;
  };
  const act = (digits: string, words: string) => statements.push(`vcpu ${digits}: ${words}`);

  const rules: readonly (readonly [RegExp, (...groups: string[]) => void])[] = [
    [/^vcpu (\d+) writes 0x([\da-f_]+) to ICR \(MSR/, (n, value) => act(n, `icr ${hex(value)}`)],
    [/^vcpu (\d+) writes 0x([\da-f]{8}) to ICR2 /, (n, value) => void (of(n).icr2 = value)],
    [/^vcpu (\d+) writes 0x([\da-f]{8}) to ICR /, (n, value) => act(n, `icr ${hex(of(n).icr2 + value)}`)],
    [/^vcpu (\d+) writes 0x[\da-f_]+ to EOI /, n => act(n, 'eoi')],
    [/^vcpu (\d+) writes 0x([\da-f_]+) to (?:TPR|TASKPRI) /, (n, value) => act(n, `tpr 0x${value.slice(-2)}`)],
    [
      /^vcpu (\d+) writes 0x([\da-f_]+) to \S+ \(MSR 0x([\da-f]+)\)/,
      (n, value, msr) => act(n, `wrmsr 0x${msr} ${hex(value)}`),
    ],
    [
      /^vcpu (\d+) writes 0x([\da-f_]+) to \S+ \(0x([\da-f]+)\)/,
      (n, value, at) => act(n, `write 0x${at} ${hex(value)}`),
    ],
    [/^vcpu (\d+) executes MOV to CR8 with (\d+)/, (n, value) => act(n, `cr8 ${value}`)],
    [/^vcpu (\d+) (en|dis)ables interrupts: RFLAGS.IF/, (n, which) => act(n, which === 'en' ? 'sti' : 'cli')],
    [/^vcpu (\d+) waits in MWAIT/, n => act(n, 'mwait')],
    [/^vcpu (\d+) halts in guest mode/, n => act(n, 'block')],
    [/^vcpu (\d+) leaves guest mode on cpu \d+: (?:HLT|hlt) /, n => act(n, 'block') && void (of(n).state = 'blocked')],
    [
      /^vcpu (\d+) leaves guest mode on cpu \d+: (?:CPUID|cpuid) /,
      n => act(n, 'exit') && void (of(n).state = 'exited'),
    ],
    [/^vcpu (\d+) is preempted: /, n => act(n, 'preempt') && void (of(n).state = 'preempted')],
    [/^vcpu (\d+) is loaded on cpu /, n => void (of(n).loaded = true)],
    [
      /^vcpu (\d+) enters guest mode on cpu (\d+)/,
      (n, cpu) => {
        const vcpu = of(n);
        if (!vcpu.seen) starts.set(Number(n), `${vcpu.loaded ? 'preempted' : 'exited'} on cpu ${cpu}`);
        const moved = vcpu.seen && vcpu.cpu !== cpu;
        if (!vcpu.seen || vcpu.state !== 'running') act(n, moved ? `enter on cpu ${cpu}` : 'enter');
        vcpu.cpu = cpu;
        vcpu.state = 'running';
        vcpu.seen = true;
      },
    ],
    [/^MSI 0x([\da-f_]+) \/ 0x([\da-f]+):/, (address, data) => statements.push(`msi ${hex(address)} ${hex(data)}`)],
    [
      /^apicv_inhibit_reasons: (\w+) := ([01])/,
      (reason, set) => statements.push(`${set === '1' ? 'inhibit' : 'uninhibit'} ${reason}`),
    ],
    [
      /^the vector 0x([\da-f]+) reaches the local APIC of cpu (\d+)/,
      (vector, cpu) => statements.push(`cpu ${cpu}: interrupt 0x${vector}`),
    ],
    [
      /^(\S+) writes 0x[\da-f]+ to 0x[\da-f]+: an interrupt request to the IOMMU/,
      device => {
        request = { device, index: '' };
        statements.push(`device ${device}: interrupt`);
      },
    ],
    [/\b(?:index|IRTE) 0x([\da-f]+)\b/, index => void (request.index ||= index)],
    [
      /^(?:one atomic update of the descriptor of vcpu (\d+): PIR\[0x([\da-f]+)\]|guest mode: IRR\[0x([\da-f]+)\] in the backing page of vcpu (\d+))/,
      (n, vector, avicVector, avicVcpu) => {
        const { device, index } = request;
        if (device === '' || devices.has(device)) return;
        const posted = `posted to vcpu ${n ?? avicVcpu} vector 0x${vector ?? avicVector}`;
        devices.set(device, index === '' ? posted : `irte 0x${index} ${posted}`);
      },
    ],
  ];
  for (const { text } of entries) {
    for (const [pattern, then] of rules) {
      const found = pattern.exec(text);
      if (!found) continue;
      then(...found.slice(1));
      break;
    }
    const [, n] = /^vcpu (\d+) (?:writes|leaves guest mode|executes|halts|waits|enables|disables)/.exec(text) ?? [];
    if (n !== undefined) of(n).seen = true;
  }
  const known = (statement: string) => {
    const device = /^device (\S+):/.exec(statement)?.[1];
    if (device === undefined || devices.has(device)) return true;
    unclear.push(`${statement} (the rows do not say where it goes)`);
    return false;
  };
  return { starts, devices, statements: statements.filter(known), unclear };
}
