/**
 * Every field that a person may name: in an expectation, a watch, a data breakpoint, the inspector. One table, so that the language,
 * the debugger and the picture cannot disagree about what a name means.
 */

import type { Vendor } from './config.ts';
import { EXIT_REASON } from './cpu/vmcs.ts';
import { DEVICE_FIELDS } from './deviceFields.ts';
import { IRQCHIP_FIELDS } from './irqchipFields.ts';
import { ACTIVITY, C, PID_CONTROL, PID_NDST, POSTED_INTR_ON, POSTED_INTR_SN, REQ, V } from './layout.ts';

/** What a field may belong to; `pin`: an entry of the IOAPIC. There is one IOMMU and one guest kernel; the others have numbers. */
export type Block = 'vcpu' | 'cpu' | 'device' | 'iommu' | 'guest' | 'pin';

export interface FieldInfo {
  /** Path below its subject: `pid.on` of `vcpu 2`. */
  readonly path: string;
  readonly block: Block;
  /** `vectors`: a set of vectors, tested with `has`; the others are compared with `is`. */
  readonly kind: 'flag' | 'number' | 'vectors' | 'enum';
  /** Width in bits of `number`; 1 for a flag, 256 for vectors. */
  readonly width: number;
  /** Names of the values of an `enum`, and of well-known values of a `number`. */
  readonly values?: Readonly<Record<string, number>>;
  readonly doc: string;
  /** The field exists with this vendor only. */
  readonly vendor?: Vendor;
  /** Word of the block and lowest bit where the field stands; vectors take eight words. */
  readonly word: number;
  readonly bit: number;
}

/** `vcpu->mode`, include/linux/kvm_host.h. */
export const VCPU_MODE = {
  OUTSIDE_GUEST_MODE: 0,
  IN_GUEST_MODE: 1,
  EXITING_GUEST_MODE: 2,
  READING_SHADOW_PAGE_TABLES: 3,
} as const;

/** Where the vCPU's thread is. `woken`: runnable again after `blocked`, not yet back on a CPU. `userspace`: `KVM_RUN` has returned. */
export const VCPU_STATE = {
  running: 0,
  exited: 1,
  preempted: 2,
  blocked: 3,
  offline: 4,
  woken: 5,
  userspace: 6,
} as const;

/** Host vectors, arch/x86/include/asm/irq_vectors.h. */
export const HOST_VECTORS = {
  POSTED_INTR_VECTOR: 0xf2,
  POSTED_INTR_WAKEUP_VECTOR: 0xf1,
  POSTED_INTR_NESTED_VECTOR: 0xf0,
  RESCHEDULE_VECTOR: 0xfd,
} as const;

const flag = (path: string, word: number, bit: number, doc: string): FieldInfo => ({
  path,
  block: 'vcpu',
  kind: 'flag',
  width: 1,
  doc,
  word,
  bit,
});

const register = (path: string, width: number, word: number, bit: number, doc: string): FieldInfo => ({
  path,
  block: 'vcpu',
  kind: 'number',
  width,
  doc,
  word,
  bit,
});

const vectors = (path: string, word: number, doc: string): FieldInfo => ({
  path,
  block: 'vcpu',
  kind: 'vectors',
  width: 256,
  doc,
  word,
  bit: 0,
});

const named = (values: Readonly<Record<string, number>>, field: FieldInfo): FieldInfo => ({ ...field, values });
const ofAmd = (field: FieldInfo): FieldInfo => ({ ...field, vendor: 'amd' });
const ofCpu = (field: FieldInfo): FieldInfo => ({ ...field, block: 'cpu' });

const CONTROL = V.pi_desc + PID_CONTROL;

/** Fields of vmcs02 and of what it points to stand behind the vCPU's own block: `fieldAccess.ts` knows where. */
const ofL2 = (field: FieldInfo): FieldInfo => ({ ...field, path: `l2.${field.path}`, word: V.words + field.word });

const OF_L2: readonly FieldInfo[] = [
  flag('pid.on', CONTROL, POSTED_INTR_ON, "Outstanding notification in L1's descriptor for L2."),
  vectors('pid.pir', V.pi_desc, "Posted-interrupt requests in L1's descriptor for L2."),
  vectors('irr', V.irr, 'VIRR of L2.'),
  vectors('isr', V.isr, 'VISR of L2.'),
  register('tpr', 8, V.tpr, 0, 'VTPR of L2.'),
  register('ppr', 8, V.ppr, 0, 'VPPR of L2.'),
  register('rvi', 8, V.guest_intr_status, 0, 'RVI of vmcs02.'),
  register('svi', 8, V.guest_intr_status, 8, 'SVI of vmcs02.'),
  named(EXIT_REASON, register('exit_reason', 16, V.exit_reason, 0, 'Basic reason of the last exit to L1, in vmcs12.')),
  register('exit_qualification', 32, V.exit_qualification, 0, 'Exit qualification of the last exit to L1, in vmcs12.'),
].map(ofL2);

export const FIELDS: readonly FieldInfo[] = [
  { ...named(VCPU_MODE, register('mode', 2, V.mode, 0, '`vcpu->mode` as KVM keeps it.')), kind: 'enum' },
  { ...named(VCPU_STATE, register('state', 3, V.state, 0, "Where the vCPU's thread is.")), kind: 'enum' },
  register('cpu', 16, V.cpu, 0, '`vcpu->cpu`: the physical CPU it runs on, or ran on last.'),
  flag('pid.on', CONTROL, POSTED_INTR_ON, 'Outstanding notification, bit 256 of the descriptor.'),
  flag('pid.sn', CONTROL, POSTED_INTR_SN, 'Suppress notification, bit 257 of the descriptor.'),
  named(HOST_VECTORS, register('pid.nv', 8, CONTROL, 16, 'Notification vector, bits 279:272 of the descriptor.')),
  register('pid.ndst', 32, V.pi_desc + PID_NDST, 0, 'Notification destination, bits 319:288 of the descriptor.'),
  vectors('pid.pir', V.pi_desc, 'Posted-interrupt requests, bits 255:0 of the descriptor.'),
  vectors('irr', V.irr, 'Interrupt request register; VIRR with APICv.'),
  vectors('isr', V.isr, 'In-service register; VISR with APICv.'),
  vectors('tmr', V.tmr, 'Trigger mode register: 1 = level.'),
  register('tpr', 8, V.tpr, 0, 'Task priority; VTPR with APICv.'),
  register('ppr', 8, V.ppr, 0, 'Processor priority; VPPR with APICv.'),
  register('rvi', 8, V.guest_intr_status, 0, 'Requesting virtual interrupt, bits 7:0 of the guest interrupt status.'),
  register('svi', 8, V.guest_intr_status, 8, 'Servicing virtual interrupt, bits 15:8 of the guest interrupt status.'),
  flag('event', V.requests, REQ.EVENT, 'KVM_REQ_EVENT is pending.'),
  flag('recognized', V.recognized, 0, 'The processor has recognised a pending virtual interrupt.'),
  flag('if', V.interrupts, 0, 'RFLAGS.IF of the guest.'),
  flag('wakeup_list', V.on_wakeup_list, 0, 'The thread stands on the posted-interrupt wake-up list of its CPU.'),
  vectors('eoi_exit', V.eoi_exit_bitmap, 'EOI-exit bitmap: these vectors make EOI exit.'),
  flag('apicv', V.apicv_active, 0, '`vcpu->arch.apicv_active`: the processor delivers, KVM posts.'),
  flag('preempted', V.preempted, 0, '`vcpu->preempted`: scheduled out while runnable.'),
  flag('waiter', V.waiter, 0, 'The thread has registered as a waiter: a wake-up finds it.'),
  {
    ...named(ACTIVITY, register('activity', 2, V.activity, 0, 'What the processor does in guest mode.')),
    kind: 'enum',
  },
  register('nv', 16, V.posted_intr_nv, 0, 'Posted-interrupt notification vector of the VMCS (0x0002).'),
  register('tpr_threshold', 4, V.tpr_threshold, 0, 'TPR threshold of the VMCS, without virtual-interrupt delivery.'),
  named(EXIT_REASON, register('exit_reason', 16, V.exit_reason, 0, 'Basic reason of the last VM exit.')),
  register(
    'exit_qualification',
    32,
    V.exit_qualification,
    0,
    'Exit qualification of the last VM exit; AMD: EXITINFO1, bits 31:0.',
  ),
  ofAmd(register('exit_info_1_high', 32, V.exit_info_1_high, 0, 'EXITINFO1 of the last VM exit, bits 63:32.')),
  ofAmd(register('exit_info_2', 32, V.exit_info_2, 0, 'EXITINFO2 of the last VM exit, bits 31:0.')),
  ofAmd(register('exit_info_2_high', 32, V.exit_info_2 + 1, 0, 'EXITINFO2 of the last VM exit, bits 63:32.')),
  flag('l2', V.guest_mode, 0, 'The vCPU runs L2.'),
  flag('pi_pending', V.pi_pending, 0, "`nested.pi_pending`: L1's notification vector was sent while L2 ran."),
  ...OF_L2,
  register('icr', 32, V.icr, 0, 'Interrupt command register, bits 31:0.'),
  register('icr2', 32, V.icr2, 0, 'Interrupt command register, bits 63:32.'),
  register('apicbase', 32, V.apicbase, 0, 'IA32_APICBASE, bits 31:0.'),
  register('apic_id', 32, V.id, 0, 'Local APIC ID register; xAPIC: the ID stands in bits 31:24.'),
  register('ldr', 32, V.ldr, 0, 'Logical destination register.'),
  register('dfr', 32, V.dfr, 0, 'Destination format register.'),
  register('svr', 32, V.svr, 0, 'Spurious interrupt vector register (SPIV); bit 8 enables the APIC.'),
  ofCpu(vectors('pending', C.irr, 'Physical interrupts that wait in the local APIC of the CPU.')),
  ofCpu(flag('irqs_off', C.irqs_off, 0, 'The host has interrupts disabled on this CPU.')),
  ofCpu(register('vcpu', 32, C.vcpu, 0, 'The vCPU whose guest code runs here; 0xffffffff = host.')),
  ...IRQCHIP_FIELDS,
  ...DEVICE_FIELDS,
];

const byPath = new Map(FIELDS.map(field => [`${field.block}.${field.path}`, field]));

/** The field that a path names, or undefined. */
export function findField(block: Block, path: string): FieldInfo | undefined {
  return byPath.get(`${block}.${path}`);
}
