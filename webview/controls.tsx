/** The only module that knows @vscode/webview-ui-toolkit: its replacement is a change of this file. */
import { provideVSCodeDesignSystem, vsCodeButton } from '@vscode/webview-ui-toolkit';
import { type ComponentChildren, h, type VNode } from 'preact';

provideVSCodeDesignSystem().register(vsCodeButton());

export interface ButtonProps {
  /** What it does, with its key: tooltip and accessible name. */
  readonly title: string;
  readonly onClick: () => void;
  readonly children: ComponentChildren;
  /** Stays focusable, so that the keyboard does not fall off the toolbar at the last step. */
  readonly inert?: boolean;
  /** The button opens a menu, which takes the keyboard. (The toolkit's element has no role of its own that could be "expanded".) */
  readonly opensMenu?: boolean;
  readonly opensDialog?: boolean;
  /** It is switched on. (Its title says so as well: the toolkit's element has no role that could be "pressed".) */
  readonly pressed?: boolean;
  /** -1 takes it out of the tab order (roving tabindex). */
  readonly tabIndex: 0 | -1;
}

export function IconButton({
  title,
  onClick,
  children,
  inert = false,
  opensMenu = false,
  opensDialog = false,
  pressed = false,
  tabIndex,
}: ButtonProps): VNode {
  const attributes = {
    appearance: 'icon',
    class: [inert && 'inert', pressed && 'pressed'].filter(Boolean).join(' '),
    title,
    tabindex: tabIndex,
    'aria-label': title,
    'aria-disabled': String(inert),
    ...(opensDialog ? { 'aria-haspopup': 'dialog' } : {}),
    ...(opensMenu ? { 'aria-haspopup': 'menu' } : {}),
    onClick: () => {
      if (!inert) onClick();
    },
  };
  return h('vscode-button', attributes as object, children);
}
