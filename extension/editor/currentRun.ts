import {
  type Disposable,
  debug,
  type Event,
  EventEmitter,
  l10n,
  Range,
  Selection,
  type Uri,
  window,
  workspace,
} from 'vscode';
import type { ScenarioText } from '../scenario/tree.ts';
import type { Besides } from '../session/beside.ts';
import type { Anchor } from '../session/place.ts';
import type { Answer, Drawing, FromWebview, Note, TableChoice, ToWebview } from '../session/protocol.ts';
import type { Session } from '../session/session.ts';
import type { SnapshotTitle } from '../session/snapshot.ts';
import type { InspectorSource } from './inspectorSource.ts';
import { Live } from './live.ts';
import { nameOf, readScenario } from './scenarioText.ts';
import { isSameText, ownText, watchScenario } from './scenarioWatch.ts';

/** A run that a debug session moves. */
interface Debugged {
  /** `DebugSession.id`. */
  readonly id: string;
  readonly session: Session;
  /** The text at its start. */
  readonly text: ScenarioText;
  readonly moves: Disposable;
}

/** Numbers of runs: a restart of the same file, or a run of an edited text, is another one. */
const numbers = new WeakMap<Session, number>();
let lastNumber = 0;

function numberOf(session: Session): number {
  const number = numbers.get(session) ?? ++lastNumber;
  numbers.set(session, number);
  return number;
}

/**
 * The run of one scenario: what its inspector shows and moves. A debug session comes first; without one, and as long as an inspector
 * is open, the run follows the text.
 */
export class CurrentRun implements InspectorSource, Disposable {
  readonly #changed = new EventEmitter<void>();
  readonly onDidChange: Event<void> = this.#changed.event;
  #uri: Uri;
  #debugged: readonly Debugged[] = [];
  #live: Live | undefined;
  /** Where the run was when nobody ran it any more. */
  #anchor: Anchor | undefined;
  /** What a debug session left, until the run of the text takes its place. */
  #left: Session | undefined;
  #inspected: 'no' | 'hidden' | 'visible' = 'no';
  #note: Note | undefined;
  #watch: Disposable | undefined;
  #sequence = 0;
  #pictures: typeof import('./lazy.ts') | undefined;
  /** Pictures of other moments of a run. */
  #besides: { readonly of: Session; readonly besides: Besides } | undefined;

  constructor(uri: Uri) {
    this.#uri = uri;
  }

  dispose(): void {
    for (const { moves } of this.#debugged) moves.dispose();
    this.#debugged = [];
    this.#live?.dispose();
    this.#watch?.dispose();
    this.#changed.dispose();
  }

  get uri(): Uri {
    return this.#uri;
  }

  /** Nobody debugs it and no inspector shows it. */
  get idle(): boolean {
    return this.#debugged.length === 0 && this.#inspected === 'no';
  }

  get debugged(): boolean {
    return this.#debugged.length > 0;
  }

  /** What is shown: of several debug sessions on the scenario that which the user looks at, else the last. */
  get session(): Session | undefined {
    return this.#shown?.session ?? this.#live?.session ?? this.#left;
  }

  get #shown(): Debugged | undefined {
    const active = debug.activeDebugSession?.id;
    return this.#debugged.find(({ id }) => id === active) ?? this.#debugged.at(-1);
  }

  /** A debug session began to run `text`. */
  async attach(id: string, session: Session, text: ScenarioText): Promise<void> {
    const moves = session.onDidMove(() => this.#changed.fire());
    this.#debugged = [...this.#debugged, { id, session, text, moves }];
    this.#pictures = await import('./lazy.ts');
    this.#settle();
  }

  /** The debug session ended, or begins anew. */
  detach(id: string): void {
    const gone = this.#debugged.find(each => each.id === id);
    if (gone === undefined) return;
    gone.moves.dispose();
    this.#debugged = this.#debugged.filter(each => each !== gone);
    if (this.#pictures !== undefined) {
      this.#anchor = { place: this.#pictures.placeOf(gone.session), text: ownText(gone.text) };
      this.#left = gone.session;
    }
    this.#settle();
  }

  /** An inspector shows the run, or keeps it while something else stands in front, or was closed. */
  async inspect(how: 'no' | 'hidden' | 'visible'): Promise<void> {
    if (this.#inspected === how) return;
    this.#inspected = how;
    this.#pictures ??= await import('./lazy.ts');
    this.#settle();
  }

  /** Where to begin when the window or the extension host came back: what `Snapshot.place` was. */
  async resume(written: unknown): Promise<void> {
    this.#pictures ??= await import('./lazy.ts');
    const place = this.#pictures.readPlace(written);
    if (place !== undefined) this.#anchor ??= { place };
  }

  /** The file has another name; the run goes on. */
  rename(uri: Uri): void {
    const before = nameOf(this.#uri);
    this.#uri = uri;
    this.#anchor = this.#live?.anchor ?? this.#anchor;
    this.#left = this.#live?.session ?? this.#left;
    this.#live?.dispose();
    this.#live = undefined;
    this.#watch?.dispose();
    this.#watch = undefined;
    this.#settle();
    if (this.debugged) {
      this.#note = {
        text: l10n.t('{0} is called {1} now; the debug session goes on under the old name.', before, nameOf(uri)),
      };
    }
    this.#changed.fire();
  }

  /** Something that the picture depends on has changed elsewhere. */
  refresh(): void {
    this.#changed.fire();
  }

  /** Starts and ends the run of the text, as the debug sessions and inspectors ask for it. */
  #settle(): void {
    const live = !this.debugged && this.#inspected !== 'no';
    if (live && this.#live === undefined) {
      const anchor = this.#anchor ?? { place: this.#pictures!.START };
      this.#live = new Live(this.#uri, anchor, this.#inspected === 'visible', () => {
        this.#left = undefined;
        this.#changed.fire();
      });
    } else if (!live && this.#live !== undefined) {
      this.#anchor = this.#live.anchor;
      this.#live.dispose();
      this.#live = undefined;
    }
    if (this.#live !== undefined) this.#live.visible = this.#inspected === 'visible';
    if (this.debugged) {
      this.#left = undefined;
      this.#watch ??= watchScenario(
        this.#uri,
        () => this.#shown?.text,
        () => void this.#compare(),
      );
      void this.#compare();
    } else {
      this.#watch?.dispose();
      this.#watch = undefined;
      this.#note = undefined;
    }
    this.#changed.fire();
  }

  /** A debug session goes on with the text that it was started with: says so when that is another one now. */
  async #compare(): Promise<void> {
    const before = this.#note?.text;
    const name = nameOf(this.#uri);
    const text = await readScenario(this.#uri).catch(() => undefined);
    const shown = this.#shown;
    if (shown === undefined) return;
    if (text === undefined) {
      this.#note = {
        text: l10n.t('{0} was deleted or renamed: this is the run of its text as it was at the start.', name),
      };
    } else if (!isSameText(text, shown.text)) {
      this.#note = { text: l10n.t('The text has changed: this is the run of the text as it was at the start.') };
    } else {
      this.#note = undefined;
    }
    if (this.#note?.text !== before) this.#changed.fire();
  }

  current(tables?: TableChoice): ToWebview {
    const { session } = this;
    if (session === undefined || this.#pictures === undefined) {
      return { type: 'empty', reason: this.#live?.reason ?? l10n.t('Running {0} …', nameOf(this.#uri)) };
    }
    const { placeOf, snapshotOf, writePlace } = this.#pictures;
    const snapshot = snapshotOf(session, this.#title, ++this.#sequence, tables);
    const note = this.debugged ? this.#note : this.#live?.note;
    return {
      type: 'snapshot',
      snapshot: {
        ...snapshot,
        run: numberOf(session),
        origin: this.debugged ? 'debug' : 'live',
        ...(note && { note }),
        place: writePlace(placeOf(session)),
      },
    };
  }

  timeline(from: number, to: number): ToWebview {
    const steps = this.session && this.#pictures?.timelineOf(this.session, from, to);
    return { type: 'timeline', from: Math.max(from, 1), lanes: [], steps: [], ...steps };
  }

  /** The kernel function that the last step lies in; undefined when it lies in none. */
  place(): { readonly function: string; readonly file: string } | undefined {
    const step = this.session?.explain();
    const file = /^[\w./-]+\.[ch](?=,)/.exec(step?.source ?? '')?.[0];
    return step === undefined || file === undefined ? undefined : { function: step.place, file };
  }

  /** What has happened up to the present step, as a diagram; at the start of a run that nobody debugs, all that happens. */
  diagram(): string | undefined {
    const { session } = this;
    const end = session?.position === 0 && !this.debugged ? session.length : session?.position;
    return session && this.#pictures?.diagramOf(session.runner, 1, end ?? 0);
  }

  drawing(what: 'state' | 'diagram'): Drawing | undefined {
    const [session, pictures] = [this.session, this.#pictures];
    if (session === undefined || pictures === undefined) return undefined;
    return what === 'diagram'
      ? pictures.diagramDrawing(session, nameOf(this.#uri), 1, session.position)
      : pictures.stateDrawing(pictures.snapshotOf(session, this.#title, 0));
  }

  handle(message: FromWebview): Answer | undefined {
    const [session, pictures] = [this.session, this.#pictures];
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
        if (this.#besides?.of !== session) {
          this.#besides = { of: session, besides: new pictures.Besides(session, this.#title) };
        }
        return { type: 'beside', beside: this.#besides.besides.beside(message.of) };
      case 'revealLine':
        void this.#reveal(message.line);
        return undefined;
      default:
        return undefined;
    }
  }

  get #title(): SnapshotTitle {
    return { title: nameOf(this.#uri), uri: this.#uri.toString() };
  }

  /** @param line 1-based, of the text that runs */
  async #reveal(line: number): Promise<void> {
    const shown = window.visibleTextEditors.find(({ document }) => document.uri.toString() === this.#uri.toString());
    try {
      const document = shown?.document ?? (await workspace.openTextDocument(this.#uri));
      const text = this.#shown?.text ?? this.#live?.text;
      const moved =
        text === undefined ? undefined : this.#pictures?.matchLines(ownText(text), document.getText())[line - 1];
      const now = moved === undefined || moved < 0 ? line - 1 : moved;
      const editor = await window.showTextDocument(document, shown?.viewColumn);
      const start = new Selection(now, 0, now, 0);
      editor.selection = start;
      editor.revealRange(new Range(start.start, start.end));
    } catch {
      await window.showErrorMessage(l10n.t('{0} cannot be opened: it was deleted or renamed.', nameOf(this.#uri)));
    }
  }
}
