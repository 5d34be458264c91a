import type { Snapshot } from '../extension/session/protocol.ts';

/** Steps a second. */
export const PACES: readonly number[] = [1, 2, 5, 10, 25];

/** The pace beside `pace`; the same at the ends. */
export function nextPace(pace: number, direction: 'slower' | 'faster'): number {
  return PACES[PACES.indexOf(pace) + (direction === 'faster' ? 1 : -1)] ?? pace;
}

/** Why playing ended by itself. */
export type Halt = 'end' | 'trouble' | 'breakpoint';

/** Somebody has to be told of each change. */
interface Listener {
  /** Takes the next step. */
  step(): void;
  /** Playing began or ended; `halt` is absent when somebody wanted that. */
  changed(halt?: Halt): void;
}

export const isAtEnd = ({ finished, position, length }: Snapshot): boolean => finished && position === length;

/** Takes a step when the picture of the last one is there and its time is over: a slow host is never flooded. */
export class Play {
  pace: number;
  readonly #listener: Listener;
  #snapshot: Snapshot | undefined;
  #playing = false;
  /** The step asked for, until its picture comes. */
  #asked = false;
  #askedAt = 0;
  #timer: number | undefined;

  constructor(pace: number, listener: Listener) {
    this.pace = pace;
    this.#listener = listener;
  }

  get playing(): boolean {
    return this.#playing;
  }

  start(): void {
    if (this.#playing || !this.#snapshot || isAtEnd(this.#snapshot)) return;
    this.#playing = true;
    this.#listener.changed();
    this.#step();
  }

  stop(halt?: Halt): void {
    if (!this.#playing) return;
    this.#playing = false;
    this.#asked = false;
    clearTimeout(this.#timer);
    this.#listener.changed(halt);
  }

  /** A picture came. One that is not the next step is somebody else's doing, and the player keeps out of it. */
  seen(snapshot: Snapshot): void {
    const before = this.#snapshot;
    this.#snapshot = snapshot;
    if (!this.#playing || !before) return;
    const isSame = snapshot.run === before.run && snapshot.uri === before.uri;
    if (isSame && snapshot.position === before.position) {
      // As an answer at the last step it says that there is nothing to take; else it is the same picture anew.
      if (this.#asked && snapshot.position === snapshot.length) this.stop('end');
      return;
    }
    if (!isSame || !this.#asked || snapshot.position !== before.position + 1) {
      this.stop();
      return;
    }
    this.#asked = false;
    if (snapshot.troubles.some(({ step }) => step === snapshot.position)) this.stop('trouble');
    else if (isAtEnd(snapshot)) this.stop('end');
    else
      this.#timer = window.setTimeout(
        () => this.#step(),
        Math.max(0, this.#askedAt + 1000 / this.pace - performance.now()),
      );
  }

  #step(): void {
    this.#asked = true;
    this.#askedAt = performance.now();
    this.#listener.step();
  }
}
