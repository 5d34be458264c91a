import { describe, expect, it } from 'vitest';
import { Told } from '../../extension/session/delta.ts';
import type { Snapshot, TableChoice, ToWebview } from '../../extension/session/protocol.ts';
import { snapshotOf } from '../../extension/session/snapshot.ts';
import { DEVICE, sessionOf } from '../unit/session/scenarios.ts';
import { Fresh } from './fresh.ts';
import { THEMES } from './themes.ts';

const fresh = new Fresh();

const MANY = `machine intel
  kernel  6.16
  vcpus   1024 x2apic
  with    apicv ipiv

vcpu 0:  ipi fixed 0x41 to 1000
`;

/** A session, and a view of it that is told only news. */
class Run {
  readonly session: ReturnType<typeof sessionOf>;
  readonly #told = new Told();
  #sequence = 0;
  choice: TableChoice = { opened: [], closed: [] };

  constructor(text: string) {
    this.session = sessionOf(text);
  }

  get snapshot(): Snapshot {
    return snapshotOf(this.session, { title: 'a.irq', uri: 'file:///a.irq' }, ++this.#sequence, this.choice);
  }

  async show(): Promise<ToWebview> {
    const news = this.#told.news({ type: 'snapshot', snapshot: this.snapshot });
    await fresh.view.send(news);
    return news;
  }

  /** Steps until a table is touched. */
  async stepUntil(key: string): Promise<void> {
    const isTouched = () =>
      this.snapshot.tables
        .find(each => each.key === key)
        ?.rows.some(({ cells }) => cells.some(cell => cell.before !== undefined));
    do this.session.move('stepInto');
    while (!isTouched() && !this.session.finished);
    await this.show();
  }

  /** Does what the view asks for. */
  async answer(): Promise<void> {
    for (const message of await fresh.view.posted()) {
      if (message.type === 'tables') this.choice = message;
    }
    await this.show();
  }
}

const chip = (name: string) => fresh.view.page.locator('.chip', { hasText: name });
const grid = (name: string) => fresh.view.page.getByRole('grid', { name, exact: true });
const active = () =>
  fresh.view.page.evaluate(() => {
    const cell = document.activeElement as HTMLElement;
    return `${cell.closest<HTMLElement>('tr')?.dataset['row']}:${cell.dataset['column']}`;
  });

describe('tables', () => {
  it('opens what matters, and what the user opens and closes', async () => {
    const run = new Run(DEVICE);
    await run.show();
    await expect.poll(() => grid('Interrupt remapping table').count()).toBe(1);
    await expect.poll(() => grid('VMCS').count()).toBe(0);
    await chip('VMCS').click();
    await run.answer();
    expect(run.choice).toMatchObject({ opened: ['vmcs'], closed: [] });
    await expect.poll(() => grid('VMCS').getByRole('row').count()).toBe(3);
    await chip('Interrupt remapping').click();
    await run.answer();
    expect(run.choice).toMatchObject({ opened: ['vmcs'], closed: ['irte'] });
    await expect.poll(() => grid('Interrupt remapping table').count()).toBe(0);
    expect(await chip('Interrupt remapping').getAttribute('aria-expanded')).toBe('false');
  });

  it('remembers what is open, and says so before it asks for a picture', async () => {
    const tables = { opened: ['vmcs'], closed: ['irte'] };
    await fresh.reopen({ state: { tables } });
    expect(await fresh.view.posted()).toEqual([{ type: 'tables', ...tables }, { type: 'ready' }]);
    const run = new Run(DEVICE);
    run.choice = tables;
    await run.show();
    expect([await grid('VMCS').count(), await grid('Interrupt remapping table').count()]).toEqual([1, 0]);
  });

  it('flags the table, the row and the value that the step changed, in words too', async () => {
    const run = new Run(DEVICE);
    await run.stepUntil('irte');
    await chip('Interrupt remapping').getByRole('img', { name: 'changed by this step' }).waitFor();
    const row = grid('Interrupt remapping table').getByRole('row').nth(1);
    await expect.poll(() => row.getByRole('img', { name: 'changed by this step' }).count()).toBe(1);
    const value = row.locator('td.changed');
    expect(await value.locator('del').textContent()).toBe('before: none');
    expect(await value.locator('ins').textContent()).toBe('now: same');
    await run.stepUntil('cpus');
    await expect.poll(() => fresh.view.page.locator('.grid .changed').count()).toBe(0);
  });

  it('flags a closed table, and names the rows', async () => {
    const run = new Run(DEVICE);
    await run.stepUntil('events');
    await expect.poll(() => grid('Events and run state').count()).toBe(0);
    expect(await chip('Events').getAttribute('class')).toContain('changed');
    expect(await chip('Events').getAttribute('data-tip')).toContain('changed: vcpu 1');
  });

  it('keeps idle rows away until they are asked for', async () => {
    const run = new Run(DEVICE);
    await run.show();
    await chip('IOAPIC pins').click();
    await run.answer();
    await expect.poll(() => grid('IOAPIC pins').count()).toBe(0);
    await fresh.view.page.getByRole('button', { name: 'show 24 idle' }).click();
    await expect.poll(() => grid('IOAPIC pins').getByRole('row').count()).toBe(25);
  });

  it('is walked with the arrows; Enter asks who wrote, Shift+Enter who reads, and the meaning shows', async () => {
    const run = new Run(DEVICE);
    await run.show();
    await fresh.view.posted();
    await grid('Interrupt remapping table').locator('[tabindex="0"]').focus();
    for (const key of ['End', 'ArrowLeft', 'ArrowRight']) await fresh.view.page.keyboard.press(key);
    expect(await active()).toBe('0:9');
    await fresh.view.settle();
    expect(await fresh.view.text('.tip')).toContain('VV [23:16] = 0x41 (65): virtual vector, the PIR bit');
    expect(await fresh.view.axe()).toEqual([]);
    expect(await fresh.press('Enter')).toEqual([{ type: 'writer', fields: ['device nic.irte'] }]);
    expect(await fresh.press('Shift+Enter')).toEqual([{ type: 'reader', fields: ['device nic.irte'] }]);
    await fresh.press('Home');
    expect(await active()).toBe('0:0');
  });

  it('shows the meaning under the pointer, where the pointer can reach it', async () => {
    const run = new Run(DEVICE);
    await run.show();
    const value = grid('Interrupt remapping table').locator('[data-column="3"]');
    await value.hover();
    const tip = fresh.view.page.locator('.tip');
    await tip.waitFor();
    expect(await fresh.view.text('.tip')).toContain('IM = 0x1 posted: mode');
    expect(await value.getAttribute('aria-describedby')).toBe('tip');
    await tip.hover();
    await fresh.view.page.waitForTimeout(300);
    expect(await tip.isVisible()).toBe(true);
    await fresh.view.page.mouse.move(0, 0);
    await expect.poll(() => tip.isVisible()).toBe(false);
  });

  it('draws the rows near the window of a long table, and takes the keyboard to any', async () => {
    const run = new Run(MANY);
    await run.show();
    await chip('PID-pointer').click();
    await run.answer();
    const rows = grid('PID-pointer table').locator('tbody tr');
    expect(await rows.count()).toBeLessThan(60);
    await grid('PID-pointer table').locator('[tabindex="0"]').focus();
    await fresh.view.page.keyboard.press('Control+End');
    await expect.poll(active).toBe('1023:3');
    expect(await fresh.view.page.evaluate(() => document.activeElement?.textContent)).toBe('vcpu 1023');
    expect(await rows.count()).toBeLessThan(60);
    expect(await fresh.view.axe()).toEqual([]);
  });

  it('a step of many vCPUs brings the rows that it touches', async () => {
    const run = new Run(MANY);
    run.choice = { opened: ['pid table', 'events', 'vmcs'], closed: [] };
    await run.show();
    run.session.move('stepInto');
    const news = await run.show();
    expect(news.type).toBe('delta');
    expect(JSON.stringify(news).length).toBeLessThan(8_000);
    await expect.poll(() => fresh.view.page.locator('.tables').count()).toBe(1);
  });

  it.each(THEMES)('axe finds nothing in $name', async theme => {
    await fresh.reopen({ theme });
    const run = new Run(DEVICE);
    run.choice = { opened: ['vmcs', 'ioapic', 'lapic', 'apic map'], closed: [] };
    await run.stepUntil('irte');
    expect(await fresh.view.axe()).toEqual([]);
    expect(await fresh.view.complaints()).toEqual([]);
  });
});
