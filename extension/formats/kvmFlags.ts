import { type Field, type Format, reserved } from './format.ts';

const OFF = 'arch/x86/include/asm/kvm_host.h, enum kvm_apicv_inhibit';

function flags(names: string): Field[] {
  const list = names.split(' ');
  return [
    ...list.map((name, bit): Field => ({ name, hi: bit, lo: bit, doc: name, values: { 0: '-', 1: 'set' } })),
    { ...reserved(31, list.length, 'no such reason in this kernel'), severity: 'warning' },
  ];
}

const since63 =
  'DISABLED HYPERV ABSENT BLOCKIRQ PHYSICAL_ID_ALIASED APIC_ID_MODIFIED APIC_BASE_MODIFIED NESTED IRQWIN PIT_REINJ SEV LOGICAL_ID_ALIASED';

export const apicvInhibits: Format = {
  id: 'apicv-inhibits',
  title: 'APICv inhibit reasons, Linux 6.3 to 6.16',
  width: 32,
  fields: flags(since63),
  source: OFF,
};
export const apicvInhibits71: Format = {
  id: 'apicv-inhibits-7.1',
  title: 'APICv inhibit reasons, Linux 7.1',
  width: 32,
  fields: flags(`${since63} PHYSICAL_ID_TOO_BIG`),
  source: OFF,
};
export const apicvInhibits515: Format = {
  id: 'apicv-inhibits-5.15',
  title: 'APICv inhibit reasons, Linux 5.15',
  width: 32,
  fields: flags('DISABLE HYPERV NESTED IRQWIN PIT_REINJ X2APIC'),
  source: OFF,
};

export const x2apicApi: Format = {
  id: 'x2apic-api',
  title: 'KVM_CAP_X2APIC_API flags',
  width: 64,
  fields: [
    { name: 'USE_32BIT_IDS', hi: 0, lo: 0, doc: '32-bit IDs in MSI addr_hi and KVM_{GET,SET}_LAPIC' },
    { name: 'DISABLE_BROADCAST_QUIRK', hi: 1, lo: 1, doc: '0xff is no broadcast for x2APIC' },
    { name: 'ENABLE_SUPPRESS_EOI_BROADCAST', hi: 2, lo: 2, doc: 'directed EOI offered and honoured (7.1)' },
    { name: 'DISABLE_SUPPRESS_EOI_BROADCAST', hi: 3, lo: 3, doc: 'directed EOI neither offered nor honoured (7.1)' },
    reserved(63, 4, 'KVM_ENABLE_CAP fails with -EINVAL'),
  ],
  checks: [
    {
      id: 'exclusive',
      severity: 'error',
      when: [
        ['ENABLE_SUPPRESS_EOI_BROADCAST', 'in', 1],
        ['DISABLE_SUPPRESS_EOI_BROADCAST', 'in', 1],
      ],
      text: 'the two exclude each other: -EINVAL',
      source: 'uapi linux/kvm.h, Linux 7.1',
    },
  ],
  source: 'include/uapi/linux/kvm.h, KVM_CAP_X2APIC_API',
};
