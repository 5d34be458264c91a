import type { VNode } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { type Command, keyOf } from './keys.ts';
import { t } from './l10n.ts';

/** What leaves the view, in the words of the menu; the second group is about the whole run. */
const ITEMS = (): readonly (readonly [command: Command, label: string])[] => [
  ['copy', t('Copy state as text')],
  ['copyPng', t('Copy state as PNG')],
  ['saveSvg', t('Save state as SVG…')],
  ['copyDiagram', t('Copy diagram of the run as text')],
  ['copyDiagramPng', t('Copy diagram of the run as PNG')],
  ['saveDiagramSvg', t('Save diagram of the run as SVG…')],
];
const FIRST_OF_RUN: Command = 'copyDiagram';

export interface OutMenuProps {
  readonly run: (command: Command) => void;
  /** @param refocus the keyboard goes back to the button */
  readonly onClose: (refocus: boolean) => void;
}

/**
 * Takes the keyboard when it opens; closes when another part of the page gets it. While VS Code has it the menu stays: after a step it
 * takes the keyboard for a moment, unasked.
 */
export function OutMenu({ run, onClose }: OutMenuProps): VNode {
  const menu = useRef<HTMLDivElement>(null);
  const items = () => [...menu.current!.querySelectorAll<HTMLElement>('[role=menuitem]')];
  useEffect(() => items()[0].focus(), []);
  const onKeyDown = (event: KeyboardEvent) => {
    const all = items();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const next = {
      ArrowDown: (at + 1) % all.length,
      ArrowUp: (at + all.length - 1) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (next !== undefined) all[next].focus();
    else if (event.key === 'Escape' || event.key === 'Tab') onClose(true);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onFocusOut = (event: FocusEvent) => {
    if (document.hasFocus() && !menu.current!.contains(event.relatedTarget as Node | null)) onClose(false);
  };
  return (
    <div class="menu" role="menu" aria-label={t('Take out')} ref={menu} onKeyDown={onKeyDown} onFocusOut={onFocusOut}>
      {ITEMS().map(([command, label]) => (
        <button
          key={command}
          type="button"
          role="menuitem"
          tabIndex={-1}
          class={command === FIRST_OF_RUN ? 'item other' : 'item'}
          onClick={() => {
            onClose(true);
            run(command);
          }}
        >
          <span>{label}</span>
          <kbd>{keyOf(command)}</kbd>
        </button>
      ))}
    </div>
  );
}
