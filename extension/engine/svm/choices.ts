/**
 * Where AVIC and the AMD IOMMU differ by kernel version: one named choice each, with its source. VT-d and AVIC §B, races R17-R23. The
 * trees that were read are 4.19, 5.15.85, 6.3.2 (6.1), 6.13.7 (6.12), 6.16.1 and 7.1.5.
 */
import type { Choice } from '../choices.ts';

export interface AvicChoices {
  readonly deliveryOrder: 'APICv first' | 'IRR first';
  readonly doorbellWhen: 'IsRunning' | 'IN_GUEST_MODE';
  readonly gaLogIntr: 'always' | 'while blocking';
  readonly gaLogOverflow: 'logging stops' | 'logging restarts';
  readonly gaTagBits: 8 | 9 | 12;
  readonly hostIdBits: 8 | 12;
  readonly maxX2avicId: number;
  readonly idTooBig: 'creation fails' | 'APICv inhibited';
  readonly hidesIsRunning: boolean;
  readonly x2apicGuest: 'inhibits' | 'hybrid';
}

export const AVIC_CHOICES: { readonly [K in keyof AvicChoices]: Choice<AvicChoices[K]> } = {
  deliveryOrder: {
    doc: 'svm_deliver_interrupt sets IRR before it reads apicv_active, or after.',
    source: 'R20: 66fa226c131f, 30811174f0db (5.17)',
    from: { '2013': 'APICv first', '6.1': 'IRR first' },
  },
  doorbellWhen: {
    doc: 'A doorbell is rung when the table entry says IsRunning, or when vcpu->mode is IN_GUEST_MODE.',
    source: 'R23: 31f251d4ddfa (5.17)',
    from: { '2013': 'IsRunning', '6.1': 'IN_GUEST_MODE' },
  },
  gaLogIntr: {
    doc: 'IRTEs ask for a GA log entry always, or only while the vCPU blocks.',
    source: 'VT-d and AVIC §B6',
    from: { '2013': 'always', '7.1': 'while blocking' },
  },
  gaLogOverflow: {
    doc: 'What happens when the GA log is full.',
    source: 'R22: af47b0a24058 (6.4)',
    from: { '2013': 'logging stops', '6.12': 'logging restarts' },
  },
  gaTagBits: {
    doc: 'Bits of the vCPU in a GA tag.',
    source: 'VT-d and AVIC §B6; 7.1 puts the index of the vCPU there, older kernels its ID',
    from: { '2013': 8, '6.1': 9, '7.1': 12 },
  },
  hostIdBits: {
    doc: 'Bits of the host APIC ID in a physical ID table entry.',
    source: 'VT-d and AVIC §B1',
    from: { '2013': 8, '5.15': 12 },
  },
  maxX2avicId: {
    doc: 'Highest vCPU ID with x2AVIC; 7.1 has 0xfff on processors with X2AVIC_EXT.',
    source: 'VT-d and AVIC §B1',
    from: { '2013': 0xfe, '6.1': 0x1ff },
  },
  idTooBig: {
    doc: 'A vCPU ID above the limit: creation fails, or APICv is inhibited (PHYSICAL_ID_TOO_BIG).',
    source: 'VT-d and AVIC §B1',
    from: { '2013': 'creation fails', '7.1': 'APICv inhibited' },
  },
  hidesIsRunning: {
    doc: 'Erratum 1235: on families 17h and 18h the table never shows IsRunning (enable_ipiv = 0).',
    source: 'R19: 8de4a1c8164e, d921665e01ba (6.17)',
    from: { '2013': false, '7.1': true },
  },
  x2apicGuest: {
    doc: 'A guest in x2APIC mode on a processor without x2AVIC inhibits AVIC, or keeps the doorbell (hybrid mode).',
    source: 'VT-d and AVIC §B5; APICv inhibits of 5.15',
    from: { '2013': 'inhibits', '6.1': 'hybrid' },
  },
};
