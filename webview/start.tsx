import type { VNode } from 'preact';
import { rich, t } from './l10n.ts';

/** What stands here while there is no run. */
export function Start({ reason }: { readonly reason: string }): VNode {
  return (
    <main class="start">
      <h1>{t('IRQScope inspector')}</h1>
      <p>{reason}</p>
      <ol>
        <li>{rich('Open a scenario ({0}).', <code>.irq</code>)}</li>
        <li>{rich('Press {0}: the run stops before its first statement.', <kbd>F5</kbd>)}</li>
        <li>
          {rich(
            'Step with {0} (atomic step) or {1} (statement), back with {2}; {3} lists all keys.',
            <kbd>s</kbd>,
            <kbd>n</kbd>,
            <kbd>b</kbd>,
            <kbd>?</kbd>,
          )}
        </li>
      </ol>
    </main>
  );
}
