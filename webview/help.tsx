import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { BINDINGS, keyName } from './keys.ts';
import { GLYPHS } from './timelineCanvas.ts';

export function Help({ onClose }: { readonly onClose: () => void }): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current!.showModal();
  }, []);
  return (
    <dialog class="help" ref={dialog} aria-labelledby="help-title" onClose={onClose}>
      <form method="dialog" class="bar">
        <h2 id="help-title">Keys</h2>
        <span class="spring" />
        <button type="submit" class="link">
          close
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
      <p>While a debug session runs, the keys of the editor (F5, F10, F11 …) work here as well.</p>
      <h2>Who wrote this?</h2>
      <p>
        A click on a field, or <kbd>↓</kbd> <kbd>↑</kbd> and <kbd>Enter</kbd> in a card, goes back to the last step that
        changed it; in the vector grid <kbd>Enter</kbd> or a double click, to the last step that moved that vector.
      </p>
      <h2>Vector grid</h2>
      <p>
        Row = high digit of the vector, column = low digit. <b>P</b> set in PIR, <b>R</b> requested in IRR, <b>S</b> in
        service in ISR; an underline marks TMR (level). A frame marks what the step changed, a struck letter what it
        cleared. The arrows walk the grid.
      </p>
      <h2>Timeline</h2>
      <p>
        One column per step, one lane per agent; a letter is a mark:{' '}
        {GLYPHS.map(([mark, glyph]) => (
          <span key={mark}>
            <b>{glyph}</b> {mark},{' '}
          </span>
        ))}
        <b>•</b> other. The arrows, Page Up, Page Down, Home and End move; <kbd>+</kbd> and <kbd>-</kbd> zoom.
      </p>
    </dialog>
  );
}
