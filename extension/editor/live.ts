import { type Disposable, l10n, type Uri } from 'vscode';
import type { ScenarioText } from '../scenario/tree.ts';
import type { Anchor } from '../session/place.ts';
import type { Note } from '../session/protocol.ts';
import type { Session } from '../session/session.ts';
import type { LiveResult } from './liveRun.ts';
import { nameOf, readScenario } from './scenarioText.ts';
import { isSameText, ownText, type TextChange, watchScenario } from './scenarioWatch.ts';

/** Milliseconds without a key press after which an edited text is run. */
const PAUSE = 200;

/** What a file system needs to come to rest: a file that is renamed or written anew is gone for a moment. */
const SETTLING = 300;

/** The run of a scenario that nobody debugs: of its text as it is, or was when it last was without errors. */
export class Live implements Disposable {
  /** The last run; undefined while there was none. */
  session: Session | undefined;
  /** What stands between the run and the text. */
  note: Note | undefined;
  /** Why there is no run yet. */
  reason: string;
  #text: ScenarioText | undefined;
  /** The text as it was read last, with errors or without. */
  #read: ScenarioText | undefined;
  #anchor: Anchor;
  readonly #uri: Uri;
  readonly #changed: () => void;
  readonly #watch: Disposable;
  #moves: Disposable | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Counts runs: one that is not the last is outdated. */
  #turn = 0;
  #visible: boolean;
  /** The text may have changed while nobody looked. */
  #stale = false;

  /** @param changed called when the run or what is to say of it is another one */
  constructor(uri: Uri, anchor: Anchor, visible: boolean, changed: () => void) {
    this.#uri = uri;
    this.#anchor = anchor;
    this.#visible = visible;
    this.#changed = changed;
    this.reason = l10n.t('Running {0} …', nameOf(uri));
    this.#watch = watchScenario(
      uri,
      () => this.#read,
      how => this.#schedule(how),
    );
    void this.#run();
  }

  dispose(): void {
    this.#turn++;
    clearTimeout(this.#timer);
    this.#watch.dispose();
    this.#moves?.dispose();
  }

  /** Where the run stands, to go on from there later. */
  get anchor(): Anchor {
    return this.#anchor;
  }

  /** The text that `session` is a run of. */
  get text(): ScenarioText | undefined {
    return this.#text;
  }

  /** What nobody sees is not run. */
  set visible(visible: boolean) {
    this.#visible = visible;
    if (visible && this.#stale) void this.#run();
  }

  #schedule(how: TextChange): void {
    clearTimeout(this.#timer);
    this.#turn++;
    this.#timer = setTimeout(() => void this.#run(), how === 'edited' ? PAUSE : SETTLING);
  }

  async #run(): Promise<void> {
    this.#stale = !this.#visible;
    if (this.#stale) return;
    const turn = ++this.#turn;
    const outdated = () => turn !== this.#turn;
    const { runLive, placeOf } = await import('./lazy.ts');
    try {
      const text = await readScenario(this.#uri);
      if (outdated()) return;
      this.#read = text;
      if (!isSameText(text, this.#text)) {
        const result = await runLive(text, this.#anchor, outdated);
        if (result === undefined || outdated()) return;
        if (result.kind === 'refused') {
          this.#refuse(result);
          return;
        }
        const { session } = result;
        this.#anchor = result.anchor;
        this.#text = text;
        this.session = session;
        this.#moves?.dispose();
        this.#moves = session.onDidMove(() => {
          this.#anchor = { place: placeOf(session), text: ownText(text) };
          this.#changed();
        });
      }
      this.note = undefined;
      this.#changed();
    } catch (error) {
      if (!outdated()) this.#fail(error);
    }
  }

  #refuse({ line, file, message }: Extract<LiveResult, { kind: 'refused' }>): void {
    const name = file ?? nameOf(this.#uri);
    this.reason = l10n.t('{0} has an error in line {1}: {2} It is run when that is mended.', name, line, message);
    this.note =
      file === undefined
        ? { line, text: l10n.t('{0} This is the last run without errors.', message) }
        : { text: l10n.t('Line {0} of {1}: {2} This is the last run without errors.', line, file, message) };
    this.#changed();
  }

  #fail(error: unknown): void {
    const name = nameOf(this.#uri);
    const missing = (error as { code?: unknown }).code === 'FileNotFound';
    const why = missing ? l10n.t('{0} was deleted or renamed.', name) : (error as Error).message;
    this.reason = why;
    this.note = { text: l10n.t('{0} This is its last run.', why) };
    this.#changed();
  }
}
