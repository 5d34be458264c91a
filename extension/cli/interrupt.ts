/** Ctrl-C while a command works: the first one lets it say how far it came, the second one ends it at once. */
export class Interrupt {
  #seen = false;
  readonly #note = (): void => {
    this.#seen = true;
  };

  constructor() {
    process.once('SIGINT', this.#note);
  }

  /** Lets the process notice; without that, a signal waits as long as the command works. */
  async seen(): Promise<boolean> {
    await new Promise(resolve => setImmediate(resolve));
    return this.#seen;
  }

  dispose(): void {
    process.removeListener('SIGINT', this.#note);
  }
}
