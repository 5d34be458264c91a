import { commands, type Disposable, type Event, EventEmitter, env, l10n, Uri, type WebviewPanel, window } from 'vscode';
import { Told } from '../session/delta.ts';
import { parseFromWebview } from '../session/parseFromWebview.ts';
import type { Drawing, FromWebview, Snapshot, TableChoice, ToWebview } from '../session/protocol.ts';
import { inspectorHtml } from './inspectorHtml.ts';
import type { InspectorSource } from './inspectorSource.ts';
import { KeyboardKeeper } from './keyboardKeeper.ts';
import { savePng, saveSvg } from './pictures.ts';
import { nameOf } from './scenarioText.ts';

export const VIEW_TYPE = 'irqscope.inspector';

/** Steps of the timeline that a view is told at once: more than any window shows. */
const MOST_STEPS = 4096;

/** What stands on the tab. */
export const titleOf = (scenario: Uri | undefined): string => (scenario ? `IRQScope: ${nameOf(scenario)}` : 'IRQScope');

/** Said while there is no scenario to show. */
const NOTHING_RUNS: ToWebview = {
  type: 'empty',
  reason: l10n.t('No scenario runs. Open a scenario (.irq) and press F5.'),
};

/** A stateless picture of one scenario's run. A hidden webview is thrown away by VS Code; shown again, it asks with `ready`. */
export class InspectorPanel {
  /** The panel that VS Code took the keyboard from: what is typed on the way back is meant for it. */
  static #robbed: InspectorPanel | undefined;
  readonly panel: WebviewPanel;
  #source: InspectorSource | undefined;
  #listening: Disposable | undefined;
  readonly #subscriptions: Disposable[] = [];
  /** The view listens: what is posted before that would be lost. */
  #ready = false;
  readonly #told = new Told();
  /** What the view shows whole; it says so again whenever it begins to listen. */
  #tables: TableChoice | undefined;
  /** Waits until the view listens. */
  #drawing: Drawing | undefined;
  readonly #keyboard: KeyboardKeeper;
  readonly #shown = new EventEmitter<Snapshot>();
  /** A picture was sent to the view. */
  readonly onDidShow: Event<Snapshot> = this.#shown.event;

  /** A key meant for the inspector, typed while the keyboard was on its way back to it. */
  static tell(message: unknown): void {
    const robbed = InspectorPanel.#robbed;
    if (robbed) robbed.#receive(message);
  }

  constructor(extensionUri: Uri, panel: WebviewPanel) {
    this.panel = panel;
    this.#keyboard = new KeyboardKeeper(panel);
    const root = Uri.joinPath(extensionUri, 'dist', 'webview');
    panel.onDidDispose(() => this.#dispose(), undefined, this.#subscriptions);
    panel.onDidChangeViewState(() => this.#hide(), undefined, this.#subscriptions);
    panel.webview.onDidReceiveMessage(message => this.#receive(message), undefined, this.#subscriptions);
    this.#subscriptions.push(this.#keyboard, this.#shown);
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

  /** Shows this run from now on. */
  set source(source: InspectorSource) {
    this.#listening?.dispose();
    this.#source = source;
    this.#listening = source.onDidChange(() => this.#post());
    this.#post();
  }

  #dispose(): void {
    if (InspectorPanel.#robbed === this) InspectorPanel.#robbed = undefined;
    this.#listening?.dispose();
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #hide(): void {
    if (!this.panel.visible) this.#ready = false;
  }

  #post(): void {
    const title = titleOf(this.#source?.uri);
    if (this.panel.title !== title) this.panel.title = title;
    if (!this.#ready) return;
    const message = this.#source?.current(this.#tables) ?? NOTHING_RUNS;
    this.#say(this.#told.news(message));
    if (message.type === 'snapshot') this.#shown.fire(message.snapshot);
    const steps = message.type === 'snapshot' && this.#told.stepsToTell(message.snapshot);
    if (steps) this.#say(this.#source?.timeline(...steps));
  }

  #say(message: ToWebview | undefined): void {
    if (message) void this.panel.webview.postMessage(message);
  }

  /** Draws an image and takes the keyboard: only a view that has it may fill the clipboard. */
  draw(drawing: Drawing): void {
    this.#drawing = drawing;
    this.panel.reveal();
    this.#draw();
  }

  #draw(): void {
    if (!this.#ready || !this.#drawing) return;
    this.#say({ type: 'draw', drawing: this.#drawing });
    this.#drawing = undefined;
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
        this.#draw();
        return;
      case 'focusEditor':
        this.#keyboard.release();
        void this.#focusEditor();
        return;
      case 'out':
        void this.#takeOut(message);
        return;
      case 'png':
        if (this.#source) void savePng(this.#source, message.data);
        return;
      case 'timeline':
        this.#say(this.#source?.timeline(message.from, Math.min(message.to, message.from + MOST_STEPS)));
        return;
      case 'tables':
        this.#tables = message;
        this.#post();
        return;
      case 'play':
        this.#say(message);
        return;
      case 'revealLine':
      case 'profiles':
      case 'beside':
        this.#say(this.#source?.handle(message));
        return;
      case 'move':
      case 'seek':
      case 'writer':
      case 'reader':
        this.#expectTheft();
        this.#say(this.#source?.handle(message));
    }
  }

  async #takeOut({ what, as }: Extract<FromWebview, { type: 'out' }>): Promise<void> {
    if (as === 'svg') return saveSvg(this.#source, what);
    if (as === 'text') return void (await commands.executeCommand('irqscope.copyDiagram'));
    this.#drawing = this.#source?.drawing(what);
    this.#draw();
  }

  #expectTheft(): void {
    if (!this.#source?.debugged) return;
    InspectorPanel.#robbed = this;
    this.#keyboard.expectTheft();
  }

  /** The scenario where it is open, else the group that the user came from. */
  async #focusEditor(): Promise<void> {
    const scenario = this.#source?.uri.toString();
    const editor = window.visibleTextEditors.find(({ document }) => document.uri.toString() === scenario);
    if (editor) await window.showTextDocument(editor.document, editor.viewColumn);
    else await commands.executeCommand('workbench.action.focusPreviousGroup');
  }
}

/** 128 random bits. */
function nonce(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');
}
