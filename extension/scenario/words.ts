/** The words of the language with what they mean: parser, completion, hover and documentation read the same tables. */
export type Words = Readonly<Record<string, string>>;

export const STATEMENTS = {
  include:
    'The machine that another scenario describes, with its names and restated operations: `include "machine.irq"`.',
  machine: 'Begins the description of the machine: `machine intel` or `machine amd`.',
  kernel: 'The behaviour profile: a kernel version whose rules apply, for example `kernel 6.16`.',
  vcpus: 'How many vCPUs there are, numbered from 0, and the mode of their local APICs: `vcpus 4 x2apic`.',
  cpus: 'How many physical CPUs there are, numbered from 0; without it, as many as needed.',
  host: 'APIC mode of the host, which decides the format of NDST: `host x2apic` or `host xapic`.',
  with: 'Features of the machine: `with apicv ipiv vtd-posting`.',
  vcpu: 'Where a vCPU is before the first action (`vcpu 1 blocked on cpu 1`), or what it does (`vcpu 1: eoi`).',
  msi: 'An MSI arrives at KVM: `msi 0xfee01000 0x0041` (address, data) or `msi fixed 0x41 to 1`.',
  cpu: 'What reaches a physical CPU: `cpu 1: interrupt 0xf2`.',
  device:
    'A device behind the IOMMU (`device nic posted to vcpu 2 vector 0x41`), or what it does (`device nic: interrupt`).',
  pin: "An entry of KVM's IOAPIC at the start: `pin 4 fixed 0x31 to 1 level`, or all its bits: `pin 4 0x0100000000008031`.",
  irqfd:
    'An eventfd of the VMM that raises a GSI (`irqfd 0 gsi 4 resample`), or what happens to it (`irqfd 0: signal`).',
  gsi: 'The VMM moves an interrupt line (KVM_IRQ_LINE): `gsi 4 up` or `gsi 4 down`.',
  guest: "What the guest's kernel finds (`guest ext-dest-id`), or what it does (`guest: boot`).",
  choose: 'A rule that differs from those of the kernel version: `choose blocked-irte remapped`.',
  assign: 'A device is assigned to the VM while it runs: `assign device`.',
  inhibit: 'KVM stops APICv or AVIC for a reason: `inhibit HYPERV`.',
  uninhibit: 'The reason goes: `uninhibit HYPERV`.',
  let: 'A name, in capitals, for a value: `let TARGET = 2`. It may stand wherever the value could.',
  section:
    'Begins a test of its own, from the start that the machine describes: `section a blocked target`. What stands above the first section is done at the beginning of each.',
  repeat: 'What follows, up to `end`, happens so many times: `repeat 3`.',
  end: 'Ends what `repeat` began.',
  expect: 'What must hold now: `expect vcpu 2: irr has 0x41, pid.on 0` or `expect no exit on vcpu 1`.',
} as const satisfies Words;

/** Statements around races; see docs/scenario-language.md. */
export const RACE_STATEMENTS = {
  operation:
    'Writes down an operation step by step, instead of the one that the engine has: `operation vmx_vcpu_pi_put(vcpu, blocking) {`.',
  shared: 'Variables in memory that all agents see: `shared sleeping, cond = 1, count[4]`.',
  list: 'Lists of small numbers that all agents see: `list wakeup_list`.',
  variant:
    'A way to read the scenario, and what exploring it must show: `variant before broken`, `variant after holds`.',
  memory: '`memory tso`: plain stores wait in store buffers while a race runs, as on x86; `memory sc`: they do not.',
  invariants:
    'Leaves out what the engine itself asks after every step of a race: `invariants off`, `invariants without asleep-with-work`.',
  race: 'Agents that act at the same time follow, one statement a line: `a: vcpu 0: ipi fixed 0x41 to 2`.',
  always: 'Must hold after every step, of the race or, without one, of the section: `always vcpu 1: pid.sn 0`.',
  never: 'Must not hold after any step: `never exit on vcpu 1`.',
  finally: 'Must hold when nobody can do anything more: `finally vcpu 2 takes 0x41`.',
  eventually: 'Must hold at the latest after so many steps of an agent: `eventually within 20 of a (x == 1)`.',
} as const satisfies Words;

export const VENDORS = {
  intel: 'Intel VMX: APICv, posted interrupts, VT-d.',
  amd: 'AMD SVM: AVIC.',
} as const satisfies Words;

export const MODES = {
  xapic: 'Memory-mapped local APIC with 8-bit IDs.',
  x2apic: 'Local APIC in MSRs with 32-bit IDs.',
} as const satisfies Words;

export const VCPU_MODES = {
  ...MODES,
  disabled: 'IA32_APICBASE.EN = 0: the vCPU has no local APIC.',
} as const satisfies Words;

export const SWITCH = {
  off: 'RFLAGS.IF = 0: no interrupt is taken.',
  on: 'RFLAGS.IF = 1.',
} as const satisfies Words;

export const FEATURES = {
  apicv: 'Intel APICv: register virtualization, virtual-interrupt delivery and posted interrupts.',
  ipiv: 'Intel IPI virtualization: the processor itself posts simple IPIs. Needs `apicv` and Linux 6.0.',
  'vtd-posting': 'A device is assigned and VT-d posts into descriptors. Needs `apicv`; not in the rules of 2013.',
  avic: 'AMD AVIC.',
  x2avic: 'AMD: AVIC in x2APIC mode as well. Needs `avic`.',
  'erratum-1235': 'AMD family 17h or 18h: the processor may not see in time that IsRunning was cleared.',
  'halt-polling': 'KVM polls once for a reason to run before the thread of a halted vCPU sleeps.',
  'hlt-in-guest': 'KVM_CAP_X86_DISABLE_EXITS with HLT: the guest halts without leaving guest mode.',
  'split-irqchip': 'PIC and IOAPIC in user space; the local APICs stay in the kernel.',
  'no-vector-hashing': 'kvm.ko parameter vector_hashing=0: the lowest priority goes round by arbitration priority.',
  '32bit-ids': 'KVM_CAP_X2APIC_API flag USE_32BIT_IDS: the high half of an MSI address holds destination bits 31:8.',
  'no-broadcast-quirk': 'KVM_CAP_X2APIC_API flag DISABLE_BROADCAST_QUIRK: 0xff is no broadcast for x2APIC.',
} as const satisfies Words;

export const STATES = {
  running: 'In guest mode on its CPU.',
  exited: 'On its CPU in KVM: mode OUTSIDE_GUEST_MODE.',
  preempted: 'Runnable but off its CPU.',
  blocked: 'Halted and asleep in kvm_vcpu_block.',
  offline: 'Created but never run: it waits for INIT and SIPI.',
} as const satisfies Words;

export const REGISTERS = {
  tpr: 'Task priority, 8 bits.',
  irr: 'Vectors that are requested: `irr 0x31 0x55`.',
  isr: 'Vectors that are in service.',
  tmr: 'Vectors that are level-triggered.',
  id: 'Local APIC ID register, 32 bits; the xAPIC ID stands in bits 31:24.',
  ldr: 'Logical destination register, 32 bits; the xAPIC logical ID stands in bits 31:24.',
  dfr: 'Destination format register: 0xffffffff flat, 0x0fffffff cluster.',
  svr: 'Spurious vector register: bit 8 = enabled. Without it, 0x1ff.',
  l2: 'The vCPU runs a guest of its guest; the vector is the notification vector in vmcs12: `l2 0xf0`.',
  vmcb12:
    'AMD: the vCPU runs a guest of its guest; int_ctl and int_vector of vmcb12, without V_INTR_MASKING: `vmcb12 0x00010100 0x51`.',
  apic: "Mode of this vCPU's local APIC where it differs: `apic xapic`, `apic x2apic` or `apic disabled`.",
  interrupts: 'RFLAGS.IF of the guest: `interrupts off` or `interrupts on`.',
} as const satisfies Words;

export const ACTIONS = {
  icr: 'The guest writes its interrupt command register: `icr 0x00000001000000fd`.',
  ipi: 'The same by name: `ipi fixed 0xfd to 1`.',
  enter: 'VM entry, on the CPU of its last run or `on cpu 2`.',
  exit: 'A VM exit that has nothing to do with interrupts; the thread stays in KVM until `enter`.',
  block: 'The guest executes HLT.',
  preempt: 'The thread is preempted: it is off its CPU but runnable.',
  eoi: 'The guest ends the interrupt of highest priority in service.',
  tpr: 'The guest writes its task priority: `tpr 0x50`.',
  cr8: 'The guest moves a task-priority class (0 to 15) to CR8: `cr8 5`.',
  write: 'The guest writes a register of its APIC page (xAPIC mode): `write APIC_EOI 0`.',
  wrmsr: 'The guest writes an x2APIC MSR: `wrmsr APIC_SELF_IPI 0x41` or `wrmsr 0x83f 0x41`.',
  read: 'The guest reads a register of its APIC page (xAPIC mode): `read APIC_TASKPRI`.',
  rdmsr: 'The guest reads an x2APIC MSR: `rdmsr APIC_TASKPRI` or `rdmsr 0x808`.',
  ioapic:
    'The guest writes a pin of the IOAPIC (`ioapic pin 4 fixed 0x31 to 1 level`), or writes or reads a register: `ioapic write 0x18 0x8031`.',
  'pv-ipi':
    'The guest calls KVM_HC_SEND_IPI: `pv-ipi fixed 0xfd to 1 2`, or with its arguments: `pv-ipi 0x6 0 0 0xfd`.',
  lvt: "A source of the vCPU's local vector table signals, and KVM delivers its entry: `lvt APIC_LVTT`.",
  mwait: 'The guest executes MWAIT.',
  userspace: '`KVM_RUN` returns to user space; `enter` calls it again.',
  cli: 'The guest disables interrupts (RFLAGS.IF = 0).',
  sti: 'The guest enables interrupts (RFLAGS.IF = 1).',
} as const satisfies Words;

export const CPU_ACTIONS = {
  interrupt: 'A physical interrupt reaches the local APIC of this CPU: `cpu 1: interrupt 0xf2`.',
} as const satisfies Words;

export const LINE_LEVELS = {
  up: 'The line is asserted; a level-triggered one stays so until it goes down.',
  down: 'The line is not asserted.',
} as const satisfies Words;

/** Behind the message of a redirection entry. */
export const PIN_FLAGS = {
  level: 'Level-triggered: Remote IRR until the EOI. Without it, edge.',
  masked: 'The pin sends nothing.',
} as const satisfies Words;

/** Behind `ioapic`. */
export const IOAPIC_ACCESSES = {
  pin: 'The entry of a pin: the high word first, then the low word, as Linux does: `pin 4 fixed 0x31 to 1 level`.',
  write: 'IOREGSEL, then IOWIN: `write 0x18 0x8031` is the low word of pin 4.',
  read: 'IOREGSEL, then IOWIN: `read 0x18`.',
} as const satisfies Words;

export const IRQFD_ACTIONS = {
  signal: 'The eventfd is signalled; with `resample`, the GSI stays up until the EOI.',
  assign: 'The VMM binds the eventfd to a GSI (KVM_IRQFD): `assign gsi 5 resample`.',
  deassign: 'The VMM takes it away again: `deassign gsi 5`.',
} as const satisfies Words;

/** Entries of the local vector table by the names of apicdef.h, in the order of their offsets. */
export const LVT_ENTRIES = {
  APIC_LVTT: 'The APIC timer.',
  APIC_LVTTHMR: 'The thermal sensor.',
  APIC_LVTPC: 'A performance counter overflows (PMI); Intel masks the entry then.',
  APIC_LVT0: 'Pin LINT0.',
  APIC_LVT1: 'Pin LINT1.',
  APIC_LVTERR: 'The APIC has found an error.',
} as const satisfies Words;

export const ASSIGNED = {
  device: 'VT-d posts for the VM from now on (kvm_arch_start_assignment).',
} as const satisfies Words;

export const DELIVERY_MODES = {
  fixed: 'Fixed (000): every addressed APIC gets the vector.',
  lowest: 'Lowest priority (001): one of the addressed APICs gets the vector.',
  smi: 'SMI (010); no vector.',
  nmi: 'NMI (100); no vector.',
  init: 'INIT (101), level assert; no vector.',
  startup: 'Start-up (110); the vector is the start page.',
} as const satisfies Words;

export const SHORTHANDS = {
  self: 'The sender alone.',
  all: 'Every APIC, with the sender.',
  'all-but-self': 'Every APIC except the sender.',
} as const satisfies Words;

export const EVENTS = {
  exit: '`exit on vcpu 1`: it has left guest mode since the last `expect`.',
  notification: '`notification to vcpu 2`: a notification interrupt was sent for it.',
  'wake-up': '`wake-up of vcpu 2`: its blocked thread was woken.',
} as const satisfies Words;

/** What a run has passed through since the last `expect`. */
export const CALLS = {
  call: '`call of pi_wakeup_handler`: a step lies in this kernel function.',
  trace: '`trace kvm_apicv_accept_irq`: the trace event was written.',
} as const satisfies Words;

/** The preposition between an event and its vCPU. */
export const EVENT_PREPOSITION = { exit: 'on', notification: 'to', 'wake-up': 'of' } as const;

/** The small words between the others. */
export const GLUE = {
  ':': 'What follows is what the vCPU does, or what its fields must be.',
  ',': 'Another condition follows.',
  '=': 'The value follows.',
  on: 'Names the CPU or the vCPU.',
  to: 'Names the destination.',
  of: 'Names the vCPU.',
  cpu: 'Number of a physical CPU.',
  vcpu: 'Number of a vCPU.',
  vector: 'A vector follows.',
  device: 'Name of a device.',
  iommu: 'The IOMMU.',
  guest: "The guest's kernel.",
  pin: 'Number of a pin of the IOAPIC.',
  gsi: 'Number of an interrupt line.',
  resample: 'Raised until the EOI, which signals the resamplefd.',
  logical: 'A logical destination follows, not an APIC ID.',
  no: 'It must not have happened since the last `expect`.',
  not: 'The opposite.',
  has: 'Every vector that follows is in the set.',
  lacks: 'No vector that follows is in the set.',
  is: 'The field has this value.',
  takes: 'This vector has been delivered through the IDT of the guest since the last `expect`.',
  nothing: 'No vector has been delivered since the last `expect`.',
  does: '`does not take`: this vector has not been delivered since the last `expect`.',
  take: '`does not take`: this vector has not been delivered since the last `expect`.',
} as const satisfies Words;

/** Modes whose vector field means nothing. */
export const WITHOUT_VECTOR: readonly string[] = ['smi', 'nmi', 'init'];

export function keys<T extends Words>(words: T): readonly (keyof T & string)[] {
  return Object.keys(words);
}

export function isKey<T extends Words>(words: T, word: string): word is keyof T & string {
  return Object.hasOwn(words, word);
}
