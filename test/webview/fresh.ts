import { afterAll, afterEach, beforeAll, beforeEach, expect, vi } from 'vitest';
import type { FromWebview } from '../../extension/session/protocol.ts';
import { Harness, type OpenOptions, type View } from './harness.ts';

/** A fresh view for each test of a file; none may end with a policy violation or an uncaught error. */
export class Fresh {
  #harness: Harness | undefined;
  #view: View | undefined;

  constructor() {
    vi.setConfig({ testTimeout: 30_000 });
    beforeAll(async () => {
      this.#harness = await Harness.start();
    }, 60_000);
    afterAll(() => this.#harness?.stop());
    beforeEach(() => this.reopen());
    afterEach(async () => {
      const complaints = await this.view.complaints();
      await this.view.close();
      expect(complaints).toEqual([]);
    });
  }

  get view(): View {
    return this.#view!;
  }

  /** Throws the view away, as VS Code does with a hidden one, and opens another. */
  async reopen(options?: OpenOptions): Promise<void> {
    if (this.#view && !this.#view.page.isClosed()) await this.#view.close();
    this.#view = await this.#harness!.open(options);
  }

  /** Presses a key and tells what the view then asks of the host. */
  async press(key: string): Promise<readonly FromWebview[]> {
    await this.view.posted();
    await this.view.page.keyboard.press(key);
    return this.view.posted();
  }

  cell(vcpu: number, vector: number) {
    return this.view.page.locator(`#vcpu-${vcpu} [data-vector="${vector}"]`);
  }
}
