import { commands, Disposable, debug, type WebviewPanel, workspace } from 'vscode';
import type { ToWebview } from '../session/protocol.ts';

/** Set between a motion that the inspector asked for and the return of the keyboard; package.json binds keys to it. */
const AWAY = 'irqscope.keyboardAway';

/** Milliseconds after which a theft that did not happen is no longer expected. */
const PATIENCE = 3000;

/** Milliseconds in which the keyboard is back for certain. What VS Code says of the panel's state may be older than that. */
const RETURN = 500;

/**
 * VS Code gives the keyboard to the editor whenever a debug session stops (`debug.focusEditorOnBreak`): who steps in the inspector
 * would type the second step into the scenario. So the inspector takes the keyboard back, and what is typed on the way means
 * the same, by keys that package.json binds to `irqscope.tellInspector` in that time.
 */
export class KeyboardKeeper {
  readonly #watch: Disposable;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(panel: WebviewPanel) {
    this.#watch = Disposable.from(
      debug.onDidChangeActiveStackItem(() => {
        if (this.#timer === undefined) return;
        panel.reveal(panel.viewColumn, false);
        void panel.webview.postMessage({ type: 'takeKeyboard' } satisfies ToWebview);
        this.#releaseAfter(RETURN);
      }),
      panel.onDidChangeViewState(() => {
        if (!panel.visible) this.release();
      }),
    );
  }

  /** To be called before a motion that the user asked for in the inspector: there the keyboard is. */
  expectTheft(): void {
    if (workspace.getConfiguration('debug').get('focusEditorOnBreak') === false) return;
    this.#releaseAfter(PATIENCE);
    void commands.executeCommand('setContext', AWAY, true);
  }

  /** The keyboard may go where the user sends it. */
  release(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    void commands.executeCommand('setContext', AWAY, false);
  }

  dispose(): void {
    this.release();
    this.#watch.dispose();
  }

  #releaseAfter(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.release(), milliseconds);
  }
}
