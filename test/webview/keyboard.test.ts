import { describe, expect, it } from 'vitest';
import { RUNNING, snapshot, step } from './fixtures.ts';
import { Fresh } from './fresh.ts';

const fresh = new Fresh();

/** What the tab key reaches, in order, by accessible name or class. */
const tabStops = async (): Promise<readonly string[]> => {
  const stops: string[] = [];
  for (let i = 0; i < 60; i++) {
    await fresh.view.page.keyboard.press('Tab');
    const stop = await fresh.view.page.evaluate(() => {
      const element = document.activeElement;
      return element === document.body || !element
        ? ''
        : (element.getAttribute('aria-label') ?? element.textContent ?? '').trim();
    });
    if (stop === '') break;
    stops.push(stop);
  }
  return stops;
};

describe('keyboard', () => {
  it.each([
    ['s', { type: 'move', motion: 'stepInto' }],
    ['ArrowRight', { type: 'move', motion: 'stepInto' }],
    ['n', { type: 'move', motion: 'stepOver' }],
    ['f', { type: 'move', motion: 'stepOut' }],
    ['c', { type: 'move', motion: 'continue' }],
    ['b', { type: 'move', motion: 'stepBack' }],
    ['ArrowLeft', { type: 'move', motion: 'stepBack' }],
    ['r', { type: 'move', motion: 'reverseContinue' }],
    ['0', { type: 'seek', step: 0 }],
    ['$', { type: 'seek', step: 14 }],
    ['l', { type: 'revealLine', line: 9 }],
    ['Escape', { type: 'focusEditor' }],
  ] as const)('%s', async (key, message) => {
    await fresh.view.send(...RUNNING.messages);
    expect(await fresh.press(key)).toEqual([message]);
  });

  it('leaves keys with a modifier to the editor', async () => {
    await fresh.view.send(...RUNNING.messages);
    for (const key of ['Control+s', 'Alt+n', 'Meta+c']) expect(await fresh.press(key), key).toEqual([]);
  });

  it('reaches everything by tab, a toolbar and a grid being one stop each', async () => {
    await fresh.view.send(...RUNNING.messages);
    expect(await tabStops()).toEqual([
      'Reverse continue (r)',
      'line 9',
      'Step',
      'vcpu 1.pid.pir',
      'vcpu 1.irr',
      'vcpu 1.pid.pir',
      'vcpu 1.rvi',
      'vcpu 0',
      'vcpu 1',
      'vCPU 0',
      'vector 0x00 clear',
      'vCPU 1',
      'vector 0x00 clear',
    ]);
  });

  it('walks the toolbar with the arrows and presses with enter', async () => {
    await fresh.view.send(...RUNNING.messages);
    await fresh.view.page.keyboard.press('Tab');
    for (const key of ['ArrowRight', 'ArrowRight']) expect(await fresh.press(key)).toEqual([]);
    expect(await fresh.press('Enter')).toEqual([{ type: 'move', motion: 'stepInto' }]);
    expect(await fresh.press('Home')).toEqual([]);
    expect(await fresh.press('Space')).toEqual([{ type: 'move', motion: 'reverseContinue' }]);
  });

  it('does not step beyond the ends from the toolbar, and keeps the focus there', async () => {
    await fresh.view.send({ type: 'snapshot', snapshot: snapshot({ position: 0, step: step({ number: 0 }) }) });
    await fresh.view.page.keyboard.press('Tab');
    expect(await fresh.press('Enter')).toEqual([]);
    expect(await fresh.view.page.evaluate(() => document.activeElement?.getAttribute('aria-disabled'))).toBe('true');
  });

  it('walks the grid with the arrows', async () => {
    await fresh.view.send(...RUNNING.messages);
    await fresh.cell(1, 0x00).focus();
    const walk = async (key: string): Promise<number> => {
      expect(await fresh.press(key)).toEqual([]);
      return fresh.view.page.evaluate(() => Number((document.activeElement as HTMLElement).dataset['vector']));
    };
    expect(await walk('ArrowDown')).toBe(0x10);
    expect(await walk('ArrowRight')).toBe(0x11);
    expect(await walk('End')).toBe(0x1f);
    expect(await walk('ArrowRight')).toBe(0x1f);
    expect(await walk('PageDown')).toBe(0xff);
    expect(await walk('Home')).toBe(0xf0);
    expect(await walk('Control+Home')).toBe(0x00);
    expect(await walk('ArrowUp')).toBe(0x00);
    await expect.poll(() => fresh.view.page.locator('#vcpu-1 td[tabindex="0"]').count()).toBe(1);
  });

  it('goes from card to card, and opens and closes grids', async () => {
    await fresh.view.send(...RUNNING.messages);
    const focused = () => fresh.view.page.evaluate(() => document.activeElement?.id);
    const grids = () => fresh.view.page.locator('.vectors').count();
    await fresh.press('j');
    expect(await focused()).toBe('vcpu-0');
    await fresh.press('j');
    expect(await focused()).toBe('vcpu-1');
    await fresh.press('k');
    expect(await focused()).toBe('vcpu-0');
    await fresh.press('g');
    expect(await grids()).toBe(1);
    await fresh.press('G');
    expect(await grids()).toBe(0);
    await fresh.press('G');
    expect(await grids()).toBe(2);
  });

  it('asks from a card who wrote a field', async () => {
    await fresh.view.send(...RUNNING.messages);
    await fresh.press('j');
    const field = () => fresh.view.page.evaluate(() => (document.activeElement as HTMLElement).dataset.field);
    for (const path of ['apicbase|apic_id', 'state', 'cpu', 'mode', 'pid.on']) {
      expect(await fresh.press('ArrowDown')).toEqual([]);
      expect(await field()).toBe(path);
    }
    expect(await fresh.press('Enter')).toEqual([{ type: 'writer', fields: ['vcpu 0.pid.on'] }]);
    expect(await fresh.view.text('.tip')).toContain('ON = none outstanding: outstanding notification');
    await fresh.press('ArrowUp');
    expect(await field()).toBe('mode');
    expect(await fresh.view.text('.tip')).toContain('vcpu->mode = IN_GUEST_MODE: guest code runs');
    await fresh.press('Escape');
    expect(await fresh.view.page.locator('.tip').isVisible()).toBe(false);
  });

  it('asks from a grid who moved a vector', async () => {
    await fresh.view.send(...RUNNING.messages);
    await fresh.cell(1, 0x40).focus();
    await fresh.press('ArrowDown');
    expect(await fresh.press('Enter')).toEqual([
      { type: 'writer', fields: ['vcpu 1.pid.pir[0x10]', 'vcpu 1.irr[0x10]', 'vcpu 1.isr[0x10]'] },
    ]);
  });

  it('goes to the vCPU that the step changed', async () => {
    await fresh.view.send(...RUNNING.messages);
    await fresh.press('t');
    expect(await fresh.view.page.evaluate(() => document.activeElement?.id)).toBe('vcpu-1');
  });

  it('copies the picture as text and says so', async () => {
    await fresh.view.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await fresh.view.send(...RUNNING.messages);
    await fresh.press('y');
    await fresh.view.page.locator('.notice', { hasText: 'copied' }).waitFor();
    expect(await fresh.view.page.evaluate(() => navigator.clipboard.readText())).toContain(
      '* vcpu 1: running on cpu 1, IN_GUEST_MODE',
    );
    expect(await fresh.view.page.getByRole('status').textContent()).toBe('copied');
    await fresh.view.send(...RUNNING.messages);
    expect(await fresh.view.text('.notice')).toBe('');
  });

  it('says when the clipboard refuses', async () => {
    await fresh.view.send(...RUNNING.messages);
    await fresh.view.page.evaluate(() => {
      Object.assign(navigator.clipboard, { writeText: () => Promise.reject(new Error('denied')) });
    });
    await fresh.press('y');
    await fresh.view.page.locator('.notice', { hasText: 'refused' }).waitFor();
  });

  it('lists the keys, and escape closes the list only', async () => {
    await fresh.view.send(...RUNNING.messages);
    await fresh.press('?');
    expect(await fresh.view.text('dialog')).toContain('Step back');
    expect(await fresh.view.axe()).toEqual([]);
    expect(await fresh.press('s')).toEqual([]);
    expect(await fresh.press('Escape')).toEqual([]);
    await expect.poll(() => fresh.view.page.locator('dialog').count()).toBe(0);
    expect(await fresh.press('s')).toEqual([{ type: 'move', motion: 'stepInto' }]);
  });

  it('shows the focus wherever it is', async () => {
    await fresh.view.send(...RUNNING.messages);
    for (let i = 0; i < 13; i++) {
      await fresh.view.page.keyboard.press('Tab');
      const outline = await fresh.view.page.evaluate(() => {
        const element = document.activeElement!;
        const inner = element.shadowRoot?.activeElement ?? element;
        return getComputedStyle(inner).outlineStyle;
      });
      expect(outline, `stop ${i}`).not.toBe('none');
    }
  });
});
