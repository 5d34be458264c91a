/** Where KVM's bypass of assigned interrupts differs by kernel version: one named choice each, with its source. VT-d and AVIC §A6, §A7. */
import type { Choice } from '../choices.ts';

export interface BypassChoices {
  readonly bypass: 'none' | 'irq-bypass';
  readonly blockedIrte: 'posted' | 'remapped';
  readonly identicalRoute: 'programmed again' | 'skipped';
  readonly remappedStays: 'programmed again' | 'skipped';
}

export const BYPASS_CHOICES: { readonly [K in keyof BypassChoices]: Choice<BypassChoices[K]> } = {
  bypass: {
    doc: 'Assigned interrupts go through the host always, or are posted where they can be.',
    source: 'posted interrupts §13: no VT-d posting in KVM in 2013, in 4.19',
    from: { '2013': 'none', '4.19': 'irq-bypass' },
  },
  blockedIrte: {
    doc: 'While a vCPU sleeps, the entries of its devices stay posted and NV becomes the wake-up vector, or they are remapped and the eventfd wakes it.',
    source:
      'VT-d and AVIC §A7: merged (4.19 has it); "remapped" is what a mail of 2015-06-24 expected and no kernel does',
    from: { '2013': 'posted' },
  },
  identicalRoute: {
    doc: 'A GSI route is set again to what it was.',
    source: 'VT-d and AVIC §A6, case I12',
    from: { '2013': 'programmed again', '7.1': 'skipped' },
  },
  remappedStays: {
    doc: 'An entry that is remapped and has to stay so.',
    source: 'VT-d and AVIC §A6: kvm_pi_update_irte of 7.1',
    from: { '2013': 'programmed again', '7.1': 'skipped' },
  },
};
