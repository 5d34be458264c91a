/** A kernel function of the delivery path: where it stands in 6.16 and what it does there. */
export interface KernelFunction {
  readonly name: string;
  readonly file: string;
  readonly does: string;
}

// Read in Linux 6.16 unless the sentence names a version; files are relative to arch/x86/kvm/.
const byFile: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'lapic.c': {
    kvm_apic_send_ipi: 'builds the message from an ICR value, traces kvm_apic_ipi and delivers it',
    kvm_x2apic_icr_write: 'x2APIC ICR write: #GP for reserved bits, clears bit 12, sends, then stores the value',
    kvm_lapic_reg_write:
      'write of a local APIC register: ICR sends, EOI, TPR, LDR, DFR, SPIV and LVTs have their side effects',
    kvm_apic_match_dest: 'slow path: is this vCPU addressed, by shorthand, physical ID or logical ID?',
    kvm_irq_delivery_to_apic_fast: 'fast path through the APIC map; false sends the caller to the slow path',
    kvm_apic_map_get_dest_lapic:
      'looks the destination up in the APIC map; a shorthand or a broadcast is not handled here',
    kvm_recalculate_apic_map: 'rebuilds the map from IDs to local APICs; aliases drop it and inhibit APICv',
    __apic_accept_irq:
      'one local APIC takes the message by its delivery mode, or drops it; traces kvm_apic_accept_irq first',
    kvm_apic_set_irq: 'hands the message to __apic_accept_irq of one vCPU',
    kvm_apic_accept_events: 'acts on a pending INIT or SIPI; a SIPI counts only after an INIT',
    kvm_apic_local_deliver: 'delivers an LVT entry of the vCPU itself: timer, performance counter, LINT, CMCI',
    apic_set_eoi:
      'emulated EOI: clears the highest ISR bit, recomputes PPR, tells the IOAPIC when it waits for that vector',
    kvm_apic_set_eoi_accelerated: 'after an EOI-induced exit: hardware has cleared the ISR bit, the IOAPIC is told',
    kvm_apic_update_irr: 'moves posted vectors (PIR) into IRR and returns the highest',
    apic_has_interrupt_for_ppr: 'the highest IRR vector if its class is above PPR; syncs PIR first',
    kvm_lapic_reset: 'reset values of the local APIC; INIT keeps the ID and the base',
    kvm_apic_set_base: 'write of IA32_APICBASE: checks the transition, moves the page, changes the mode',
    kvm_x2apic_msr_write: 'WRMSR 0x800 to 0x8ff: the register by its number, only in x2APIC mode',
    kvm_ioapic_send_eoi: 'forwards an EOI to the IOAPIC, in the kernel or as an exit to user space',
    kvm_apic_update_apicv: 'sets irr_pending and isr_count for APICv on or off',
  },
  'irq_comm.c': {
    kvm_irq_delivery_to_apic:
      'from a message to local APICs: fast path, else every vCPU is asked; returns how many accepted, -1 when nobody matched',
    kvm_set_msi_irq:
      'decodes an MSI: destination, mode, redirection hint; the level is always 1 (7.1: kvm_msi_to_lapic_irq)',
    kvm_set_msi: 'MSI route of a GSI; level 0 does nothing',
    kvm_arch_set_irq_inatomic: 'MSI with interrupts off: fast path only, else -EWOULDBLOCK and the work item injects',
    kvm_intr_is_single_vcpu: 'has the interrupt exactly one target? Only then can it be posted by the IOMMU',
  },
  'ioapic.c': {
    kvm_ioapic_set_irq: 'an IOAPIC pin goes up or down; the line is the OR of its sources',
    ioapic_service: 'sends the pin’s message unless it is masked or Remote IRR is set',
    ioapic_write_indirect:
      'write of an IOAPIC register: Remote IRR stays, an edge entry clears it, an unmasked level pin is served',
    kvm_ioapic_update_eoi_one: 'EOI for one pin: ack notifiers, Remote IRR, service again if the line is high',
    kvm_ioapic_eoi_inject_work: 'injects late after 10000 EOIs that were served again at once',
    kvm_ioapic_update_eoi:
      'EOI of a vector: every pin with it drops Remote IRR and is served again if its line is high',
  },
  'vmx/vmx.c': {
    vmx_deliver_posted_interrupt: 'sets PIR, then ON, and notifies only if neither was set; ignores SN',
    vmx_deliver_interrupt: 'Intel: posts the interrupt, or without APICv sets IRR, requests KVM_REQ_EVENT and kicks',
    vmx_sync_pir_to_irr: 'clears ON, moves PIR into IRR and sets RVI: the software harvest before each VM entry',
    vmx_refresh_apicv_exec_ctrl:
      'turns posted interrupts, virtual-interrupt delivery and IPI virtualization on or off in the VMCS',
    vmx_load_eoi_exitmap: 'writes the four EOI-exit bitmaps',
    vmx_update_msr_bitmap_x2apic: 'lets x2APIC MSRs through: TPR, EOI, SELF_IPI; ICR only with IPI virtualization',
    vmx_set_rvi: 'writes RVI, the low byte of the guest interrupt status',
    vmx_hwapic_isr_update: 'writes SVI, the high byte of the guest interrupt status',
    handle_apic_access: 'APIC-access exit (44): a shortcut for EOI, else the instruction is emulated',
    handle_interrupt_window: 'interrupt-window exit (7): clears the control, requests KVM_REQ_EVENT',
    handle_tpr_below_threshold: 'TPR-below-threshold exit (43): recomputes PPR',
    vmx_enable_irq_window: 'asks for an exit as soon as the guest can take an interrupt',
    vmx_deliver_nested_posted_interrupt:
      'the vector is L1’s notification vector while L2 runs: pending for L2, notification 0xf0',
    vmx_set_virtual_apic_mode: 'virtualizes APIC accesses (xAPIC) or x2APIC MSRs, never both',
    handle_apic_write: 'APIC-write exit (56): the value is in the page, KVM does the side effect',
    handle_apic_eoi_induced: 'EOI-induced exit (45): forwards the EOI of that vector',
    vmx_update_cr8_intercept: 'sets TPR_THRESHOLD so that lowering TPR below a pending class exits',
  },
  'vmx/common.h': {
    kvm_vcpu_trigger_posted_interrupt:
      'notification: a physical IPI if the vCPU is in guest mode, else a wake-up; none to the vCPU that runs here',
  },
  'vmx/posted_intr.c': {
    vmx_vcpu_pi_load: 'vCPU gets a CPU: NDST := that CPU, SN := 0, NV := 0xf2; ON again when PIR is not empty',
    vmx_vcpu_pi_put: 'vCPU leaves its CPU: blocking sets the wake-up vector, preemption sets SN',
    pi_enable_wakeup_handler: 'before blocking: on the wake-up list, NV := 0xf1; self-IPI if ON was set meanwhile',
    pi_wakeup_handler: 'vector 0xf1: wakes every vCPU of this CPU’s list whose ON is set; clears nothing',
    pi_is_pir_empty: 'are all 256 request bits clear?',
    vmx_pi_update_irte: 'switches a device’s IRTE between remapped and posted as its route changes',
  },
  'vmx/nested.c': {
    vmx_complete_nested_posted_interrupt:
      'L1’s posted interrupts for L2: clears ON, merges PIR into L2’s virtual-APIC page, raises RVI',
  },
  'svm/avic.c': {
    avic_ring_doorbell: 'doorbell to the CPU on which the target runs; none to this CPU',
    avic_incomplete_ipi_interception: 'exit 0x401: wakes targets that do not run, or sends the IPI in software',
    avic_unaccelerated_access_interception:
      'exit 0x402: side effect of a register that AVIC does not complete, and EOI of level interrupts',
    avic_kick_target_vcpus: 'the IRR bits are set already: wakes or kicks the targets only',
    avic_vcpu_load: 'table entry and IRTEs: host APIC ID := this CPU, IsRunning := 1; nothing while the vCPU blocks',
    avic_vcpu_put: 'IsRunning := 0 in the table entry and the IRTEs',
    avic_vcpu_blocking: 'puts the vCPU before it blocks, so that senders exit and the IOMMU logs',
    avic_vcpu_unblocking: 'loads the vCPU again after it blocked',
    avic_refresh_apicv_exec_ctrl: 'turns AVIC on or off in the VMCB and in the IRTEs of the vCPU',
    avic_ga_log_notifier: 'GA log entry: wakes the vCPU that the tag names',
  },
  'svm/svm.c': {
    svm_deliver_interrupt: 'AMD: sets IRR, then doorbell or wake-up with AVIC, else KVM_REQ_EVENT and a kick',
    svm_complete_interrupt_delivery: 'AMD: after IRR is set, the doorbell, the wake-up or the kick',
  },
  'x86.c': {
    vcpu_enter_guest: 'requests and injection, mode := IN_GUEST_MODE, barrier, sync of PIR, VM entry',
    kvm_set_or_clear_apicv_inhibit:
      'sets or clears a reason against APICv; the first or last one makes every vCPU change over',
    kvm_cpu_get_interrupt: 'takes the vector to inject: ExtINT from the PIC first, then the local APIC',
    process_nmi: 'counts queued NMIs: at most two, one while NMIs are masked',
    vcpu_scan_ioapic: 'collects the vectors whose EOI the IOAPIC must see',
    vcpu_load_eoi_exitmap: 'loads the EOI-exit bitmap: vectors of the IOAPIC and of SynIC',
    kvm_vcpu_update_apicv:
      'takes over a changed APICv state: refreshes controls, requests KVM_REQ_EVENT when it goes off',
    kvm_check_and_inject_events: 're-injects, then exception, SMI, NMI, interrupt; a blocked one asks for a window',
    kvm_pv_send_ipi: 'hypercall KVM_HC_SEND_IPI: a bitmap of targets through the APIC map, no kvm_apic_ipi trace',
  },
  '../../../virt/kvm/kvm_main.c': {
    kvm_vcpu_kick: 'wakes a blocked vCPU, or sends the reschedule IPI to one in guest mode',
    kvm_vcpu_wake_up: 'wakes a blocked vCPU; sends no IPI',
    kvm_vcpu_block: 'sleeps until there is work, after checking once more that there is none',
    kvm_vcpu_check_block: 'is there a reason not to sleep? Looks for interrupts, and with them at PIR',
    kvm_vcpu_halt: 'HLT in KVM: polls for a while, then blocks',
  },
  '../../../virt/kvm/irqchip.c': {
    kvm_set_irq: 'a GSI goes up or down: calls the handler of each of its routes',
  },
  '../../../virt/kvm/eventfd.c': {
    irqfd_wakeup: 'eventfd signalled: injects an MSI at once if that can be done, else schedules irqfd_inject',
    irqfd_inject: 'work item of an irqfd: raises and lowers the GSI, or raises it until the resampler lowers it',
    kvm_notify_acked_irq: 'EOI of a pin: runs its ack notifiers',
  },
  '../../../drivers/vfio/pci/vfio_pci_intrs.c': {
    vfio_msihandler: 'host handler of an assigned device’s MSI: signals the eventfd',
  },
  '../../../drivers/iommu/amd/iommu.c': {
    amd_ir_set_vcpu_affinity: 'turns the guest mode of an AMD IRTE on or off',
  },
  '../../../drivers/iommu/intel/irq_remapping.c': {
    intel_ir_set_vcpu_affinity: 'makes an IRTE posted (descriptor address, vector) or remapped again',
    prepare_irte: 'fills a remapped IRTE: present, Fixed, edge, RH set',
  },
};

let table: Map<string, KernelFunction> | undefined;

/** The function of that name, or undefined. */
export function kernelFunction(name: string): KernelFunction | undefined {
  table ??= new Map(
    Object.entries(byFile).flatMap(([file, functions]) =>
      Object.entries(functions).map(([fn, does]) => {
        const path = file.startsWith('../') ? file.replace('../../../', '') : `arch/x86/kvm/${file}`;
        return [fn, { name: fn, file: path, does }] as const;
      }),
    ),
  );
  return table.get(name);
}

/** Every function of the table. */
export function kernelFunctions(): readonly KernelFunction[] {
  kernelFunction('');
  return [...table!.values()];
}
