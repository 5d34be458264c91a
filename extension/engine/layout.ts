/**
 * Where everything stands in a machine's memory. A block is a run of words; each name below is the offset of a field in it and the number
 * its size in words. 256-bit registers are eight words, word 0 holding vectors 31:0.
 */

import { block } from './block.ts';
import type { MachineConfig } from './config.ts';
import { D, GUEST, IOMMU } from './deviceLayout.ts';
import { FRAME_LOCALS } from './operation.ts';

/** The run as a whole. */
export const G = block({
  /** Index of the scenario statement that runs or runs next. */
  statement: 1,
  /** Agent that acts, plus one; 0 = nobody has anything left to do for this statement. */
  current: 1,
  /** 1: agents carry out what the user typed between two statements. */
  interlude: 1,
  /** Agent inside an uninterruptible operation, plus one. */
  holder: 1,
  failures: 1,
  /** 1: the last statement was an `expect`, so the next action starts counting events anew. */
  expected: 1,
});

/** One vCPU. Registers of the local APIC are the guest's view; with APICv they are the virtual-APIC page. */
export const V = block({
  // What delivery touches stands together: two cache lines.
  mode: 1,
  state: 1,
  /** vcpu->cpu */
  cpu: 1,
  /** Bit numbers: `REQ`. */
  requests: 1,
  apicv_active: 1,
  /** The thread has registered as a waiter (rcuwait, formerly a wait queue): whoever wakes finds it. */
  waiter: 1,
  apicbase: 1,
  id: 1,
  ldr: 1,
  dfr: 1,
  svr: 1,
  /** vcpu->arch.apic_arb_prio */
  arb_prio: 1,
  nmi_queued: 1,
  irr: 8,
  tmr: 8,
  /** vcpu->preempted: it was scheduled out while runnable. */
  preempted: 1,
  /** struct pi_desc: words 0-7 PIR, word 8 ON SN NV, word 9 NDST, words 10-15 reserved. */
  pi_desc: 16,
  /** VMCS 0x810: RVI in bits 7:0, SVI in bits 15:8. */
  guest_intr_status: 1,
  eoi_exit_bitmap: 8,
  /** The processor has recognised a pending virtual interrupt. */
  recognized: 1,
  /** VM-execution controls that matter for interrupts, as bits `CTRL`. */
  controls: 1,
  /** VMCS 0x0002, 16 bits wide. */
  posted_intr_nv: 1,
  /** VMCS 0x2016: physical address of the descriptor. */
  posted_intr_desc_addr: 2,
  /** VMCS 0x401c, bits 3:0. */
  tpr_threshold: 1,
  /** MSR bitmap for 0x800-0x83f, read and then write: 1 = intercepted. */
  msr_read: 2,
  msr_write: 2,
  /** VMCS 0x4402 (basic reason) and 0x6400 of the last VM exit. */
  exit_reason: 1,
  exit_qualification: 1,
  /** VMCB: EXITINFO1 bits 63:32 (31:0 stand in `exit_qualification`), EXITINFO2 bits 31:0 and 63:32. */
  exit_info_1_high: 1,
  exit_info_2: 2,
  /** RFLAGS.IF */
  interrupts: 1,
  /** Blocking by STI (bit 0) or MOV SS (bit 1), as in the VMCS interruptibility state. */
  interruptibility: 1,
  /** `ACTIVITY`: what the processor does when no instruction executes. */
  activity: 1,
  /** The thread is on the wake-up list of its CPU. */
  on_wakeup_list: 1,
  /** vcpu->pre_pcpu (until 5.15): the CPU on whose list it stands; -1 = none. */
  pre_pcpu: 1,
  /** What `pi_harvest_pir` took out of PIR: an array on KVM's stack. */
  pir_vals: 8,

  tpr: 1,
  ppr: 1,
  icr: 1,
  icr2: 1,
  /** Offset 3F0H of the virtual-APIC page: what WRMSR 83FH wrote. */
  self_ipi: 1,
  esr: 1,
  isr: 8,
  /** APIC_LVR */
  lvr: 1,
  /** LVTT, LVTTHMR, LVTPC, LVT0, LVT1, LVTERR, LVTCMCI. */
  lvt: 7,
  tmict: 1,
  tdcr: 1,
  /** The IDs in CPUID offer x2APIC. */
  x2apic_cpuid: 1,

  /** KVM_MP_STATE_*: `MP_STATE`. */
  mp_state: 1,
  /** apic->pending_events; bit 0 INIT, bit 1 SIPI. */
  pending_events: 1,
  sipi_vector: 1,
  pv_unhalted: 1,
  nmi_pending: 1,
  /** An NMI was injected and its handler has not begun. */
  nmi_injected: 1,
  /** NMIs are blocked until IRET. */
  nmi_masked: 1,
  smi_pending: 1,
  /** In system-management mode. */
  smm: 1,
  /** L1 has executed VMXON. */
  vmxon: 1,
  /** Selector of CS after reset or SIPI. */
  cs: 1,
  /** Vectors whose EOI the IOAPIC, in the kernel or in user space, wants to see. */
  ioapic_handled_vectors: 8,
  pending_ioapic_eoi: 1,
  /** Plus one; 0 = none. */
  stale_ioapic_eoi: 1,
  /** rtc_status.dest_map: this vCPU owes the EOI of the RTC interrupt `rtc_vector`. */
  rtc_dest: 1,
  rtc_vector: 1,

  /** Events since the last `expect`; bit numbers: `EVENT`. */
  events: 1,
  /** Vectors that the guest took since the last `expect`. */
  taken: 8,

  /** L2 runs (`is_guest_mode`): the VMCS in use is vmcs02 (AMD: vmcb02), whose virtual-interrupt state is a second block `V` at `Machine.nested`. */
  guest_mode: 1,
  /** vmx->nested.posted_intr_nv: the notification vector of vmcs12; -1 = none. */
  nested_posted_intr_nv: 1,
  /** vmx->nested.pi_pending */
  pi_pending: 1,
  /** vcpu->arch.load_eoi_exitmap_pending: LOAD_EOI_EXITMAP waits until L2 is left. */
  load_eoi_exitmap_pending: 1,

  /** svm->avic_physical_id_entry: the 64-bit entry as KVM keeps it. */
  avic_physical_id_entry: 2,
  /** The entry of this vCPU in the physical APIC ID table, as hardware sees it. */
  avic_hw_entry: 2,
  /** svm->ir_list_lock is held: entry and IRTEs of the vCPU are being written. */
  ir_list_lock: 1,
  /** VMCB int_ctl: `INT_CTL`. */
  int_ctl: 1,
  /** VMCB int_vector, bits 7:0. */
  int_vector: 1,
  /** svm->nested.ctl: int_ctl and int_vector of vmcb12 as KVM has cached them. */
  nested_int_ctl: 1,
  nested_int_vector: 1,
});

/** One physical CPU. */
export const C = block({
  /** Physical interrupts that wait in the local APIC. */
  irr: 8,
  /** Host RFLAGS.IF is clear. */
  irqs_off: 1,
  /** vCPU whose guest code runs, -1 = host. */
  vcpu: 1,
  /** vCPU whose thread owns the CPU (loaded), -1 = none. */
  loaded: 1,
  /** An AVIC doorbell has arrived and the processor has not looked yet. */
  doorbell: 1,
});

/** The VM as a whole. */
export const VM = block({
  /** kvm->arch.apic_map_dirty: `MAP_STATE`. */
  apic_map_dirty: 1,
  /** Which of the two map blocks is published, plus one; 0 = NULL. */
  apic_map: 1,
  /** APICV_INHIBIT_REASON_*, bit numbers: `INHIBIT`. */
  apicv_inhibits: 1,
  /** kvm->arch.apicv_update_lock, held for writing. */
  apicv_update_lock: 1,
  /** kvm->arch.assigned_device_count */
  assigned_device_count: 1,
  /** The host message about a disabled LAPIC was printed. */
  disabled_lapic_found: 1,
});

/** struct kvm_apic_map, followed by `phys_map` with one word for each APIC ID. A slot holds the index of a vCPU plus one. */
export const MAP = block({
  max_apic_id: 1,
  /** `LOGICAL_MODE` */
  logical_mode: 1,
  xapic_id_mismatch: 1,
  /** Flat: slots 0-7. Cluster: 16 clusters of 4. 2013: 16 clusters of 16. */
  logical_map: 256,
});

export const IOAPIC_NUM_PINS = 24;

/** struct kvm_ioapic */
export const IO = block({
  ioregsel: 1,
  id: 1,
  irr: 1,
  irr_delivered: 1,
  /** rtc_status.pending_eoi */
  rtc_pending_eoi: 1,
  /** eoi_inject is scheduled. */
  eoi_inject: 1,
  /** Pins with an ack notifier. */
  notifiers: 1,
  /** Line state of each pin, a bit for each source ID. */
  irq_states: IOAPIC_NUM_PINS,
  /** Consecutive services at EOI. */
  irq_eoi: IOAPIC_NUM_PINS,
  /** RTE bits 31:0 and 63:32. */
  redirtbl: 2 * IOAPIC_NUM_PINS,
});

/** struct kvm_kpic_state of one 8259. */
export const PIC = block({ irr: 1, imr: 1, isr: 1, last_irr: 1, elcr: 1, irq_base: 1, auto_eoi: 1, priority_add: 1 });
/** struct kvm_pic: master, slave, then what both share. */
export const PICS = block({ chips: 2 * PIC.words, output: 1, wakeup_needed: 1, irq_states: 16 });

/** One routing entry of a GSI: `ROUTE_KIND`, then chip and pin, or address and data of the MSI. */
export const ROUTE = block({ gsi: 1, kind: 1, a: 1, b: 1, data: 1 });
export const ROUTE_KIND = { none: 0, pic: 1, ioapic: 2, msi: 3 } as const;

/** One irqfd. */
export const IRQFD = block({
  gsi: 1,
  resample: 1,
  /** The eventfd was signalled and the work item is scheduled. */
  scheduled: 1,
  /** Times that the resamplefd was signalled. */
  resampled: 1,
});

export { D, GA_STATUS, GUEST, IOMMU, IOMMU_FLAG, PARENT } from './deviceLayout.ts';

/** One agent's stack. */
export const AGENT = block({ depth: 1, result: 1, frames: 0 });
/** A frame: operation << 16 | next step, then the locals. */
export const FRAME_WORDS = 1 + FRAME_LOCALS;
/** Deep enough for a guest write that ends an IOAPIC interrupt, whose ack notifier lowers a line that is then served again. */
export const MAX_DEPTH = 24;
export const AGENT_WORDS = AGENT.words + MAX_DEPTH * FRAME_WORDS;

/** KVM requests as bits of `V.requests`; named as in the kernel without KVM_REQ_. */
export const REQ = {
  EVENT: 0,
  UNBLOCK: 1,
  NMI: 2,
  SMI: 3,
  SCAN_IOAPIC: 4,
  APICV_UPDATE: 5,
  LOAD_EOI_EXITMAP: 6,
  IOAPIC_EOI_EXIT: 7,
} as const;

/** Events that an expectation may ask for, as bits of `V.events`. `fault`: the guest took #GP. */
export const EVENT = { exit: 0, notification: 1, wakeup: 2, fault: 3 } as const;

/** Bits of `V.controls`; the VM-execution controls of SDM vol. 3 by name, not at their places in the VMCS. */
export const CTRL = {
  external_interrupt_exiting: 0,
  acknowledge_interrupt_on_exit: 1,
  process_posted_interrupts: 2,
  interrupt_window_exiting: 3,
  hlt_exiting: 4,
  use_tpr_shadow: 5,
  virtualize_apic_accesses: 6,
  virtualize_x2apic_mode: 7,
  apic_register_virtualization: 8,
  virtual_interrupt_delivery: 9,
  ipi_virtualization: 10,
} as const;

/** Values of `V.activity`. MWAIT is no activity state of the VMCS: a VM exit ends it. */
export const ACTIVITY = { active: 0, hlt: 1, mwait: 2 } as const;

/** Bits of word 8 of the posted-interrupt descriptor (posted-interrupt descriptor format, SDM vol. 3, table of its fields). */
export const PID_CONTROL = 8;
export const PID_NDST = 9;
export const POSTED_INTR_ON = 0;
export const POSTED_INTR_SN = 1;

/** uapi/linux/kvm.h */
export const MP_STATE = {
  RUNNABLE: 0,
  UNINITIALIZED: 1,
  INIT_RECEIVED: 2,
  HALTED: 3,
  SIPI_RECEIVED: 4,
  AP_RESET_HOLD: 9,
} as const;

/** Bits of `V.pending_events`. */
export const KVM_APIC_INIT = 0;
export const KVM_APIC_SIPI = 1;

/** First words of the blocks of one machine. */
export interface Layout {
  readonly vcpus: number;
  readonly cpus: number;
  readonly agents: number;
  readonly vm: number;
  /** Two maps: the published one and the one under construction. */
  readonly maps: number;
  readonly mapWords: number;
  /** Highest APIC ID that `phys_map` has a slot for. */
  readonly maxApicId: number;
  readonly ioapic: number;
  readonly pics: number;
  readonly routes: number;
  readonly routeCount: number;
  readonly irqfds: number;
  /** A bitmap of vCPUs for each agent: candidates on KVM's stack. */
  readonly bitmaps: number;
  readonly bitmapWords: number;
  /** A second block `V` for each vCPU when one of them has L2: what vmcs02, its virtual-APIC page and L1's descriptor hold; AMD: vmcb02. */
  readonly nested: number;
  /** The PID-pointer table: 64-bit entries up to the highest vcpu_id; those above are 0 and take no memory. */
  readonly pidTable: number;
  readonly pidTableEntries: number;
  readonly iommu: number;
  /** Entries of the GA log. */
  readonly gaLogEntries: number;
  readonly devices: number;
  readonly guest: number;
  /** AVIC logical APIC ID table: one word an entry, flat in 0-7, cluster in 0-59. */
  readonly avicLogical: number;
  readonly size: number;
}

/** Without routes of its own a VM has those of `KVM_CREATE_IRQCHIP`: 16 GSIs to the PICs, 24 to the IOAPIC. */
const DEFAULT_ROUTES = 16 + IOAPIC_NUM_PINS;

const AVIC_LOGICAL_ENTRIES = 64;
/** GA_LOG_ENTRIES, drivers/iommu/amd/amd_iommu_types.h. */
const GA_LOG_ENTRIES = 512;

export function layoutOf(config: MachineConfig, agentCount: number): Layout {
  const deviceCount = config.devices?.length ?? 0;
  const gaLogEntries = config.vendor === 'amd' && deviceCount > 0 ? (config.gaLogEntries ?? GA_LOG_ENTRIES) : 0;
  const count = config.vcpus.length;
  const maxApicId = Math.max(255, ...config.vcpus.map(vcpu => vcpu.id));
  const mapWords = MAP.words + maxApicId + 1;
  const routeCount = config.routes?.length ?? DEFAULT_ROUTES;
  const bitmapWords = (count + 31) >>> 5;
  const pidTableEntries = config.ipiv ? Math.max(...config.vcpus.map(vcpu => vcpu.id)) + 1 : 0;
  const sizes = [
    count * V.words,
    config.cpus.length * C.words,
    agentCount * AGENT_WORDS,
    VM.words,
    2 * mapWords,
    IO.words,
    PICS.words,
    routeCount * ROUTE.words,
    (config.irqfds?.length ?? 0) * IRQFD.words,
    agentCount * bitmapWords,
    config.vcpus.some(({ l2, vmcb12 }) => l2 !== undefined || vmcb12 !== undefined) ? count * V.words : 0,
    2 * pidTableEntries,
    IOMMU.words + 2 * gaLogEntries,
    deviceCount * D.words,
    config.vendor === 'amd' && config.apicv ? AVIC_LOGICAL_ENTRIES : 0,
    config.guest === undefined ? 0 : GUEST.words,
  ];
  let end = G.words;
  const starts = sizes.map(size => {
    end += size;
    return end - size;
  });
  const [vcpus, cpus, agents, vm, maps, ioapic, pics, routes, irqfds, bitmaps, nested, pidTable] = starts;
  const [iommu, devices, avicLogical, guest] = starts.slice(12);
  return {
    vcpus,
    cpus,
    agents,
    vm,
    maps,
    mapWords,
    maxApicId,
    ioapic,
    pics,
    routes,
    routeCount,
    irqfds,
    bitmaps,
    bitmapWords,
    nested,
    pidTable,
    pidTableEntries,
    iommu,
    gaLogEntries,
    devices,
    guest,
    avicLogical,
    size: end,
  };
}
