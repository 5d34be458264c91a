import type { VNode } from 'preact';
import type { Note, Snapshot } from '../extension/session/protocol.ts';
import { t } from './l10n.ts';
import { LineLink } from './toolbar.tsx';

/** Who moves the run. A page of its own has nothing to say. */
export function Origin({ snapshot: { origin } }: { readonly snapshot: Snapshot }): VNode | null {
  if (origin === undefined) return null;
  const live = origin === 'live';
  const title = live ? t('Follows the text: it is run anew at every change') : t('A debug session steps through it');
  return (
    <span class="origin tag" title={title}>
      {live ? t('live') : t('debug session')}
    </span>
  );
}

/** A note, to be spoken. */
export const noteText = ({ line, text }: Note): string => (line === undefined ? text : t('Line {0}: {1}', line, text));

/** What stands between the run and the text as it is now. */
export function TextNote({ snapshot: { note, uri } }: { readonly snapshot: Snapshot }): VNode | null {
  if (note === undefined) return null;
  return (
    <p class="text-note">
      {note.line !== undefined && <LineLink line={note.line} uri={uri} />}
      <span>{note.text}</span>
    </p>
  );
}
