/**
 * What a machine is made of before its first step. A scenario, a recorded case and a test all describe a machine this way;
 * `Machine` turns it into state. Ranges are checked by whoever builds the description (the scenario checker, `irqscope conform`).
 */

/** Kernel generations whose behaviour is modelled; the facts and their sources stand in `profile.ts`. */
export type KernelVersion = '2013' | '4.19' | '5.15' | '6.1' | '6.12' | '6.16' | '7.1' | '7.2';

export type Vendor = 'intel' | 'amd';

/** What the redirection hint of an MSI does: nothing (2013), as the 2015 proposal has it, or as it was merged. */
export type RedirectionHint = 'ignored' | 'proposed' | 'merged';

/** Local APIC mode as `IA32_APICBASE` selects it (bits 11 EN and 10 EXTD). */
export type ApicMode = 'disabled' | 'xapic' | 'x2apic';

/**
 * Where a vCPU's thread is when the scenario begins.
 * `running`: in guest mode · `exited`: on its CPU in KVM, mode OUTSIDE_GUEST_MODE · `preempted`: runnable, off its CPU ·
 * `blocked`: halted, asleep in `kvm_vcpu_block` · `offline`: created, never run (mp_state UNINITIALIZED).
 */
export type VcpuState = 'running' | 'exited' | 'preempted' | 'blocked' | 'offline';

export interface VcpuConfig {
  /** KVM vcpu_id: the x2APIC ID, and the xAPIC ID unless `xapicId` says otherwise. */
  readonly id: number;
  readonly apic: ApicMode;
  readonly state: VcpuState;
  /** Index of the physical CPU that the thread runs on, or ran on last. */
  readonly cpu: number;
  readonly bsp: boolean;
  /** Register images as `KVM_SET_LAPIC` takes them; absent = reset value. xAPIC ID and LDR stand in bits 31:24. */
  readonly aid?: number;
  readonly ldr?: number;
  readonly dfr?: number;
  readonly svr?: number;
  readonly tpr?: number;
  readonly irr?: readonly number[];
  readonly isr?: readonly number[];
  readonly tmr?: readonly number[];
  /** The registers were loaded with `KVM_SET_LAPIC` after reset, every LVT masked: what a VMM does that restores or migrates. */
  readonly restored?: boolean;
  /** CPUID offers x2APIC; absent = yes. */
  readonly x2apicCpuid?: boolean;
  /** KVM_MP_STATE_*; absent = what `state` implies. */
  readonly mpState?: number;
  /** RFLAGS.IF of the guest; interrupts are taken only when set. */
  readonly interruptsEnabled: boolean;
  /** The vCPU runs L2, and vmcs12 has posted-interrupt processing with this notification vector. */
  readonly l2?: { readonly notificationVector: number };
  /**
   * AMD: the vCPU runs L2. int_ctl (V_IRQ bit 8, V_INTR_PRIO 19:16, V_IGN_TPR 20; V_INTR_MASKING, bit 24, must be 0) and int_vector (7:0)
   * of vmcb12, which intercepts no interrupts, no HLT and no MSRs of the APIC.
   */
  readonly vmcb12?: { readonly intCtl: number; readonly intVector: number };
}

export interface CpuConfig {
  /** Physical APIC ID: what NDST names. */
  readonly apicId: number;
}

/** An MSI: address and data. */
export interface MsiConfig {
  readonly lo: number;
  readonly hi: number;
  readonly data: number;
}

/** A device behind the IOMMU. Its interrupt has an entry in the remapping table, and may be assigned to the guest through VFIO. */
export interface DeviceConfig {
  readonly name: string;
  /** Index in the interrupt remapping table, 0-65535. */
  readonly irte: number;
  /** Requester ID, 16 bits: bus 15:8, device 7:3, function 2:0. */
  readonly sourceId: number;
  /** Where the host wants the interrupt while the entry is remapped: vector and CPU of the Linux interrupt. */
  readonly host: { readonly cpu: number; readonly vector: number };
  /** Assigned: eventfd, irqfd and irq-bypass are connected before the first step. */
  readonly assigned: boolean;
  /** INTx instead of MSI: the irqfd (index in `irqfds`, with a resampler) that VFIO's eventfd is for. */
  readonly intx?: { readonly irqfd: number };
  /** The MSI that the guest programmed into the device, which is the route of its GSI. */
  readonly route?: MsiConfig;
}

/** What decides about x2APIC and irq domains in a Linux guest. */
export interface GuestConfig {
  readonly x2apic: boolean;
  /** Interrupt remapping; `xapic`: without extended interrupt mode. */
  readonly remapping: 'none' | 'xapic' | 'x2apic';
  /** A hypervisor that allows x2APIC without remapping; false = bare metal. */
  readonly hypervisor: boolean;
  /** Extended destination ID is offered (KVM feature bit 15). */
  readonly msiExtDestId: boolean;
  /** What the remapping unit has in its scope. */
  readonly claims: readonly ('ioapic' | 'hpet')[];
}

export interface MachineConfig {
  readonly vendor: Vendor;
  readonly kernel: KernelVersion;
  /** Format of NDST and of physical IPIs on the host. */
  readonly hostApic: 'xapic' | 'x2apic';
  /** APICv (Intel: register virtualization + virtual-interrupt delivery + posted interrupts) or AVIC is enabled. */
  readonly apicv: boolean;
  /** Intel IPI virtualization (needs `apicv`). */
  readonly ipiv: boolean;
  /** A device is assigned and VT-d posts into the descriptor: put/load then maintain SN and the wake-up vector. */
  readonly vtdPosting: boolean;
  /** `KVM_CAP_X86_DISABLE_EXITS` with HLT: the guest halts without leaving guest mode. */
  readonly haltInGuest?: boolean;
  /** KVM polls once for a reason to run before a halted vCPU's thread sleeps. */
  readonly haltPolling?: boolean;
  /** In-kernel IOAPIC and PIC, or split irqchip (IOAPIC in user space). */
  readonly irqchip: 'kernel' | 'split';
  /** `KVM_CAP_X2APIC_API` flags; -1 = capability not enabled. 1 USE_32BIT_IDS, 2 DISABLE_BROADCAST_QUIRK, 4/8 EOI-broadcast suppression. */
  readonly x2apicApi: number;
  /** kvm.ko parameter `vector_hashing`. */
  readonly vectorHashing: boolean;
  /** `KVM_CAP_MAX_VCPU_ID`; absent = the kernel's default. */
  readonly maxVcpuId?: number;
  readonly vcpus: readonly VcpuConfig[];
  readonly cpus: readonly CpuConfig[];
  /** IOAPIC redirection entries set before the first step. */
  readonly rtes?: readonly { readonly pin: number; readonly lo: number; readonly hi: number }[];
  /** MSI routes by GSI. */
  readonly routes?: readonly {
    readonly gsi: number;
    readonly lo: number;
    readonly hi: number;
    readonly data: number;
  }[];
  /** irqfds of the VMM; `resample`: raised until the guest's EOI, which signals the resamplefd. */
  readonly irqfds?: readonly { readonly gsi: number; readonly resample: boolean }[];
  readonly devices?: readonly DeviceConfig[];
  /** What the guest's kernel finds when it boots; absent = its boot is no part of the scenario. */
  readonly guest?: GuestConfig;
  /** AMD: the processor has x2AVIC. */
  readonly x2avic?: boolean;
  /** AMD: processor family 17h or 18h, which has erratum 1235. */
  readonly erratum1235?: boolean;
  /** AMD: entries of the GA log; absent = 512 as Linux has it. */
  readonly gaLogEntries?: number;
  /** What to do otherwise than the kernel version does, to see what a patch changes. */
  readonly choices?: {
    readonly redirectionHint?: RedirectionHint;
    /** Entries of a vCPU that sleeps: posted, or remapped as a mail of 2015 expected. */
    readonly blockedIrte?: 'posted' | 'remapped';
  };
}
