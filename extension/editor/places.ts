import type { Memento, Uri } from 'vscode';

const KEY = 'places';

/** Scenarios of the inspectors that are open. */
const OPEN = 'inspectors';

/** Scenarios whose place is kept: more than anyone has inspectors open. */
const MOST = 50;

/** Milliseconds without a motion after which a place is kept. */
const PAUSE = 200;

type Kept = readonly (readonly [scenario: string, place: string])[];

/**
 * Where each inspected scenario was, as `Snapshot.place` says it. Views remember that too, but a window may be reloaded before VS Code
 * has stored what they remember.
 */
export class Places {
  readonly #memento: Memento;
  /** Not kept yet. */
  readonly #news = new Map<string, string>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(memento: Memento) {
    this.#memento = memento;
  }

  /** The extension host ends: what is not kept yet is kept now. */
  dispose(): void {
    clearTimeout(this.#timer);
    this.#store();
  }

  of(scenario: Uri): string | undefined {
    return this.#kept.find(([key]) => key === scenario.toString())?.[1];
  }

  keep(scenario: string, place: string): void {
    this.#news.set(scenario, place);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#store(), PAUSE);
  }

  #store(): void {
    if (this.#news.size === 0) return;
    const others = this.#kept.filter(([key]) => !this.#news.has(key));
    void this.#memento.update(KEY, [...this.#news, ...others].slice(0, MOST));
    this.#news.clear();
  }

  /** Scenarios whose inspectors are open, or were when the extension host ended. */
  get open(): readonly string[] {
    return this.#memento.get<readonly string[]>(OPEN, []);
  }

  set open(scenarios: readonly string[]) {
    void this.#memento.update(OPEN, scenarios);
  }

  get #kept(): Kept {
    return this.#memento.get<Kept>(KEY, []);
  }
}
