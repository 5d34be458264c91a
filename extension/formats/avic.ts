import { type Format, reserved } from './format.ts';

const SVM = 'arch/x86/include/asm/svm.h';
const note = 'reserved in every kernel read';

export const avicPhysical: Format = {
  id: 'avic-physical',
  title: 'AVIC physical APIC ID table entry',
  width: 64,
  fields: [
    { name: 'host_physical_id', hi: 11, lo: 0, doc: 'host APIC ID for the doorbell; 8 bits in 4.19', kind: 'id' },
    { name: 'backing_page', hi: 51, lo: 12, doc: 'vAPIC backing page', kind: 'address', shift: 12 },
    { ...reserved(60, 52, note), severity: 'warning' },
    { name: 'ga_log_intr', hi: 61, lo: 61, doc: 'KVM’s own flag in 7.1; never in the hardware table' },
    { name: 'is_running', hi: 62, lo: 62, doc: 'IsRunning', values: { 0: 'not running', 1: 'running' } },
    { name: 'valid', hi: 63, lo: 63, doc: 'valid', values: { 0: 'not valid', 1: 'valid' } },
  ],
  checks: [
    {
      id: 'not-valid',
      severity: 'warning',
      when: [['valid', 'in', 0]],
      text: 'not valid: an IPI to this ID exits with INVALID_TARGET and KVM sends it',
      source: `${SVM}; KVM avic_incomplete_ipi_interception`,
    },
  ],
  source: SVM,
};

export const avicLogical: Format = {
  id: 'avic-logical',
  title: 'AVIC logical APIC ID table entry',
  width: 32,
  fields: [
    { name: 'guest_physical_id', hi: 7, lo: 0, doc: 'guest physical APIC ID', kind: 'id' },
    { ...reserved(30, 8, note), severity: 'warning' },
    { name: 'valid', hi: 31, lo: 31, doc: 'valid', values: { 0: 'not valid', 1: 'valid' } },
  ],
  source: SVM,
};

export const avicIncompleteIpi: Format = {
  id: 'avic-ipi',
  title: 'AVIC incomplete IPI, exit_info_2',
  width: 64,
  fields: [
    { name: 'index', hi: 8, lo: 0, doc: 'table index; the mask is 0x1ff in 6.16, 0xfff in 7.1', kind: 'id' },
    reserved(31, 9, 'not used', 'ignored'),
    {
      name: 'id',
      hi: 63,
      lo: 32,
      doc: 'why the IPI was not completed',
      values: {
        0: 'INVALID_INT_TYPE: KVM sends it',
        1: 'TARGET_NOT_RUNNING: IRR already set, KVM wakes the targets',
        2: 'INVALID_TARGET: KVM sends it',
        3: 'INVALID_BACKING_PAGE: KVM warns',
        4: 'INVALID_IPI_VECTOR: ignored',
      },
    },
  ],
  source: 'KVM avic_incomplete_ipi_interception',
};

/** GATag layouts: the vCPU part grew with the table size. */
function gaTag(id: string, kernels: string, bits: number): Format {
  return {
    id,
    title: `GATag, Linux ${kernels}`,
    width: 32,
    fields: [
      { name: 'vcpu', hi: bits - 1, lo: 0, doc: 'vCPU ID, in 7.1 its index', kind: 'id' },
      { name: 'vm', hi: 31, lo: bits, doc: 'VM ID; 0 is never used', kind: 'id' },
    ],
    source: 'arch/x86/kvm/svm/avic.c, AVIC_GATAG',
  };
}

export const gaTag8 = gaTag('ga-tag-8', '4.19 to 5.15', 8);
export const gaTag9 = gaTag('ga-tag', '6.3 to 6.16', 9);
export const gaTag12 = gaTag('ga-tag-12', '7.1', 12);

export const gaLogEntry: Format = {
  id: 'ga-log',
  title: 'GA log entry',
  width: 64,
  fields: [
    { name: 'ga_tag', hi: 31, lo: 0, doc: 'tag of the IRTE' },
    { name: 'device_id', hi: 47, lo: 32, doc: 'requester ID', kind: 'id' },
    reserved(59, 48, 'not used', 'ignored'),
    {
      name: 'type',
      hi: 63,
      lo: 60,
      doc: 'entry type',
      values: { 1: 'GA_GUEST_NR: an interrupt for a vCPU that does not run' },
    },
  ],
  source: 'drivers/iommu/amd/iommu.c, iommu_poll_ga_log',
};
