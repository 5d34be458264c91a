import { type Disposable, debug, type Event, EventEmitter, Uri, workspace } from 'vscode';
import type { ScenarioText } from '../scenario/tree.ts';
import type { Session } from '../session/session.ts';
import { CurrentRun } from './currentRun.ts';
import { scenarioInFront } from './scenarioUri.ts';

/** The runs of all scenarios that are debugged or inspected, each by itself. */
export class Runs implements Disposable {
  readonly #runs = new Map<string, { readonly run: CurrentRun; readonly watch: Disposable }>();
  /** By the debug session that moves it. */
  readonly #debugged = new Map<string, CurrentRun>();
  readonly #changed = new EventEmitter<void>();
  /** One of the runs changed, or another one is meant. */
  readonly onDidChange: Event<void> = this.#changed.event;
  readonly #renamed = new EventEmitter<CurrentRun>();
  /** The scenario of a run has another name now. */
  readonly onDidRename: Event<CurrentRun> = this.#renamed.event;
  readonly #subscriptions: readonly Disposable[];
  #front: CurrentRun | undefined;

  constructor() {
    this.#subscriptions = [
      debug.onDidChangeActiveDebugSession(() => this.refresh()),
      workspace.onDidRenameFiles(({ files }) => {
        for (const { oldUri, newUri } of files) this.#rename(oldUri, newUri);
      }),
    ];
  }

  dispose(): void {
    for (const { run, watch } of this.#runs.values()) {
      watch.dispose();
      run.dispose();
    }
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
    this.#renamed.dispose();
  }

  /** The run of a scenario; there is one from now on. */
  of(uri: Uri): CurrentRun {
    return this.known(uri) ?? this.#add(new CurrentRun(uri));
  }

  known(uri: Uri): CurrentRun | undefined {
    return this.#runs.get(uri.toString())?.run;
  }

  /** @param id of the debug session that begins to run `text` */
  attach(id: string, session: Session, uri: Uri, text: ScenarioText): void {
    const run = this.of(uri);
    this.#debugged.set(id, run);
    void run.attach(id, session, text);
  }

  detach(id: string): void {
    const run = this.#debugged.get(id);
    this.#debugged.delete(id);
    run?.detach(id);
    if (run) this.forgetIdle(run);
  }

  /** Without a debug session and an inspector a run is over. */
  forgetIdle(run: CurrentRun): void {
    if (!run.idle) return;
    const key = run.uri.toString();
    const known = this.#runs.get(key);
    if (known?.run === run) {
      this.#runs.delete(key);
      known.watch.dispose();
    }
    run.dispose();
  }

  /** The run whose inspector is the active editor. */
  set front(run: CurrentRun | undefined) {
    this.#front = run;
    this.#changed.fire();
  }

  get front(): CurrentRun | undefined {
    return this.#front;
  }

  /** The run that the active debug session moves. */
  get underDebugger(): CurrentRun | undefined {
    return this.#debugged.get(debug.activeDebugSession?.id ?? '');
  }

  /** The run that a command without a scenario is about: of the inspector in front, the debugger, or the text in front. */
  get meant(): CurrentRun | undefined {
    if (this.#front) return this.#front;
    if (this.underDebugger) return this.underDebugger;
    const inFront = scenarioInFront();
    return inFront && this.known(inFront);
  }

  refresh(): void {
    for (const run of new Set(this.#debugged.values())) run.refresh();
    this.#changed.fire();
  }

  #add(run: CurrentRun): CurrentRun {
    const watch = run.onDidChange(() => this.#changed.fire());
    this.#runs.set(run.uri.toString(), { run, watch });
    return run;
  }

  /** A file, or a folder with everything in it. */
  #rename(from: Uri, to: Uri): void {
    const old = from.toString();
    for (const [key, { run, watch }] of [...this.#runs]) {
      if (key !== old && !key.startsWith(`${old}/`)) continue;
      watch.dispose();
      this.#runs.delete(key);
      run.rename(Uri.parse(to.toString() + key.slice(old.length), true));
      this.#add(run);
      this.#renamed.fire(run);
    }
  }
}
