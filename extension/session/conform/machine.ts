/** The machine of a recorded case: vCPUs that user space created and configured with ioctls, and that have not run yet. */
import type { KernelVersion, MachineConfig, VcpuConfig } from '../../engine/config.ts';
import { deliveryChoices, KERNEL_ORDER } from '../../engine/lapic/choices.ts';
import { initialIrqchip, initialLapic } from '../../engine/lapic/initial.ts';
import { V } from '../../engine/layout.ts';
import { Machine } from '../../engine/machine.ts';
import type { Answer, Vector, VectorVcpu } from './vector.ts';

const EINVAL = -22;
const LVT0 = 3;

/** The profile for a kernel release: the same major.minor, otherwise the newest one that is not newer, otherwise the oldest. */
export function kernelOf(release: string): { readonly kernel: KernelVersion; readonly exact: boolean } {
  const [major, minor] = release.split('.').map(part => Number.parseInt(part, 10));
  const number = major * 1000 + (minor || 0);
  const versions = KERNEL_ORDER.filter(version => version.includes('.'));
  const value = (version: string) => {
    const [a, b] = version.split('.').map(Number);
    return a * 1000 + b;
  };
  const kernel = versions.filter(version => value(version) <= number).at(-1) ?? '2013';
  return { kernel, exact: kernel !== '2013' && value(kernel) === number };
}

/** The property, unless the recording leaves it out. */
function given<K extends string, T>(key: K, value: T | undefined): { readonly [P in K]?: T } {
  return value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: T });
}

function vcpuConfig(vcpu: VectorVcpu): VcpuConfig {
  const enabled = (vcpu.base & 0x800) !== 0;
  return {
    id: vcpu.id,
    apic: !enabled ? 'disabled' : (vcpu.base & 0x400) !== 0 ? 'x2apic' : 'xapic',
    state: 'offline',
    cpu: 0,
    bsp: (vcpu.base & 0x100) !== 0,
    ...given('aid', vcpu.aid),
    ...given('ldr', vcpu.ldr),
    ...given('dfr', vcpu.dfr),
    ...given('irr', vcpu.irr),
    ...given('isr', vcpu.isr),
    ...given('tmr', vcpu.tmr),
    svr: vcpu.svr,
    tpr: vcpu.tpr,
    restored: true,
    x2apicCpuid: vcpu.x2cpuid,
    mpState: vcpu.mp,
    interruptsEnabled: false,
  };
}

/** Which flags of `KVM_CAP_X2APIC_API` the kernel takes: all or none. */
function isApiAccepted(vector: Vector, kernel: KernelVersion): boolean {
  const suppression = deliveryChoices(kernel).suppressEoi === 'chosen by the VMM';
  const enables = (vector.api & 4) !== 0;
  return (
    (vector.api & ~(suppression ? 15 : 3)) === 0 && !(enables && ((vector.api & 8) !== 0 || vector.chip !== 'split'))
  );
}

/** `KVM_SET_MSRS` refuses an IA32_APICBASE that CPUID does not allow, or bit 10 without bit 11. */
function isBaseRefused(vcpu: VectorVcpu): boolean {
  const extended = (vcpu.base & 0x400) !== 0;
  return (vcpu.base & 0x2ff) !== 0 || (extended && (!vcpu.x2cpuid || (vcpu.base & 0x800) === 0));
}

/** `KVM_SET_LAPIC` with 32-bit IDs refuses an x2APIC ID other than vcpu_id; only SPIV has been written then. */
function isStateRefused(vcpu: VcpuConfig, aid: number | undefined, api: number): boolean {
  return vcpu.apic === 'x2apic' && api > 0 && (api & 1) !== 0 && aid !== undefined && aid !== vcpu.id;
}

/** One vCPU as its ioctls leave it; those that fail are added to `errors` with the number `v`. */
function configured(vcpu: VectorVcpu, v: number, api: number, errors: Answer[]): VcpuConfig {
  let config = vcpuConfig(vcpu);
  if (isBaseRefused(vcpu)) {
    errors.push({ v, what: 'APICBASE', ret: 0 });
    config = { ...config, apic: 'xapic', bsp: vcpu.id === 0 };
  }
  if (isStateRefused(config, vcpu.aid, api)) {
    errors.push({ v, what: 'SET_LAPIC', ret: EINVAL });
    const { aid: _aid, ldr: _ldr, dfr: _dfr, irr: _irr, isr: _isr, tmr: _tmr, ...rest } = config;
    return { ...rest, tpr: 0, restored: false };
  }
  return config;
}

export interface Setup {
  readonly machine: Machine;
  /** ioctls of the setup that fail, as the recording names them. */
  readonly errors: readonly Answer[];
  readonly kernel: KernelVersion;
}

/** Builds the machine and says which ioctls fail on the way. */
export function setUp(vector: Vector): Setup {
  const { kernel } = kernelOf(vector.kernel);
  const errors: Answer[] = [];
  const accepted = vector.api < 0 || isApiAccepted(vector, kernel);
  if (!accepted) {
    errors.push({ v: -1, what: 'X2APIC_API', ret: EINVAL });
  }
  const limit = vector.maxid ?? deliveryChoices(kernel).maxVcpuIds;
  const x2apicApi = accepted ? vector.api : -1;
  const created: VectorVcpu[] = [];
  const vcpus: VcpuConfig[] = [];
  for (const vcpu of vector.vcpus) {
    if (vcpu.id >= limit) {
      errors.push({ v: created.length, what: 'CREATE_VCPU', ret: EINVAL });
    } else {
      vcpus.push(configured(vcpu, created.length, x2apicApi, errors));
      created.push(vcpu);
    }
  }
  const config: MachineConfig = {
    vendor: 'amd',
    kernel,
    hostApic: 'xapic',
    apicv: false,
    ipiv: false,
    vtdPosting: false,
    irqchip: vector.chip,
    x2apicApi,
    vectorHashing: vector.vectorHashing,
    vcpus,
    cpus: [{ apicId: 0 }],
    rtes: vector.rtes.map(({ pin, rte: [lo, hi] }) => ({ pin, lo, hi })),
    ...(vector.routes.length > 0 ? { routes: vector.routes } : {}),
  };
  return { machine: createMachine(config, created), errors, kernel };
}

function createMachine(config: MachineConfig, vcpus: readonly VectorVcpu[]): Machine {
  const m = new Machine(config, () => undefined);
  m.recording = false;
  vcpus.forEach((vcpu, v) => {
    initialLapic(m, v);
    if (vcpu.lvt0 !== undefined) {
      m.store(m.vcpu(v) + V.lvt + LVT0, vcpu.lvt0 | 0);
    }
  });
  initialIrqchip(m);
  return m;
}
