import { describe, expect, it } from 'vitest';
import { MANY, RUNNING, snapshot, step, vcpu } from './fixtures.ts';
import { Fresh } from './fresh.ts';

const fresh = new Fresh();

describe('many vCPUs', () => {
  it('draws those near the window, and any other when asked for', async () => {
    const count = 1_024;
    const vcpus = Array.from({ length: count }, (_, i) => vcpu(i));
    await fresh.view.send({
      type: 'snapshot',
      snapshot: snapshot({
        vcpus,
        step: step({ writes: [{ field: 'vcpu 1000.irr', before: 'empty', after: '0x41' }] }),
      }),
    });
    expect(await fresh.view.page.locator('.vcpu').count()).toBeLessThan(60);
    expect(await fresh.view.page.locator('*').count()).toBeLessThan(6_000);
    await fresh.view.page.getByRole('button', { name: 'vcpu 1000.irr' }).click();
    await fresh.view.page.locator('#vcpu-1000').waitFor();
    expect(await fresh.view.page.evaluate(() => document.activeElement?.id)).toBe('vcpu-1000');
    expect(await fresh.view.page.locator('#vcpu-1000').isVisible()).toBe(true);
    await expect.poll(() => fresh.view.page.locator('.vcpu').count()).toBeLessThan(60);
  });

  it('closes the grids at first', async () => {
    await fresh.view.send(...MANY.messages);
    await expect.poll(() => fresh.view.page.locator('.vectors').count()).toBe(0);
    await fresh.view.page.getByRole('button', { name: 'vCPU 0', exact: true }).click();
    await expect.poll(() => fresh.view.page.locator('.vectors').count()).toBe(1);
  });
});

describe('what survives', () => {
  it('keeps opened grids and the place on the page when the view is shown again', async () => {
    const place = () =>
      fresh.view.page.evaluate(() => {
        const card = [...document.querySelectorAll('.vcpu')].find(each => each.getBoundingClientRect().top >= 0)!;
        return `${card.id} at ${Math.round(card.getBoundingClientRect().top)}`;
      });
    const state = () => fresh.view.page.evaluate(() => (window as unknown as { stored?: { scroll?: unknown } }).stored);
    await fresh.view.send(...MANY.messages);
    await fresh.view.page.getByRole('button', { name: 'vCPU 2', exact: true }).click();
    await fresh.view.page.mouse.wheel(0, 3_000);
    await expect.poll(async () => (await state())?.scroll).toBeDefined();
    const [before, stored] = [await place(), await state()];
    await fresh.reopen({ state: stored });
    expect(await fresh.view.posted()).toEqual([{ type: 'ready' }]);
    await fresh.view.send(...MANY.messages);
    await expect.poll(place).toBe(before);
    await fresh.view.page.evaluate(() => window.scrollTo(0, 0));
    await expect.poll(() => fresh.view.page.locator('#vcpu-2 .vectors').count()).toBe(1);
  });

  it('starts afresh from a state that it cannot read', async () => {
    await fresh.reopen({ state: { scroll: 'x', grids: 7, toggled: 'y', zoom: null } });
    await fresh.view.send(...RUNNING.messages);
    await expect.poll(() => fresh.view.page.locator('.vectors').count()).toBe(2);
  });
});
