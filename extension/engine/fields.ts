/**
 * Every field that a person may name: in an expectation, a watch, a data breakpoint, the inspector. One table, so that the language,
 * the debugger and the picture cannot disagree about what a name means.
 */

export interface FieldInfo {
  /** Path below its subject: `pid.on` of `vcpu 2`. */
  readonly path: string;
  readonly block: 'vcpu' | 'cpu';
  /** `vectors`: a set of vectors, tested with `has`; the others are compared with `is`. */
  readonly kind: 'flag' | 'number' | 'vectors' | 'enum';
  /** Width in bits of `number`; 1 for a flag, 256 for vectors. */
  readonly width: number;
  /** Names of the values of an `enum`, and of well-known values of a `number`. */
  readonly values?: Readonly<Record<string, number>>;
  readonly doc: string;
}

/** `vcpu->mode`, include/linux/kvm_host.h. */
export const VCPU_MODE = {
  OUTSIDE_GUEST_MODE: 0,
  IN_GUEST_MODE: 1,
  EXITING_GUEST_MODE: 2,
  READING_SHADOW_PAGE_TABLES: 3,
} as const;

/** Where the vCPU's thread is. `woken`: runnable again after `blocked`, not yet back on a CPU. */
export const VCPU_STATE = { running: 0, exited: 1, preempted: 2, blocked: 3, offline: 4, woken: 5 } as const;

/** Host vectors, arch/x86/include/asm/irq_vectors.h. */
export const HOST_VECTORS = {
  POSTED_INTR_VECTOR: 0xf2,
  POSTED_INTR_WAKEUP_VECTOR: 0xf1,
  POSTED_INTR_NESTED_VECTOR: 0xf0,
  RESCHEDULE_VECTOR: 0xfd,
} as const;

export const FIELDS: readonly FieldInfo[] = [
  { path: 'mode', block: 'vcpu', kind: 'enum', width: 2, values: VCPU_MODE, doc: '`vcpu->mode` as KVM keeps it.' },
  { path: 'state', block: 'vcpu', kind: 'enum', width: 3, values: VCPU_STATE, doc: "Where the vCPU's thread is." },
  { path: 'cpu', block: 'vcpu', kind: 'number', width: 16, doc: '`vcpu->cpu`: the physical CPU it runs on, or ran on last.' },
  { path: 'pid.on', block: 'vcpu', kind: 'flag', width: 1, doc: 'Outstanding notification, bit 256 of the descriptor.' },
  { path: 'pid.sn', block: 'vcpu', kind: 'flag', width: 1, doc: 'Suppress notification, bit 257 of the descriptor.' },
  {
    path: 'pid.nv',
    block: 'vcpu',
    kind: 'number',
    width: 8,
    values: HOST_VECTORS,
    doc: 'Notification vector, bits 279:272 of the descriptor.',
  },
  { path: 'pid.ndst', block: 'vcpu', kind: 'number', width: 32, doc: 'Notification destination, bits 319:288 of the descriptor.' },
  { path: 'pid.pir', block: 'vcpu', kind: 'vectors', width: 256, doc: 'Posted-interrupt requests, bits 255:0 of the descriptor.' },
  { path: 'irr', block: 'vcpu', kind: 'vectors', width: 256, doc: 'Interrupt request register; VIRR with APICv.' },
  { path: 'isr', block: 'vcpu', kind: 'vectors', width: 256, doc: 'In-service register; VISR with APICv.' },
  { path: 'tmr', block: 'vcpu', kind: 'vectors', width: 256, doc: 'Trigger mode register: 1 = level.' },
  { path: 'tpr', block: 'vcpu', kind: 'number', width: 8, doc: 'Task priority; VTPR with APICv.' },
  { path: 'ppr', block: 'vcpu', kind: 'number', width: 8, doc: 'Processor priority; VPPR with APICv.' },
  { path: 'rvi', block: 'vcpu', kind: 'number', width: 8, doc: 'Requesting virtual interrupt, bits 7:0 of the guest interrupt status.' },
  { path: 'svi', block: 'vcpu', kind: 'number', width: 8, doc: 'Servicing virtual interrupt, bits 15:8 of the guest interrupt status.' },
  { path: 'event', block: 'vcpu', kind: 'flag', width: 1, doc: 'KVM_REQ_EVENT is pending.' },
  { path: 'pending', block: 'cpu', kind: 'vectors', width: 256, doc: 'Physical interrupts that wait in the local APIC of the CPU.' },
  { path: 'vcpu', block: 'cpu', kind: 'number', width: 32, doc: 'The vCPU whose guest code runs here; 0xffffffff = host.' },
];

const byPath = new Map(FIELDS.map(field => [`${field.block}.${field.path}`, field]));

/** The field that a path names, or undefined. */
export function findField(block: 'vcpu' | 'cpu', path: string): FieldInfo | undefined {
  return byPath.get(`${block}.${path}`);
}
