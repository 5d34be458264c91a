import { describe, expect, it } from 'vitest';
import type { FromWebview, Snapshot } from '../../extension/session/protocol.ts';
import { cpu, MANY, pid, RUNNING, snapshot, step, vcpu, words } from './fixtures.ts';
import { Fresh } from './fresh.ts';

const fresh = new Fresh();

const at = (position: number, change: Partial<Snapshot> = {}): Snapshot =>
  snapshot({ position, sequence: position + 1, step: step({ number: position }), ...change });

const show = (picture: Snapshot): Promise<void> => fresh.view.send({ type: 'snapshot', snapshot: picture });

/** What the view asks of the run, as soon as it does. */
async function moves(): Promise<readonly FromWebview[]> {
  await fresh.view.page.waitForFunction(() => window.posted.some(({ type }) => type === 'move'));
  return (await fresh.view.posted()).filter(({ type }) => type === 'move');
}

const INTO = { type: 'move', motion: 'stepInto' };
const status = () => fresh.view.page.getByRole('status').textContent();
const play = () => fresh.view.page.getByRole('button', { name: /^Play / });
const pause = () => fresh.view.page.getByRole('button', { name: /^Pause / });

describe('playing', () => {
  it('takes the next step when the picture of the last one is there', async () => {
    await show(at(3));
    expect(await fresh.press('p')).toEqual([INTO]);
    expect(await status()).toBe('Playing, 5 steps a second');
    await fresh.view.page.waitForTimeout(600);
    expect(await fresh.view.posted()).toEqual([]);
    await show(at(4));
    expect(await moves()).toEqual([INTO]);
    await pause().click();
    await expect.poll(() => play().count()).toBe(1);
    await show(at(5));
    await fresh.view.page.waitForTimeout(600);
    expect(await fresh.view.posted()).toEqual([]);
  });

  it('stops at the end and says so', async () => {
    await show(at(12));
    await fresh.press('p');
    await show(at(13));
    await moves();
    await show(at(14));
    expect(await fresh.view.text('.notice')).toBe('End of the run.');
    expect(await status()).toMatch(/^End of the run. Step 14 of 14/);
    expect(await fresh.press('p')).toEqual([]);
  });

  it('stops at a trouble and at a breakpoint', async () => {
    await show(at(3));
    await fresh.press('p');
    await show(at(4, { troubles: [{ step: 4, line: 9, text: 'expected otherwise' }] }));
    expect(await fresh.view.text('.notice')).toBe('Stopped at a trouble.');
    await fresh.press('p');
    await show(at(5));
    await moves();
    await fresh.view.send({ type: 'snapshot', snapshot: at(6) }, { type: 'breakpoint' });
    expect(await fresh.view.text('.notice')).toBe('Stopped at a breakpoint.');
    await expect.poll(() => play().count()).toBe(1);
  });

  it.each([
    ['steps back', 'b'],
    ['goes to the start', '0'],
    ['returns to the editor', 'Escape'],
  ])('stops when the user %s', async (_, key) => {
    await show(at(3));
    await fresh.press('p');
    expect(await fresh.press(key)).toHaveLength(1);
    await expect.poll(() => play().count()).toBe(1);
  });

  it('stops when somebody else moves the run, and when there is no next step', async () => {
    await show(at(3));
    await fresh.press('p');
    await show(at(9));
    await expect.poll(() => play().count()).toBe(1);
    await fresh.press('p');
    await show(at(9, { sequence: 30 }));
    await expect.poll(() => pause().count()).toBe(1);
    await show(at(9, { sequence: 31, length: 9, finished: false }));
    expect(await fresh.view.text('.notice')).toBe('End of the run.');
  });

  it('keeps its pace when the view is thrown away', async () => {
    await show(at(3));
    await fresh.press('>');
    const pace = () => fresh.view.page.getByRole('combobox', { name: 'Pace of playing' });
    expect(await pace().inputValue()).toBe('10');
    await pace().selectOption('25/s');
    const state = await fresh.view.page.evaluate(() => (window as unknown as { stored: unknown }).stored);
    await fresh.reopen({ state });
    await show(at(3));
    expect(await pace().inputValue()).toBe('25');
    await fresh.press('>');
    await fresh.press('<');
    expect(await pace().inputValue()).toBe('10');
  });

  it('obeys the key that was typed while the keyboard was away', async () => {
    await show(at(3));
    await fresh.view.send({ type: 'play' });
    await expect.poll(() => pause().count()).toBe(1);
    await fresh.view.send({ type: 'play' });
    await expect.poll(() => play().count()).toBe(1);
  });
});

describe('when is this next read?', () => {
  it('asks with Shift, from a card and from a grid, by mouse and by keys', async () => {
    await fresh.view.send(...RUNNING.messages);
    await fresh.view.page.locator('#vcpu-0 [data-field="state"]').focus();
    expect(await fresh.press('Shift+Enter')).toEqual([{ type: 'reader', fields: ['vcpu 0.state'] }]);
    await fresh.cell(1, 0x41).click();
    expect(await fresh.press('Shift+Enter')).toEqual([
      { type: 'reader', fields: ['vcpu 1.pid.pir[0x41]', 'vcpu 1.irr[0x41]', 'vcpu 1.isr[0x41]'] },
    ]);
    const on = fresh.view.page.locator('#vcpu-1 [data-field="pid.on"]');
    await on.click({ modifiers: ['Shift'] });
    expect(await fresh.view.posted()).toEqual([{ type: 'reader', fields: ['vcpu 1.pid.on'] }]);
  });

  it.each([
    ['recorded', 9, 9, 'Step 9 reads vcpu 1.mode.'],
    ['ahead', 5, 9, 'No recorded step read vcpu 1.mode: the run went on to step 9, which does.'],
    ['stopped', 5, 9, 'No step read vcpu 1.mode: the run went on and was stopped at step 9.'],
    ['none', 9, 9, 'No step from here to step 9 reads vcpu 1.mode.'],
    ['none', 5, 9, 'No step reads vcpu 1.mode: the run was looked through up to step 9. You are at step 3 as before.'],
  ] as const)('says what came of it: %s, of %i recorded', async (outcome, recorded, to, text) => {
    await show(at(3));
    const search = { fields: ['vcpu 1.mode'], outcome, from: 3, recorded, to };
    await fresh.view.send({ type: 'reader', search });
    expect([await fresh.view.text('.notice'), await status()]).toEqual([text, text]);
  });
});

describe('a pinned moment', () => {
  const early = at(3, { vcpus: [vcpu(0), vcpu(1, { pid: pid(1, { on: true }), irr: words(0x41) })], run: 1 });
  const late = at(9, { cpus: [cpu(0), cpu(1, { pending: [0xf2] })], run: 1 });
  const rows = async (): Promise<readonly string[]> =>
    (await fresh.view.page.locator('.differences tbody tr').allInnerTexts()).map(text => text.replaceAll('\t', ' | '));

  it('stands beside the present one wherever they differ, in words as well', async () => {
    await show(early);
    await fresh.press('m');
    expect(await fresh.view.text('.beside')).toContain('No vCPU and no CPU differs.');
    await show(late);
    expect(await rows()).toEqual(['vcpu 1 ON | 1 | 0', 'vcpu 1 IRR | 0x41 | empty', 'cpu 1 pending | none | 0xf2']);
    const there = fresh.view.page.locator('#vcpu-1 [data-field="pid.on"] .there');
    expect(await there.textContent()).toBe('≠ pinned, step 3: 1');
    await expect.poll(() => fresh.view.page.locator('.vcpu .there').count()).toBe(2);
    await expect.poll(() => fresh.view.page.locator('.cpu .there').count()).toBe(1);
    expect(await fresh.view.axe()).toEqual([]);
    await fresh.view.page.getByRole('button', { name: 'step 3', exact: true }).click();
    expect(await fresh.view.posted()).toEqual([{ type: 'seek', step: 3 }]);
    await fresh.press('m');
    await expect.poll(() => fresh.view.page.locator('.there, .beside').count()).toBe(0);
  });

  it('is part of the text that is copied', async () => {
    await fresh.view.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await show(early);
    await fresh.press('m');
    await show(late);
    await fresh.press('y');
    await fresh.view.page.locator('.notice', { hasText: 'copied' }).waitFor();
    expect(await fresh.view.page.evaluate(() => navigator.clipboard.readText())).toContain(
      'pinned, step 3 -> step 9\n  vcpu 1 ON: 1 -> 0\n',
    );
  });

  it('comes back with the view when the run is the same, by asking the host', async () => {
    await show(early);
    await fresh.press('m');
    const state = await fresh.view.page.evaluate(() => (window as unknown as { stored: unknown }).stored);
    await fresh.reopen({ state });
    await show(late);
    expect(await fresh.view.posted()).toContainEqual({ type: 'beside', of: 3 });
    await fresh.view.send({ type: 'beside', beside: { of: 3, at: 9, moment: early } });
    expect(await rows()).toHaveLength(3);
    await fresh.reopen({ state });
    await show(at(9, { run: 2 }));
    expect((await fresh.view.posted()).filter(({ type }) => type === 'beside')).toEqual([]);
    await expect.poll(() => fresh.view.page.locator('.beside').count()).toBe(0);
  });

  it('stays when the text was edited, and goes with the scenario', async () => {
    await show(early);
    await fresh.press('m');
    await show({ ...late, run: 2 });
    expect(await rows()).toHaveLength(3);
    await show({ ...late, run: 3, uri: 'file:///other.irq' });
    await expect.poll(() => fresh.view.page.locator('.beside').count()).toBe(0);
  });
});

describe('another profile', () => {
  const choose = async (): Promise<void> => {
    expect(await fresh.press('v')).toEqual([{ type: 'profiles' }]);
    await fresh.view.send({ type: 'profiles', labels: ['Linux 2013', 'AMD'] });
    expect(await fresh.view.axe()).toEqual([]);
    await fresh.view.page.getByRole('button', { name: 'Linux 2013' }).click();
  };

  it('is chosen from what the host offers, and asked for at every picture, one question at a time', async () => {
    await show(at(3));
    await choose();
    expect(await fresh.view.posted()).toEqual([{ type: 'beside', of: 'Linux 2013' }]);
    await show(at(4));
    await show(at(5));
    expect(await fresh.view.posted()).toEqual([]);
    const moment = at(2, { vcpus: [vcpu(1, { isr: words(0x41) })], cpus: [] });
    const parting = { line: 9, here: step(), there: step({ place: 'kvm_vcpu_wake_up', sentence: 'wakes it' }) };
    await fresh.view.send({ type: 'beside', beside: { of: 'Linux 2013', at: 3, moment, parting } });
    expect(await fresh.view.posted()).toEqual([{ type: 'beside', of: 'Linux 2013' }]);
    await fresh.view.send({ type: 'beside', beside: { of: 'Linux 2013', at: 5, moment, parting } });
    expect(await fresh.view.posted()).toEqual([]);
    const text = await fresh.view.text('.beside');
    expect(text).toContain('Beside: Linux 2013');
    expect(text).toContain('The first difference is in line 9');
    expect(text).toContain('kvm_vcpu_wake_up: wakes it');
    expect(await fresh.view.page.locator('#vcpu-1 .there').allTextContents()).toEqual([
      expect.stringContaining('Linux 2013: 0x41'),
    ]);
    expect(await fresh.view.axe()).toEqual([]);
  });

  it('says why there is none, and is asked for anew when it is chosen again', async () => {
    await show(at(3));
    await choose();
    await fresh.view.send({ type: 'beside', beside: { of: 'Linux 2013', at: 3, reason: 'no such thing' } });
    expect(await fresh.view.text('.beside')).toContain('no such thing');
    await fresh.view.page.locator('.beside').getByRole('button', { name: 'close' }).click();
    await fresh.view.posted();
    await choose();
    expect(await fresh.view.posted()).toEqual([{ type: 'beside', of: 'Linux 2013' }]);
    await show(at(3, { run: 2 }));
    expect((await fresh.view.posted()).filter(({ type }) => type === 'beside')).toHaveLength(1);
    await fresh.press('v');
    await fresh.view.send({ type: 'profiles', labels: [] });
    expect(await fresh.view.text('dialog')).toContain('There is no other profile');
    expect(await fresh.press('Escape')).toEqual([]);
    await expect.poll(() => fresh.view.page.locator('dialog').count()).toBe(0);
  });
});

describe('a vCPU that changed out of sight', () => {
  const outOfSight = () => fresh.view.page.locator('.out-of-sight');

  it('is pointed at, and a click or t goes there', async () => {
    await fresh.view.send(...MANY.messages);
    expect(await fresh.view.text('.out-of-sight')).toMatch(/^vCPU 37 changed ↓/);
    await outOfSight().click();
    await fresh.view.settle();
    expect(await fresh.view.page.evaluate(() => document.activeElement?.id)).toBe('vcpu-37');
    await outOfSight().waitFor({ state: 'detached' });
    const changed = { changed: ['irr'], changedVectors: { irr: [0x41] } };
    const vcpus = Array.from({ length: 64 }, (_, i) => vcpu(i, i === 0 || i === 1 ? changed : {}));
    await show(snapshot({ vcpus, title: '64-vcpus.irq' }));
    expect(await fresh.view.text('.out-of-sight')).toMatch(/^vCPU 0 and 1 more changed ↑/);
  });

  it('is not pointed at while one of them is in sight', async () => {
    await fresh.reopen({ height: 1400 });
    await fresh.view.send(...RUNNING.messages);
    await expect.poll(() => outOfSight().count()).toBe(0);
  });

  it('leaves the page where the user has put it', async () => {
    await fresh.view.send(...MANY.messages);
    expect(await fresh.view.page.evaluate(() => window.scrollY)).toBe(0);
  });
});
