import type { Memento, Uri } from 'vscode';

const KEY = 'places';

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

  dispose(): void {
    clearTimeout(this.#timer);
  }

  of(scenario: Uri): string | undefined {
    return this.#kept.find(([key]) => key === scenario.toString())?.[1];
  }

  keep(scenario: string, place: string): void {
    this.#news.set(scenario, place);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const others = this.#kept.filter(([key]) => !this.#news.has(key));
      void this.#memento.update(KEY, [...this.#news, ...others].slice(0, MOST));
      this.#news.clear();
    }, PAUSE);
  }

  get #kept(): Kept {
    return this.#memento.get<Kept>(KEY, []);
  }
}
