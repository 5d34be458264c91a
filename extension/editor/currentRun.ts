import { type Event, EventEmitter, Range, Selection, Uri, window, workspace } from 'vscode';
import type { FromWebview, ToWebview } from '../session/protocol.ts';
import type { Session } from '../session/session.ts';
import type { InspectorSource } from './inspectorPanel.ts';

/** Steps on either side of the present one that the timeline gets at once; it asks for more. */
const TIMELINE_REACH = 500;

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

  /** A run began, or (undefined) ended. */
  async attach(session: Session | undefined, uri: string): Promise<void> {
    this.#subscription?.dispose();
    this.#subscription = session?.onDidMove(() => this.#changed.fire());
    this.#pictures = await import('./lazy.ts');
    this.#session = session;
    this.#number++;
    this.#uri = uri;
    this.#changed.fire();
  }

  /** The scenario that runs, and which run of it this is; undefined when nothing runs. */
  get identity(): { readonly uri: string; readonly number: number } | undefined {
    return this.#session && { uri: this.#uri, number: this.#number };
  }

  current(): readonly ToWebview[] {
    const session = this.#session;
    if (session === undefined || this.#pictures === undefined) {
      return [{ type: 'empty', reason: NOTHING_RUNS }];
    }
    const title = Uri.parse(this.#uri).path.split('/').pop() ?? '';
    const snapshot = this.#pictures.snapshotOf(session, { title, uri: this.#uri }, ++this.#sequence);
    return [
      { type: 'snapshot', snapshot: { ...snapshot, run: this.#number } },
      this.#timeline(session, session.position - TIMELINE_REACH, session.position + TIMELINE_REACH),
    ];
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
    if (session === undefined) {
      return;
    }
    switch (message.type) {
      case 'move':
        session.move(message.motion);
        break;
      case 'seek':
        session.seek(message.step);
        break;
      case 'writer':
        session.seekWriter(message.fields);
        break;
      case 'revealLine':
        void this.#reveal(message.line);
        break;
      case 'timeline':
        break;
    }
  }

  #timeline(session: Session, from: number, to: number): ToWebview {
    const timeline = this.#pictures?.timelineOf(session, from, to) ?? { lanes: [], steps: [] };
    return { type: 'timeline', from: Math.max(from, 1), ...timeline };
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
