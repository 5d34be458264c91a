import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { BINDINGS, keyName } from './keys.ts';
import { rich, t } from './l10n.ts';
import { GLYPHS } from './timelineCanvas.ts';

export function Help({ onClose }: { readonly onClose: () => void }): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current!.showModal();
  }, []);
  return (
    <dialog class="help" ref={dialog} aria-labelledby="help-title" onClose={onClose}>
      <form method="dialog" class="bar">
        <h2 id="help-title">{t('Keys')}</h2>
        <span class="spring" />
        <button type="submit" class="link">
          {t('close')}
        </button>
      </form>
      <dl>
        {BINDINGS.map(({ keys, label }) => (
          <div key={label}>
            <dt>
              {keys.map(key => (
                <kbd key={key}>{keyName(key)}</kbd>
              ))}
            </dt>
            <dd>{label}</dd>
          </div>
        ))}
      </dl>
      <p>{t('While a debug session runs, the keys of the editor (F5, F10, F11 …) work here as well.')}</p>
      <h2>{t('Who wrote this?')}</h2>
      <p>
        {rich(
          'A click on a field, or {0} {1} and {2} in a card, goes back to the last step that changed it; in the vector grid {2} or a double click, to the last step that moved that vector.',
          <kbd>↓</kbd>,
          <kbd>↑</kbd>,
          <kbd>Enter</kbd>,
        )}{' '}
        {t('With Shift, it asks the other way: when is it next read?')}
      </p>
      <h2>{t('Other moments')}</h2>
      <p>
        {rich(
          '{0} pins this moment: wherever a later one differs, its value stands behind the present one, after {1}. {2} shows the same moment of the scenario under another kernel or vendor in the same way, and names the first step that differs. Both are a table beside the reason, and part of the text that is copied.',
          <kbd>m</kbd>,
          <b>≠</b>,
          <kbd>v</kbd>,
        )}
      </p>
      <h2>{t('Tables')}</h2>
      <p>
        {rich(
          'A button opens or closes each; {0} marks those that the step changed. The arrows walk a table, and {1} or a double click goes to the last step that changed a value. What a value means shows under the pointer and with the keyboard on it; {2} hides it.',
          <b>Δ</b>,
          <kbd>Enter</kbd>,
          <kbd>Esc</kbd>,
        )}
      </p>
      <h2>{t('Vector grid')}</h2>
      <p>
        {rich(
          'Row = high digit of the vector, column = low digit. {0} set in PIR, {1} requested in IRR, {2} in service in ISR; an underline marks TMR (level). A frame marks what the step changed, a struck letter what it cleared. The arrows walk the grid.',
          <b>P</b>,
          <b>R</b>,
          <b>S</b>,
        )}
      </p>
      <h2>{t('Timeline')}</h2>
      <p>
        {t('One column per step, one lane per agent; a letter is a mark:')}{' '}
        {GLYPHS.map(([mark, glyph]) => (
          <span key={mark}>
            <b>{glyph}</b> {mark},{' '}
          </span>
        ))}
        {rich(
          '{0} other. The arrows, Page Up, Page Down, Home and End move, as do a drag and the wheel with Shift; {1} and {2} zoom, as does the wheel with Ctrl.',
          <b>•</b>,
          <kbd>+</kbd>,
          <kbd>-</kbd>,
        )}
      </p>
    </dialog>
  );
}
