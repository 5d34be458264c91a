import { type Event, EventEmitter, Range, Selection, Uri, window, workspace } from 'vscode';
import type { Besides } from '../session/beside.ts';
import type { Answer, Drawing, FromWebview, ToWebview } from '../session/protocol.ts';
import type { Session } from '../session/session.ts';
import type { SnapshotTitle } from '../session/snapshot.ts';
import type { InspectorSource } from './inspectorPanel.ts';

const NOTHING_RUNS = 'No scenario runs. Open a scenario (.irq) and press F5.';

/** The scenario that is stepped through: what the inspector shows and moves. */
export class CurrentRun implements InspectorSource {
  readonly #changed = new EventEmitter<void>();
  readonly onDidChange: Event<void> = this.#changed.event;
  #session: Session | undefined;
  #uri = '';
  /** Counts runs: a restart of the same file is another one. */
  #number = 0;
  #sequence = 0;
  #subscription: { dispose(): void } | undefined;
  #pictures: typeof import('./lazy.ts') | undefined;
  /** Pictures of other moments of the run. */
  #besides: Besides | undefined;

  /** A run began, or (undefined) ended. */
  async attach(session: Session | undefined, uri: string): Promise<void> {
    this.#subscription?.dispose();
    this.#subscription = session?.onDidMove(() => this.#changed.fire());
    this.#pictures = await import('./lazy.ts');
    this.#session = session;
    this.#besides = undefined;
    this.#number++;
    this.#uri = uri;
    this.#changed.fire();
  }

  /** The scenario that runs, and which run of it this is; undefined when nothing runs. */
  get identity(): { readonly uri: string; readonly number: number } | undefined {
    return this.#session && { uri: this.#uri, number: this.#number };
  }

  current(): ToWebview {
    const session = this.#session;
    if (session === undefined || this.#pictures === undefined) {
      return { type: 'empty', reason: NOTHING_RUNS };
    }
    const snapshot = this.#pictures.snapshotOf(session, this.#title, ++this.#sequence);
    return { type: 'snapshot', snapshot: { ...snapshot, run: this.#number } };
  }

  timeline(from: number, to: number): ToWebview {
    const steps = this.#session && this.#pictures?.timelineOf(this.#session, from, to);
    return { type: 'timeline', from: Math.max(from, 1), lanes: [], steps: [], ...steps };
  }

  /** The kernel function that the last step lies in; undefined when it lies in none. */
  place(): { readonly function: string; readonly file: string } | undefined {
    const step = this.#session?.explain();
    const file = /^[\w./-]+\.[ch](?=,)/.exec(step?.source ?? '')?.[0];
    return step === undefined || file === undefined ? undefined : { function: step.place, file };
  }

  /** What has happened up to the present step, as a diagram; undefined when nothing runs. */
  diagram(): string | undefined {
    const session = this.#session;
    return session && this.#pictures?.diagramOf(session.runner, 1, session.position);
  }

  handle(message: FromWebview): void {
    const session = this.#session;
    const pictures = this.#pictures;
    if (session === undefined || pictures === undefined) {
      return undefined;
    }
    switch (message.type) {
      case 'move':
        return session.move(message.motion).reason === 'breakpoint' ? { type: 'breakpoint' } : undefined;
      case 'seek':
        session.seek(message.step);
        return undefined;
      case 'writer':
        session.seekWriter(message.fields);
        return undefined;
      case 'reader':
        return { type: 'reader', search: session.seekReader(message.fields) };
      case 'profiles':
        return { type: 'profiles', labels: pictures.profilesBeside(session) };
      case 'beside':
        this.#besides ??= new pictures.Besides(session, this.#title);
        return { type: 'beside', beside: this.#besides.beside(message.of) };
      case 'revealLine':
        void this.#reveal(message.line);
        return undefined;
      default:
        return undefined;
    }
  }

  get #title(): SnapshotTitle {
    return { title: Uri.parse(this.#uri).path.split('/').pop() ?? '', uri: this.#uri };
  }

  async #reveal(line: number): Promise<void> {
    const uri = Uri.parse(this.#uri);
    const shown = window.visibleTextEditors.find(({ document }) => document.uri.toString() === uri.toString());
    const document = shown?.document ?? (await workspace.openTextDocument(uri));
    const editor = await window.showTextDocument(document, shown?.viewColumn);
    const start = new Selection(line - 1, 0, line - 1, 0);
    editor.selection = start;
    editor.revealRange(new Range(start.start, start.end));
  }
}
