/** The names that restated code may use. */
import type { MachineConfig } from '../engine/config.ts';
import { vm_exit } from '../engine/cpu/vmExit.ts';
import { FIELDS, findField } from '../engine/fields.ts';
import { irqfd_inject } from '../engine/ioapic/irqfd.ts';
import { vcpu_scan_ioapic } from '../engine/ioapic/scan.ts';
import { interrupt_request } from '../engine/iommu/remapping.ts';
import { vcpu_enter_guest } from '../engine/kvm/enter.ts';
import { PID_CONTROL, REQ, V } from '../engine/layout.ts';
import { type Operation, operations } from '../engine/operation.ts';
import { amd_interrupt_request } from '../engine/svm/iommu.ts';
import { irqfd_inject as irqfd_inject_of_device } from '../engine/vfio/irqfd.ts';
import { vmx_vcpu_pi_load, vmx_vcpu_pi_put } from '../engine/vmx/scheduling.ts';
// Everything that has a name in code is registered when the machine is put together.
import '../engine/x86.ts';
import type { Callee } from '../engine/restated/code.ts';
import { VECTORS } from './values.ts';

/** A variable or list that the scenario declares: `offset` in the words that it adds to the machine. */
export interface Shared {
  readonly name: string;
  readonly kind: 'variable' | 'list';
  readonly offset: number;
  /** Elements of an array; 1 for a single variable. */
  readonly length: number;
  readonly initial: number;
}

export interface Callable {
  readonly callee: Callee;
  /** Arguments: exactly so many, or at most so many for an operation of the engine. */
  readonly parameters: number;
  readonly own: boolean;
}

/** What a field is made of, for code: more than what people may ask for in an `expect`. */
export interface CodeField {
  readonly word: number;
  readonly bit: number;
  readonly width: number;
  readonly set: boolean;
  /** Not in memory: the VMCS and the processor. */
  readonly register: boolean;
}

const REGISTERS: readonly string[] = ['rvi', 'svi', 'recognized', 'if'];

const MORE_FIELDS: Readonly<Record<string, CodeField>> = {
  requests: { word: V.requests, bit: 0, width: 32, set: false, register: false },
  'pid.control': { word: V.pi_desc + PID_CONTROL, bit: 0, width: 32, set: false, register: false },
};

export function codeField(block: 'vcpu' | 'cpu', path: string): CodeField | undefined {
  const field = findField(block, path);
  if (field !== undefined) {
    return {
      word: field.word,
      bit: field.bit,
      width: field.width,
      set: field.kind === 'vectors',
      register: REGISTERS.includes(path),
    };
  }
  return block === 'vcpu' && Object.hasOwn(MORE_FIELDS, path) ? MORE_FIELDS[path] : undefined;
}

export function codeFieldNames(block: 'vcpu' | 'cpu'): readonly string[] {
  const paths = FIELDS.filter(field => field.block === block).map(field => field.path);
  return block === 'vcpu' ? [...paths, ...Object.keys(MORE_FIELDS)] : paths;
}

/** Names of modes, states, requests and vectors. */
export const CONSTANTS: ReadonlyMap<string, number> = new Map<string, number>([
  ['true', 1],
  ['false', 0],
  ...Object.entries(VECTORS),
  ...Object.entries(REQ).map(([name, bit]): [string, number] => [`KVM_REQ_${name}`, bit]),
  ...FIELDS.flatMap(field => Object.entries(field.values ?? {})),
]);

/** `vmx_sync_pir_to_irr`, or `vm_entry` for what the manual calls "VM entry". */
export function codeName(operation: Operation): string {
  return /^\w+$/.test(operation.name) ? operation.name : operation.name.toLowerCase().replaceAll(/\W+/g, '_');
}

/** What the meaning of a name depends on. */
export type NamedIn = Pick<MachineConfig, 'vendor' | 'devices'>;

/** Names that several operations of the engine have: parts of a function, and what another vendor's hardware does. Which one is meant. */
const MEANT: Readonly<Record<string, (machine: NamedIn) => Operation>> = {
  vcpu_enter_guest: () => vcpu_enter_guest,
  vcpu_scan_ioapic: () => vcpu_scan_ioapic,
  // The processor's; leaving the guest for no reason at all has the same name.
  vm_exit: () => vm_exit,
  vmx_vcpu_pi_load: () => vmx_vcpu_pi_load,
  vmx_vcpu_pi_put: () => vmx_vcpu_pi_put,
  interrupt_request: ({ vendor }) => (vendor === 'amd' ? amd_interrupt_request : interrupt_request),
  // A machine with devices of VFIO has the work item of a device.
  irqfd_inject: ({ devices = [] }) => (devices.length > 0 ? irqfd_inject_of_device : irqfd_inject),
};

/** Every operation of the engine by its name in code, as it is meant on such a machine. */
export function builtIns(machine: NamedIn = { vendor: 'intel' }): ReadonlyMap<string, Operation> {
  const named = new Map<string, Operation>();
  for (const operation of operations) {
    const name = codeName(operation);
    named.set(name, named.get(name) ?? operation);
  }
  for (const [name, meant] of Object.entries(MEANT)) {
    named.set(name, meant(machine));
  }
  return named;
}

export class Scope {
  readonly shared = new Map<string, Shared>();
  readonly callables = new Map<string, Callable>();
  /** Operations that something calls. */
  readonly called = new Set<string>();
  /** Names of variants: 1 in the variant that is checked, else 0. */
  readonly variants = new Map<string, number>();
  /** Labels of the agents of the race. */
  readonly agents = new Map<string, number>();
  /** How many vCPUs and CPUs there are. */
  count: Readonly<Record<'vcpu' | 'cpu', number>> = { vcpu: Infinity, cpu: Infinity };
  /** Names of parameters and locals of the operation that is read. */
  locals: string[] = [];
  /** Words that variables and lists take. */
  words: number;

  constructor(
    firstWord: number,
    /** Operations of the engine by name. */
    readonly engine: ReadonlyMap<string, Operation>,
  ) {
    this.words = firstWord;
  }

  /** Every name that may stand in an expression, for suggestions. */
  names(): string[] {
    return [...this.locals, ...this.shared.keys(), ...this.variants.keys(), ...CONSTANTS.keys()];
  }
}
