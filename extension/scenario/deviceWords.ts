/** The words about devices, the IOMMU and the guest's kernel with what they mean; part of the tables in `words.ts`. */
type Words = Readonly<Record<string, string>>;

/** What is said of a device before the first action. */
export const DEVICE_CLAUSES = {
  irte: 'Index of its entry in the interrupt remapping table: `irte 5`. Without it the first device has 1, the next 2.',
  posted: 'Assigned to the guest, and its interrupt is posted: `posted to vcpu 2 vector 0x41`.',
  assigned: 'Assigned to the guest with this MSI, posted or not as KVM decides: `assigned fixed 0x41 to logical 0x3`.',
  remapped: 'A device of the host: `remapped to cpu 0 vector 0x31`. `device nic: assign` gives it to the guest.',
  host: 'Where the host wants the interrupt while the entry is remapped: `host cpu 1 vector 0x31`.',
  source: 'Its requester ID, 16 bits: `source 0x0100`.',
} as const satisfies Words;

export const DEVICE_ACTIONS = {
  interrupt: 'The device signals its interrupt through its own entry: `device nic: interrupt`.',
  request: 'The device writes any message to the IOMMU: `device nic: request 0xfee000b8 0x0000`.',
  route: 'The guest programs the MSI of the device, and the VMM sets the route: `device nic: route fixed 0x42 to 3`.',
  connect: 'The VMM gives one eventfd to VFIO and KVM: the bypass is connected.',
  unbind: 'VFIO gives the interrupt up: the entry is remapped, then the host interrupt is freed.',
} as const satisfies Words;

/** What the guest's kernel finds; no word for what is usual. */
export const GUEST_FEATURES = {
  'no-x2apic': 'CPUID offers no x2APIC, or `nox2apic` was given.',
  'bare-metal': 'No hypervisor that vouches for x2APIC without interrupt remapping.',
  'ext-dest-id': 'The hypervisor offers the extended destination ID (KVM feature bit 15).',
  'remapping-xapic': 'Interrupt remapping with 8-bit IDs.',
  'remapping-x2apic': 'Interrupt remapping with 32-bit IDs.',
  'claims-ioapic': 'The IOAPIC is in the scope of the remapping unit.',
  'claims-hpet': 'The HPET is in the scope of the remapping unit.',
} as const satisfies Words;

export const GUEST_ACTIONS = {
  boot: '`try_to_enable_x2apic`, then every CPU that has a valid APIC ID comes up.',
  find: 'A device looks for its parent irq domain: `guest: find ioapic`, `guest: find hpet`.',
  compose: 'Composes an MSI for an APIC ID, and the VMM makes a route of it: `guest: compose 0x31 to 0x105`.',
  signal: 'The VMM passes the composed message to KVM (`KVM_SIGNAL_MSI`).',
} as const satisfies Words;

export const FINDERS = {
  ioapic: 'The IOAPIC with ID 0.',
  hpet: 'The HPET with ID 0.',
} as const satisfies Words;

/** Rules that differ from those of the kernel version: what a patch or a mail proposed. */
export const CHOICES = {
  'blocked-irte': 'IRTEs of a vCPU that sleeps: `posted` (merged), or `remapped` as a mail of 2015 expected.',
  'redirection-hint': 'MSI address bit 3: `ignored` (2013), `proposed` (a patch of 2015) or `merged`.',
} as const satisfies Words;

export const CHOICE_VALUES = {
  'blocked-irte': ['posted', 'remapped'],
  'redirection-hint': ['ignored', 'proposed', 'merged'],
} as const satisfies Readonly<Record<keyof typeof CHOICES, readonly string[]>>;
