/** "When is this next read?" The journal holds only what changed, so each step is taken again, watched and put back. */
import { describeRead } from '../engine/fieldAccess.ts';
import type { Machine } from '../engine/machine.ts';
import type { Observer } from '../engine/memory.ts';
import { touches } from '../formats/fieldNames.ts';
import type { Runner } from './runner.ts';

/** Notices that one of some fields is read; they are named as in `FieldTouch.field`. */
export class ReadWatch implements Observer {
  seen = false;
  readonly #machine: Machine;
  readonly #fields: readonly string[];
  /** Whether a word holds one of the fields at all. */
  readonly #mayBe = new Map<number, boolean>();
  readonly #undo: (readonly [address: number, before: number])[] = [];

  constructor(machine: Machine, fields: readonly string[]) {
    this.#machine = machine;
    this.#fields = fields;
  }

  read(address: number, mask: number): void {
    if (this.seen) {
      return;
    }
    let mayBe = this.#mayBe.get(address);
    if (mayBe === undefined) {
      mayBe = this.#isWanted(address, -1);
      this.#mayBe.set(address, mayBe);
    }
    this.seen = mayBe && this.#isWanted(address, mask);
  }

  /** Before a step that is to be put back. */
  begin(): void {
    this.#undo.length = 0;
  }

  write(address: number, before: number): void {
    if (!this.#machine.recording) {
      this.#undo.push([address, before]);
    }
  }

  /** Memory is as at `begin`. */
  putBack(): void {
    for (const [address, before] of this.#undo.reverse()) {
      this.#machine.words[address] = before;
    }
  }

  #isWanted(address: number, mask: number): boolean {
    return describeRead(this.#machine, address, mask, 0).some(({ name }) =>
      this.#fields.some(field => touches(name, field)),
    );
  }
}

/** Goes on through the recorded steps to the first that `watch` notices, or to `end`. */
export function replayUntilRead(runner: Runner, watch: ReadWatch, end: number): void {
  const m = runner.machine;
  while (!watch.seen && m.position < end) {
    const { position } = m;
    if (m.agentOf(position + 1) < m.agentCount) {
      watch.begin();
      m.recording = false;
      m.observer = watch;
      runner.step();
      m.observer = undefined;
      m.recording = true;
      watch.putBack();
    }
    m.seek(position + 1);
  }
}
