/** What an action came to, in a sentence. */
import type { ReaderSearch } from '../extension/session/protocol.ts';
import { t } from './l10n.ts';
import type { Halt } from './play.ts';

export function halted(halt: Halt): string {
  switch (halt) {
    case 'end':
      return t('End of the run.');
    case 'trouble':
      return t('Stopped at a trouble.');
    case 'breakpoint':
      return t('Stopped at a breakpoint.');
  }
}

/** What came of "when is this next read?". */
export function searched({ fields, outcome, from, recorded, to }: ReaderSearch): string {
  const what = fields.length > 1 ? t('this vector') : fields[0];
  switch (outcome) {
    case 'recorded':
      return t('Step {0} reads {1}.', to, what);
    case 'ahead':
      return t('No recorded step read {0}: the run went on to step {1}, which does.', what, to);
    case 'stopped':
      return t('No step read {0}: the run went on and was stopped at step {1}.', what, to);
    case 'none':
      return to > recorded
        ? t(
            'No step reads {0}: the run was looked through up to step {1}. You are at step {2} as before.',
            what,
            to,
            from,
          )
        : t('No step from here to step {0} reads {1}.', to, what);
  }
}
