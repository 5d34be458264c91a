/** What a kernel macro is. Its format and field say how it is printed. */
export type MacroRole =
  /** A value of `field` of `format`, in place. */
  | { readonly kind: 'field'; readonly format: string; readonly field: string }
  /** All ones in `field` of `format`; without a field a mask over several. */
  | { readonly kind: 'mask'; readonly format: string; readonly field?: string }
  /** A complete word of `format`. */
  | { readonly kind: 'word'; readonly format: string }
  /** Offset of a local APIC register. */
  | { readonly kind: 'register' }
  | { readonly kind: 'vector' }
  /** Anything else: `what` says what the number is. */
  | { readonly kind: 'number'; readonly what: string };

export interface Macro {
  readonly name: string;
  readonly body: string;
  readonly params?: readonly string[];
  readonly role: MacroRole;
  /** Kernels for which the value holds, when it is not the same in all that were read. */
  readonly kernels?: string;
}

// Each group: a role, then NAME=C expression. Values read in Linux 6.16; `;kernels` marks those that differ.
// Old MSI names: msidef.h of 4.19.
type Group = readonly [role: string, names: string];

const groups: readonly Group[] = [
  [
    'field icr-low delivery_mode',
    'APIC_DM_FIXED=0 APIC_DM_LOWEST=0x100 APIC_DM_SMI=0x200 APIC_DM_REMRD=0x300 APIC_DM_NMI=0x400 APIC_DM_INIT=0x500 APIC_DM_STARTUP=0x600',
  ],
  ['field icr-low dest_mode', 'APIC_DEST_PHYSICAL=0 APIC_DEST_LOGICAL=0x800'],
  [
    'field icr-low shorthand',
    'APIC_DEST_NOSHORT=0 APIC_DEST_SELF=0x40000 APIC_DEST_ALLINC=0x80000 APIC_DEST_ALLBUT=0xc0000',
  ],
  ['field icr-low level', 'APIC_INT_ASSERT=0x4000'],
  ['field icr-low trigger', 'APIC_INT_LEVELTRIG=0x8000'],
  ['field icr-low busy', 'APIC_ICR_BUSY=0x1000'],
  ['field icr-low remote_read', 'APIC_ICR_RR_INVALID=0 APIC_ICR_RR_INPROG=0x10000 APIC_ICR_RR_VALID=0x20000'],
  ['mask icr-low vector', 'APIC_VECTOR_MASK=0xff'],
  ['mask icr-low delivery_mode', 'APIC_DM_FIXED_MASK=0x700 APIC_MODE_MASK=0x700'],
  ['mask icr-low dest_mode', 'APIC_DEST_MASK=0x800'],
  ['mask icr-low shorthand', 'APIC_SHORT_MASK=0xc0000'],
  ['mask icr-low remote_read', 'APIC_ICR_RR_MASK=0x30000'],
  ['mask x2apic-icr', 'X2APIC_ICR_RESERVED_BITS=0xfff32000ull;6.13+~and~6.1.y'],
  ['word icr-high', 'SET_XAPIC_DEST_FIELD(x)=(x)<<24'],
  ['number destination in an ICR2 value', 'GET_XAPIC_DEST_FIELD(x)=((x)>>24)&0xff'],
  ['field lvt-lint delivery_mode', 'APIC_DM_EXTINT=0x700'],
  ['field lvt-lint masked', 'APIC_LVT_MASKED=1<<16'],
  ['field lvt-lint trigger', 'APIC_LVT_LEVEL_TRIGGER=1<<15'],
  ['field lvt-lint remote_irr', 'APIC_LVT_REMOTE_IRR=1<<14'],
  ['field lvt-lint polarity', 'APIC_INPUT_POLARITY=1<<13'],
  ['field lvt-lint send_pending', 'APIC_SEND_PENDING=1<<12'],
  [
    'field lvt-timer mode',
    'APIC_LVT_TIMER_ONESHOT=0<<17 APIC_LVT_TIMER_PERIODIC=1<<17 APIC_LVT_TIMER_TSCDEADLINE=2<<17',
  ],
  ['word lvt-lint', 'SET_APIC_DELIVERY_MODE(x,y)=((x)&~0x700)|((y)<<8)'],
  [
    'number delivery mode, not shifted',
    'APIC_MODE_FIXED=0 APIC_MODE_NMI=4 APIC_MODE_EXTINT=7 APIC_DELIVERY_MODE_FIXED=0;5.11+ APIC_DELIVERY_MODE_LOWESTPRIO=1;5.11+ APIC_DELIVERY_MODE_SMI=2;5.11+ APIC_DELIVERY_MODE_NMI=4;5.11+ APIC_DELIVERY_MODE_INIT=5;5.11+ APIC_DELIVERY_MODE_EXTINT=7;5.11+ GET_APIC_DELIVERY_MODE(x)=((x)>>8)&7 IOAPIC_FIXED=0 IOAPIC_LOWEST_PRIORITY=1 IOAPIC_PMI=2 IOAPIC_NMI=4 IOAPIC_INIT=5 IOAPIC_EXTINT=7 APIC_EILVT_MSG_FIX=0 APIC_EILVT_MSG_SMI=2 APIC_EILVT_MSG_NMI=4 APIC_EILVT_MSG_EXT=7',
  ],
  ['number IOAPIC trigger mode, not shifted', 'IOAPIC_EDGE_TRIG=0 IOAPIC_LEVEL_TRIG=1'],
  [
    'number timer divide value',
    'APIC_TDR_DIV_1=0xb APIC_TDR_DIV_2=0 APIC_TDR_DIV_4=1 APIC_TDR_DIV_8=2 APIC_TDR_DIV_16=3 APIC_TDR_DIV_32=8 APIC_TDR_DIV_64=9 APIC_TDR_DIV_128=0xa',
  ],
  [
    'register',
    'APIC_ID=0x20 APIC_LVR=0x30 APIC_TASKPRI=0x80 APIC_ARBPRI=0x90 APIC_PROCPRI=0xa0 APIC_EOI=0xb0 APIC_RRR=0xc0 APIC_LDR=0xd0 APIC_DFR=0xe0 APIC_SPIV=0xf0 APIC_ISR=0x100 APIC_TMR=0x180 APIC_IRR=0x200 APIC_ESR=0x280 APIC_LVTCMCI=0x2f0 APIC_ICR=0x300 APIC_ICR2=0x310 APIC_LVTT=0x320 APIC_LVTTHMR=0x330 APIC_LVTPC=0x340 APIC_LVT0=0x350 APIC_LVT1=0x360 APIC_LVTERR=0x370 APIC_TMICT=0x380 APIC_TMCCT=0x390 APIC_TDCR=0x3e0 APIC_SELF_IPI=0x3f0 APIC_EFEAT=0x400 APIC_ECTRL=0x410 APIC_EILVTn(n)=0x500+0x10*(n)',
  ],
  ['number first x2APIC MSR', 'APIC_BASE_MSR=0x800'],
  ['number x2APIC MSR number', 'X2APIC_MSR(r)=0x800+((r)>>4)'],
  [
    'number physical address',
    'APIC_DEFAULT_PHYS_BASE=0xfee00000 IO_APIC_DEFAULT_PHYS_BASE=0xfec00000 IOAPIC_DEFAULT_BASE_ADDRESS=0xfec00000',
  ],
  ['number xAPIC broadcast destination', 'APIC_BROADCAST=0xff'],
  ['number x2APIC broadcast destination', 'X2APIC_BROADCAST=0xfffffffful'],
  ['word dfr', 'APIC_DFR_FLAT=0xfffffffful APIC_DFR_CLUSTER=0x0ffffffful'],
  ['mask ldr logical_id', 'APIC_LDR_MASK=0xffu<<24'],
  ['word ldr', 'SET_APIC_LOGICAL_ID(x)=(x)<<24'],
  ['field spiv enable', 'APIC_SPIV_APIC_ENABLED=1<<8'],
  ['field spiv focus_disable', 'APIC_SPIV_FOCUS_DISABLED=1<<9'],
  ['field spiv suppress_eoi', 'APIC_SPIV_DIRECTED_EOI=1<<12'],
  ['field lvr directed_eoi', 'APIC_LVR_DIRECTED_EOI=1<<24'],
  ['field esr send_cs', 'APIC_ESR_SEND_CS=1'],
  ['field esr recv_cs', 'APIC_ESR_RECV_CS=2'],
  ['field esr send_accept', 'APIC_ESR_SEND_ACC=4'],
  ['field esr recv_accept', 'APIC_ESR_RECV_ACC=8'],
  ['field esr send_illegal', 'APIC_ESR_SENDILL=0x20'],
  ['field esr recv_illegal', 'APIC_ESR_RECVILL=0x40'],
  ['field esr illegal_register', 'APIC_ESR_ILLREGA=0x80'],
  ['mask tpr', 'APIC_TPRI_MASK=0xffu'],
  ['field apicbase BSP', 'MSR_IA32_APICBASE_BSP=1<<8'],
  ['field apicbase EXTD', 'X2APIC_ENABLE=1ul<<10'],
  ['field apicbase EN', 'MSR_IA32_APICBASE_ENABLE=1<<11 XAPIC_ENABLE=1ul<<11'],
  ['mask apicbase base', 'MSR_IA32_APICBASE_BASE=0xfffff<<12'],
  [
    'number MSR number',
    'MSR_IA32_APICBASE=0x1b MSR_IA32_TSC_DEADLINE=0x6e0 MSR_AMD64_SVM_AVIC_DOORBELL=0xc001011b MSR_KVM_PV_EOI_EN=0x4b564d04',
  ],
  ['number MSI address bits 31:20', 'X86_MSI_BASE_ADDRESS_LOW=0xfee00000>>20;5.11+'],
  ['number MSI address, high half', 'X86_MSI_BASE_ADDRESS_HIGH=0;5.11+ MSI_ADDR_BASE_HI=0;to~5.10'],
  ['word msi-address', 'MSI_ADDR_BASE_LO=0xfee00000;to~5.10'],
  [
    'field msi-address dest_mode_logical',
    'MSI_ADDR_DEST_MODE_PHYSICAL=0<<2;to~5.10 MSI_ADDR_DEST_MODE_LOGICAL=1<<2;to~5.10',
  ],
  ['field msi-address redirect_hint', 'MSI_ADDR_REDIRECTION_CPU=0<<3;to~5.10 MSI_ADDR_REDIRECTION_LOWPRI=1<<3;to~5.10'],
  ['word msi-address', 'MSI_ADDR_DEST_ID(d)=((d)<<12)&0xffff0;to~5.10'],
  ['number MSI address bits 19:4; the field proper is 19:12', 'MSI_ADDR_DEST_ID_MASK=0xffff0;to~5.10'],
  ['number destination ID bits 31:8, for the high half', 'MSI_ADDR_EXT_DEST_ID(d)=(d)&0xffffff00;to~5.10'],
  ['field msi-address-ir dmar_format', 'MSI_ADDR_IR_EXT_INT=1<<4;to~5.10'],
  ['field msi-address-ir dmar_subhandle_valid', 'MSI_ADDR_IR_SHV=1<<3;to~5.10'],
  [
    'word msi-address-ir',
    'MSI_ADDR_IR_INDEX1(i)=((i)&0x8000)>>13;to~5.10 MSI_ADDR_IR_INDEX2(i)=((i)&0x7fff)<<5;to~5.10',
  ],
  ['field msi-data delivery_mode', 'MSI_DATA_DELIVERY_FIXED=0<<8;to~5.10 MSI_DATA_DELIVERY_LOWPRI=1<<8;to~5.10'],
  ['field msi-data level', 'MSI_DATA_LEVEL_DEASSERT=0<<14;to~5.10 MSI_DATA_LEVEL_ASSERT=1<<14;to~5.10'],
  ['field msi-data trigger', 'MSI_DATA_TRIGGER_EDGE=0<<15;to~5.10 MSI_DATA_TRIGGER_LEVEL=1<<15;to~5.10'],
  ['mask msi-data vector', 'MSI_DATA_VECTOR_MASK=0xff;to~5.10'],
  ['word msi-data', 'MSI_DATA_VECTOR(v)=(v)&0xff;to~5.10'],
  [
    'vector',
    'NMI_VECTOR=2 FIRST_EXTERNAL_VECTOR=0x20 IRQ_MOVE_CLEANUP_VECTOR=0x20;to~6.3 IA32_SYSCALL_VECTOR=0x80 POSTED_MSI_NOTIFICATION_VECTOR=0xeb;6.13+ LOCAL_TIMER_VECTOR=0xec;4.19+~(0xef~in~3.11) HYPERV_STIMER0_VECTOR=0xed;4.19+ HYPERV_REENLIGHTENMENT_VECTOR=0xee;4.19+ MANAGED_IRQ_SHUTDOWN_VECTOR=0xef;4.19+ POSTED_INTR_NESTED_VECTOR=0xf0;4.19+ POSTED_INTR_WAKEUP_VECTOR=0xf1;4.19+ POSTED_INTR_VECTOR=0xf2 HYPERVISOR_CALLBACK_VECTOR=0xf3 DEFERRED_ERROR_VECTOR=0xf4;4.19+ PERF_GUEST_MEDIATED_PMI_VECTOR=0xf5;7.1+ IRQ_WORK_VECTOR=0xf6 X86_PLATFORM_IPI_VECTOR=0xf7 REBOOT_VECTOR=0xf8 THRESHOLD_APIC_VECTOR=0xf9 THERMAL_APIC_VECTOR=0xfa CALL_FUNCTION_SINGLE_VECTOR=0xfb CALL_FUNCTION_VECTOR=0xfc RESCHEDULE_VECTOR=0xfd ERROR_APIC_VECTOR=0xfe SPURIOUS_APIC_VECTOR=0xff ISA_IRQ_VECTOR(irq)=0x30+(irq)',
  ],
  ['number bit number in the control word of struct pi_desc', 'POSTED_INTR_ON=0 POSTED_INTR_SN=1'],
  ['field pid-pointer valid', 'PID_TABLE_ENTRY_VALID=1'],
  [
    'mask avic-physical host_physical_id',
    'AVIC_PHYSICAL_ID_ENTRY_HOST_PHYSICAL_ID_MASK=GENMASK_ULL(11,0);5.15+~(0xff~in~4.19)',
  ],
  ['mask avic-physical backing_page', 'AVIC_PHYSICAL_ID_ENTRY_BACKING_PAGE_MASK=0xffffffffffull<<12'],
  ['field avic-physical is_running', 'AVIC_PHYSICAL_ID_ENTRY_IS_RUNNING_MASK=1ull<<62'],
  ['field avic-physical valid', 'AVIC_PHYSICAL_ID_ENTRY_VALID_MASK=1ull<<63'],
  ['mask avic-logical guest_physical_id', 'AVIC_LOGICAL_ID_ENTRY_GUEST_PHYSICAL_ID_MASK=0xffull'],
  ['field avic-logical valid', 'AVIC_LOGICAL_ID_ENTRY_VALID_MASK=1<<31'],
  ['number bit number of Valid in a logical ID entry', 'AVIC_LOGICAL_ID_ENTRY_VALID_BIT=31'],
  ['number highest APIC ID for AVIC', 'AVIC_MAX_PHYSICAL_ID=0xfeull'],
  ['number highest APIC ID for x2AVIC', 'X2AVIC_MAX_PHYSICAL_ID=0x1fful'],
  [
    'number VMCB int_ctl bit',
    'AVIC_ENABLE_MASK=1<<31 X2APIC_MODE_MASK=1<<30 V_IRQ_MASK=1<<8 V_INTR_MASKING_MASK=1<<24 V_IGN_TPR_MASK=1<<20 V_TPR_MASK=0xf',
  ],
  [
    'number mask in the unaccelerated-access exit information',
    'AVIC_UNACCEL_ACCESS_WRITE_MASK=1 AVIC_UNACCEL_ACCESS_OFFSET_MASK=0xff0 AVIC_UNACCEL_ACCESS_VECTOR_MASK=0xffffffff',
  ],
  [
    'number incomplete-IPI reason',
    'AVIC_IPI_FAILURE_INVALID_INT_TYPE=0 AVIC_IPI_FAILURE_TARGET_NOT_RUNNING=1 AVIC_IPI_FAILURE_INVALID_TARGET=2 AVIC_IPI_FAILURE_INVALID_BACKING_PAGE=3 AVIC_IPI_FAILURE_INVALID_IPI_VECTOR=4',
  ],
  ['mask intr-info vector', 'INTR_INFO_VECTOR_MASK=0xff VECTORING_INFO_VECTOR_MASK=0xff'],
  ['mask intr-info type', 'INTR_INFO_INTR_TYPE_MASK=0x700 VECTORING_INFO_TYPE_MASK=0x700'],
  ['field intr-info error_code', 'INTR_INFO_DELIVER_CODE_MASK=0x800 VECTORING_INFO_DELIVER_CODE_MASK=0x800'],
  ['field intr-info nmi_unblocking', 'INTR_INFO_UNBLOCK_NMI=0x1000'],
  ['field intr-info valid', 'INTR_INFO_VALID_MASK=0x80000000 VECTORING_INFO_VALID_MASK=0x80000000'],
  [
    'field intr-info type',
    'INTR_TYPE_EXT_INTR=0<<8 INTR_TYPE_NMI_INTR=2<<8 INTR_TYPE_HARD_EXCEPTION=3<<8 INTR_TYPE_SOFT_INTR=4<<8 INTR_TYPE_PRIV_SW_EXCEPTION=5<<8 INTR_TYPE_SOFT_EXCEPTION=6<<8 INTR_TYPE_OTHER_EVENT=7<<8',
  ],
  [
    'number VMCS field encoding',
    'POSTED_INTR_NV=2 LAST_PID_POINTER_INDEX=8;6.0+ GUEST_INTR_STATUS=0x810 MSR_BITMAP=0x2004 VIRTUAL_APIC_PAGE_ADDR=0x2012 APIC_ACCESS_ADDR=0x2014 POSTED_INTR_DESC_ADDR=0x2016 EOI_EXIT_BITMAP0=0x201c EOI_EXIT_BITMAP1=0x201e EOI_EXIT_BITMAP2=0x2020 EOI_EXIT_BITMAP3=0x2022 TERTIARY_VM_EXEC_CONTROL=0x2034;6.0+ PID_POINTER_TABLE=0x2042;6.0+ PIN_BASED_VM_EXEC_CONTROL=0x4000 CPU_BASED_VM_EXEC_CONTROL=0x4002 VM_EXIT_CONTROLS=0x400c VM_ENTRY_INTR_INFO_FIELD=0x4016 VM_ENTRY_EXCEPTION_ERROR_CODE=0x4018 TPR_THRESHOLD=0x401c SECONDARY_VM_EXEC_CONTROL=0x401e VM_EXIT_REASON=0x4402 VM_EXIT_INTR_INFO=0x4404 VM_EXIT_INTR_ERROR_CODE=0x4406 IDT_VECTORING_INFO_FIELD=0x4408 GUEST_INTERRUPTIBILITY_INFO=0x4824 GUEST_ACTIVITY_STATE=0x4826 EXIT_QUALIFICATION=0x6400',
  ],
  [
    'number VMX exit reason',
    'EXIT_REASON_EXCEPTION_NMI=0 EXIT_REASON_EXTERNAL_INTERRUPT=1 EXIT_REASON_INIT_SIGNAL=3 EXIT_REASON_SIPI_SIGNAL=4 EXIT_REASON_INTERRUPT_WINDOW=7 EXIT_REASON_NMI_WINDOW=8 EXIT_REASON_HLT=12 EXIT_REASON_CR_ACCESS=28 EXIT_REASON_MSR_READ=31 EXIT_REASON_MSR_WRITE=32 EXIT_REASON_MCE_DURING_VMENTRY=41 EXIT_REASON_TPR_BELOW_THRESHOLD=43 EXIT_REASON_APIC_ACCESS=44 EXIT_REASON_EOI_INDUCED=45 EXIT_REASON_PREEMPTION_TIMER=52 EXIT_REASON_APIC_WRITE=56',
  ],
  [
    'number SVM exit code',
    'SVM_EXIT_INTR=0x60 SVM_EXIT_NMI=0x61 SVM_EXIT_SMI=0x62 SVM_EXIT_INIT=0x63 SVM_EXIT_VINTR=0x64 SVM_EXIT_READ_CR8=8 SVM_EXIT_WRITE_CR8=0x18 SVM_EXIT_HLT=0x78 SVM_EXIT_MSR=0x7c SVM_EXIT_AVIC_INCOMPLETE_IPI=0x401 SVM_EXIT_AVIC_UNACCELERATED_ACCESS=0x402',
  ],
  [
    'number pin-based VM-execution control',
    'PIN_BASED_EXT_INTR_MASK=BIT(0) PIN_BASED_NMI_EXITING=BIT(3) PIN_BASED_VIRTUAL_NMIS=BIT(5) PIN_BASED_VMX_PREEMPTION_TIMER=BIT(6) PIN_BASED_POSTED_INTR=BIT(7)',
  ],
  [
    'number primary VM-execution control',
    'CPU_BASED_INTR_WINDOW_EXITING=BIT(2) CPU_BASED_HLT_EXITING=BIT(7) CPU_BASED_ACTIVATE_TERTIARY_CONTROLS=BIT(17);6.0+ CPU_BASED_CR8_LOAD_EXITING=BIT(19) CPU_BASED_CR8_STORE_EXITING=BIT(20) CPU_BASED_TPR_SHADOW=BIT(21) CPU_BASED_NMI_WINDOW_EXITING=BIT(22) CPU_BASED_USE_MSR_BITMAPS=BIT(28) CPU_BASED_ACTIVATE_SECONDARY_CONTROLS=BIT(31)',
  ],
  [
    'number secondary VM-execution control',
    'SECONDARY_EXEC_VIRTUALIZE_APIC_ACCESSES=BIT(0) SECONDARY_EXEC_VIRTUALIZE_X2APIC_MODE=BIT(4) SECONDARY_EXEC_APIC_REGISTER_VIRT=BIT(8) SECONDARY_EXEC_VIRTUAL_INTR_DELIVERY=BIT(9)',
  ],
  ['number tertiary VM-execution control', 'TERTIARY_EXEC_IPI_VIRT=BIT(4);6.0+'],
  [
    'number interruptibility-state flag',
    'GUEST_INTR_STATE_STI=1 GUEST_INTR_STATE_MOV_SS=2 GUEST_INTR_STATE_SMI=4 GUEST_INTR_STATE_NMI=8',
  ],
  [
    'number event type of SVM event injection, in place',
    'SVM_EVTINJ_TYPE_INTR=0<<8 SVM_EVTINJ_TYPE_NMI=2<<8 SVM_EVTINJ_TYPE_EXEPT=3<<8 SVM_EVTINJ_TYPE_SOFT=4<<8 SVM_EXITINTINFO_TYPE_INTR=0<<8 SVM_EXITINTINFO_TYPE_NMI=2<<8 SVM_EXITINTINFO_TYPE_EXEPT=3<<8 SVM_EXITINTINFO_TYPE_SOFT=4<<8',
  ],
  [
    'number flag of SVM event injection',
    'SVM_EVTINJ_VALID=1<<31 SVM_EVTINJ_VALID_ERR=1<<11 SVM_EXITINTINFO_VALID=1<<31 SVM_EXITINTINFO_VALID_ERR=1<<11',
  ],
  [
    'number shift in VMCB int_ctl',
    'V_IRQ_SHIFT=8 V_GIF_SHIFT=9 V_INTR_PRIO_SHIFT=16 V_IGN_TPR_SHIFT=20 V_INTR_MASKING_SHIFT=24',
  ],
  ['number first byte of the APIC version register in KVM', 'APIC_VERSION=0x14ul'],
  ['number count of vectors', 'MAX_APIC_VECTOR=256'],
  ['number count of vectors in one IRR, ISR or TMR register', 'APIC_VECTORS_PER_REG=32'],
  ['number count of 32-bit ISR registers', 'APIC_ISR_NR=8'],
  ['number GA log entry type', 'GA_GUEST_NR=1'],
  ['mask apic-access offset', 'APIC_ACCESS_OFFSET=0xfff'],
  ['mask apic-access type', 'APIC_ACCESS_TYPE=0xf000'],
  [
    'number exception vector',
    'DE_VECTOR=0 DB_VECTOR=1 BP_VECTOR=3 OF_VECTOR=4 BR_VECTOR=5 UD_VECTOR=6 NM_VECTOR=7 DF_VECTOR=8 TS_VECTOR=10 NP_VECTOR=11 SS_VECTOR=12 GP_VECTOR=13 PF_VECTOR=14 MF_VECTOR=16 AC_VECTOR=17 MC_VECTOR=18',
  ],
  [
    'number bit number of an APICv inhibit reason',
    'APICV_INHIBIT_REASON_DISABLE=0 APICV_INHIBIT_REASON_DISABLED=0 APICV_INHIBIT_REASON_HYPERV=1 APICV_INHIBIT_REASON_ABSENT=2;6.1+ APICV_INHIBIT_REASON_BLOCKIRQ=3;6.1+ APICV_INHIBIT_REASON_PHYSICAL_ID_ALIASED=4;6.3+ APICV_INHIBIT_REASON_APIC_ID_MODIFIED=5;6.3+~(4~in~6.1) APICV_INHIBIT_REASON_APIC_BASE_MODIFIED=6;6.3+~(5~in~6.1) APICV_INHIBIT_REASON_NESTED=7;6.3+~(6~in~6.1) APICV_INHIBIT_REASON_IRQWIN=8;6.3+~(7~in~6.1) APICV_INHIBIT_REASON_PIT_REINJ=9;6.3+~(8~in~6.1) APICV_INHIBIT_REASON_SEV=10;6.3+~(9~in~6.1) APICV_INHIBIT_REASON_LOGICAL_ID_ALIASED=11;6.3+',
  ],
  ['number VM-exit control', 'VM_EXIT_ACK_INTR_ON_EXIT=0x8000'],
  [
    'number vCPU state of KVM_GET_MP_STATE',
    'KVM_MP_STATE_RUNNABLE=0 KVM_MP_STATE_UNINITIALIZED=1 KVM_MP_STATE_INIT_RECEIVED=2 KVM_MP_STATE_HALTED=3 KVM_MP_STATE_SIPI_RECEIVED=4 KVM_MP_STATE_AP_RESET_HOLD=9',
  ],
  ['number vcpu->mode', 'OUTSIDE_GUEST_MODE=0 IN_GUEST_MODE=1 EXITING_GUEST_MODE=2 READING_SHADOW_PAGE_TABLES=3'],
  [
    'number type of an interrupt route',
    'KVM_IRQ_ROUTING_IRQCHIP=1 KVM_IRQ_ROUTING_MSI=2 KVM_IRQ_ROUTING_HV_SINT=4 KVM_IRQ_ROUTING_XEN_EVTCHN=5',
  ],
  ['number interrupt chip of a route', 'KVM_IRQCHIP_PIC_MASTER=0 KVM_IRQCHIP_PIC_SLAVE=1 KVM_IRQCHIP_IOAPIC=2'],
  ['number irqfd flag', 'KVM_IRQFD_FLAG_DEASSIGN=1<<0 KVM_IRQFD_FLAG_RESAMPLE=1<<1'],
  ['number IOAPIC window offset', 'IOAPIC_REG_SELECT=0 IOAPIC_REG_WINDOW=0x10'],
  ['number IOAPIC register index', 'IOAPIC_REG_APIC_ID=0 IOAPIC_REG_VERSION=1 IOAPIC_REG_ARB_ID=2'],
  ['number IOAPIC pins', 'IOAPIC_NUM_PINS=24 KVM_IOAPIC_NUM_PINS=24'],
  ['number IOAPIC version', 'IOAPIC_VERSION_ID=0x11'],
  ['mask lvr', 'APIC_LVR_MASK=0xff00ff'],
  ['field lvt masked', 'APIC_EILVT_MASKED=1<<16'],
  ['number value for an EOI', 'APIC_EOI_ACK=0'],
  ['number all CPUs of a flat logical destination', 'APIC_ALL_CPUS=0xffu'],
  [
    'number mask of the highest index in a physical ID table',
    'AVIC_PHYSICAL_MAX_INDEX_MASK=GENMASK_ULL(8,0);6.1~to~6.16~(11:0~in~7.1)',
  ],
  ['field x2apic-api USE_32BIT_IDS', 'KVM_X2APIC_API_USE_32BIT_IDS=1ull<<0'],
  ['field x2apic-api DISABLE_BROADCAST_QUIRK', 'KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK=1ull<<1'],
  ['number bit of pending_events', 'KVM_APIC_INIT=0 KVM_APIC_SIPI=1'],
  ['number GSI', 'RTC_GSI=8'],
];

function role(text: string): MacroRole {
  const [kind, ...rest] = text.split(' ');
  switch (kind) {
    case 'field':
      return { kind, format: rest[0], field: rest[1] };
    case 'mask':
      return rest[1] ? { kind, format: rest[0], field: rest[1] } : { kind, format: rest[0] };
    case 'word':
      return { kind, format: rest[0] };
    case 'register':
    case 'vector':
      return { kind };
    default:
      return { kind: 'number', what: rest.join(' ') };
  }
}

function entry(text: string, of: MacroRole): Macro {
  const [, name, params, body, kernels] = /^(\w+)(?:\(([\w,]*)\))?=([^;]*)(?:;(.*))?$/.exec(text)!;
  return {
    name,
    body,
    role: of,
    ...(params === undefined ? {} : { params: params.split(',') }),
    ...(kernels ? { kernels: kernels.replaceAll('~', ' ') } : {}),
  };
}

let table: Map<string, Macro> | undefined;

/** The kernel macro of that name, or undefined. The table is built at the first question. */
export function macro(name: string): Macro | undefined {
  table ??= new Map(
    groups.flatMap(([of, names]) => {
      const shared = role(of);
      return names.split(' ').map(text => [text.slice(0, text.search(/\W/)), entry(text, shared)] as const);
    }),
  );
  return table.get(name);
}

/** Every macro, for documentation and completion. */
export function macros(): readonly Macro[] {
  macro('');
  return [...table!.values()];
}
