import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from './l10n.ts';

export interface ProfileMenuProps {
  /** Undefined until the host has answered. */
  readonly labels: readonly string[] | undefined;
  /** The profile that is shown beside now. */
  readonly chosen: string | undefined;
  readonly onChoose: (label: string | undefined) => void;
  readonly onClose: () => void;
}

/** Lets the user choose under which other profile the present moment is shown. */
export function ProfileMenu({ labels, chosen, onChoose, onClose }: ProfileMenuProps): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current!.showModal();
  }, []);
  return (
    <dialog class="help profiles" ref={dialog} aria-labelledby="profiles-title" onClose={onClose}>
      <form method="dialog" class="bar">
        <h2 id="profiles-title">{t('This moment under another profile')}</h2>
        <span class="spring" />
        <button type="submit" class="link">
          {t('close')}
        </button>
      </form>
      {labels?.length === 0 && (
        <p>{t('There is no other profile: a race, or a page of its own, has only what it shows.')}</p>
      )}
      <ul>
        {labels?.map(label => (
          <li key={label}>
            <button
              type="button"
              class="link"
              aria-pressed={label === chosen}
              onClick={() => {
                dialog.current!.close();
                onChoose(label === chosen ? undefined : label);
              }}
            >
              {label}
              {label === chosen && ` ✓ ${t('(choose again to close)')}`}
            </button>
          </li>
        ))}
      </ul>
    </dialog>
  );
}
