import {
  commands,
  type Disposable,
  type Event,
  type ExtensionContext,
  env,
  l10n,
  Uri,
  ViewColumn,
  type WebviewPanel,
  window,
} from 'vscode';
import { Told } from '../session/delta.ts';
import { type Answer, type Drawing, type FromWebview, parseFromWebview, type ToWebview } from '../session/protocol.ts';
import { registerExportRun } from './exportRun.ts';
import { inspectorHtml } from './inspectorHtml.ts';
import { KeyboardKeeper } from './keyboardKeeper.ts';
import { registerVcpuGlance } from './vcpuGlance.ts';

const VIEW_TYPE = 'irqscope.inspector';

/** Steps of the timeline that a view is told at once: more than any window shows. */
const MOST_STEPS = 4096;

/** What the panel shows and obeys: the run that the user steps through. */
export interface InspectorSource {
  /** The picture changed: `current` gives another answer. */
  readonly onDidChange: Event<void>;
  /** Everything that a view without memory needs: a snapshot and a timeline, or `empty`. */
  current(): readonly ToWebview[];
  /** A request of the view to move, validated: what it wants to be told or focused never arrives here. */
  handle(message: FromWebview): void;
}

/** Registers the commands and the compact view, and revives a panel that the window restores. */
export function registerInspector(context: ExtensionContext, source: InspectorSource): void {
  context.subscriptions.push(
    commands.registerCommand('irqscope.openInspector', () => openInspector(context, source)),
    commands.registerCommand('irqscope.tellInspector', message => InspectorPanel.tell(message)),
    window.registerWebviewPanelSerializer(VIEW_TYPE, {
      async deserializeWebviewPanel(panel: WebviewPanel): Promise<void> {
        InspectorPanel.show(context, source, panel);
      },
    }),
  );
  registerVcpuGlance(context, source);
  registerExportRun(context);
}

/** Shows the inspector beside the editor, without taking the keyboard from the text. */
export function openInspector(context: ExtensionContext, source: InspectorSource): void {
  InspectorPanel.show(context, source);
}

/** The one panel: a stateless picture of the source. A hidden webview is thrown away by VS Code; shown again, it asks with `ready`. */
class InspectorPanel {
  static #current: InspectorPanel | undefined;
  readonly #panel: WebviewPanel;
  readonly #source: InspectorSource;
  readonly #subscriptions: Disposable[] = [];
  /** The view listens: what is posted before that would be lost. */
  #ready = false;
  readonly #told = new Told();
  /** URI of the scenario that is shown. */
  #scenario = '';
  readonly #keyboard: KeyboardKeeper;

  static show(context: ExtensionContext, source: InspectorSource, restored?: WebviewPanel): void {
    if (InspectorPanel.#current && !restored) {
      InspectorPanel.#current.#panel.reveal(undefined, true);
      return;
    }
    const column = { viewColumn: ViewColumn.Beside, preserveFocus: true };
    const panel = restored ?? window.createWebviewPanel(VIEW_TYPE, 'IRQScope', column);
    InspectorPanel.#current = new InspectorPanel(context.extensionUri, source, panel);
  }

  /** A key meant for the inspector, typed while the keyboard was on its way back to it. */
  static tell(message: unknown): void {
    const panel = InspectorPanel.#current;
    if (panel) panel.#receive(message);
  }

  private constructor(extensionUri: Uri, source: InspectorSource, panel: WebviewPanel) {
    this.#panel = panel;
    this.#source = source;
    this.#keyboard = new KeyboardKeeper(panel);
    const root = Uri.joinPath(extensionUri, 'dist', 'webview');
    panel.onDidDispose(() => this.#dispose(), undefined, this.#subscriptions);
    panel.onDidChangeViewState(() => this.#hide(), undefined, this.#subscriptions);
    panel.webview.onDidReceiveMessage(message => this.#receive(message), undefined, this.#subscriptions);
    this.#subscriptions.push(
      this.#keyboard,
      source.onDidChange(() => this.#post()),
    );
    panel.webview.options = { enableScripts: true, localResourceRoots: [root] };
    panel.webview.html = inspectorHtml({
      script: panel.webview.asWebviewUri(Uri.joinPath(root, 'inspector.js')).toString(),
      style: panel.webview.asWebviewUri(Uri.joinPath(root, 'inspector.css')).toString(),
      source: panel.webview.cspSource,
      nonce: nonce(),
      language: env.language,
      words: l10n.bundle,
    });
  }

  #dispose(): void {
    if (InspectorPanel.#current === this) InspectorPanel.#current = undefined;
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #hide(): void {
    if (!this.#panel.visible) this.#ready = false;
  }

  #post(): void {
    if (!this.#ready) return;
    for (const message of this.#source.current()) {
      if (message.type === 'snapshot') {
        this.#panel.title = `IRQScope: ${message.snapshot.title}`;
        this.#scenario = message.snapshot.uri;
      }
      const news = this.#told.news(message);
      if (news) void this.#panel.webview.postMessage(news);
    }
  }

  #receive(data: unknown): void {
    const message = parseFromWebview(data);
    switch (message?.type) {
      case undefined:
        return;
      case 'ready':
        this.#ready = true;
        this.#told.forget();
        this.#post();
        return;
      case 'focusEditor':
        this.#keyboard.release();
        void this.#focusEditor();
        return;
      case 'timeline':
        this.#say(this.#source.timeline(message.from, Math.min(message.to, message.from + MOST_STEPS)));
        return;
      case 'revealLine':
      case 'profiles':
      case 'beside':
        this.#say(this.#source.handle(message));
        return;
      case 'move':
      case 'seek':
      case 'writer':
      case 'reader':
        this.#keyboard.expectTheft();
        this.#say(this.#source.handle(message));
    }
  }

  /** The scenario where it is open, else the group that the user came from. */
  async #focusEditor(): Promise<void> {
    const editor = window.visibleTextEditors.find(({ document }) => document.uri.toString() === this.#scenario);
    if (editor) await window.showTextDocument(editor.document, editor.viewColumn);
    else await commands.executeCommand('workbench.action.focusPreviousGroup');
  }
}

/** 128 random bits. */
function nonce(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
}
