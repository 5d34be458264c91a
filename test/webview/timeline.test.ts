import { describe, expect, it } from 'vitest';
import { EXITED, snapshot, timeline, vcpu } from './fixtures.ts';
import { Fresh } from './fresh.ts';

const fresh = new Fresh();

describe('timeline', () => {
  const track = () => fresh.view.page.getByRole('slider', { name: 'Step' });

  it('asks for the steps of its window once', async () => {
    await fresh.view.send({ type: 'snapshot', snapshot: snapshot() });
    const asked = (await fresh.view.posted()).filter(({ type }) => type === 'timeline');
    expect(asked).toEqual([{ type: 'timeline', from: 1, to: 14 }]);
    await fresh.view.send({ type: 'snapshot', snapshot: snapshot({ position: 4 }) });
    expect(await fresh.view.posted()).toEqual([]);
  });

  it('asks for the part around the present step of a long run', async () => {
    await fresh.view.send({ type: 'snapshot', snapshot: snapshot({ position: 500_000, length: 1_000_000 }) });
    const [{ from, to }] = (await fresh.view.posted()).filter(message => message.type === 'timeline');
    expect(from).toBeLessThan(500_000);
    expect(to).toBeGreaterThan(500_000);
    expect(to - from).toBeLessThan(1_000);
  });

  it('tells the step in words and moves with the keys of a slider', async () => {
    await fresh.view.send(...EXITED.messages);
    expect(await track().getAttribute('aria-valuetext')).toBe(
      'step 4 · line 9 · vcpu 1 · vmx_deliver_posted_interrupt',
    );
    await track().focus();
    expect(await fresh.press('ArrowRight')).toEqual([{ type: 'seek', step: 5 }]);
    expect(await fresh.press('ArrowLeft')).toEqual([{ type: 'seek', step: 3 }]);
    expect(await fresh.press('Home')).toEqual([{ type: 'seek', step: 0 }]);
    expect(await fresh.press('End')).toEqual([{ type: 'seek', step: 14 }]);
  });

  it('goes to the step that the pointer hits', async () => {
    await fresh.view.send(...EXITED.messages);
    await fresh.view.posted();
    const box = (await track().boundingBox())!;
    await fresh.view.page.mouse.click(box.x + 28 * 9 + 5, box.y + 20);
    expect(await fresh.view.posted()).toEqual([{ type: 'seek', step: 10 }]);
  });

  it('forgets the steps of another run, and those behind a shorter history', async () => {
    await fresh.view.send({ type: 'snapshot', snapshot: snapshot({ run: 1 }) }, timeline(14));
    await fresh.view.posted();
    await fresh.view.send({ type: 'snapshot', snapshot: snapshot({ run: 1, length: 10 }) });
    await fresh.view.send({ type: 'snapshot', snapshot: snapshot({ run: 1, length: 14 }) });
    expect(await fresh.view.posted()).toEqual([{ type: 'timeline', from: 11, to: 14 }]);
    await fresh.view.send({ type: 'snapshot', snapshot: snapshot({ run: 2 }) });
    expect(await fresh.view.posted()).toEqual([{ type: 'timeline', from: 1, to: 14 }]);
  });

  it('tells what its letters mean, whole at every width', async () => {
    const marks = [
      'failure',
      'dropped',
      'fault',
      'vm exit',
      'vm entry',
      'notification',
      'wake-up',
      'delivery',
      'expectation',
      'by hand',
    ];
    const steps = marks.map((mark, i) => ({ step: i + 1, lane: 0, line: 9, place: 'x', marks: [mark] }));
    await fresh.view.send(
      { type: 'snapshot', snapshot: snapshot() },
      { type: 'timeline', lanes: ['vcpu 0'], from: 1, steps },
    );
    for (const width of [280, 420, 900, 1500]) {
      await fresh.view.page.setViewportSize({ width, height: 900 });
      const cut = await fresh.view.page.locator('.marks').evaluate(element => {
        const { right } = element.getBoundingClientRect();
        return [...element.children].some(child => child.getBoundingClientRect().right > right + 1);
      });
      expect(cut, `at ${width}`).toBe(false);
    }
    const letters = (await fresh.view.page.locator('.marks > span').allTextContents()).map(text => text.split(' ')[0]);
    expect(new Set(letters).size).toBe(marks.length);
    const told = await fresh.view.text('.marks');
    for (const mark of marks) expect(told).toContain(mark);
  });

  it('zooms and scrubs with the wheel, and zooms with buttons', async () => {
    await fresh.view.send({ type: 'snapshot', snapshot: snapshot({ position: 500, length: 1000 }) }, timeline(1000));
    const zoom = () =>
      fresh.view.page.evaluate(() => (window as unknown as { stored?: { zoom: number } }).stored?.zoom);
    const box = (await track().boundingBox())!;
    await fresh.view.page.mouse.move(box.x + 100, box.y + 20);
    await fresh.view.page.keyboard.down('Control');
    await fresh.view.page.mouse.wheel(0, -100);
    await fresh.view.page.keyboard.up('Control');
    await fresh.view.settle();
    expect(await zoom()).toBe(14);
    await fresh.view.page.getByRole('button', { name: 'Narrower steps (-)' }).click();
    await fresh.view.page.getByRole('button', { name: 'Narrower steps (-)' }).click();
    expect(await zoom()).toBe(7);
    await fresh.view.posted();
    await fresh.view.page.mouse.move(box.x + 100, box.y + 20);
    await fresh.view.page.mouse.wheel(60, 0);
    expect((await fresh.view.posted()).filter(({ type }) => type === 'seek')).toEqual([{ type: 'seek', step: 501 }]);
  });

  it('draws the agents around the present step, and the others in one lane', async () => {
    const lanes = Array.from({ length: 40 }, (_, i) => `vcpu ${i}`);
    const vcpus = lanes.map((_, i) => vcpu(i));
    await fresh.view.send(
      { type: 'snapshot', snapshot: snapshot({ position: 60, length: 120, vcpus }) },
      timeline(120, lanes),
    );
    const names = (await fresh.view.page.locator('.lane-name').allTextContents()).slice(1);
    expect(names).toHaveLength(13);
    expect(names).toContain('vcpu 20');
    expect(names.at(-1)).toBe('others');
    expect(names).not.toContain('vcpu 39');
  });

  it('draws the present step where it is', async () => {
    await fresh.view.send(...EXITED.messages);
    const inked = (x: number) =>
      fresh.view.page.evaluate(at => {
        const canvas = document.querySelector('canvas')!;
        const ratio = canvas.width / canvas.clientWidth;
        const { data } = canvas.getContext('2d')!.getImageData(at * ratio, 0, 1, canvas.height);
        return data.filter((value, i) => i % 4 === 3 && value > 0).length;
      }, x);
    expect(await inked(28 * 3)).toBeGreaterThan(await inked(28 * 8 + 14));
  });
});
